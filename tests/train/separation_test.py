#!/usr/bin/env python3
"""The server steps without anything of the client's; files and keys that do not belong are refused.

Usage: separation_test.py BIN_DIR SOURCE_DIR.
"""
import os
import shutil
import subprocess

import harness


class Separation(harness.TrainTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.root / "other"
        cls.ok("train", "init", "--data", cls.iris, "--label", "last", *cls.init_options, "-o",
               cls.other)
        cls.spent = cls.root / "spent"
        shutil.copytree(cls.run_folder, cls.spent)
        cls.ok("train", "step", cls.spent / "server", server=True)
        cls.ok("train", "step", cls.other / "server", server=True)

    def open_files(self, process):
        """Every file that the process had open at some moment of its life."""
        seen = set()
        folder = f"/proc/{process.pid}/fd"
        while process.poll() is None:
            try:
                for fd in os.listdir(folder):
                    seen.add(os.readlink(f"{folder}/{fd}"))
            except OSError:
                pass
        return seen

    def test_steps_with_the_clients_folder_gone_and_no_secret_file_open(self):
        folder = self.copy("alone")
        shutil.move(folder / "client", self.root / "far away")
        process = subprocess.Popen([self.bin / "serdab-server", "train", "step", folder / "server"],
                                   stdout=subprocess.DEVNULL)
        seen = self.open_files(process)
        self.assertEqual(process.returncode, 0)
        self.assertIn(str(folder / "server/lock"), seen)  # the scan does see files
        for name in seen:
            self.assertNotIn("secret.key", name)
            self.assertNotIn("client", name)
            self.assertNotIn("far away", name)
        self.assertNotIn("secret.key", os.listdir(folder / "server"))

    def test_server_executable_cannot_refresh_or_export(self):
        for verb in ("init", "refresh", "export", "run"):
            self.fails(2, "train", verb, self.run_folder / "client", says="", server=True)
            self.assertNotIn(f"  {verb} ", self.ok("train", "--help", server=True))
        self.ok("train", "step", "--help", server=True)

    def test_two_processes_do_not_step_in_one_folder(self):
        folder = self.copy("locked", self.spent)
        waiting = subprocess.Popen([self.bin / "serdab-server", "train", "step", folder / "server",
                                    "--wait", "60"], stdout=subprocess.DEVNULL)
        try:
            while not (folder / "server/refresh.request").exists() or not self.locked(folder):
                self.assertIsNone(waiting.poll())
            self.fails(3, "train", "step", folder / "server", says=["lock", "another process"],
                       server=True)
            self.refresh(folder)
            self.assertEqual(waiting.wait(60), 0)
        finally:
            waiting.kill()
            waiting.wait()

    def locked(self, folder):
        # Not by trying: whoever tries holds the lock for a moment.
        lock = folder / "server/lock"
        if not lock.exists():
            return False
        inode = str(lock.stat().st_ino)
        return any(line.split()[5].split(":")[-1] == inode
                   for line in open("/proc/locks") if "->" not in line)

    def test_damaged_files_are_refused_by_name(self):
        for name in ("step.sdb", "keys.sdk", "state.sdb", "data-000.sdb"):
            whole = (self.run_folder / "server" / name).read_bytes()
            flipped = bytearray(whole)
            flipped[len(whole) // 2] ^= 1
            forged = bytearray(whole)
            forged[-3] ^= 0x10
            for kind, data in {"cut": whole[:-100], "flipped": flipped, "empty": b"",
                               "cut and sealed": harness.seal(whole[:-100])}.items():
                folder = self.copy(f"{kind} {name}")
                (folder / "server" / name).write_bytes(data)
                with self.subTest(file=name, kind=kind):
                    before = (folder / "server/state.sdb").read_bytes()
                    self.fails(3, "train", "step", folder / "server", says=name, server=True)
                    self.assertEqual((folder / "server/state.sdb").read_bytes(), before)
                shutil.rmtree(folder)

    def test_foreign_files_are_refused_by_name(self):
        for name in ("keys.sdk", "data-000.sdb"):
            folder = self.copy(f"foreign {name}")
            shutil.copy(self.other / "server" / name, folder / "server" / name)
            with self.subTest(file=name):
                self.fails(3, "train", "step", folder / "server", says="key", server=True)
        folder = self.copy("data for state")
        shutil.copy(folder / "server/data-000.sdb", folder / "server/state.sdb")
        self.fails(3, "train", "step", folder / "server", says="state.sdb", server=True)

    def test_foreign_and_damaged_requests_and_answers_are_refused(self):
        folder = self.copy("requests", self.spent)
        request = folder / "server/refresh.request"
        whole = request.read_bytes()
        client = ["train", "refresh", folder / "client", folder / "server"]
        request.write_bytes(whole[:-5])
        self.fails(3, *client, says="refresh.request")
        shutil.copy(self.other / "server/refresh.request", request)
        self.fails(3, *client, says=["refresh.request", "key"])
        self.assertFalse((folder / "server/refresh.answer").exists())
        request.write_bytes(whole)
        self.ok(*client)
        answer = folder / "server/refresh.answer"
        good = answer.read_bytes()
        answer.write_bytes(good[:-5])
        self.fails(3, "train", "step", folder / "server", says="refresh.answer", server=True)
        self.ok("train", "refresh", self.other / "client", self.other / "server")
        shutil.copy(self.other / "server/refresh.answer", answer)
        self.fails(3, "train", "step", folder / "server", says=["refresh.answer", "key"], server=True)
        answer.write_bytes(good)
        self.assertEqual(self.step(folder)["step"], 2)

    def test_answers_of_other_steps(self):
        folder = self.copy("steps", self.spent)
        first_state = (folder / "server/state.sdb").read_bytes()
        self.refresh(folder)
        first_answer = (folder / "server/refresh.answer").read_bytes()
        self.assertEqual(self.step(folder)["step"], 2)
        (folder / "server/refresh.answer").write_bytes(first_answer)  # stale: dropped
        self.fails(8, "train", "step", folder / "server", says="a refresh is due", server=True)
        self.assertFalse((folder / "server/refresh.answer").exists())
        self.refresh(folder)
        (folder / "server/state.sdb").write_bytes(first_state)  # an older state than its answer
        self.fails(3, "train", "step", folder / "server", says=["refresh.answer", "step"], server=True)

    def test_another_secret_key(self):
        folder = self.copy("wrong key", self.spent)
        state = folder / "server/state.sdb"
        out = self.root / "never.onnx"
        export = ["train", "export", folder / "client", "--state", state, "-o", out, "--own-eyes"]
        ours = (folder / "client/secret.key").read_bytes()
        theirs = (self.other / "client/secret.key").read_bytes()
        (folder / "client/secret.key").write_bytes(theirs)
        self.fails(3, *export, says=["state.sdb", "key"])
        self.fails(3, "train", "refresh", folder / "client", folder / "server", says="key")
        # Under our name: what comes out is noise, far beyond what weights can be.
        at = slice(harness.HEADER + 32, harness.HEADER + 48)
        self.assertNotEqual(ours[at], theirs[at])
        forged = bytearray(theirs)
        forged[at] = ours[at]
        (folder / "client/secret.key").write_bytes(harness.seal(bytes(forged)))
        self.fails(6, *export, says=["state.sdb", "has a number of", "beyond"])
        self.assertFalse(out.exists())
        (folder / "client/secret.key").write_bytes(ours)
        self.ok(*export)


if __name__ == "__main__":
    harness.main(Separation)
