#!/usr/bin/env python3
"""Many tenants at once: every answer belongs to who asked, memory stays flat, overload is refused in order.

Usage: load_test.py BIN_DIR SOURCE_DIR [--seconds N] [--tenants N] [--report FILE] [--network NAME].
The network is compiled for single queries: mnist-paper where SERDAB_DATA has MNIST, digits otherwise.
"""
import argparse
import http.client
import json
import multiprocessing
import os
import pathlib
import platform
import random
import statistics
import sys
import tempfile
import time

import service
from service import BYTES, JSON, RAW

QUERIES = 6  # prepared for each tenant; answers to the same query are the same bytes


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Asker:
    """One client process: its own tenant, keys and queries; every answer is compared with its native one."""

    def __init__(self, port, token, queries, natives, model, seed):
        self.port, self.token, self.model = port, token, model
        self.queries, self.natives = queries, natives
        self.draw = random.Random(seed)
        self.connection = None
        self.result = {"seconds": [], "statuses": {}, "wrong": 0, "chunks": 0, "no_retry_after": 0, "lost": 0}

    def ask(self, method, path, body=None, headers={}):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            self.connection.request(method, path, body, {**headers, "Authorization": "Bearer " + self.token})
            reply = self.connection.getresponse()
            body = reply.read()
            if reply.getheader("Connection") == "close":
                self.connection = None
            return reply.status, reply.headers, body
        except (OSError, http.client.HTTPException):
            self.connection = None
            self.result["lost"] += 1
            return 0, {}, b""

    def single(self):
        index = self.draw.randrange(len(self.queries))
        started = time.monotonic()
        status, headers, body = self.ask("POST", f"/v2/models/{self.model}/infer", self.queries[index], RAW)
        taken = time.monotonic() - started
        count = self.result["statuses"]
        count[status] = count.get(status, 0) + 1
        if status == 200:
            self.result["seconds"].append((started, taken))
            self.result["wrong"] += body != self.natives[index]
        elif status in (429, 503):
            if "Retry-After" not in headers:
                self.result["no_retry_after"] += 1
            time.sleep(0.02)
        elif status == 0:
            time.sleep(0.05)
        else:
            self.result.setdefault("bodies", []).append(body[:300].decode(errors="replace"))

    def batch(self, chunks):
        status, _, body = self.ask("POST", "/v2/jobs", json.dumps({"model": self.model, "chunks": chunks}), JSON)
        if status != 201:
            return
        job = json.loads(body)["id"]
        picks = [self.draw.randrange(len(self.queries)) for _ in range(chunks)]
        for index, pick in enumerate(picks):
            while self.ask("PUT", f"/v2/jobs/{job}/chunks/{index}", self.queries[pick],
                           BYTES)[0] not in (200, 202):
                time.sleep(0.05)
        while True:
            status, _, body = self.ask("GET", f"/v2/jobs/{job}")
            if status == 200 and json.loads(body)["state"] in ("done", "failed"):
                break
            time.sleep(0.1)
        for index, pick in enumerate(picks):
            status, _, body = self.ask("GET", f"/v2/jobs/{job}/chunks/{index}/answer")
            self.result["wrong"] += status != 200 or body != self.natives[pick]
            self.result["chunks"] += 1
        self.ask("DELETE", f"/v2/jobs/{job}")

    def run(self, seconds, batches, pause=0.0):
        until = time.monotonic() + seconds
        turn = 0
        while time.monotonic() < until:
            turn += 1
            if batches and turn % 15 == 0:
                self.batch(4)
            else:
                self.single()
            if pause:
                time.sleep(self.draw.uniform(0, 2 * pause))
        return self.result


def client(arguments, seconds, batches, pause, out):
    out.put(Asker(*arguments).run(seconds, batches, pause))


