#!/usr/bin/env python3
"""What the service does when it is killed, lied to, starved of disk, or kept waiting.

Usage: faults_test.py BIN_DIR SOURCE_DIR [--kills N] [--seed N]. Uses the digits that come with the project.
"""
import argparse
import http.client
import json
import os
import random
import shutil
import socket
import subprocess
import threading
import time

import service
from service import BYTES, JSON, RAW

KILLS = 3
SEED = 7


class Kills(service.ServiceTest):
    """Work goes on while the server is killed at random moments and started again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.draw = random.Random(SEED)
        cls.server = cls.make_server("killed", "--checkpoint-seconds", "0.05")
        cls.tenant = cls.server.tenant("tess", "--rate", "100000")  # what is watched are kills, not limits
        cls.keys = cls.digits.keys(cls.root / "tess")
        cls.query = cls.keys.encrypt()
        cls.native = cls.keys.natively(cls.query)

    def killer(self, work, kills=None, longest=1.5):
        """Kills and restarts beside `work`, which is called with an event that says when to end."""
        over, failures = threading.Event(), []

        def guarded():
            try:
                work(over)
            except Exception as failure:  # shown by the test's own thread
                failures.append(failure)
        self.server.start() if not self.server.process else self.server.restart()
        thread = threading.Thread(target=guarded, daemon=True)  # one that never ends is a failure, no more
        thread.start()
        for _ in range(kills or KILLS):
            time.sleep(self.draw.uniform(0.05, longest))
            self.server.kill()
            self.server.restart()
        over.set()
        thread.join(300)
        self.assertFalse(thread.is_alive())
        if failures:
            raise failures[0]

    def tearDown(self):
        self.server.end()

    def try_ask(self, *asked):
        """None where the server was away."""
        try:
            return self.tenant.ask(*asked)
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
            return None

    def test_uploads_are_whole_or_absent(self):
        others = [self.digits.keys(self.root / f"upload-{i}") for i in range(2)]
        acknowledged = set()

        def upload(over):
            while not over.is_set() or len(acknowledged) < len(others):
                for keys in others:
                    total, name = len(keys.evaluation), "/v2/keys/" + keys.digest
                    there = self.try_ask("GET", name)
                    if there is None:
                        continue
                    if there.status == 200:
                        if over.is_set():  # whole, whether or not the reply that said so was heard
                            acknowledged.add(keys.digest)
                        else:
                            self.try_ask("DELETE", name)
                        continue
                    first = int(there.headers.get("upload-offset", 0))
                    last = min(first + 1_000_000, total) - 1
                    first = min(first, total - 1)
                    reply = self.try_ask("PUT", name, keys.evaluation[first:last + 1],
                                         {**BYTES, "Content-Range": f"bytes {first}-{last}/{total}"})
                    if reply is not None:
                        self.assertIn(reply.status, (200, 201, 202, 409), reply)
        self.killer(upload)
        for keys in others:
            stored = self.server.data / "keys/tess" / keys.digest
            listed = self.tenant.ask("GET", "/v2/keys/" + keys.digest).status
            self.assertEqual(stored.exists(), listed == 200)
            if stored.exists():
                self.assertEqual(stored.read_bytes(), keys.evaluation)
        self.assertEqual(len(acknowledged), 2)

    def test_acknowledged_keys_and_chunks_survive_and_jobs_end(self):
        self.server.start()
        self.tenant.put_key(self.keys.evaluation)
        self.server.kill()
        acknowledged = {}

        def send(over):
            job, index = None, 0
            while not over.is_set():
                if job is None:
                    reply = self.try_ask("POST", "/v2/jobs", b'{"model": "digits", "chunks": 8}', JSON)
                    if reply is not None and reply.status == 201:
                        job, index = reply.json()["id"], 0
                        acknowledged[job] = set()
                    continue
                reply = self.try_ask("PUT", f"/v2/jobs/{job}/chunks/{index}", self.query, BYTES)
                if reply is None:
                    continue
                self.assertIn(reply.status, (200, 202), reply)
                acknowledged[job].add(index)
                index += 1
                if index == 8:
                    job = None
        self.killer(send)
        self.assertGreater(sum(map(len, acknowledged.values())), 0)
        for job, chunks in acknowledged.items():
            until = time.monotonic() + 120
            while True:
                status = self.tenant.get(f"/v2/jobs/{job}").json()
                states = {c["index"]: c["state"] for c in status["chunks"]}
                self.assertLessEqual(chunks, set(states))
                if "queued" not in states.values():
                    break
                self.assertLess(time.monotonic(), until, status)
                time.sleep(0.05)
            for index in chunks:
                self.assertEqual(states[index], "done", status)
                self.assertEqual(self.tenant.get(f"/v2/jobs/{job}/chunks/{index}/answer").body, self.native)
            self.tenant.ask("DELETE", f"/v2/jobs/{job}")

    def test_infers_are_answered_rightly_or_not_at_all(self):
        self.server.start()
        self.tenant.put_key(self.keys.evaluation)
        self.server.kill()
        answered = []

        def infer(over):
            while not over.is_set():
                reply = self.try_ask("POST", "/v2/models/digits/infer", self.query, RAW)
                if reply is not None:
                    self.assertEqual((reply.status, reply.body), (200, self.native))
                    answered.append(1)
        self.killer(infer)
        self.assertEqual(self.tenant.infer(self.query).body, self.native)

    def test_training_ends_with_the_state_of_an_undisturbed_run(self):
        folder, calm = self.root / "run", self.root / "calm"
        self.programs.ok("serdab", "train", "init", "--data", self.source / "data/tabular/iris.csv",
                         "--label", "last", "--hidden", "7", "-o", folder)
        shutil.copytree(folder, calm)
        self.server.start()
        path = "/v2/training/" + self.tenant.ask("POST", "/v2/training").json()["id"]
        for file in (folder / "server").iterdir():
            self.tenant.ask("PUT", f"{path}/files/{file.name}", file.read_bytes(), BYTES)
        self.server.kill()
        started = time.monotonic()
        self.programs.ok("serdab-server", "train", "step", calm / "server")
        step_seconds = time.monotonic() - started
        done = []

        def train(over):
            reply = None
            while reply is None or reply.status != 202:
                # Asked once: where the reply is lost, the status says whether it was heard.
                reply = self.try_ask("GET", path)
                if reply is not None and reply.json()["state"] == "open":
                    reply = self.try_ask("POST", path + "/start", b'{"steps": 1000}', JSON)
                elif reply is not None:
                    break
            while True:
                status = self.try_ask("GET", path)
                if status is None:
                    continue
                status = status.json()
                self.assertIn(status["state"], ("running", "waiting"), status)
                if status["state"] != "waiting":
                    time.sleep(0.02)
                    continue
                while len(done) < status["steps_done"] - 1:  # the calm run is behind by this step
                    self.programs.ok("serdab-server", "train", "step", calm / "server")
                    done.append(1)
                state = self.try_ask("GET", path + "/state")
                if state is None:
                    continue
                self.assertEqual(state.body, (calm / "server/state.sdb").read_bytes())
                if over.is_set():
                    return
                answer = calm / "server/refresh.answer"
                if not answer.exists():
                    self.programs.ok("serdab", "train", "refresh", calm / "client", calm / "server")
                self.try_ask("PUT", path + "/refresh", answer.read_bytes(), BYTES)
        self.killer(train, longest=min(3 * step_seconds, 3.0))
        self.assertEqual(self.tenant.ask("DELETE", path).status, 204)

    def test_sigterm_answers_what_is_under_way_and_jobs_go_on(self):
        self.server.start() if not self.server.process else self.server.restart()
        self.tenant.put_key(self.keys.evaluation)
        job = self.tenant.batch(40)
        for index in range(40):
            self.tenant.put_chunk(job, index, self.query)
        head = (f"POST /v2/models/digits/infer HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                f"{self.tenant.token}\r\nContent-Length: {len(self.query)}\r\n"
                "Content-Type: application/octet-stream\r\n\r\n").encode()
        with self.server.socket(60) as stream:
            stream.sendall(head + self.query[:-1000])
            time.sleep(0.3)
            self.server.process.terminate()
            time.sleep(0.3)
            stream.sendall(self.query[-1000:])
            answer = service.read_all(stream)
        self.assertIn(service.status_of(answer), (200, 503), answer[:200])
        if service.status_of(answer) == 200:
            self.assertTrue(answer.endswith(self.native))
        self.server.process.communicate(timeout=60)
        self.assertEqual(self.server.process.returncode, 0)
        with self.assertRaises(OSError):
            self.server.send("GET", "/v2/health/live")
        self.server.restart()
        status = self.tenant.wait(f"/v2/jobs/{job}")
        self.assertEqual({c["state"] for c in status["chunks"]}, {"done"})
        for index in (0, 20, 39):
            self.assertEqual(self.tenant.get(f"/v2/jobs/{job}/chunks/{index}/answer").body, self.native)


class Lies(service.ServiceTest):
    """Damaged bytes, announced sizes that are not so, replayed requests."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.draw = random.Random(SEED)
        cls.server = cls.make_server("lies")
        cls.tenant, cls.other = cls.server.tenant("tess"), cls.server.tenant("other")
        cls.server.start()
        cls.keys = cls.digits.keys(cls.root / "lies-keys")
        cls.tenant.put_key(cls.keys.evaluation)
        cls.query = cls.keys.encrypt()
        cls.native = cls.keys.natively(cls.query)

    def tearDown(self):
        self.assertTrue(self.server.alive())
        self.assertEqual(self.tenant.infer(self.query).body, self.native)

    def test_flipped_bits_of_queries(self):
        for _ in range(40):
            wrong = bytearray(self.query)
            at = self.draw.choice((self.draw.randrange(200), self.draw.randrange(len(wrong))))
            wrong[at] ^= 1 << self.draw.randrange(8)
            reply = self.tenant.infer(bytes(wrong))
            self.assertIn(reply.status, (400, 409, 412, 413), (at, reply))
            self.assertNotIn(str(self.root), reply.json()["error"])

    def test_flipped_bits_under_a_right_checksum(self):
        import hashlib
        import struct
        for _ in range(40):
            payload = bytearray(self.query[56:])
            payload[self.draw.choice((self.draw.randrange(150), self.draw.randrange(len(payload))))] ^= \
                1 << self.draw.randrange(8)
            forged = self.query[:16] + struct.pack("<Q", len(payload)) + \
                hashlib.sha256(payload).digest() + payload
            reply = self.tenant.infer(forged)
            self.assertIn(reply.status, (200, 400, 409, 412), reply)

    def test_truncated(self):
        for _ in range(15):
            reply = self.tenant.infer(self.query[:self.draw.randrange(len(self.query))])
            self.assertIn(reply.status, (400, 411), reply)

    def test_bodies_that_end_early_or_say_too_much(self):
        for length, body in ((len(self.query), self.query[:1000]), (1 << 40, b"x"), (10, b"x" * 5000)):
            head = (f"POST /v2/models/digits/infer HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                    f"{self.tenant.token}\r\nContent-Length: {length}\r\n"
                    "Content-Type: application/octet-stream\r\n\r\n").encode()
            with self.server.socket() as stream:
                stream.sendall(head + body)
                stream.shutdown(socket.SHUT_WR)
                self.assertIn(service.status_of(service.read_all(stream)), (0, 400, 413))

    def test_replayed_and_foreign(self):
        first = self.tenant.infer(self.query)
        self.assertEqual(self.tenant.infer(self.query).body, first.body)
        self.assertEqual(self.other.infer(self.query).status, 412)
        job = self.tenant.batch(1)
        for _ in range(3):
            self.assertIn(self.tenant.put_chunk(job, 0, self.query).status, (200, 202))
        status = self.tenant.wait(f"/v2/jobs/{job}")
        self.assertEqual(len(status["chunks"]), 1)
        self.assertEqual(self.other.put_chunk(job, 0, self.query).status, 404)

    def test_noise_on_the_connection(self):
        for _ in range(30):
            data = bytes(self.draw.randrange(256) for _ in range(self.draw.randrange(1, 2000)))
            with self.server.socket() as stream:
                try:
                    stream.sendall(data)
                    stream.shutdown(socket.SHUT_WR)
                except OSError:
                    continue
                self.assertIn(service.status_of(service.read_all(stream)), (0, 400, 404, 414, 501))


