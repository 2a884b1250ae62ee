#!/usr/bin/env python3
"""Every route of the service, rightly and wrongly used; every reply is one that openapi.json lists.

Usage: api_test.py BIN_DIR SOURCE_DIR. Uses the digits that come with the project.
"""
import json
import shutil
import socket
import time
import unittest

import service
from service import BYTES, JSON, RAW

NO_ID = "a" * 26
NO_DIGEST = "0" * 64


class ApiTest(service.ServiceTest):
    """One server, tenants alice and bob; alice has keys there."""

    server = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if ApiTest.server is None:
            server = ApiTest.server = cls.make_server("server", cleanup=unittest.addModuleCleanup)
            ApiTest.alice, ApiTest.bob = server.tenant("alice"), server.tenant("bob")
            server.start()
            ApiTest.alices = cls.digits.keys(cls.root / "alice")
            ApiTest.bobs = cls.digits.keys(cls.root / "bob")
            ApiTest.query = cls.alices.encrypt()
            ApiTest.native = cls.alices.natively(cls.query)

    def setUp(self):
        if self.alice.ask("GET", "/v2/keys/" + self.alices.digest).status == 404:
            self.alice.put_key(self.alices.evaluation)

    def plain(self, method, path, body=None, headers={}):
        return self.server.ask(method, path, body, headers)


