#!/usr/bin/env python3
"""Secret keys under a passphrase: made, used by every verb that reads one, changed and taken off.

Usage: passphrase_test.py BIN_DIR SOURCE_DIR.
"""
import json
import os
import pathlib
import pty
import select
import stat
import subprocess
import sys
import tempfile
import time
import unittest

BIN = pathlib.Path(sys.argv[1])
SOURCE = pathlib.Path(sys.argv[2])
SERDAB, SERVER = BIN / "serdab", BIN / "serdab-server"
MODEL = SOURCE / "models/digits/model.onnx"
KIND = 10  # where a file says what it is
PLAIN, SEALED = 2, 13
INTERRUPT = "\x03"


def call(*arguments, environment=None):
    """Without a terminal."""
    return subprocess.run([SERDAB, *map(str, arguments)], capture_output=True, text=True,
                          start_new_session=True, env={**os.environ, **(environment or {})})


def at_terminal(answers, *arguments):
    """Types an answer at each question; what the terminal showed, and the status."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(SERDAB, [str(SERDAB), *map(str, arguments)])
    shown, asked = "", 0
    until = time.time() + 60
    while time.time() < until:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            piece = os.read(terminal, 1000)
        except OSError:  # the child has ended
            break
        if not piece:
            break
        shown += piece.decode()
        while asked < len(answers) and shown.count(": ") > asked:
            os.write(terminal, (answers[asked] + "\n").encode())
            asked += 1
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return shown, os.waitstatus_to_exitcode(status)


class Passphrase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.scratch.name)
        cls.model, cls.keys = cls.root / "model", cls.root / "keys"
        cls.secret = cls.keys / "secret.key"
        cls.query, cls.answer = cls.root / "query.sdb", cls.root / "answer.sdb"
        cls.phrase, cls.other = cls.root / "phrase", cls.root / "other"
        cls.phrase.write_text("open sesame\nand this line is not part of it\n")
        cls.other.write_text("barley")
        cls.ok("compile", MODEL, "-o", cls.model, "--precision", 12)
        made = json.loads(cls.ok("keygen", cls.model, "-o", cls.keys, "--passphrase-file", cls.phrase,
                                 "--json"))
        assert made["passphrase"]

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    @classmethod
    def ok(cls, *arguments, environment=None):
        done = call(*arguments, environment=environment)
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def fails(self, status, *arguments, says, environment=None):
        done = call(*arguments, environment=environment)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, done.stderr)

    def encrypt(self, *more):
        return ("encrypt", self.model, "--key", self.secret, "-o", self.query, "digits:val", "--count", 5,
                *more)

    def test_round_trip(self):
        self.assertEqual(self.secret.read_bytes()[KIND], SEALED)
        self.assertEqual(stat.S_IMODE(self.secret.stat().st_mode), 0o600)
        self.ok(*self.encrypt("--passphrase-file", self.phrase))
        subprocess.run([SERVER, "run", self.model, "--keys", self.keys / "eval.key", self.query, "-o",
                        self.answer], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        decrypt = ("decrypt", self.model, "--key", self.secret, self.answer, "--against", "digits:val",
                   "--json")
        result = json.loads(self.ok(*decrypt, environment={"SERDAB_PASSPHRASE_FILE": str(self.phrase)}))
        self.assertEqual(result["agreement"], 1.0)
        self.fails(3, *decrypt, "--passphrase-file", self.other, says=["secret.key", "not its passphrase"])

    def test_without_one(self):
        self.fails(3, *self.encrypt(), says=["secret.key", "no terminal", "SERDAB_PASSPHRASE_FILE"])
        empty = self.root / "empty"
        empty.write_text("\n")
        self.fails(3, *self.encrypt("--passphrase-file", empty), says=["empty", "holds no passphrase"])
        self.fails(7, *self.encrypt("--passphrase-file", self.root / "none"), says="none")
        folder = self.root / "unmade"
        self.fails(3, "keygen", self.model, "-o", folder, "--passphrase", says="no terminal")
        self.assertFalse((folder / "secret.key").exists())

    def test_asked_at_the_terminal(self):
        shown, status = at_terminal(["open sesame"], *self.encrypt())
        self.assertEqual(status, 0, shown)
        self.assertIn("Passphrase of", shown)
        self.assertNotIn("sesame", shown)
        shown, status = at_terminal(["barley"], *self.encrypt())
        self.assertEqual(status, 3, shown)
        self.assertIn("not its passphrase", shown)

    def test_an_interrupt_ends_the_question(self):
        shown, status = at_terminal([INTERRUPT], *self.encrypt())
        self.assertEqual(status, 130, shown)

    def test_asked_twice_when_new(self):
        folder = self.root / "typed"
        shown, status = at_terminal(["one", "two"], "keygen", self.model, "-o", folder, "--passphrase")
        self.assertEqual(status, 3, shown)
        self.assertIn("differ", shown)
        self.assertFalse((folder / "secret.key").exists())
        shown, status = at_terminal(["barley", "barley"], "keygen", self.model, "-o", folder, "--passphrase")
        self.assertEqual(status, 0, shown)
        self.assertNotIn("barley", shown)
        key = folder / "secret.key"
        self.assertEqual(key.read_bytes()[KIND], SEALED)
        self.ok("passphrase", key, "--remove", "--passphrase-file", self.other)

    def test_set_changed_and_removed(self):
        keys = self.root / "plain"
        self.ok("keygen", self.model, "-o", keys)
        key = keys / "secret.key"
        plain = key.read_bytes()
        self.assertEqual(plain[KIND], PLAIN)
        self.ok("passphrase", key, "--set", "--new-passphrase-file", self.phrase)
        self.assertEqual(key.read_bytes()[KIND], SEALED)
        self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600)
        self.fails(3, "passphrase", key, "--remove", "--passphrase-file", self.other,
                   says="not its passphrase")
        self.ok("passphrase", key, "--set", "--passphrase-file", self.phrase, "--new-passphrase-file",
                self.other)
        self.fails(3, "passphrase", key, "--remove", "--passphrase-file", self.phrase,
                   says="not its passphrase")
        self.ok("passphrase", key, "--remove", "--passphrase-file", self.other)
        self.assertEqual(key.read_bytes(), plain)
        self.fails(2, "passphrase", key, says="--set")
        self.fails(3, "passphrase", keys / "eval.key", "--remove", says=["evaluation keys", "secret key"])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
