#!/usr/bin/env python3
"""A stepping process killed at 20 random moments ends with the bytes of an uninterrupted run.

Usage: kill_test.py BIN_DIR SOURCE_DIR.
"""
import random
import shutil
import subprocess
import time

import harness

KILLS = 20


class Killed(harness.TrainTest):
    init_options = ["--hidden", "7", "--refresh", "blinded"]

    def test_same_bytes_after_twenty_kills(self):
        self.calm, self.killed = self.copy("calm"), self.copy("killed")
        started = time.time()
        self.step(self.calm)
        self.seconds = time.time() - started
        # What blinds requests is the server's own secret; the runs must have the same to be compared.
        shutil.copy(self.calm / "server/mask.secret", self.killed / "server/mask.secret")
        self.draw, kills, steps, resumed = random.Random(7), 0, 1, 0
        while kills < KILLS:
            self.assertLess(steps, 100)
            output = self.step_or_kill()
            if output is None:
                kills += 1
                continue
            resumed += '"resumed": true' in output
            self.assert_same(steps)
            self.next_step()
            steps += 1
        self.assertIn(self.call("train", "step", self.killed / "server", server=True).returncode, (0, 8))
        self.assert_same(steps)
        left = sorted(f.name for f in (self.killed / "server").iterdir())
        self.assertEqual(left, sorted(f.name for f in (self.calm / "server").iterdir()))
        print(f"{kills} kills over {steps} steps, {resumed} steps taken up from a checkpoint")

    def step_or_kill(self):
        """What a finished process said, or None for one that was killed. Status 8: it was killed after
        its step was done, and this one found nothing to do."""
        process = subprocess.Popen([self.bin / "serdab-server", "train", "step", self.killed / "server",
                                    "--checkpoint-seconds", "0.05", "--json"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        try:
            output, errors = process.communicate(timeout=self.draw.uniform(0, 1.2 * self.seconds))
            self.assertIn(process.returncode, (0, 8), errors)
            return output
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return None

    def next_step(self):
        """Does a step of the calm run; the other gets the same answer, which is random."""
        self.refresh(self.calm)
        shutil.copy(self.calm / "server/refresh.answer", self.killed / "server/refresh.answer")
        self.step(self.calm)

    def assert_same(self, step):
        for name in ("state.sdb", "refresh.request"):
            files = [(folder / "server" / name).read_bytes() for folder in (self.calm, self.killed)]
            self.assertTrue(files[0] == files[1], f"{name} after step {step} differs")


if __name__ == "__main__":
    harness.main(Killed)
