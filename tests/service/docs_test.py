#!/usr/bin/env python3
"""docs/service.md: its commands run as they are written, and it knows every flag and every kind of refusal.

Usage: docs_test.py BIN_DIR SOURCE_DIR. Only the port is another than in the text, so that tests may run at once.
"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import unittest

import service


class Docs(unittest.TestCase):
    def setUp(self):
        self.source, self.programs = service.ServiceTest.source, service.ServiceTest.programs
        self.text = (self.source / "docs/service.md").read_text()

    def blocks(self):
        return re.findall(r"```sh\n# try\n(.*?)```", self.text, re.S)

    def test_commands_run_as_they_are_written(self):
        for tool in ("curl", "openssl"):
            if shutil.which(tool) is None:
                self.skipTest(f"{tool} is not installed")
        blocks = self.blocks()
        self.assertGreater(len(blocks), 9)
        port = service.free_port()
        folder = pathlib.Path(tempfile.mkdtemp(prefix="serdab-docs-"))
        self.addCleanup(shutil.rmtree, folder)
        (folder / "models").symlink_to(self.source / "models")
        # A marker after every block: which ones ran, and what they said.
        script = "set -euo pipefail\ntrap 'echo; echo == ended' EXIT\n" + "".join(
            f"{block.replace('8443', str(port))}\necho; echo '== {i} ran'\n" for i, block in enumerate(blocks))
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SERDAB_")}
        environment["PATH"] = f"{self.programs.folder}:{environment['PATH']}"
        process = subprocess.Popen(["bash", "-c", script], cwd=folder, env=environment, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            said = self.read(process)
        finally:
            self.end_group(process)
        for i in range(len(blocks)):
            self.assertIn(f"== {i} ran", said, said[-3000:])
        self.assertIn('"ready": true', said.replace('"ready":true', '"ready": true'))
        self.assertIn("3 image(s), encrypted all the way", said)
        self.assertIn('"model_name":"digits"', said)
        self.assertIn('"state":"done"', said)
        # One image, asked for in three ways: the label is the same.
        labels = re.findall(r"^(?:image )?0[: ]+(\d)(?: \(\d+ %\))?$", said, re.M)
        self.assertGreaterEqual(len(labels), 4, said)
        self.assertEqual(len(set(labels)), 1, labels)

    @staticmethod
    def read(process):
        """Until the script has ended: the server it leaves behind keeps the pipe open."""
        said = []
        for line in process.stdout:
            said.append(line)
            if line == "== ended\n":
                break
        return "".join(said)

    def end_group(self, process):
        try:
            os.killpg(process.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        process.communicate(timeout=60)

    def test_every_flag_of_serve_is_explained(self):
        known = self.programs.ok("serdab-server", "serve", "--help")
        flags = set(re.findall(r"^ +(?:-\w,)?(--[a-z-]+)", known, re.M))
        self.assertGreater(len(flags), 15)
        missing = {flag for flag in flags if f"`{flag}`" not in self.text}
        self.assertEqual(missing, set())
        table = re.findall(r"^\| `--.*$", self.text, re.M)
        for flag in re.findall(r"`(--[a-z-]+)`", "\n".join(line.split("|")[1] for line in table)):
            tenant = self.programs.ok("serdab-server", "admin", "--data", "x", "tenant", "add", "--help")
            self.assertIn(flag, known + tenant)

    def test_every_kind_of_refusal_is_explained(self):
        kinds = set()
        for path in (self.source / "src/service/gateway").glob("*.cpp"):
            if not path.name.endswith("_test.cpp"):
                text = path.read_text()
                kinds |= set(re.findall(r'(?:refuse\(|busy\(|Failure\(|return \{)\s*\d{3},\s*"(\w+)"', text))
        self.assertGreater(len(kinds), 25)
        rows = re.findall(r"^\| (`[a-z`, ]+`) \| [0-9, ]+ \|", self.text, re.M)
        explained = set(re.findall(r"`(\w+)`", " ".join(rows)))
        self.assertEqual(kinds, explained)

    def test_links_lead_somewhere(self):
        for page in [self.source / "SECURITY.md", self.source / "README.md", *(self.source / "docs").glob("*.md")]:
            for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
                if "://" not in link:
                    self.assertTrue((page.parent / link).exists(), f"{page.name}: {link}")


if __name__ == "__main__":
    service.main(Docs)