class Slow(service.ServiceTest):
    """Clients that keep the server waiting are cut; others do not notice them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.make_server("slow", "--header-seconds", "1", "--grace", "2", "--slowest-rate",
                                     "1000000", "--connections", "24")
        cls.tenant = cls.server.tenant("tess", "--concurrent", "50")
        cls.server.start()
        cls.keys = cls.digits.keys(cls.root / "slow-keys")
        cls.tenant.put_key(cls.keys.evaluation)
        cls.query = cls.keys.encrypt()
        cls.native = cls.keys.natively(cls.query)

    def head(self, line, length=0):
        return (f"{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.tenant.token}\r\n"
                f"Content-Length: {length}\r\nContent-Type: application/octet-stream\r\n\r\n").encode()

    def cut(self, send, seconds):
        """Whether the server ends a connection on which `send` sends, within so long."""
        started = time.monotonic()
        with self.server.socket(1) as stream:
            while time.monotonic() < started + seconds:
                try:
                    send(stream)
                    stream.settimeout(0.2)
                    if stream.recv(1000) == b"":
                        return True
                except TimeoutError:
                    continue
                except OSError:
                    return True
        return False

    def test_heads_that_trickle(self):
        self.assertTrue(self.cut(lambda s: s.sendall(b"G"), 15))

    def test_bodies_that_trickle(self):
        begun = []

        def trickle(stream):
            stream.sendall(b"x" if begun else
                           self.head("POST /v2/models/digits/infer", len(self.query)))
            begun.append(1)
        self.assertTrue(self.cut(trickle, 20))

    def test_a_client_that_does_not_read(self):
        job = self.tenant.batch(1)
        self.tenant.put_chunk(job, 0, self.query)
        self.tenant.wait(f"/v2/jobs/{job}")
        ask = "GET /v2/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 400
        with socket.socket() as stream:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stream.connect(("127.0.0.1", self.server.port))
            stream.settimeout(2)
            started = time.monotonic()
            try:
                stream.sendall(ask)
            except OSError:
                pass
            # A connection that asked before may still be counted: the least of several is without it.
            before = min(self.connections() for _ in range(5))
            now = before
            while time.monotonic() < started + 40 and now >= before:
                time.sleep(0.3)
                now = self.connections()
            self.assertLess(now, before)

    def connections(self):
        """That the server holds, the one that asks included."""
        text = self.server.ask("GET", "/metrics").body.decode()
        return int(float(text.split('serdab_now{what="connections"} ')[1].split()[0]))

    def test_others_are_served_meanwhile(self):
        slow = [self.server.socket() for _ in range(12)]
        try:
            for i, stream in enumerate(slow):
                stream.sendall(b"GET /v2" if i % 2 else
                               self.head("POST /v2/models/digits/infer", len(self.query)) + b"x")
            slowest = 0
            for _ in range(10):
                started = time.monotonic()
                self.assertEqual(self.tenant.infer(self.query).body, self.native)
                slowest = max(slowest, time.monotonic() - started)
            self.assertLess(slowest, 5)
        finally:
            for stream in slow:
                stream.close()

    def test_too_many_connections_are_told_so_and_others_come_back(self):
        refused = 0
        for _ in range(5):
            held = [self.server.socket() for _ in range(24)]  # those of the last round may have been cut
            try:
                answer = self.server.raw(b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n"
                                         b"Connection: close\r\n\r\n")
            finally:
                for stream in held:
                    stream.close()
            refused += service.status_of(answer) == 503
            if service.status_of(answer) == 503:
                self.assertIn(b"Retry-After", answer)
                self.assertEqual(json.loads(answer.split(b"\r\n\r\n")[1])["kind"], "busy")
        self.assertGreater(refused, 0)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                if self.server.send("GET", "/v2/health/live").status == 200:
                    break
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.2)
        self.assertEqual(self.tenant.infer(self.query).body, self.native)


class Disk(service.ServiceTest):
    """A disk that is full is said to be so; nothing is spoiled, and it goes on when there is room."""

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("only root may mount a small file system")
        self.folder = self.root / "small"
        self.folder.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,nr_inodes=1000", "tmpfs", self.folder],
                                 capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest("a small file system cannot be mounted: " + mounted.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", self.folder], check=True)

    def test_full(self):
        server = service.Server(self.programs, self.folder)
        server.log = self.root / "full.log"
        self.addCleanup(server.end)
        server.admin("model", "add", self.digits.folder, "--name", "digits")
        tenant = server.tenant("tess")
        server.start()
        keys, more = (self.digits.keys(self.root / name) for name in ("full-a", "full-b"))
        self.assertEqual(tenant.put_key(keys.evaluation).status, 201)
        query = keys.encrypt()
        native = keys.natively(query)
        job, waiting = tenant.batch(4), tenant.batch(1)
        self.assertEqual(tenant.put_chunk(job, 0, query).status, 202)
        tenant.wait(f"/v2/jobs/{job}", ("open", "running", "done"))
        filler = self.folder / "filler"
        free = shutil.disk_usage(self.folder).free
        with open(filler, "wb") as out:
            out.write(b"\0" * max(0, free - 1_000_000))
        self.assert_refused(tenant.put_key(more.evaluation), 507, "storage")
        with open(filler, "ab", buffering=0) as out:
            try:
                while True:
                    out.write(b"\0" * 4096)
            except OSError:
                pass
        replies = [tenant.infer(query), tenant.put_chunk(job, 1, query), tenant.put_key(more.evaluation)]
        for reply in replies:  # 409: of the upload a part has arrived before
            self.assertIn(reply.status, (507, 200, 202, 409), reply)
        self.assertIn(507, [reply.status for reply in replies])
        for reply in replies:
            if reply.status == 507:
                self.assertNotIn(str(self.folder), reply.json()["error"])
        self.assertEqual(server.send("GET", "/v2/health/live").status, 200)
        filler.unlink()
        fillers = self.accept_without_room_for_the_answer(tenant, waiting, query)
        shutil.rmtree(fillers)
        status = tenant.wait(f"/v2/jobs/{waiting}")
        self.assertEqual(status["state"], "done", status)
        self.assertEqual(tenant.get(f"/v2/jobs/{waiting}/chunks/0/answer").body, native)
        self.assertEqual(tenant.infer(query).body, native)
        self.finish_upload(tenant, more)
        for index in range(1, 4):
            self.assertIn(tenant.put_chunk(job, index, query).status, (200, 202))
        status = tenant.wait(f"/v2/jobs/{job}")
        self.assertEqual(status["state"], "done", status)
        for index in range(4):
            self.assertEqual(tenant.get(f"/v2/jobs/{job}/chunks/{index}/answer").body, native)
        self.assertEqual(server.stop(), 0)

    def accept_without_room_for_the_answer(self, tenant, job, query):
        """Files run out once the chunk has its own: it waits for its answer's, and says why."""
        fillers = self.folder / "fillers"
        fillers.mkdir()
        count = 0
        try:
            while True:
                (fillers / str(count)).touch()
                count += 1
        except OSError:
            pass
        while tenant.put_chunk(job, 0, query).status == 507:
            count -= 1
            (fillers / str(count)).unlink()
        path, until = f"/v2/jobs/{job}", time.monotonic() + 60
        while True:
            status = tenant.get(path).json()
            chunk = status["chunks"][0]
            if "error" in chunk:
                break
            self.assertLess(time.monotonic(), until, status)
            time.sleep(0.02)
        self.assertIn("the disk is full", chunk["error"])
        self.assertEqual((status["state"], chunk["state"]), ("running", "queued"), status)
        return fillers

    def finish_upload(self, tenant, keys):
        path = "/v2/keys/" + keys.digest
        there = tenant.ask("GET", path)
        first = int(there.headers.get("upload-offset", 0))
        total = len(keys.evaluation)
        reply = tenant.ask("PUT", path, keys.evaluation[first:], {
            **BYTES, "Content-Range": f"bytes {first}-{total - 1}/{total}"})
        self.assertEqual(reply.status, 201, reply)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=SEED)
    given = service.arguments(parser)
    KILLS, SEED = given.kills, given.seed
    service.run(*([Kills] if given.kills > 3 else [Kills, Lies, Slow, Disk]))
