#!/usr/bin/env python3
"""A gateway that computes nothing, a NATS server and two workers that are killed at random moments.

Usage: workers_test.py BIN_DIR SOURCE_DIR. Skips where nats-server is not installed.
"""
import json
import random
import shutil
import signal
import subprocess
import time
import unittest

import service
from service import BYTES, JSON

STEPS = 3
SEED = 11


class Workers(service.ServiceTest):
    @classmethod
    def setUpClass(cls):
        program = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin")
        if program is None:
            raise unittest.SkipTest("nats-server is not installed")
        super().setUpClass()
        cls.draw = random.Random(SEED)
        port = service.free_port()
        cls.nats = subprocess.Popen([program, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd",
                                     cls.root / "nats"], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
        cls.addClassCleanup(cls.end, cls.nats)
        cls.url = f"nats://127.0.0.1:{port}"
        cls.server = cls.make_server("gateway", "--nats", cls.url)
        cls.tenant = cls.server.tenant("tess")
        cls.server.start()
        cls.workers = [cls.worker(), cls.worker()]
        cls.addClassCleanup(lambda: [cls.end(worker) for worker in cls.workers])
        cls.keys = cls.digits.keys(cls.root / "tess")
        cls.query = cls.keys.encrypt()
        cls.native = cls.keys.natively(cls.query)
        until = time.monotonic() + 30
        while cls.server.ask("GET", "/v2/health/ready").status != 200:
            assert time.monotonic() < until, "the queue is never ready"
            time.sleep(0.1)
        cls.tenant.put_key(cls.keys.evaluation)

    @staticmethod
    def end(process):
        process.kill()
        process.wait()

    @classmethod
    def worker(cls):
        return subprocess.Popen([cls.programs.path("serdab-server"), "worker", "--data", cls.server.data,
                                 "--nats", cls.url, "--jobs", "2", "--checkpoint-seconds", "0.05"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill_one(self):
        index = self.draw.randrange(2)
        self.workers[index].kill()
        self.workers[index].wait()
        self.workers[index] = self.worker()

    def test_queries_are_answered_by_workers(self):
        for _ in range(3):
            reply = self.tenant.infer(self.query)
            self.assertEqual((reply.status, reply.body), (200, self.native))
        self.assertNotIn("keys_loaded", self.server.ask("GET", "/metrics").body.decode())

    def test_batches_end_with_the_embedded_runs_bytes_though_workers_die(self):
        queries = [self.keys.encrypt() for _ in range(3)]
        natives = [self.keys.natively(query) for query in queries]
        job = self.tenant.batch(60)
        for index in range(60):
            self.assertEqual(self.tenant.put_chunk(job, index, queries[index % 3]).status, 202)
            if index in (20, 40):
                self.kill_one()
        status = self.tenant.wait(f"/v2/jobs/{job}", seconds=120)
        self.assertEqual(status["state"], "done", status)
        for index in range(60):
            answer = self.tenant.get(f"/v2/jobs/{job}/chunks/{index}/answer").body
            self.assertEqual(answer, natives[index % 3])

    def test_training_ends_with_the_state_of_a_calm_run_though_workers_die(self):
        folder, calm = self.root / "run", self.root / "calm"
        self.programs.ok("serdab", "train", "init", "--data", self.source / "data/tabular/iris.csv",
                         "--label", "last", "--hidden", "7", "-o", folder)
        shutil.copytree(folder, calm)
        path = "/v2/training/" + self.tenant.ask("POST", "/v2/training").json()["id"]
        for file in (folder / "server").iterdir():
            self.assertEqual(self.tenant.ask("PUT", f"{path}/files/{file.name}", file.read_bytes(),
                                             BYTES).status, 201)
        self.tenant.ask("POST", path + "/start", json.dumps({"steps": STEPS}), JSON)
        for step in range(1, STEPS + 1):
            if step < STEPS:
                time.sleep(self.draw.uniform(0, 0.3))
                self.kill_one()
            status = self.tenant.wait(path, ("waiting", "done", "failed"))
            self.assertEqual((status["steps_done"], status.get("error")), (step, None), status)
            self.programs.ok("serdab-server", "train", "step", calm / "server")
            self.assertEqual(self.tenant.get(path + "/state").body,
                             (calm / "server/state.sdb").read_bytes())
            if step < STEPS:
                self.programs.ok("serdab", "train", "refresh", calm / "client", calm / "server")
                answer = (calm / "server/refresh.answer").read_bytes()
                self.assertEqual(self.tenant.ask("PUT", path + "/refresh", answer, BYTES).status, 202)
        self.assertEqual(status["state"], "done")

    def test_the_gateway_may_die_as_well(self):
        job = self.tenant.batch(20)
        for index in range(20):
            self.tenant.put_chunk(job, index, self.query)
        self.server.kill()
        self.server.restart()
        status = self.tenant.wait(f"/v2/jobs/{job}", seconds=60)
        self.assertEqual(status["state"], "done", status)
        self.assertEqual(self.tenant.get(f"/v2/jobs/{job}/chunks/19/answer").body, self.native)

    def test_without_workers_work_waits_and_is_done_when_they_come(self):
        for worker in self.workers:
            worker.send_signal(signal.SIGTERM)
            self.assertEqual(worker.wait(30), 0)
        job = self.tenant.batch(1)
        self.assertEqual(self.tenant.put_chunk(job, 0, self.query).status, 202)
        time.sleep(1)
        self.assertEqual(self.tenant.get(f"/v2/jobs/{job}").json()["state"], "running")
        self.workers[:] = [self.worker(), self.worker()]
        self.assertEqual(self.tenant.wait(f"/v2/jobs/{job}", seconds=60)["state"], "done")

    def test_zz_without_the_queue_it_says_so(self):
        """Last: ends the NATS server."""
        self.end(self.nats)
        until = time.monotonic() + 20
        while self.server.ask("GET", "/v2/health/ready").status == 200 and time.monotonic() < until:
            time.sleep(0.1)
        self.assert_refused(self.server.ask("GET", "/v2/health/ready"), 503, "queue")
        self.assert_refused(self.tenant.infer(self.query), 503, "queue")
        self.assertEqual(self.tenant.get("/v2/models").status, 200)
        self.assertEqual(self.server.send("GET", "/v2/health/live").status, 200)


if __name__ == "__main__":
    service.main(Workers)
