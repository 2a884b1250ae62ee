"""What the tests of encrypted training share: folders, calls, files taken apart."""
import hashlib
import json
import pathlib
import shutil
import struct
import subprocess
import tempfile
import unittest

HEADER = 56  # magic, version, kind, size, SHA-256 of the payload


def seal(data):
    """The file with size and digest of its payload made right: a forger's work."""
    payload = data[HEADER:]
    return data[:16] + struct.pack("<Q", len(payload)) + hashlib.sha256(payload).digest() + payload


class TrainTest(unittest.TestCase):
    """One small run on Iris, made once; tests work on copies."""
    bin = source = None
    init_options = ["--hidden", "7", "--holdout", "1/5"]

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.scratch.name)
        cls.iris = cls.source / "data/tabular/iris.csv"
        cls.run_folder = cls.root / "run"
        cls.plan = json.loads(cls.ok("train", "init", "--data", cls.iris, "--label", "last",
                                     *cls.init_options, "-o", cls.run_folder, "--json"))

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    @classmethod
    def call(cls, *arguments, server=False):
        program = cls.bin / ("serdab-server" if server else "serdab")
        return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)

    @classmethod
    def ok(cls, *arguments, server=False):
        done = cls.call(*arguments, server=server)
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def fails(self, status, *arguments, says, server=False):
        done = self.call(*arguments, server=server)
        self.assertEqual(done.returncode, status, f"{arguments}\n{done.stdout}{done.stderr}")
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, done.stderr)
        return done

    def copy(self, name, of=None):
        folder = self.root / name
        shutil.copytree(of or self.run_folder, folder)
        return folder

    def step(self, folder, *more):
        return json.loads(self.ok("train", "step", folder / "server", "--json", *more, server=True))

    def refresh(self, folder):
        return json.loads(self.ok("train", "refresh", folder / "client", folder / "server", "--json"))


def main(*cases):
    """Runs the cases, with BIN_DIR and SOURCE_DIR from the command line."""
    import sys
    TrainTest.bin, TrainTest.source = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
    suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromTestCase(c) for c in cases)
    sys.exit(not unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful())
