#!/usr/bin/env python3
"""The verbs 'serdab remote' and 'serdab-server admin' as their users meet them.

Usage: remote_test.py BIN_DIR SOURCE_DIR. Uses the digits that come with the project.
"""
import json
import os
import random
import signal
import subprocess
import time

import service

SEED = 5


class RemoteTest(service.ServiceTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls is RemoteTest:
            return
        cls.server = cls.make_server(cls.__name__.lower())
        cls.tenant = cls.server.tenant("tess")
        cls.server.start()
        cls.token = cls.root / f"{cls.__name__}.token"
        cls.token.write_text(cls.tenant.token + "\n")

    def arguments(self, *words, server=None, token=None, patience=20):
        return [self.programs.path("serdab"), "remote", "--server", server or self.server.address,
                "--token-file", token or self.token, "--patience", str(patience), *map(str, words)]

    def call(self, *words, **more):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SERDAB_")}
        return subprocess.run(self.arguments(*words, **more), capture_output=True, text=True, timeout=120,
                              env=environment)

    def ok(self, *words, **more):
        done = self.call(*words, **more)
        self.assertEqual(done.returncode, 0, f"{words}\n{done.stdout}{done.stderr}")
        return done.stdout

    def ok_json(self, *words, **more):
        return json.loads(self.ok(*words, "--json", **more))

    def fails(self, *words, says, **more):
        done = self.call(*words, **more)
        self.assertNotEqual(done.returncode, 0, f"{words}\n{done.stdout}{done.stderr}")
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, done.stderr)
        self.assertNotIn(self.tenant.token, done.stdout + done.stderr)

    def background(self, *words, **more):
        process = subprocess.Popen(self.arguments(*words, **more), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process


class Rounds(RemoteTest):
    def test_all_in_one(self):
        keys = self.root / "classify"
        picture = self.root / "classify.png"
        first = self.ok_json("classify", "digits", "digits:val", "--count", 3, "--keys", keys, "--picture", picture)
        self.assertEqual(len(first["labels"]), 3)
        self.assertEqual(len(first["confidences"]), 3)
        self.assertTrue(all(0.1 <= c <= 1 for c in first["confidences"]), first)
        self.assertEqual(picture.read_bytes()[:4], b"\x89PNG")
        local = self.root / "classify.query"
        secret = keys / "secret.key"
        network = service.Keys(self.digits, keys)
        for label in first["labels"]:
            self.assertIn(label, [str(i) for i in range(10)])
        self.programs.ok("serdab", "encrypt", self.digits.folder, "--key", secret, "-o", local,
                         "digits:val", "--count", 1)
        expected = network.labels(network.natively(local.read_bytes()))
        self.assertEqual(first["labels"][0], str(expected[0]))
        self.assertEqual(secret.stat().st_mode & 0o777, 0o600)
        again = self.ok_json("classify", "digits", "digits:val", "--count", 3, "--keys", keys)
        self.assertEqual(again["labels"], first["labels"])
        self.assertEqual(len(self.tenant.get("/v2/keys").json()["keys"]), 1)

    def test_step_by_step(self):
        models = self.ok_json("models")
        self.assertEqual([m["name"] for m in models], ["digits"])
        self.assertIn("digits", self.ok("models"))
        folder, keys = self.root / "fetched", self.root / "fetched-keys"
        self.ok("fetch", "digits", "-o", folder)
        self.assertEqual((folder / "client.sdb").read_bytes(), self.digits.bundle)
        self.programs.ok("serdab", "keygen", folder, "-o", keys)
        sent = self.ok_json("keys", "send", keys / "eval.key")
        self.assertEqual(sent["key"], service.digest((keys / "eval.key").read_bytes()))
        self.assertIn(sent["key"], [k["key"] for k in self.ok_json("keys", "list")])
        query, answer = self.root / "step.query", self.root / "step.answer"
        self.programs.ok("serdab", "encrypt", folder, "--key", keys / "secret.key", "-o", query,
                         "digits:val", "--count", 1)
        report = self.ok_json("infer", "digits", query, "-o", answer)
        self.assertEqual(report["tries"], 1)
        ours = service.Keys(self.digits, keys)
        self.assertEqual(answer.read_bytes(), ours.natively(query.read_bytes()))
        labels = json.loads(self.programs.ok("serdab", "decrypt", folder, "--key", keys / "secret.key",
                                             answer, "--json"))["labels"]
        self.assertEqual(labels, ours.labels(answer.read_bytes()))
        self.ok("keys", "remove", sent["key"])
        self.fails("infer", "digits", query, "-o", answer, says="upload them first")
        self.fails("keys", "remove", sent["key"], says="no such evaluation keys")

    def test_training(self):
        folder = self.root / "training"
        self.programs.ok("serdab", "train", "init", "--data", self.source / "data/tabular/iris.csv",
                         "--label", "last", "--hidden", "7", "-o", folder)
        run = self.ok_json("train", folder, "--steps", 2)
        self.assertEqual((run["state"], run["steps_done"]), ("done", 2))
        more = self.ok_json("train", folder, "--steps", 1)
        self.assertEqual((more["id"], more["state"], more["steps_done"]), (run["id"], "done", 3))
        model = self.root / "trained.onnx"
        self.programs.ok("serdab", "train", "export", folder / "client", "--state",
                         folder / "server/state.sdb", "-o", model, "--own-eyes")
        self.assertGreater(model.stat().st_size, 100)
        self.assertIn(run["id"], self.ok("jobs"))
        self.ok("cancel", run["id"])
        self.assertNotIn(run["id"], self.ok("jobs"))
        self.fails("cancel", run["id"], says="no such job")

    def test_words_that_help(self):
        self.fails("models", token=self.root / "none", says="none")
        empty = self.root / "empty.token"
        empty.write_text("\n")
        self.fails("models", token=empty, says="holds no token")
        wrong = self.root / "wrong.token"
        wrong.write_text("serdab_" + "w" * 43)
        self.fails("models", token=wrong, says="unknown, revoked or expired")
        nowhere = f"http://127.0.0.1:{service.free_port()}"
        self.fails("models", server=nowhere, patience=0.5, says=["cannot be reached", nowhere])
        self.fails("models", server="http://example.org", says="in the clear; use https")
        self.fails("models", server="ftp://x", says="https://HOST:PORT")
        self.fails("fetch", "none", "-o", self.root / "x", says=["no model 'none'", "GET /v2/models"])
        self.fails("infer", "digits", self.digits.folder / "client.sdb", "-o", self.root / "x", says="client.sdb")
        self.fails("keys", "send", self.digits.folder / "client.sdb", says="client.sdb")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SERDAB_")}
        for more, says in (({}, "--server"), ({"SERDAB_SERVER": self.server.address}, "--token-file")):
            done = self.programs.call("serdab", "remote", "models", env={**environment, **more})
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(says, done.stderr)
        done = self.programs.call("serdab", "remote", "models", env={
            **environment, "SERDAB_SERVER": self.server.address, "SERDAB_TOKEN": self.tenant.token})
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_new_version_of_the_model(self):
        server = self.make_server("newer").start()
        tenant = server.tenant("nora")
        token, keys = self.root / "newer.token", self.root / "newer-keys"
        token.write_text(tenant.token)
        at = {"server": server.address, "token": token}
        self.ok("classify", "digits", "digits:val", "--count", 1, "--keys", keys, **at)
        other = service.Network(self.programs, self.root / "newer-model",
                                self.source / "models/digits/model.onnx", "digits:val", "--precision", 10)
        server.admin("model", "add", other.folder, "--name", "digits")
        self.fails("classify", "digits", "digits:val", "--count", 1, "--keys", keys,
                   says=["another version", "another folder"], **at)
        self.ok("classify", "digits", "digits:val", "--count", 1, "--keys", self.root / "newer-2", **at)

    def test_tls(self):
        cert, key = service.certificate(self.root / "remote-tls")
        other, _ = service.certificate(self.root / "remote-tls-other")
        server = self.make_server("remote-tls-server", "--tls-cert", cert, "--tls-key", key, authority=cert)
        tenant = server.tenant("tina")
        server.start()
        token = self.root / "tls.token"
        token.write_text(tenant.token)
        at = {"server": server.address, "token": token}
        self.ok("--ca-file", cert, "models", **at)
        self.fails("models", says=["not trusted", "--ca-file"], **at)
        self.fails("--ca-file", other, "models", says="not trusted", **at)


class Interrupted(RemoteTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.draw = random.Random(SEED)
        cls.keys = cls.digits.keys(cls.root / "interrupted")
        cls.query = cls.keys.encrypt()
        cls.native = cls.keys.natively(cls.query)
        cls.files = []
        for i in range(40):
            cls.files.append(cls.root / f"interrupted/{i}.chunk")
            cls.files[-1].write_bytes(cls.query)

    def setUp(self):
        if not self.server.alive():
            self.server.restart()
        self.tenant.put_key(self.keys.evaluation)

    def check(self, folder):
        for i in range(len(self.files)):
            self.assertEqual((folder / f"{i}.answer").read_bytes(), self.native)

    def test_a_batch_goes_on_after_sigint_and_kills(self):
        folder = self.root / "batch"
        for how in (signal.SIGINT, signal.SIGKILL, signal.SIGKILL):
            process = self.background("batch", "digits", *self.files, "-o", folder)
            time.sleep(self.draw.uniform(0.2, 0.8))
            process.send_signal(how)
            process.communicate(timeout=30)
        job = self.ok_json("batch", "digits", *self.files, "-o", folder)
        self.assertEqual(job["state"], "done")
        self.check(folder)
        jobs = [j for j in self.ok_json("jobs") if j["kind"] == "batch"]
        self.assertLessEqual(len(jobs), 2)  # one may have been killed before it was noted
        self.fails("batch", "digits", self.files[0], "-o", folder, says="another batch")

    def test_the_server_is_killed_during_an_upload(self):
        keys = self.digits.keys(self.root / "resumed")
        self.server.kill()
        process = self.background("keys", "send", keys.folder / "eval.key", patience=60)
        for _ in range(3):
            time.sleep(self.draw.uniform(0.1, 0.4))
            self.server.restart()
            time.sleep(self.draw.uniform(0.02, 0.3))
            self.server.kill()
        self.server.restart()
        output, errors = process.communicate(timeout=90)
        self.assertEqual(process.returncode, 0, errors)
        stored = self.server.data / "keys/tess" / keys.digest
        self.assertEqual(stored.read_bytes(), keys.evaluation)

    def test_a_restart_between_and_during_requests_is_not_noticed(self):
        folder = self.root / "restarted"
        process = self.background("batch", "digits", *self.files, "-o", folder, patience=60)
        for _ in range(2):
            time.sleep(self.draw.uniform(0.2, 0.6))
            self.server.kill()
            time.sleep(0.3)
            self.server.restart()
        output, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, errors)
        self.check(folder)
        query, answer = self.root / "again.query", self.root / "again.answer"
        query.write_bytes(self.query)
        self.server.kill()
        process = self.background("infer", "digits", query, "-o", answer, "--json", patience=60)
        time.sleep(0.7)
        self.server.restart()
        output, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, errors)
        self.assertEqual(answer.read_bytes(), self.native)
        self.assertGreater(json.loads(output)["tries"], 1)

    def test_training_goes_on_after_both_sides_were_killed(self):
        folder = self.root / "killed-training"
        self.programs.ok("serdab", "train", "init", "--data", self.source / "data/tabular/iris.csv",
                         "--label", "last", "--hidden", "7", "-o", folder)
        for _ in range(2):
            process = self.background("train", folder, "--steps", "4", patience=60)
            time.sleep(self.draw.uniform(0.3, 1.0))
            self.server.kill()
            time.sleep(self.draw.uniform(0, 0.5))
            process.kill()
            process.communicate()
            self.server.restart()
        run = self.ok_json("train", folder, "--steps", 4, patience=60)
        self.assertEqual(run["state"], "done")
        self.assertGreaterEqual(run["steps_done"], 4)
        self.assertEqual(self.tenant.get(f"/v2/training/{run['id']}/state").body,
                         (folder / "server/state.sdb").read_bytes())


