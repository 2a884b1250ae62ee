#!/usr/bin/env python3
"""Encrypted training as a user meets it: the round of commands, bad tables, reports.

Usage: train_test.py BIN_DIR SOURCE_DIR.
"""
import csv
import json
import re
import stat

import harness

RUN_FIELDS = """task steps folds seeds accuracy accuracy_deviation twin_accuracy largest_fold_difference
max_weight_error max_weight_error_bits precision_bits seconds_per_step min_seconds_per_step refresh_seconds
rotations ct_mults masks relinearisations depth refresh_bytes key_bytes n log_qp security_bits threads cpu
peak_bytes plan_seconds_per_step""".split()


class Training(harness.TrainTest):
    def test_plan_and_what_lies_where(self):
        self.assertEqual(self.plan["security_bits"], 128)
        self.assertEqual(self.plan["layers"], [4, 7, 3])
        self.assertEqual((self.plan["training_rows"], self.plan["test_rows"]), (120, 30))
        client, server = self.run_folder / "client", self.run_folder / "server"
        self.assertEqual(stat.S_IMODE((client / "secret.key").stat().st_mode), 0o600)
        self.assertEqual(sorted(f.name for f in server.iterdir()),
                         ["data-000.sdb", "keys.sdk", "state.sdb", "step.sdb"])
        self.assertEqual((server / "keys.sdk").stat().st_size, self.plan["key_bytes"])
        self.assertEqual((server / "data-000.sdb").stat().st_size, self.plan["data_bytes"])
        self.assertEqual((server / "state.sdb").stat().st_size, self.plan["state_bytes"])
        task = json.loads((client / "task.json").read_text())
        self.assertEqual(task["data"]["classes"], ["setosa", "versicolor", "virginica"])
        self.assertEqual(len(task["data"]["training_rows"]), 120)
        self.fails(3, "train", "init", "--data", self.iris, "--label", "last", "-o", self.run_folder,
                   says=["secret.key", "exists"])
        text = self.ok("train", "init", "--data", self.iris, "--label", "last", "--plan-only")
        for word in ("rotations", "security", "predicted", "refresh", "range forecast", "export"):
            self.assertIn(word, text)

    def test_round_of_commands_learns_and_exports_what_compile_takes(self):
        folder = self.copy("round")
        self.fails(8, "train", "step", folder / "server", "--steps", 2, says="a refresh is due",
                   server=True)
        for step in range(1, 12):
            report = self.refresh(folder)
            self.assertEqual((report["step"], report["blinded"]), (step, False))
            done = self.step(folder)
            self.assertEqual((done["step"], done["refresh_due"]), (step + 1, True))
        request = (folder / "server/refresh.request").stat().st_size
        self.assertLess(abs(request - self.plan["refresh_request_bytes"]), 1000)
        with open(folder / "client/curve.csv") as stream:
            rows = list(csv.DictReader(stream))
        self.assertEqual([int(row["step"]) for row in rows], list(range(1, 12)))
        self.assertLess(float(rows[-1]["loss"]), float(rows[0]["loss"]) / 1.5)
        self.assertEqual((folder / "client/curve.png").read_bytes()[:4], b"\x89PNG")
        self.check_export(folder)

    def check_export(self, folder):
        model, inputs = folder / "model.onnx", folder / "inputs.csv"
        export = ["train", "export", folder / "client", "--state", folder / "server/state.sdb"]
        out = json.loads(self.ok(*export, "-o", model, "--inputs", inputs, "--own-eyes", "--json"))
        self.assertEqual((out["rows"], out["releases_used"]), (30, 0))
        self.ok("compile", model, "-o", folder / "compiled", "--calibrate", inputs)
        result = json.loads(self.ok("evaluate", folder / "compiled", "--data", inputs, "--json"))
        self.assertEqual((result["images"], result["agreement"]), (30, 1.0))
        self.assertGreater(result["precision_bits"], 10)
        self.assertGreater(result["accuracy"], 0.6)
        released = json.loads(self.ok(*export, "-o", folder / "released.onnx", "--json"))
        self.assertGreater(released["releases_used"], 0)
        self.assertGreater(released["release_deviation"], 0)
        for _ in range(released["releases_allowed"]):
            done = self.call(*export, "-o", folder / "again.onnx")
            if done.returncode:
                break
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertIn("releases of this key are used", done.stderr)
        budget = json.loads((folder / "client/releases.json").read_text())
        self.assertEqual(budget["used"], budget["allowed"])

    def test_a_key_under_a_passphrase_refreshes_and_exports(self):
        folder = self.copy("sealed")
        phrase, other = self.root / "phrase", self.root / "other_phrase"
        phrase.write_text("open sesame\n")
        other.write_text("barley\n")
        self.ok("passphrase", folder / "client/secret.key", "--set", "--new-passphrase-file", phrase)
        refresh = ("train", "refresh", folder / "client", folder / "server", "--passphrase-file")
        export = ("train", "export", folder / "client", "--state", folder / "server/state.sdb", "--own-eyes",
                  "-o", folder / "model.onnx", "--passphrase-file")
        for verb in (refresh, export):
            self.fails(3, *verb, other, says=["secret.key", "not its passphrase"])
        self.assertIn("nothing to do", self.ok(*refresh, phrase))
        self.ok(*export, phrase)
        self.assertTrue((folder / "model.onnx").exists())

    def test_blinded_refresh_shows_nothing_and_learns_the_same(self):
        folder = self.root / "blinded"
        self.ok("train", "init", "--data", self.iris, "--label", "last", *self.init_options, "--refresh",
                "blinded", "-o", folder)
        self.step(folder)
        report = self.refresh(folder)
        self.assertTrue(report["blinded"])
        self.assertNotIn("loss", report)
        self.assertFalse((folder / "client/curve.csv").exists())
        self.assertEqual(self.step(folder)["step"], 2)
        mode = stat.S_IMODE((folder / "server/mask.secret").stat().st_mode)
        self.assertEqual(mode, 0o600)

    def test_cross_validation_reports_every_promised_field(self):
        curves = self.root / "curves"
        result = json.loads(self.ok("train", "run", "--data", self.iris, "--label", "last", "--folds", 2,
                                    "--seeds", 1, "--steps", 5, "-o", curves, "--json"))
        for field in RUN_FIELDS:
            self.assertIn(field, result)
        self.assertEqual((result["steps"], result["folds"], result["seeds"]), (5, 2, 1))
        self.assertLessEqual(result["max_weight_error"], 2.0**-20)
        self.assertLessEqual(result["largest_fold_difference"], 1)
        self.assertAlmostEqual(result["accuracy"], sum(result["fold_right"]) / 150)
        self.assertEqual(result["operations"]["rotations"], result["rotations"])
        self.assertEqual(result["security_bits"], 128)
        for name in ("loss", "accuracy"):
            self.assertEqual((curves / f"{name}.png").read_bytes()[:4], b"\x89PNG")
            with open(curves / f"{name}.csv") as stream:
                rows = list(csv.DictReader(stream))
            self.assertEqual(len(rows), 5)
            for row in rows:
                self.assertAlmostEqual(float(row["encrypted"]), float(row["in the clear"]), places=3)

    def table(self, name, *lines):
        path = self.root / name
        path.write_text("\n".join(lines) + "\n")
        return path

    def test_bad_tables_are_named_with_row_and_column(self):
        head = "width,height,kind"
        bad = {
            "nan.csv": ([head, "1,2,a", "3,nan,b"], ["line 3", "column 'height'"]),
            "word.csv": ([head, "1,2,a", "x,4,b"], ["line 3", "column 'width'", "'x'"]),
            "hole.csv": ([head, "1,2,a", "3,,b"], ["line 3", "column 'height'", "empty"]),
            "one.csv": ([head, "1,2,a", "3,4,a"], ["column 'kind'", "'a'", "two classes"]),
            "short.csv": ([head, "1,2,a", "3,b"], ["line 3"]),
        }
        for name, (lines, says) in bad.items():
            for verb in (["init", "-o", self.root / "never"], ["run"]):
                with self.subTest(table=name, verb=verb[0]):
                    self.fails(3, "train", *verb, "--data", self.table(name, *lines), "--label", "kind",
                               says=[name, *says])
        self.fails(3, "train", "run", "--data", self.iris, "--label", "colour",
                   says=["iris.csv", "no column 'colour'", "column1"])
        self.fails(7, "train", "run", "--data", self.root / "none.csv", "--label", "x", says="none.csv")
        self.assertFalse((self.root / "never/client/secret.key").exists())

    def test_tasks_that_cannot_be_are_refused_with_a_remedy(self):
        run = ["train", "run", "--data", self.iris, "--label", "last"]
        self.fails(4, *run, "--refresh", "bootstrap",
                   says=["not built yet", "--refresh client", "--refresh blinded"])
        self.fails(3, *run, "--batch", 500, says=["--batch 500", "120 rows"])
        self.fails(3, *run, "--momentum", "0.9", says=["--momentum", "7/8"])
        self.fails(3, *run, "--schedule", "5:1", says=["--schedule", "begin with 0"])
        self.fails(3, *run, "--hidden", "seven", says=["--hidden", "'seven'"])
        self.fails(3, *run, "--activation", "0,1", says="--activation")
        self.fails(3, *run, "--folds", 60, says=["50 rows", "60 folds"])
        self.fails(4, *run, "--rate", 3, says=["diverges", "--rate"])

    def test_help_of_every_verb(self):
        for verb in "init step refresh export run".split():
            text = self.ok("train", verb, "--help")
            self.assertIn("--json", text)
            for line in text.splitlines():
                self.assertIsNone(re.search("IND-CPA|RNS|NTT", line))


if __name__ == "__main__":
    harness.main(Training)