class Open(ApiTest):
    def test_health_and_description(self):
        self.assertEqual(self.plain("GET", "/v2/health/live").json(), {"live": True})
        self.assertEqual(self.plain("GET", "/v2/health/ready").json(), {"ready": True})
        self.assertEqual(self.plain("GET", "/v2").json()["name"], "serdab")
        self.assertEqual(self.plain("HEAD", "/v2/health/live").status, 200)
        source = self.source / "src/service/gateway/openapi.json"
        self.assertEqual(json.loads(self.plain("GET", "/v2/openapi.json").body),
                         json.loads(source.read_text()))

    def test_metrics(self):
        self.alice.get("/v2/models")
        text = self.plain("GET", "/metrics").body.decode()
        for line in ("serdab_requests_total{", 'serdab_now{what="tenants"}', 'serdab_now{what="models"} 1',
                     'serdab_now{what="keys_stored"}', "process_resident_memory_bytes"):
            self.assertIn(line, text)
        self.assertNotIn("alice", text)
        for line in text.splitlines():
            self.assertRegex(line, r"^(# (HELP|TYPE) .*|[a-z_]+(\{.*\})? [0-9.e+-]+|.* \+Inf)$")

    def test_wrong_paths_and_methods(self):
        for path in ("/v2/none", "/v2/models/", "//v2", "/v2/../etc/passwd", "/v2/%2e%2e/x", "/v3"):
            self.assert_refused(self.plain("GET", path), 404, "path")
        reply = self.plain("PUT", "/v2/models", b"x", BYTES)
        self.assert_refused(reply, 405, "method")
        self.assertEqual(reply.headers["allow"], "GET")
        self.assert_refused(self.plain("DELETE", "/v2/health/live"), 405, "method")
        self.assertEqual(self.plain("GET", "/v2/models?" + "q" * 100).status, 401)
        self.assertIn(self.plain("GET", "/v2/" + "long" * 200).status, (414,))
        for method in ("TRACE", "BREW"):
            started = time.monotonic()
            answer = self.server.raw(f"{method} /v2 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            self.assertIn(service.status_of(answer), (400, 501), answer)
            self.assertLess(time.monotonic() - started, 10)  # and the connection has ended

    def test_no_transfer_encoding_no_body_where_none_is_taken(self):
        head = "{} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + self.alice.token + "\r\n{}\r\n\r\n{}"
        job = self.alice.batch(1)
        for line, headers, body, status in (
                ("POST /v2/jobs", "Transfer-Encoding: chunked", "2\r\n{}\r\n0\r\n\r\n", 411),
                ("POST /v2/models/digits/infer", "Transfer-Encoding: chunked", "0\r\n\r\n", 411),
                (f"PUT /v2/jobs/{job}/chunks/0", "Content-Type: application/octet-stream", "", 411),
                ("GET /v2/models", "Content-Length: 3", "abc", 400),
                ("DELETE /v2/keys/" + NO_DIGEST, "Content-Length: 3", "abc", 400)):
            with self.subTest(line):
                answer = self.server.raw(head.format(line, headers + "\r\nConnection: close", body).encode())
                self.assertEqual(service.status_of(answer), status, answer)
                self.assertIn("error", json.loads(answer.split(b"\r\n\r\n", 1)[1]))
        self.alice.ask("DELETE", f"/v2/jobs/{job}")

    def test_expect_continue(self):
        head = (f"POST /v2/models/digits/infer HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {{}}\r\n"
                f"Content-Type: application/octet-stream\r\nContent-Length: {len(self.query)}\r\n"
                "Expect: 100-continue\r\nConnection: close\r\n\r\n")
        answer = self.server.raw(head.format("none").encode())
        self.assertEqual(service.status_of(answer), 401, answer)
        with self.server.socket() as stream:
            stream.sendall(head.format(self.alice.token).encode())
            self.assertEqual(service.status_of(stream.recv(4096)), 100)
            stream.sendall(self.query)
            answer = service.read_all(stream)
        self.assertEqual(service.status_of(answer), 200, answer[:300])
        self.assertTrue(answer.endswith(self.native))

    def test_malformed_requests_are_answered_or_closed(self):
        lines = b"A: b\r\n" * 20000
        with self.server.socket() as stream:  # lines may be short, but not without end
            try:
                stream.sendall(b"GET /v2 HTTP/1.1\r\nHost: x\r\n" + lines * 10 + b"\r\n")
            except OSError:
                pass
            self.assertIn(service.status_of(service.read_all(stream)), (0, 400))
        for text in (b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01",
                     b"GET /v2 HTTP/1.1\r\nX: " + b"y" * 200000 + b"\r\n\r\n",
                     b"PUT /v2/keys/" + NO_DIGEST.encode() + b" HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
                     b"POST /v2/jobs HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef"):
            with self.subTest(text[:40]), self.server.socket() as stream:
                try:
                    stream.sendall(text)
                    stream.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                self.assertIn(service.status_of(service.read_all(stream)), (0, 400, 401, 404, 411, 414))
        self.assertEqual(self.plain("GET", "/v2/health/live").status, 200)

    def test_page(self):
        """Where the browser client was built in, it comes with a policy that lets nothing else in."""
        reply = self.server.send("GET", "/")
        if reply.status == 404:
            self.skipTest("this server was built without the browser client")
        self.assertIn("default-src 'none'", reply.headers["content-security-policy"])
        self.assertEqual(reply.headers["x-content-type-options"], "nosniff")


class Tokens(ApiTest):
    def routes(self):
        for path, methods in self.server.document.document["paths"].items():
            for method, operation in methods.items():
                if operation.get("security") != []:
                    for name, value in {"model": "digits", "version": "1", "key": NO_DIGEST,
                                        "job": NO_ID, "chunk": "0", "file": "step.sdb"}.items():
                        path = path.replace("{" + name + "}", value)
                    yield method.upper(), path

    def test_every_route_wants_a_token(self):
        routes = list(self.routes())
        self.assertGreater(len(routes), 25)
        for method, path in routes:
            for headers in ({}, {"Authorization": "Bearer serdab_" + "x" * 43},
                            {"Authorization": "Basic " + self.alice.token},
                            {"Authorization": "Bearer " + self.alice.token[:-1]}):
                with self.subTest(f"{method} {path}", headers=headers):
                    body = b"{}" if method in ("PUT", "POST") else None
                    reply = self.plain(method, path, body, headers)
                    self.assert_refused(reply, 401, "token")
                    self.assertIn("Bearer", reply.headers["www-authenticate"])

    def test_revoked_and_expired(self):
        made = self.server.admin("token", "add", "bob", "--label", "short")
        other = service.Tenant(self.server, "bob", made["token"])
        other.get("/v2/keys")
        ids = [t["id"] for t in self.server.admin("token", "list", "bob") if t["label"] == "short"]
        self.server.admin("token", "revoke", "bob", ids[0])
        self.assert_refused(other.ask("GET", "/v2/keys"), 401, "token")
        self.bob.get("/v2/keys")

    def test_a_removed_tenant_is_gone_with_all_it_had(self):
        carol = self.server.tenant("carol")
        carol.put_key(self.bobs.evaluation)
        self.server.admin("tenant", "remove", "carol", "--with-all")
        self.assert_refused(carol.ask("GET", "/v2/keys"), 401, "token")
        self.assertFalse((self.server.data / "keys/carol" / self.bobs.digest).exists())


class Models(ApiTest):
    def test_list_and_metadata(self):
        models = self.alice.get("/v2/models").json()["models"]
        self.assertEqual([(m["name"], m["version"]) for m in models], [("digits", "1")])
        for path in ("/v2/models/digits", "/v2/models/digits/versions/1"):
            model = self.alice.get(path).json()
            parameters = model["parameters"]
            self.assertEqual(parameters["program_id"], models[0]["program_id"])
            self.assertEqual(parameters["query_bytes"], self.digits.plan["query_bytes"])
            self.assertEqual(parameters["evaluation_key_bytes"], len(self.alices.evaluation))
            self.assertEqual(parameters["security_bits"], 128)
            self.assertTrue(self.alice.get(path + "/ready").json()["ready"])
            self.assertEqual(self.alice.get(path + "/client").body, self.digits.bundle)

    def test_bundle_in_parts(self):
        reply = self.alice.ask("GET", "/v2/models/digits/client", headers={"Range": "bytes=100-199"})
        self.assertEqual((reply.status, reply.body), (206, self.digits.bundle[100:200]))

    def test_parts_end_where_the_file_ends(self):
        size = len(self.digits.bundle)
        path = "/v2/models/digits/client"
        for asked, status, body in ((f"bytes={size - 5}-{size + 99999}", 206, self.digits.bundle[-5:]),
                                    ("bytes=-7", 206, self.digits.bundle[-7:]),
                                    (f"bytes=-{size + 9}", 206, self.digits.bundle),
                                    ("bytes=0-1,5-6", 200, self.digits.bundle)):
            reply = self.alice.ask("GET", path, headers={"Range": asked})
            self.assertEqual((reply.status, reply.body), (status, body), asked)
        reply = self.alice.ask("GET", path, headers={"Range": f"bytes={size}-{size + 10}"})
        self.assert_refused(reply, 416, "range")
        self.assertEqual(reply.headers["content-range"], f"bytes */{size}")

    def test_ranges_of_what_is_no_file_are_not_heard(self):
        for asked in ("bytes=0-3", "bytes=1000000-2000000", "bytes=5-", "bytes=-5", "bytes=0-1,5-6"):
            self.assertEqual(self.alice.get("/v2/models", headers={"Range": asked}).body,
                             self.alice.get("/v2/models").body)
            reply = self.alice.ask("POST", "/v2/models/digits/infer", self.query, {**RAW, "Range": asked})
            self.assertEqual((reply.status, reply.body), (200, self.native), asked)

    def test_unknown(self):
        for path in ("/v2/models/none", "/v2/models/none/client", "/v2/models/digits/versions/2",
                     "/v2/models/digits/versions/2/client", "/v2/models/digits/versions/2/ready"):
            self.assert_refused(self.alice.ask("GET", path), 404, "model")
        for path in ("/v2/models/digits/versions/-1", "/v2/models/digits/versions/1x",
                     "/v2/models/..%2f..%2fserdab.db", "/v2/models/Digits", "/v2/models/" + "d" * 65):
            self.assertIn(self.alice.ask("GET", path).status, (400, 404))
        self.assert_refused(self.alice.infer(self.query, "none"), 404, "model")

    def test_a_new_version_is_served_at_once_and_the_old_one_goes_on(self):
        server = self.make_server("versions").start()
        tenant = server.tenant("tess")
        tenant.put_key(self.alices.evaluation)
        self.assertEqual(tenant.infer(self.query).body, self.native)
        other = service.Network(self.programs, self.root / "other",
                                self.source / "models/digits/model.onnx", "digits:val", "--precision", 10)
        self.assertEqual(server.admin("model", "add", other.folder, "--name", "digits")["version"], 2)
        self.assertEqual(tenant.get("/v2/models/digits").json()["versions"], ["1", "2"])
        self.assertEqual(tenant.get("/v2/models/digits/client").body, other.bundle)
        self.assert_refused(tenant.infer(self.query), 409, "mismatch")
        old = tenant.ask("POST", "/v2/models/digits/versions/1/infer", self.query, RAW)
        self.assertEqual(old.body, self.native)
        server.admin("model", "remove", "digits", "1")
        self.assertEqual(tenant.get("/v2/models/digits").json()["versions"], ["2"])
        self.assert_refused(tenant.ask("POST", "/v2/models/digits/versions/1/infer", self.query, RAW),
                            404, "model")
        self.assertEqual(server.stop(), 0)


class KeysTest(ApiTest):
    def setUp(self):
        super().setUp()
        self.file, self.name = self.bobs.evaluation, self.bobs.digest
        self.bob.ask("DELETE", "/v2/keys/" + self.name)

    def piece(self, first, last, total=None, body=None):
        total = len(self.file) if total is None else total
        return self.bob.ask("PUT", "/v2/keys/" + self.name,
                            self.file[first:last + 1] if body is None else body,
                            {**BYTES, "Content-Range": f"bytes {first}-{last}/{total}"})

    def test_whole(self):
        self.assert_refused(self.bob.ask("GET", "/v2/keys/" + self.name), 404, "key")
        reply = self.bob.put_key(self.file)
        self.assertEqual((reply.status, reply.json()["bytes"]), (201, len(self.file)))
        self.assertEqual(self.bob.put_key(self.file).status, 200)  # nothing to do
        self.assertEqual(self.bob.get("/v2/keys/" + self.name).json(), reply.json())
        listed = self.bob.get("/v2/keys").json()
        self.assertEqual((listed["keys"], listed["bytes"]), ([reply.json()], len(self.file)))
        self.assertEqual((self.server.data / "keys/bob" / self.name).read_bytes(), self.file)
        self.assertEqual(self.bob.ask("DELETE", "/v2/keys/" + self.name).status, 204)
        self.assert_refused(self.bob.ask("DELETE", "/v2/keys/" + self.name), 404, "key")
        self.assertEqual(self.bob.get("/v2/keys").json()["keys"], [])
        self.assertFalse((self.server.data / "keys/bob" / self.name).exists())

    def test_pieces(self):
        last = len(self.file) - 1
        reply = self.piece(0, 999_999)
        self.assertEqual((reply.status, reply.json()["received"]), (202, 1_000_000))
        self.assertEqual(self.bob.ask("GET", "/v2/keys/" + self.name).headers["upload-offset"], "1000000")
        for first in (0, 999_999, 1_000_001, 2_000_000):
            reply = self.piece(first, last)
            self.assert_refused(reply, 409, "offset")
            self.assertEqual(reply.headers["upload-offset"], "1000000")
        self.assertEqual(self.piece(1_000_000, 1_000_000).status, 202)
        self.assertEqual(self.piece(1_000_001, last).status, 201)
        self.assertEqual((self.server.data / "keys/bob" / self.name).read_bytes(), self.file)

    def test_a_cut_connection_is_taken_up_where_it_was_cut(self):
        with self.server.socket() as stream:
            stream.sendall(f"PUT /v2/keys/{self.name} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                           f"{self.bob.token}\r\nContent-Length: {len(self.file)}\r\n\r\n".encode())
            stream.sendall(self.file[:3_000_000])
        for _ in range(100):
            offset = int(self.bob.ask("GET", "/v2/keys/" + self.name).headers.get("upload-offset", 0))
            if offset == 3_000_000:
                break
            time.sleep(0.05)
        self.assertEqual(offset, 3_000_000)
        for _ in range(100):  # until the request that was cut has ended
            reply = self.piece(offset, len(self.file) - 1)
            if reply.status != 409:
                break
            self.assertEqual(reply.kind, "busy")
            time.sleep(0.05)
        self.assertEqual(reply.status, 201, reply)

    def test_abandoned(self):
        self.piece(0, 99)
        self.assertEqual(self.bob.ask("DELETE", "/v2/keys/" + self.name).status, 204)
        self.assertNotIn("upload-offset", self.bob.ask("GET", "/v2/keys/" + self.name).headers)

    def test_what_is_not_what_its_digest_says(self):
        wrong = bytearray(self.file)
        wrong[5_000_000] ^= 1
        reply = self.bob.ask("PUT", "/v2/keys/" + self.name, bytes(wrong), BYTES)
        self.assert_refused(reply, 400, "corrupt")
        self.assertNotIn(str(self.server.data), reply.json()["error"])
        self.assertEqual(self.bob.ask("GET", "/v2/keys/" + self.name).status, 404)
        for junk in (b"junk" * 1000, self.query, self.file[:-1], bytes(wrong)):
            self.assert_refused(self.bob.put_key(junk), 400, "corrupt")  # its digest, but no key file
        self.assertEqual(self.bob.get("/v2/keys").json()["keys"], [])
        self.assertEqual(list((self.server.data / "uploads/bob").iterdir()), [])

    def test_wrong_ranges_and_names(self):
        for value in ("bytes 0-9/5", "bytes 9-0/20", "bytes */20", "lines 0-9/20", "bytes 0-9"):
            reply = self.bob.ask("PUT", "/v2/keys/" + self.name, b"0123456789",
                                 {**BYTES, "Content-Range": value})
            self.assert_refused(reply, 400, "invalid", "Content-Range")
        self.assert_refused(self.piece(0, 9, body=b"123"), 400, "invalid")
        self.assert_refused(self.bob.ask("PUT", "/v2/keys/" + self.name, b"", BYTES), 400, "invalid")
        for name in ("x", self.name.upper(), self.name + "0", "..%2f" + self.name):
            for method in ("GET", "DELETE", "PUT"):
                reply = self.bob.ask(method, "/v2/keys/" + name, b"1" if method == "PUT" else None)
                self.assertIn(reply.status, (400, 404))

    def test_too_large(self):
        self.assert_refused(self.piece(0, 9, total=9 << 30, body=b"0123456789"), 413, "size")
        head = (f"PUT /v2/keys/{self.name} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.bob.token}"
                f"\r\nContent-Length: {9 << 30}\r\nConnection: close\r\n\r\n")
        self.assertEqual(service.status_of(self.server.raw(head.encode())), 413)
        dave = self.server.tenant("dave", "--key-quota", "12000000", "--keys", 1)
        self.assertEqual(dave.put_key(self.file).status, 201)
        self.assert_refused(dave.put_key(self.alices.evaluation), 507, "quota")
        half = dave.ask("PUT", "/v2/keys/" + NO_DIGEST, b"0123456789",
                        {**BYTES, "Content-Range": "bytes 0-9/11000000"})
        self.assert_refused(half, 507, "quota")
        self.server.admin("tenant", "set", "dave", "--key-quota", "40000000", "--keys", "2")
        self.assertEqual(dave.put_key(self.alices.evaluation).status, 201)

    def test_two_at_once(self):
        with self.server.socket() as stream:
            stream.sendall(f"PUT /v2/keys/{self.name} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                           f"{self.bob.token}\r\nContent-Length: {len(self.file)}\r\n\r\n".encode())
            stream.sendall(self.file[:1000])
            time.sleep(0.5)
            self.assert_refused(self.bob.put_key(self.file), 409, "busy")
            self.assert_refused(self.bob.ask("DELETE", "/v2/keys/" + self.name), 409, "busy")
            stream.sendall(self.file[1000:])
            self.assertEqual(service.status_of(stream.recv(65536)), 201)


class Infer(ApiTest):
    def kserve(self, query, head_more={}, input_more={}, **parameters):
        head = json.dumps({"id": "mine", "parameters": parameters, "inputs": [
            {"name": "query", "datatype": "UINT8", "shape": [1, len(query)],
             "parameters": {"binary_data_size": len(query)}, **input_more}], **head_more}).encode()
        return self.alice.ask("POST", "/v2/models/digits/infer", head + query,
                              {"Inference-Header-Content-Length": str(len(head)), **BYTES})

    def test_raw(self):
        reply = self.alice.infer(self.query)
        self.assertEqual((reply.status, reply.body), (200, self.native))
        self.assertGreater(float(reply.headers["serdab-compute-seconds"]), 0)
        self.assertEqual(reply.headers["inference-header-content-length"], "0")
        self.assertEqual(self.alices.labels(reply.body), self.alices.labels(self.native))
        without_header = self.alice.ask("POST", "/v2/models/digits/versions/1/infer", self.query, BYTES)
        self.assertEqual(without_header.body, self.native)

    def test_open_inference_protocol(self):
        reply = self.kserve(self.query)
        self.assertEqual(reply.status, 200, reply)
        length = int(reply.headers["inference-header-content-length"])
        head = json.loads(reply.body[:length])
        self.assertEqual((head["id"], head["model_name"], head["model_version"]), ("mine", "digits", "1"))
        self.assertEqual(head["outputs"][0]["parameters"]["binary_data_size"], len(self.native))
        self.assertEqual(head["parameters"]["images"], 1)
        self.assertEqual(reply.body[length:], self.native)
        self.assertEqual(self.kserve(self.query, raw_output=True).body, self.native)

    def test_malformed_heads(self):
        for more, inputs in (({"inputs": []}, {}), ({"inputs": 5}, {}), ({"what": 1}, {}), ({"id": 5}, {}),
                             ({}, {"name": "other"}), ({}, {"datatype": "FP32"}), ({}, {"data": [1, 2]}),
                             ({}, {"parameters": {}}), ({}, {"parameters": {"binary_data_size": 7}}),
                             ({"parameters": {"raw_output": "yes"}}, {}), ({"parameters": []}, {})):
            self.assert_refused(self.kserve(self.query, more, inputs), 400, "invalid")
        deep = b"[" * 5000
        for headers, body in (({}, b"{}"), ({"Inference-Header-Content-Length": "-1"}, self.query),
                              ({"Inference-Header-Content-Length": "999999999"}, self.query),
                              ({"Inference-Header-Content-Length": "5000"}, deep),
                              ({"Inference-Header-Content-Length": "2"}, b"[]" + self.query)):
            self.assert_refused(self.alice.ask("POST", "/v2/models/digits/infer", body, headers), 400)
        reply = self.alice.ask("POST", "/v2/models/digits/infer", self.query,
                               {**RAW, "Content-Encoding": "gzip"})
        self.assert_refused(reply, 415, "encoding")

    def test_queries_that_do_not_fit(self):
        self.assert_refused(self.alice.infer(self.bobs.encrypt()), 412, "key")
        self.assert_refused(self.bob.infer(self.query), 412, "key")
        self.assert_refused(self.alice.infer(self.query + b"\0" * 200_000), 413, "size")
        for wrong in (b"", b"x", self.query[:50], self.native, self.alices.evaluation[:100_000]):
            self.assertIn(self.alice.infer(wrong).status, (400, 409))
        for cut in (100, 1000, len(self.query) - 1):
            self.assert_refused(self.alice.infer(self.query[:cut]), 400, "corrupt")
        old = bytearray(self.query)
        old[8:10] = b"\x63\x00"  # a format of the future
        self.assertIn(self.alice.infer(bytes(old)).status, (400, 409))

    def test_keys_removed_are_used_no_more(self):
        self.bob.put_key(self.bobs.evaluation)
        query = self.bobs.encrypt()
        self.assertEqual(self.bob.infer(query).status, 200)
        self.bob.ask("DELETE", "/v2/keys/" + self.bobs.digest)
        self.assert_refused(self.bob.infer(query), 412, "key")

    def test_no_trace_is_left(self):
        self.alice.infer(self.query)
        until = time.monotonic() + 10
        while list((self.server.data / "jobs").iterdir()) and time.monotonic() < until:
            time.sleep(0.05)
        jobs = {job["id"] for tenant in (self.alice, self.bob)
                for job in tenant.get("/v2/jobs").json()["jobs"]}
        self.assertEqual({f.name for f in (self.server.data / "jobs").iterdir()} - jobs, set())


class Batch(ApiTest):
    def test_round(self):
        queries = [self.alices.encrypt() for _ in range(4)]
        job = self.alice.batch(4)
        path = f"/v2/jobs/{job}"
        self.assertEqual(self.alice.get(path).json()["state"], "open")
        self.assert_refused(self.alice.ask("GET", path + "/chunks/0/answer"), 404, "chunk")
        for index, query in reversed(list(enumerate(queries))):
            self.assertEqual(self.alice.put_chunk(job, index, query).status, 202)
            self.assertEqual(self.alice.put_chunk(job, index, query).status, 200)  # the same: no error
        self.assert_refused(self.alice.put_chunk(job, 1, queries[0]), 409, "state")
        seen = service.events(self.server, self.alice, path + "/events")
        self.assertEqual({name for name, _ in seen}, {"status"})
        self.assertEqual(seen[-1][1]["state"], "done")
        self.server.document.validate({"$ref": "#/components/schemas/Job"}, seen[-1][1], "event")
        shares = [data["progress"] for _, data in seen]
        self.assertEqual((shares, shares[-1]), (sorted(shares), 1))
        for index, query in enumerate(queries):
            answer = self.alice.get(f"{path}/chunks/{index}/answer").body
            self.assertEqual(answer, self.alices.natively(query))
        part = self.alice.ask("GET", f"{path}/chunks/3/answer", headers={"Range": "bytes=10-19"})
        self.assertEqual((part.status, part.body), (206, answer[10:20]))
        rest = self.alice.ask("GET", f"{path}/chunks/3/answer", headers={"Range": "bytes=20-"})
        self.assertEqual((rest.status, rest.body), (206, answer[20:]))
        self.assertEqual(self.alice.put_chunk(job, 0, queries[0]).status, 200)
        self.assertEqual(self.alice.ask("DELETE", path).status, 204)
        self.assert_refused(self.alice.ask("GET", path), 404, "job")
        self.assert_refused(self.alice.ask("GET", f"{path}/chunks/0/answer"), 404, "job")

    def test_a_stream_of_a_job_that_is_removed_ends(self):
        job = self.alice.batch(2)
        connection = self.server.connection()
        connection.request("GET", f"/v2/jobs/{job}/events",
                           headers={"Authorization": "Bearer " + self.alice.token})
        reply = connection.getresponse()
        self.assertEqual(reply.readline(), b"event: status\n")
        self.alice.ask("DELETE", f"/v2/jobs/{job}")
        self.assertIn(b"event: gone", reply.read())
        connection.close()

    def test_cancel(self):
        job = self.alice.batch(200)
        for index in range(20):
            self.alice.put_chunk(job, index, self.query)
        self.assertEqual(self.alice.ask("DELETE", f"/v2/jobs/{job}").status, 204)
        self.assertFalse((self.server.data / "jobs" / job).exists())
        self.assertEqual(self.alice.infer(self.query).status, 200)

    def test_wrong(self):
        job = self.alice.batch(2)
        for index in ("2", "-1", "x", "99999999999999999999"):
            self.assertIn(self.alice.put_chunk(job, index, self.query).status, (400, 404))
        self.assert_refused(self.alice.put_chunk(job, 0, self.bobs.encrypt()), 412, "key")
        self.assert_refused(self.alice.put_chunk(job, 0, self.query + b"\0" * 200_000), 413, "size")
        self.assert_refused(self.alice.put_chunk(job, 0, b"junk"), 400, "corrupt")
        self.assertEqual(self.alice.get(f"/v2/jobs/{job}").json()["state"], "open")
        for body in (b"", b"{", b"[]", b"{}", b'{"model": "digits"}', b'{"model": "digits", "chunks": 0}',
                     b'{"model": "digits", "chunks": 5000}', b'{"model": "digits", "chunks": 1.5}',
                     b'{"model": "digits", "chunks": 1, "more": 1}', b'{"model": "../x", "chunks": 1}',
                     b'{"model": 7, "chunks": 1}', b'{"chunks": 1}', b"\xff\xfe"):
            self.assert_refused(self.alice.ask("POST", "/v2/jobs", body, JSON), 400)
        reply = self.alice.ask("POST", "/v2/jobs", b'{"model": "none", "chunks": 1}', JSON)
        self.assert_refused(reply, 404, "model")
        self.assertEqual(self.alice.ask("POST", "/v2/jobs", b" " * (1 << 21), JSON).status, 413)
        for path in ("/v2/jobs/" + NO_ID, "/v2/training/" + job):
            self.assert_refused(self.alice.ask("GET", path), 404, "job")
        for path in ("/v2/jobs/short", "/v2/jobs/" + NO_ID.upper(), "/v2/jobs/..%2f..%2fkeys"):
            self.assertIn(self.alice.ask("GET", path).status, (400, 404))
        self.alice.ask("DELETE", f"/v2/jobs/{job}")

    def test_damaged_ciphertexts_fail_the_chunk_and_say_so(self):
        wrong = bytearray(self.query)
        wrong[-1000] ^= 0x55
        job = self.alice.batch(2)
        self.assertEqual(self.alice.put_chunk(job, 0, bytes(wrong)).status, 202)
        self.assertEqual(self.alice.put_chunk(job, 1, self.query).status, 202)
        status = self.alice.wait(f"/v2/jobs/{job}")
        self.assertEqual([c["state"] for c in status["chunks"]], ["failed", "done"])
        self.assertEqual(status["state"], "failed")
        self.assertNotIn(str(self.root), json.dumps(status))
        self.assert_refused(self.alice.ask("GET", f"/v2/jobs/{job}/chunks/0/answer"), 409, "failed")
        self.assertEqual(self.alice.get(f"/v2/jobs/{job}/chunks/1/answer").body, self.native)

    def test_quota(self):
        erin = self.server.tenant("erin", "--jobs", "2", "--job-quota", "200000")
        erin.put_key(self.alices.evaluation)
        jobs = [erin.batch(2), erin.batch(2)]
        reply = erin.ask("POST", "/v2/jobs", b'{"model": "digits", "chunks": 1}', JSON)
        self.assert_refused(reply, 507, "quota")
        self.assertEqual(erin.put_chunk(jobs[0], 0, self.query).status, 202)
        self.assert_refused(erin.put_chunk(jobs[0], 1, self.query), 507, "quota")
        erin.wait(f"/v2/jobs/{jobs[0]}", ("running", "open"))
        erin.ask("DELETE", f"/v2/jobs/{jobs[0]}")
        self.assertEqual(erin.put_chunk(jobs[1], 0, self.query).status, 202)


class Training(ApiTest):
    """By hand: what 'serdab remote train' does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_folder = cls.root / "run"
        cls.programs.ok("serdab", "train", "init", "--data", cls.source / "data/tabular/iris.csv",
                        "--label", "last", "--hidden", "7", "--holdout", "1/5", "-o", cls.run_folder)
        cls.files = {f.name: f.read_bytes() for f in (cls.run_folder / "server").iterdir()}

    def create(self, upload=True):
        reply = self.alice.ask("POST", "/v2/training")
        self.assertEqual(reply.status, 201, reply)
        path = "/v2/training/" + reply.json()["id"]
        self.assertEqual(reply.headers["location"], path)
        for name, file in self.files.items() if upload else ():
            self.assertEqual(self.put(path, name, file).status, 201, name)
        return path

    def put(self, path, name, file, **headers):
        return self.alice.ask("PUT", f"{path}/files/{name}", file, {**BYTES, **headers})

    def start(self, path, steps):
        return self.alice.ask("POST", path + "/start", json.dumps({"steps": steps}), JSON)

    def test_steps_give_the_bytes_that_files_give(self):
        native = self.root / "native"
        shutil.copytree(self.run_folder, native)
        path = self.create()
        self.assertEqual(self.start(path, 3).status, 202)
        for step in range(1, 4):
            self.programs.ok("serdab-server", "train", "step", native / "server")
            status = self.alice.wait(path, ("waiting", "done", "failed"))
            self.assertEqual((status["steps_done"], status["state"]),
                             (step, "done" if step == 3 else "waiting"), status)
            self.assertEqual(self.alice.get(path + "/state").body,
                             (native / "server/state.sdb").read_bytes())
            request = self.alice.get(path + "/refresh")
            self.assertEqual(request.body, (native / "server/refresh.request").read_bytes())
            self.assertEqual(request.headers["serdab-step"], str(step))
            self.programs.ok("serdab", "train", "refresh", native / "client", native / "server")
            answer = (native / "server/refresh.answer").read_bytes()
            if step < 3:
                reply = self.alice.ask("PUT", path + "/refresh", answer, BYTES)
                self.assertEqual(reply.status, 202, reply)
        self.assertEqual(self.start(path, 1).json()["steps"], 4)
        self.alice.ask("PUT", path + "/refresh", answer, BYTES)
        status = self.alice.wait(path, ("done", "failed"))
        self.assertEqual(status["steps_done"], 4, status)
        self.assertEqual(service.events(self.server, self.alice, path + "/events")[-1][1], status)
        self.assertEqual(self.alice.ask("DELETE", path).status, 204)
        self.assert_refused(self.alice.ask("GET", path), 404, "job")

    def test_a_refresh_that_does_not_fit_is_refused_and_another_taken(self):
        path = self.create()
        self.assert_refused(self.alice.ask("PUT", path + "/refresh", b"x" * 100, BYTES), 409, "state")
        self.assert_refused(self.alice.ask("GET", path + "/refresh"), 404, "refresh")
        self.start(path, 2)
        self.alice.wait(path, ("waiting",))
        folder = self.root / "refresh"
        shutil.copytree(self.run_folder, folder)
        for name in ("state", "refresh"):
            target = {"state": "state.sdb", "refresh": "refresh.request"}[name]
            (folder / "server" / target).write_bytes(self.alice.get(f"{path}/{name}").body)
        self.programs.ok("serdab", "train", "refresh", folder / "client", folder / "server")
        good = (folder / "server/refresh.answer").read_bytes()
        for wrong, status, kind in ((b"junk", 400, "corrupt"), (good[:40], 400, "corrupt"),
                                    (self.query, 409, "mismatch")):
            self.assert_refused(self.alice.ask("PUT", path + "/refresh", wrong, BYTES), status, kind)
        damaged = bytearray(good)
        damaged[len(good) // 2] ^= 1
        self.assertEqual(self.alice.ask("PUT", path + "/refresh", bytes(damaged), BYTES).status, 202)
        status = self.alice.wait(path, ("waiting", "failed", "done"))
        self.assertEqual(status["state"], "waiting", status)
        self.assertNotIn(str(self.root), status.get("error", ""))
        self.assertEqual(self.alice.ask("PUT", path + "/refresh", good, BYTES).status, 202)
        self.assertEqual(self.alice.wait(path, ("done", "failed"))["state"], "done")

    def test_files(self):
        path = self.create(upload=False)
        self.assert_refused(self.start(path, 1), 409, "file", "step.sdb")
        for name in ("refresh.answer", "mask.secret", "lock", "data-.sdb", "data-0x.sdb", "step.sdb.arriving"):
            self.assert_refused(self.put(path, name, b"x"), 404, "file")
        keys = self.files["keys.sdk"]
        half = len(keys) // 2
        reply = self.put(path, "keys.sdk", keys[:half],
                         **{"Content-Range": f"bytes 0-{half - 1}/{len(keys)}"})
        self.assertEqual((reply.status, reply.json()["received"]), (202, half))
        there = self.alice.ask("GET", path + "/files/keys.sdk")
        self.assertEqual((there.status, there.headers["upload-offset"]), (404, str(half)))
        reply = self.put(path, "keys.sdk", keys[half:],
                         **{"Content-Range": f"bytes {half}-{len(keys) - 1}/{len(keys)}"})
        self.assertEqual(reply.status, 201)
        self.assertEqual(self.alice.get(path + "/files/keys.sdk").json()["bytes"], len(keys))
        for name, file in self.files.items():
            self.put(path, name, file[:-5] if name == "data-000.sdb" else file)
        self.assertEqual(self.start(path, 1).status, 202)
        status = self.alice.wait(path, ("failed", "done", "waiting"))
        self.assertEqual(status["state"], "failed")
        self.assertIn("data-000.sdb", status["error"].replace("training data", "data-000.sdb"))
        self.assertNotIn(str(self.root), status["error"])
        self.assert_refused(self.start(path, 1), 409, "state")
        self.assert_refused(self.put(path, "step.sdb", self.files["step.sdb"]), 409, "state")

    def test_the_quota_counts_what_arrives_not_what_was_announced_first(self):
        frank = self.server.tenant("frank", "--job-quota", "100000")
        path = "/v2/training/" + frank.ask("POST", "/v2/training").json()["id"]

        def put(body, first, total):
            return frank.ask("PUT", path + "/files/keys.sdk", body, {
                **BYTES, "Content-Range": f"bytes {first}-{first + len(body) - 1}/{total}"})
        self.assertEqual(put(b"x" * 10, 0, 20).status, 202)
        self.assert_refused(put(b"x" * 150_000, 10, 150_010), 507, "quota")
        self.assertEqual(put(b"x" * 10, 10, 20).status, 201)

    def test_wrong_numbers_of_steps(self):
        path = self.create(upload=False)
        for body in (b"", b"{}", b'{"steps": 0}', b'{"steps": 1000001}', b'{"steps": "1"}', b'{"steps": -1}',
                     b'{"steps": 1, "x": 1}', b"[1]"):
            self.assert_refused(self.alice.ask("POST", path + "/start", body, JSON), 400)
        self.alice.ask("DELETE", path)


class Isolation(ApiTest):
    def test_anothers_ids_are_as_ids_that_do_not_exist(self):
        job = self.alice.batch(1)
        self.alice.put_chunk(job, 0, self.query)
        self.alice.wait(f"/v2/jobs/{job}")
        run = self.alice.ask("POST", "/v2/training").json()["id"]
        self.alice.ask("PUT", f"/v2/training/{run}/files/step.sdb", b"x" * 100, BYTES)
        before = {path: self.alice.get(path).body for path in (f"/v2/jobs/{job}", f"/v2/training/{run}")}
        for method, path, body in (
                ("GET", f"/v2/keys/{self.alices.digest}", None),
                ("DELETE", f"/v2/keys/{self.alices.digest}", None),
                ("GET", f"/v2/jobs/{job}", None), ("DELETE", f"/v2/jobs/{job}", None),
                ("GET", f"/v2/jobs/{job}/events", None), ("GET", f"/v2/jobs/{job}/chunks/0/answer", None),
                ("PUT", f"/v2/jobs/{job}/chunks/0", self.query),
                ("GET", f"/v2/training/{run}", None), ("DELETE", f"/v2/training/{run}", None),
                ("GET", f"/v2/training/{run}/events", None), ("GET", f"/v2/training/{run}/state", None),
                ("GET", f"/v2/training/{run}/refresh", None), ("PUT", f"/v2/training/{run}/refresh", b"x"),
                ("GET", f"/v2/training/{run}/files/step.sdb", None),
                ("PUT", f"/v2/training/{run}/files/step.sdb", b"x"),
                ("POST", f"/v2/training/{run}/start", b'{"steps": 1}')):
            with self.subTest(f"{method} {path}"):
                theirs = self.bob.ask(method, path, body)
                missing = self.bob.ask(method, path.replace(job, NO_ID).replace(run, NO_ID)
                                       .replace(self.alices.digest, NO_DIGEST), body)
                self.assertEqual(theirs.status, 404, theirs)
                self.assertEqual((theirs.status, theirs.body), (missing.status, missing.body))
        for path, status in before.items():
            self.assertEqual(self.alice.get(path).body, status)
        self.alice.get("/v2/keys/" + self.alices.digest)
        self.assertEqual(self.bob.get("/v2/jobs").json()["jobs"], [])

    def test_one_tenants_keys_do_not_answer_anothers_queries(self):
        self.bob.put_key(self.bobs.evaluation)
        self.assert_refused(self.bob.infer(self.query), 412, "key")
        job = self.bob.batch(1)
        self.assert_refused(self.bob.put_chunk(job, 0, self.query), 412, "key")

    def test_the_same_keys_of_two_tenants_are_two_records(self):
        self.bob.put_key(self.alices.evaluation)
        self.bob.ask("DELETE", "/v2/keys/" + self.alices.digest)
        self.assertEqual(self.alice.infer(self.query).status, 200)


class Limits(ApiTest):
    def test_rate(self):
        slow = self.server.tenant("slow", "--rate", "0.5")
        replies = [slow.ask("GET", "/v2/keys") for _ in range(12)]
        self.assertEqual([r.status for r in replies[:5]], [200] * 5)
        self.assert_refused(replies[-1], 429, "rate")
        self.assertEqual(self.alice.get("/v2/keys").status, 200)
        self.server.admin("tenant", "set", "slow", "--rate", "1000")
        time.sleep(0.1)
        slow.get("/v2/keys")

    def test_concurrency(self):
        one = self.server.tenant("one", "--concurrent", "1")
        with self.server.socket() as stream:
            stream.sendall(f"PUT /v2/keys/{self.bobs.digest} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                           f"{one.token}\r\nContent-Length: {len(self.bobs.evaluation)}\r\n\r\nab".encode())
            time.sleep(0.5)
            self.assert_refused(one.infer(self.query), 429, "concurrency")
            self.assertEqual(one.get("/v2/keys").status, 200)
            self.assertEqual(self.alice.infer(self.query).status, 200)
        until = time.monotonic() + 10
        while one.infer(self.query).status == 429 and time.monotonic() < until:
            time.sleep(0.1)
        self.assert_refused(one.infer(self.query), 412, "key")


class Listening(ApiTest):
    def test_tls(self):
        cert, key = service.certificate(self.root / "tls")
        server = self.make_server("tls-server", "--tls-cert", cert, "--tls-key", key, authority=cert)
        tenant = server.tenant("tina")
        server.start()
        self.assertTrue(server.address.startswith("https://"))
        self.assertEqual(tenant.put_key(self.alices.evaluation).status, 201)
        self.assertEqual(tenant.infer(self.query).body, self.native)
        import ssl
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = ssl.create_default_context(cafile=cert)
            context.maximum_version = version
            with context.wrap_socket(socket.create_connection(("127.0.0.1", server.port)),
                                     server_hostname="127.0.0.1") as stream:
                stream.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                self.assertEqual(service.status_of(service.read_all(stream)), 200)
        context = ssl.create_default_context()  # does not know the authority
        with self.assertRaises(ssl.SSLError):
            context.wrap_socket(socket.create_connection(("127.0.0.1", server.port)),
                                server_hostname="127.0.0.1")
        with socket.create_connection(("127.0.0.1", server.port)) as plain:
            plain.settimeout(20)
            plain.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(service.status_of(service.read_all(plain)), 0)
        self.assertEqual(server.stop(), 0)

    def refused(self, *options, says):
        done = self.programs.call("serdab-server", "serve", "--data", self.root / "never", "--port", "0",
                                  *options, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(says, done.stderr)

    def test_what_cannot_be_served_is_refused_with_a_remedy(self):
        cert, key = service.certificate(self.root / "tls2")
        _, other = service.certificate(self.root / "tls3")
        self.refused("--host", "0.0.0.0", says="--plain-http")
        self.refused("--tls-cert", cert, says="--tls-key")
        self.refused("--tls-cert", cert, "--tls-key", other, says="")
        self.refused("--port", self.server.port, says="")


class Remembers(ApiTest):
    def test_restart_keeps_everything(self):
        server = self.make_server("again").start()
        tenant = server.tenant("rita")
        tenant.put_key(self.alices.evaluation)
        job = tenant.batch(2)
        tenant.put_chunk(job, 0, self.query)
        open_job = tenant.batch(1)
        tenant.ask("PUT", "/v2/keys/" + self.bobs.digest, self.bobs.evaluation[:1000],
                   {**BYTES, "Content-Range": f"bytes 0-999/{len(self.bobs.evaluation)}"})
        keys = tenant.get("/v2/keys").json()["keys"]
        self.assertEqual(server.stop(), 0)
        server.restart()
        self.assertEqual([{**k, "expires": 0} for k in tenant.get("/v2/keys").json()["keys"]],
                         [{**k, "expires": 0} for k in keys])
        self.assertEqual(tenant.ask("GET", "/v2/keys/" + self.bobs.digest).headers["upload-offset"], "1000")
        self.assertEqual(tenant.get(f"/v2/jobs/{open_job}").json()["state"], "open")
        tenant.put_chunk(job, 1, self.query)
        self.assertEqual(tenant.wait(f"/v2/jobs/{job}")["state"], "done")
        for index in (0, 1):
            self.assertEqual(tenant.get(f"/v2/jobs/{job}/chunks/{index}/answer").body, self.native)
        self.assertEqual(tenant.infer(self.query).body, self.native)
        self.assertEqual(server.stop(), 0)

    def test_the_log_is_json_and_tells_neither_tokens_nor_what_was_sent(self):
        self.alice.infer(self.query)
        self.plain("GET", "/v2/keys", headers={"Authorization": "Bearer serdab_wrong-one-here"})
        lines = self.server.lines()
        asked = [line for line in lines if line["event"] == "request"]
        self.assertGreater(len(asked), 2)
        last = [line for line in asked if line["route"].endswith("/infer")][-1]
        self.assertEqual((last["tenant"], last["status"], last["bytes_in"]), ("alice", 200, len(self.query)))
        self.assertRegex(last["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        text = self.server.log.read_bytes()
        for secret in (self.alice.token.encode(), self.bob.token.encode(), b"serdab_",
                       self.query[200:216], self.native[200:216], b"wrong-one-here"):
            self.assertNotIn(secret, text)
        stored = b"".join(f.read_bytes() for f in self.server.data.glob("serdab.db*"))
        self.assertNotIn(self.alice.token.encode(), stored)

    def test_the_data_folder_is_its_owners_alone(self):
        self.assertEqual(self.server.data.stat().st_mode & 0o777, 0o700)


if __name__ == "__main__":
    service.main(Open, Tokens, Models, KeysTest, Infer, Batch, Training, Isolation, Limits, Listening,
                 Remembers)