class Admin(RemoteTest):
    def admin(self, *words):
        return self.programs.call("serdab-server", "admin", "--data", self.server.data, *words)

    def refused(self, *words, says):
        done = self.admin(*words)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn(says, done.stderr)

    def test_tenants_and_tokens_beside_a_running_server(self):
        made = self.server.admin("tenant", "add", "anna", "--rate", "7", "--keys", "3", "--key-quota", "1G")
        self.assertEqual((made["rate"], made["keys"], made["key_quota"]), (7, 3, 1 << 30))
        token = self.admin("token", "add", "anna", "--label", "laptop", "--expires", "30d")
        self.assertRegex(token.stdout, r"^serdab_[A-Za-z0-9_-]{43}\n$")
        anna = service.Tenant(self.server, "anna", token.stdout.strip())
        anna.get("/v2/models")
        listed = self.server.admin("token", "list", "anna")
        self.assertEqual([t["label"] for t in listed], ["laptop"])
        self.assertNotIn(anna.token, json.dumps(listed))
        self.assertEqual(self.admin("token", "revoke", "anna", listed[0]["id"]).returncode, 0)
        self.assert_refused(anna.ask("GET", "/v2/models"), 401, "token")
        self.assertEqual(self.server.admin("tenant", "set", "anna", "--rate", "9")["rate"], 9)
        self.assertIn("anna", self.admin("tenant", "list").stdout)
        self.assertEqual(self.admin("tenant", "remove", "anna").returncode, 0)
        self.refused("token", "list", "anna", says="no tenant 'anna'")

    def test_keys_and_jobs_of_a_tenant(self):
        keys = self.digits.keys(self.root / "admin-keys")
        self.tenant.put_key(keys.evaluation)
        self.assertIn(keys.digest, [k["digest"] for k in self.server.admin("key", "list", "tess")])
        job = self.tenant.batch(1)
        self.assertIn(job, [j["id"] for j in self.server.admin("job", "list", "tess")])
        self.refused("tenant", "remove", "tess", says="--with-all")
        self.assertEqual(self.admin("job", "remove", "tess", job).returncode, 0)
        self.assert_refused(self.tenant.ask("GET", f"/v2/jobs/{job}"), 404, "job")
        self.assertEqual(self.admin("key", "remove", "tess", keys.digest[:12]).returncode, 0)
        self.assertEqual(self.tenant.ask("GET", "/v2/keys/" + keys.digest).status, 404)
        self.assertEqual(set(self.server.admin("sweep")), {"keys", "uploads", "jobs", "strays"})

    def test_wrong_words(self):
        self.refused("tenant", "add", "tess", says="tess")
        self.refused("tenant", "add", "Two Words", says="a-z")
        self.refused("tenant", "add", "../x", says="a-z")
        self.refused("token", "add", "nobody", says="no tenant 'nobody'")
        self.refused("token", "revoke", "tess", "00000000", says="no token")
        self.refused("model", "add", self.root, "--name", "x", says="")
        self.refused("model", "remove", "digits", "9", says="")
        self.refused("key", "remove", "tess", "ff", says="none")
        self.refused("job", "remove", "tess", "a" * 26, says="no job")
        done = self.programs.call("serdab-server", "admin", "--data", self.root / "nowhere", "tenant", "list")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no data folder", done.stderr)


if __name__ == "__main__":
    service.main(Rounds, Interrupted, Admin)
