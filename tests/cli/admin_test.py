#!/usr/bin/env python3
"""The verbs of 'serdab admin' as an administrator meets them, from both programs.

Usage: admin_test.py BIN_DIR SOURCE_DIR.
"""
import json
import pathlib
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


class Admin(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.scratch.name)
        cls.model = cls.root / "digits"
        subprocess.run([SERDAB, "compile", MODEL, "-o", cls.model, "--precision", "12"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def setUp(self):
        self.data = self.root / self.id().split(".")[-1]

    def call(self, *arguments, program=SERVER):
        return subprocess.run([program, "admin", "--data", self.data, *map(str, arguments)],
                              capture_output=True, text=True)

    def ok(self, *arguments, program=SERVER):
        done = self.call(*arguments, program=program)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def json(self, *arguments):
        return json.loads(self.ok(*arguments, "--json"))

    def fails(self, status, *arguments, says):
        done = self.call(*arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, done.stderr)

    def test_tenants(self):
        made = self.json("tenant", "add", "ada", "--key-quota", "4G", "--rate", 2.5, "--concurrent", 3)
        self.assertEqual((made["name"], made["key_quota"], made["rate"], made["concurrent"]),
                         ("ada", 4 << 30, 2.5, 3))
        self.assertEqual(stat.S_IMODE(self.data.stat().st_mode), 0o700)
        self.fails(3, "tenant", "add", "ada", says="already")
        self.fails(3, "tenant", "add", "../x", says="cannot be the name of a tenant")
        self.fails(3, "tenant", "add", "bob", "--rate", 0, says="rate")
        self.fails(2, "tenant", "add", says="NAME")
        changed = self.json("tenant", "set", "ada", "--jobs", 5, "--job-quota", "512M")
        self.assertEqual((changed["jobs"], changed["job_quota"], changed["rate"]), (5, 512 << 20, 2.5))
        listed = self.json("tenant", "list")
        self.assertEqual([t["name"] for t in listed], ["ada"])
        self.assertEqual(listed[0]["used"]["keys"], 0)
        self.assertIn("0 of 5", self.ok("tenant", "list", program=SERDAB))
        self.ok("tenant", "remove", "ada")
        self.assertIn("no tenants", self.ok("tenant", "list"))
        self.fails(3, "tenant", "set", "ada", says=["no tenant 'ada'", "admin tenant list"])

    def test_tokens_are_shown_once(self):
        self.ok("tenant", "add", "ada")
        done = self.call("token", "add", "ada", "--label", "laptop", "--expires", "30d")
        token = done.stdout.strip()
        self.assertRegex(token, r"^serdab_[A-Za-z0-9_-]{43}$")
        self.assertIn("cannot be shown again", done.stderr)
        (listed,) = self.json("token", "list", "ada")
        self.assertEqual(listed["label"], "laptop")
        self.assertAlmostEqual(listed["expires"], time.time() + 30 * 86400, delta=100)
        self.assertNotIn(token[7:], self.ok("token", "list", "ada"))
        for path in self.data.iterdir():
            if path.is_file():
                self.assertNotIn(token[7:].encode(), path.read_bytes())
        self.fails(2, "token", "add", "ada", "--expires", "30", says="--expires")
        self.fails(2, "token", "add", "ada", "--expires", "-1d", says="--expires")
        self.fails(3, "token", "add", "bob", says="no tenant 'bob'")
        self.fails(3, "token", "revoke", "ada", "00000000", says="admin token list")
        self.ok("token", "revoke", "ada", listed["id"])
        self.assertEqual(self.json("token", "list", "ada"), [])

    def test_models(self):
        first = self.json("model", "add", self.model)
        self.assertEqual((first["name"], first["version"], first["known"]), ("digits", 1, False))
        self.assertTrue(self.json("model", "add", str(self.model) + "/")["known"])
        self.assertEqual(self.json("model", "add", self.model, "--name", "numbers")["name"], "numbers")
        self.assertTrue((self.data / "models/digits/1/program.sdb").is_file())
        self.assertEqual([m["name"] for m in self.json("model", "list")], ["digits", "numbers"])
        self.assertRegex(self.ok("model", "list"), r"digits +1 ")
        self.fails(7, "model", "add", self.root, "--name", "x", says="program.sdb")
        self.fails(3, "model", "add", self.model, "--name", "A B", says="name of a model")
        self.fails(3, "model", "remove", "digits", 2, says="no version 2")
        self.ok("model", "remove", "digits", 1)
        self.assertFalse((self.data / "models/digits").joinpath("1").exists())

    def test_keys_jobs_and_sweep(self):
        self.ok("tenant", "add", "ada")
        self.assertEqual(self.json("key", "list", "ada"), [])
        self.assertIn("no evaluation keys", self.ok("key", "list", "ada"))
        self.fails(3, "key", "remove", "ada", "abc", says=["none", "admin key list"])
        self.assertEqual(self.json("job", "list", "ada"), [])
        self.fails(3, "job", "remove", "ada", "abc", says="no job's id")
        self.fails(3, "job", "remove", "ada", "a" * 26, says="admin job list")
        stray = self.data / "keys/nobody"
        stray.mkdir()
        (stray / "file").write_text("x")
        self.assertEqual(self.json("sweep"), {"keys": 0, "uploads": 0, "jobs": 0, "strays": 1})
        self.assertFalse(stray.exists())

    def test_folders_that_are_none(self):
        self.fails(3, "tenant", "list", says=["no data folder", "tenant add NAME"])
        self.assertFalse(self.data.exists())
        self.data.mkdir()
        (self.data / "letter.txt").write_text("dear")
        self.fails(3, "tenant", "add", "ada", says="letter.txt")
        self.assertEqual([p.name for p in self.data.iterdir()], ["letter.txt"])

    def test_help(self):
        done = subprocess.run([SERVER, "admin", "--help"], capture_output=True, text=True)
        for noun in "tenant token model key job sweep --data".split():
            self.assertIn(noun, done.stdout)
        done = subprocess.run([SERVER, "admin", "tenant", "add", "--help"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0)
        self.assertIn("--key-quota", done.stdout)
        done = subprocess.run([SERVER, "admin", "tenant", "list"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--data", done.stderr)
        # The folder may also be named at the end.
        done = subprocess.run([SERVER, "admin", "tenant", "add", "ada", "--data", self.data],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