class Load:
    def __init__(self, given):
        self.given = given
        self.programs = service.Programs(given.bin.resolve())
        self.source = given.source.resolve()
        self.failures = []
        self.context = multiprocessing.get_context("fork")

    def check(self, good, what):
        if not good:
            self.failures.append(what)
            print("FAILED:", what)

    def prepare(self, root):
        name = self.given.network
        data = {"digits": "digits:val"}.get(name, "mnist:val")
        self.network = service.Network(self.programs, root / name, self.source / f"models/{name}/model.onnx", data)
        self.server = service.Server(self.programs, root / "server", "--pending", "16")
        self.server.admin("model", "add", self.network.folder, "--name", name)
        tenants = [self.server.tenant(f"tenant-{i}", "--rate", "10000") for i in range(self.given.tenants)]
        self.server.start()
        self.clients, expected = [], None
        for i, tenant in enumerate(tenants):
            keys = self.network.keys(root / f"keys-{i}")
            reply = tenant.put_key(keys.evaluation)
            assert reply.status == 201, reply
            queries = [keys.encrypt() for _ in range(QUERIES)]
            natives = [keys.natively(query) for query in queries]
            # What the answers say, once: afterwards equal bytes say the same.
            labels = [keys.labels(answer)[0] for answer in natives]
            expected = labels[0] if expected is None else expected
            self.check(set(labels) == {expected}, f"labels of one image: {labels}, {expected}")
            self.clients.append((self.server.port, tenant.token, queries, natives, name, i))
        self.about = tenants[0].get(f"/v2/models/{name}").json()["parameters"]

    def burst(self, seconds, copies=1, batches=True, pause=0.0, watch=None):
        """All clients for so long, each in `copies` processes; their results."""
        out = self.context.Queue()
        processes = []
        for copy in range(copies):
            for arguments in self.clients:
                seeded = (*arguments[:5], arguments[5] + 1000 * copy)
                processes.append(self.context.Process(target=client,
                                                      args=(seeded, seconds, batches, pause, out)))
        for process in processes:
            process.start()
        results = []
        while len(results) < len(processes):
            if watch:
                watch()
            try:
                results.append(out.get(timeout=0.5))
            except Exception:
                # A client that died brings no result, and must not be waited for.
                dead = [p for p in processes if p.exitcode not in (None, 0)]
                if dead:
                    self.check(False, f"{len(dead)} client processes died")
                    break
        for process in processes:
            process.join(30)
        return results

    @staticmethod
    def latencies(results):
        return [taken for result in results for _, taken in result["seconds"]]

    def steady(self, seconds):
        resident = []
        cpu = self.server.cpu_seconds()
        started = time.monotonic()
        results = self.burst(seconds, watch=lambda: resident.append(self.server.resident()))
        elapsed = time.monotonic() - started
        taken = self.latencies(results)
        chunks = sum(result["chunks"] for result in results)
        third = max(1, len(resident) // 3)
        middle, last = resident[third:2 * third] or resident, resident[-third:]
        statuses = {}
        for result in results:
            for status, count in result["statuses"].items():
                statuses[str(status)] = statuses.get(str(status), 0) + count
            for body in result.get("bodies", [])[:3]:
                self.check(False, "a reply under ordinary load: " + body)
        self.check(sum(result["wrong"] for result in results) == 0, "wrong answers, or another tenant's")
        self.check(sum(result["lost"] for result in results) == 0, "connections were lost")
        self.check(len(taken) > len(self.clients), "hardly anything was answered")
        growth = statistics.mean(last) / statistics.mean(middle)
        self.check(growth < 1.1, f"resident memory grows: {growth:.3f}")
        return {"seconds": round(elapsed, 1), "single_answers": len(taken), "batch_answers": chunks,
                "answers_per_second": round((len(taken) + chunks) / elapsed, 2),
                "p50_ms": round(1000 * percentile(taken, 0.50), 1),
                "p95_ms": round(1000 * percentile(taken, 0.95), 1),
                "p99_ms": round(1000 * percentile(taken, 0.99), 1),
                "server_cpu_seconds": round(self.server.cpu_seconds() - cpu, 1),
                "resident_mb_middle": round(statistics.mean(middle) / 1e6, 1),
                "resident_mb_last": round(statistics.mean(last) / 1e6, 1),
                "resident_growth": round(growth, 4), "statuses": statuses}

    def calm_p95(self, seconds):
        """Of few requests at a time: before and after overload."""
        return percentile(self.latencies(self.burst(seconds, batches=False, pause=0.5)), 0.95)

    def overload(self, seconds):
        before = self.calm_p95(seconds / 2)
        results = self.burst(seconds, copies=5, batches=False)
        statuses = {}
        for result in results:
            for status, count in result["statuses"].items():
                statuses[status] = statuses.get(status, 0) + count
        self.check(set(statuses) <= {200, 429, 503}, f"statuses under overload: {statuses}")
        self.check(statuses.get(200, 0) > 0, "nothing is answered under overload")
        self.check(statuses.get(429, 0) + statuses.get(503, 0) > 0, "overload is not refused")
        self.check(sum(result["no_retry_after"] for result in results) == 0, "refusals without Retry-After")
        self.check(sum(result["wrong"] for result in results) == 0, "wrong answers under overload")
        self.check(self.server.alive(), "the server went down")
        time.sleep(1)
        after = self.calm_p95(seconds / 2)
        if after > 2 * before:  # machines are shared: once more before that is called a failure
            before, after = max(before, self.calm_p95(seconds / 2)), self.calm_p95(seconds / 2)
        self.check(after <= 2 * max(before, 0.05), f"p95 {before:.3f} s before overload, {after:.3f} after")
        return {"clients": 5 * len(self.clients), "seconds": seconds,
                "statuses": {str(k): v for k, v in sorted(statuses.items())},
                "p95_ms_before": round(1000 * before, 1), "p95_ms_after": round(1000 * after, 1)}

    def report(self, steady, overload):
        cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                    if line.startswith("model name")), platform.processor())
        whole = {"network": self.given.network, "n": self.about["n"], "log_qp": round(self.about["log_qp"], 1),
                 "security_bits": self.about["security_bits"], "threads": os.cpu_count(), "cpu": cpu,
                 "load_average": os.getloadavg()[0], "clients": len(self.clients),
                 "query_bytes": self.about["query_bytes"], "answer_bytes": self.about["answer_bytes"],
                 "evaluation_key_bytes": self.about["evaluation_key_bytes"], "steady": steady,
                 "overload": overload}
        print(json.dumps(whole, indent=1))
        print(f"\n| network | N, log2 QP, security | CPU, threads | clients | answers/s | p50 / p95 / p99 ms | "
              f"RSS MB, middle and last third |\n|---|---|---|---|---|---|---|\n| {whole['network']} | "
              f"{whole['n']}, {whole['log_qp']}, {whole['security_bits']} | {cpu}, {whole['threads']} | "
              f"{whole['clients']} | {steady['answers_per_second']} | {steady['p50_ms']} / {steady['p95_ms']} / "
              f"{steady['p99_ms']} | {steady['resident_mb_middle']}, {steady['resident_mb_last']} |")
        if self.given.report:
            self.given.report.write_text(json.dumps(whole, indent=1) + "\n")

    def run(self):
        with tempfile.TemporaryDirectory(prefix="serdab-load-") as scratch:
            self.prepare(pathlib.Path(scratch))
            try:
                self.steady(3)  # keys are loaded
                steady = self.steady(self.given.seconds)
                overload = self.overload(max(6, min(30, self.given.seconds / 5)))
                self.report(steady, overload)
                self.check(self.server.stop() == 0, "the server's exit status")
            finally:
                self.server.end()
        return not self.failures


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--tenants", type=int, default=8)
    parser.add_argument("--report", type=pathlib.Path)
    parser.add_argument("--network", default="")
    given = service.arguments(parser)
    if not given.network:
        folder = os.environ.get("SERDAB_DATA")
        has_mnist = folder and list(pathlib.Path(folder).glob("**/t*-images-idx3-ubyte*"))
        given.network = "mnist-paper" if has_mnist else "digits"
    sys.exit(0 if Load(given).run() else 1)
