#!/usr/bin/env python3
"""The command line as a user meets it: the round trip in separate processes, errors, interruption.

Usage: cli_test.py BIN_DIR SOURCE_DIR. Uses the digits that come with the project.
"""
import gzip
import json
import math
import os
import pathlib
import random
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import time
import unittest

BIN = pathlib.Path(sys.argv[1])
SOURCE = pathlib.Path(sys.argv[2])
SERDAB, SERVER = BIN / "serdab", BIN / "serdab-server"
MODEL = SOURCE / "models/digits/model.onnx"
EVALUATE_FIELDS = """images accuracy cleartext_accuracy agreement max_logit_error precision_bits
server_seconds images_per_second peak_rss_bytes query_bytes answer_bytes eval_key_bytes n log_qp
security_bits threads cpu layout positions images_per_query queries query_seconds query_seconds_median
key_load_seconds prepare_seconds rotation_keys rotations operations planned_operations weight_bytes""".split()


def call(*arguments, program=SERDAB):
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)


def png_size(path):
    """Width and height; the file must be a PNG."""
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n", head
    return struct.unpack(">II", head[16:24])


class CommandLine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.scratch.name)
        cls.model = cls.root / "model"
        cls.keys = cls.root / "keys"
        cls.query = cls.root / "query.sdb"
        cls.answer = cls.root / "answer.sdb"
        cls.ok("compile", MODEL, "-o", cls.model, "--precision", 12)
        cls.ok("keygen", cls.model, "-o", cls.keys)
        cls.ok("encrypt", cls.model, "--key", cls.keys / "secret.key", "-o", cls.query, "digits:val")
        cls.run_report = json.loads(cls.ok("run", cls.model, "--keys", cls.keys / "eval.key", cls.query,
                                           "-o", cls.answer, "--json", program=SERVER))

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    @classmethod
    def ok(cls, *arguments, program=SERDAB):
        done = call(*arguments, program=program)
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def fails(self, status, *arguments, says, program=SERDAB):
        done = call(*arguments, program=program)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, done.stderr)
        return done

    # One layer of 8 x 8 under every packing: counts of the design, precision of the run.
    def test_bench_compares_packings(self):
        report = json.loads(self.ok("bench", "--packings", "--sizes", 8, "--json"))
        rows = {row["packing"]: row for row in report["rows"]}
        counts = {name: tuple(row[field] for field in
                              "rotations ct_mults relinearisations masks depth ciphertexts".split())
                  for name, row in rows.items()}
        self.assertEqual(counts, {"P1 + transposition": (21, 24, 10, 0, 1, 10),
                                  "P2": (8, 24, 14, 0, 1, 10),
                                  "P3": (9, 3, 3, 1, 2, 3),
                                  "one value": (0, 192, 80, 0, 1, 80)})
        for name, row in rows.items():
            self.assertEqual((row["n"], row["ring_dimension"], row["security_bits"]), (8, 1 << 14, 128))
            self.assertLess(row["log_qp"], 430, name)
            self.assertGreaterEqual(row["precision_bits"], 20, name)
            self.assertGreater(row["milliseconds"], 0)
        gain, = report["p2_over_p1"]
        self.assertEqual((gain["n"], gain["rotations"]), (8, 21 / 8))
        self.assertAlmostEqual(gain["milliseconds"],
                               rows["P1 + transposition"]["milliseconds"] / rows["P2"]["milliseconds"])
        self.fails(2, "bench", "--sizes", 8, says="--packings")
        self.fails(2, "bench", "--packings", "--sizes", 9, says="9")

    def test_round_trip_gives_the_labels_of_the_clear_model(self):
        picture = self.root / "labels.png"
        logits = self.root / "logits.csv"
        result = json.loads(self.ok("decrypt", self.model, "--key", self.keys / "secret.key", self.answer,
                                    "--against", "digits:val", "--picture", picture, "-o", logits,
                                    "--json"))
        self.assertEqual(result["images"], 450)
        self.assertEqual(result["agreement"], 1.0)
        self.assertEqual(result["accuracy"], result["cleartext_accuracy"])
        self.assertGreaterEqual(result["accuracy"], 0.975)
        self.assertGreaterEqual(result["precision_bits"], 11.5)
        self.assertEqual(picture.read_bytes()[:4], b"\x89PNG")
        rows = logits.read_text().splitlines()
        self.assertEqual(len(rows), 450)
        values = [float(v) for v in rows[7].split(",")]
        self.assertEqual(values.index(max(values)), result["labels"][7])
        softmax = math.exp(max(values)) / sum(map(math.exp, values))
        self.assertAlmostEqual(result["confidences"][7], softmax, 6)
        first = self.ok("decrypt", self.model, "--key", self.keys / "secret.key", self.answer).splitlines()[0]
        self.assertRegex(first, r"^image 0: \d \(\d+ %\)$")

    def test_server_report(self):
        for field in "images server_seconds peak_rss_bytes n log_qp security_bits threads cpu".split():
            self.assertIn(field, self.run_report)
        self.assertEqual(self.run_report["security_bits"], 128)

    def test_secret_key_is_private_and_not_overwritten(self):
        mode = stat.S_IMODE((self.keys / "secret.key").stat().st_mode)
        self.assertEqual(mode, 0o600)
        self.fails(3, "keygen", self.model, "-o", self.keys, says=["secret.key", "--force"])

    def test_plan_as_text_and_json(self):
        plan = json.loads(self.ok("plan", self.model, "--json"))
        self.assertLessEqual(plan["log_qp"], plan["table_log_qp"])
        self.assertEqual(plan["values"][0]["op"], "input")
        text = self.ok("plan", self.model)
        for word in ("security", "precision", "range guard", "planned peak memory", "evaluation key"):
            self.assertIn(word, text)

    def test_plan_as_a_picture(self):
        chart = self.root / "plan.png"
        self.assertEqual(self.ok("plan", self.model, "--chart", chart), self.ok("plan", self.model))
        width, height = png_size(chart)
        self.assertGreaterEqual((width, height), (900, 600))
        self.fails(7, "plan", self.model, "--chart", self.root / "none" / "plan.png", says="plan.png")
        broken = self.root / "broken-plan"
        shutil.copytree(self.model, broken)
        (broken / "plan.json").write_text('{"values": [{"layer": 1}]}')
        self.fails(3, "plan", broken, "--chart", self.root / "broken.png",
                   says=["plan.json", "compile the model again"])
        self.assertFalse((self.root / "broken.png").exists())

    # Coefficients published for Swish on [-6, 6].
    def test_activation_as_text_json_and_picture(self):
        picture = self.root / "swish.png"
        told = json.loads(self.ok("activation", "Swish", "--degree", 4, "--range", 6, "--json", "-o", picture))
        for found, published in zip(told["coefficients"], (0.1198, 0.5, 0.1473, 0, -0.002012), strict=True):
            self.assertAlmostEqual(found, published, delta=5e-5)
        self.assertEqual(told["coefficients"][3], 0)
        value = lambda x: sum(c * x ** k for k, c in enumerate(told["coefficients"]))
        error = lambda x: value(x) - x / (1 + math.exp(-x))
        self.assertAlmostEqual(abs(error(told["max_error_at"])), told["max_error"], 12)
        self.assertLess(told["rms_error"], told["max_error"])
        self.assertEqual([p["x"] for p in told["outside"]], [-9, 9])
        for outside in told["outside"]:
            self.assertAlmostEqual(outside["error"], error(outside["x"]), 9)
        self.assertEqual(png_size(picture), (900, 800))
        text = self.ok("activation", "swish", "--degree", 4, "--range", 6)
        for word in ("x^4", "largest error", "root mean square", "x = 9", repr(told["coefficients"][4])):
            self.assertIn(word, text)
        best = json.loads(self.ok("activation", "swish", "--degree", 4, "--range", 6, "--method", "minimax",
                                  "--json"))
        self.assertLess(best["max_error"], told["max_error"])
        self.assertGreater(best["rms_error"], told["rms_error"])

    def test_activation_refuses(self):
        asked = ["activation", "swish", "--degree", 4, "--range", 6]
        self.fails(3, "activation", "swush", *asked[2:], says=["swush", "swish, mish, gelu"])
        for degree in (-1, 0, 1, 32):
            self.fails(3, *asked[:3], degree, *asked[4:], says=["--degree", "2 to 31"])
        for r in (-1, 0, 1e9, "nan", "inf"):
            self.fails(3, *asked[:5], r, says=["--range", "0.01 to 10000"])
        self.fails(2, *asked, "--method", "taylor", says="--method")
        self.fails(2, *asked[:4], says="--range")
        self.fails(7, *asked, "-o", self.root / "none" / "swish.png", says="swish.png")
        self.assertFalse((self.root / "none").exists())
        told = call(*asked[:5], -1, "--json")
        self.assertEqual(json.loads(told.stdout)["kind"], "invalid_argument")

    def test_evaluate_returns_every_promised_field(self):
        result = json.loads(self.ok("evaluate", MODEL, "--data", "digits:val", "--count", 30, "--json",
                                    "--precision", 12))
        for field in EVALUATE_FIELDS:
            self.assertIn(field, result)
        self.assertEqual(result["images"], 30)
        self.assertEqual(result["agreement"], 1.0)
        self.assertEqual(result["operations"], result["planned_operations"])
        again = json.loads(self.ok("evaluate", self.model, "--data", "digits:val", "--count", 5, "--json"))
        self.assertEqual(again["images"], 5)

    def test_two_classes_are_told_apart_as_sensitivity_and_specificity(self):
        count, found, clear = 40, 30, 10
        pixels, labels = random.Random(1).randbytes(count * 784), bytes([1] * found + [0] * clear)
        images = self.root / "train-images-idx3-ubyte"
        images.write_bytes(struct.pack(">4B3I", 0, 0, 8, 3, count, 28, 28) + pixels)
        (self.root / "train-labels-idx1-ubyte").write_bytes(struct.pack(">4BI", 0, 0, 8, 1, count) + labels)
        model = SOURCE / "models/pneumonia/model.onnx"
        result = json.loads(self.ok("evaluate", model, "--data", images, "--calibrate", images, "--json"))
        shares = result["sensitivity"] * found + result["specificity"] * clear
        self.assertAlmostEqual(shares / count, result["accuracy"])
        text = self.ok("evaluate", model, "--data", images, "--calibrate", images, "--quiet")
        self.assertRegex(text, r"sensitivity .* of 30\)")
        self.assertRegex(text, r"specificity .* of 10\)")
        ten = json.loads(self.ok("evaluate", self.model, "--data", "digits:val", "--count", 5, "--json"))
        self.assertNotIn("sensitivity", ten)

    def test_evaluate_counts_answers_that_wrapped_as_wrong_and_goes_on(self):
        def write(folder, images):
            path = self.root / folder / "train-images-idx3-ubyte"
            path.parent.mkdir()
            path.write_bytes(struct.pack(">4B3I", 0, 0, 8, 3, len(images), 8, 8) + b"".join(images))
            (path.parent / "train-labels-idx1-ubyte").write_bytes(
                struct.pack(">4BI", 0, 0, 8, 1, len(images)) + bytes(len(images)))
            return path
        with gzip.open(SOURCE / "data/tabular/digits.csv.gz", "rt") as file:
            digits = [[float(pixel) for pixel in line.split(",")[:64]] for line in file if line.strip()][:40]
        real = [bytes(int(pixel * 15) for pixel in digit) for digit in digits]
        faint = [bytes(pixel // 20 for pixel in digit) for digit in real]
        asked = ["evaluate", MODEL, "--layout", "single", "--guard", 0, "--calibrate", write("faint", faint)]
        mixed = write("mixed", faint[:10] + real[:10])
        result = json.loads(self.ok(*asked, "--data", mixed, "--json"))
        self.assertEqual((result["images"], result["queries"]), (20, 20))
        self.assertGreater(result["lost"], 0)
        self.assertLessEqual(result["lost"], 10)
        self.assertLessEqual(result["agreement"], 1 - result["lost"] / 20)
        self.assertRegex(self.ok(*asked, "--data", mixed, "--quiet"), r"answers lost            \d+ of 20: ")
        alone = json.loads(self.ok(*asked, "--data", mixed, "--count", 10, "--json"))
        self.assertEqual((alone["lost"], alone["agreement"]), (0, 1.0))

    def test_packed_round_trip_in_separate_processes(self):
        model, keys = self.root / "packed", self.root / "packed_keys"
        query, answer = self.root / "packed_query.sdb", self.root / "packed_answer.sdb"
        plan = json.loads(self.ok("compile", MODEL, "-o", model, "--layout", "single", "--json"))
        made = json.loads(self.ok("keygen", model, "-o", keys, "--json"))
        self.assertGreater(made["rotation_keys"], 0)
        self.assertEqual(made["rotation_keys"], plan["rotation_keys"])
        self.assertEqual(made["eval_key_bytes"], plan["eval_key_bytes"])
        self.fails(3, "encrypt", model, "--key", keys / "secret.key", "-o", query, "digits:val",
                   says="a query holds at most 1")
        self.ok("encrypt", model, "--key", keys / "secret.key", "-o", query, "digits:val", "--count", 1)
        self.assertEqual(query.stat().st_size, plan["query_bytes"])
        report = json.loads(self.ok("run", model, "--keys", keys / "eval.key", query, "-o", answer,
                                    "--json", program=SERVER))
        self.assertEqual(report["images"], 1)
        self.assertEqual(answer.stat().st_size, plan["answer_bytes"])
        result = json.loads(self.ok("decrypt", model, "--key", keys / "secret.key", answer,
                                    "--against", "digits:val", "--json"))
        self.assertEqual(result["agreement"], 1.0)
        result = json.loads(self.ok("evaluate", model, "--data", "digits:val", "--count", 3,
                                    "--weight-memory", 1e-9, "--json"))
        self.assertEqual((result["queries"], result["weight_bytes"]), (3, 0))
        self.assertEqual(result["operations"], result["planned_operations"])
        # A key made for another program lacks its rotations.
        self.fails(3, "run", model, "--keys", self.keys / "eval.key", query, "-o", answer,
                   says="eval.key", program=SERVER)

    def test_errors_say_file_and_reason(self):
        broken = self.root / "broken.sdb"
        data = bytearray(self.query.read_bytes())
        data[len(data) // 2] ^= 4
        broken.write_bytes(data)
        out = self.root / "out.sdb"
        self.fails(3, "run", self.model, "--keys", self.keys / "eval.key", broken, "-o", out,
                   says=["broken.sdb", "checksum"], program=SERVER)
        self.assertFalse(out.exists())
        self.fails(3, "decrypt", self.model, "--key", self.keys / "eval.key", self.answer,
                   says=["eval.key", "evaluation keys", "secret key"])
        self.fails(7, "run", self.model, "--keys", self.keys / "eval.key", self.root / "none", "-o", out,
                   says="none: cannot be opened", program=SERVER)
        self.fails(3, "encrypt", self.model, "--key", self.keys / "secret.key", "-o", out,
                   SOURCE / "README.md", says="README.md")
        self.fails(2, "frobnicate", says="")
        failed = call("compile", self.root / "none.onnx", "-o", self.root / "m", "--json")
        self.assertEqual(json.loads(failed.stdout)["kind"], "io")

    def test_another_clients_key_is_refused(self):
        other = self.root / "other"
        self.ok("keygen", self.model, "-o", other)
        self.fails(3, "decrypt", self.model, "--key", other / "secret.key", self.answer,
                   says=["answer.sdb", "made for key"])
        self.fails(3, "run", self.model, "--keys", other / "eval.key", self.query, "-o",
                   self.root / "x.sdb", says=["query.sdb", "made for key"], program=SERVER)

    def test_max_pool_is_explained(self):
        refused = sorted((SOURCE / "tests/data/onnx").rglob("*max*pool*.onnx"))
        self.assertTrue(refused)
        self.fails(4, "compile", refused[0], "-o", self.root / "m2", says=["MaxPool", "AveragePool"])

    def test_higher_security_costs_a_larger_ring_or_is_refused(self):
        high = json.loads(self.ok("compile", MODEL, "-o", self.root / "m256", "--security", 256,
                                  "--precision", 10, "--json"))
        self.assertEqual(high["security_bits"], 256)
        self.assertLessEqual(high["log_qp"], high["table_log_qp"])

    def test_interrupted_run_is_taken_up(self):
        answer = self.root / "resumed.sdb"
        command = [SERVER, "run", self.model, "--keys", self.keys / "eval.key", self.query, "-o", answer,
                   "--threads", "1"]
        interruptions = 0
        for step in range(1, 25):
            process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
            time.sleep(0.04 * step)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate()
            if process.returncode == 130 and "the state is in" in errors:
                interruptions += 1
            if interruptions == 3:
                break
        self.assertGreaterEqual(interruptions, 1)
        if not answer.exists():
            self.ok(*command[1:], program=SERVER)
        self.assertEqual(answer.read_bytes(), self.answer.read_bytes())
        self.assertFalse(os.path.exists(str(answer) + ".checkpoint"))

    def test_help_of_every_verb(self):
        for verb in "compile plan keygen encrypt run decrypt evaluate data bench activation".split():
            self.assertIn("--json", self.ok(verb, "--help") + self.ok("data", "list", "--help"))
        self.assertEqual(call("--help", program=SERVER).returncode, 0)
        self.assertNotIn("decrypt", self.ok("--help", program=SERVER).replace("could decrypt", ""))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
