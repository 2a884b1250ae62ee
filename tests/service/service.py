"""What the tests of the service share: a server process, tenants, replies checked against openapi.json."""
import hashlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

SKIPPED = 77  # ctest's SKIP_RETURN_CODE
BYTES = {"Content-Type": "application/octet-stream"}
RAW = {**BYTES, "Inference-Header-Content-Length": "0"}
JSON = {"Content-Type": "application/json"}

try:
    import jsonschema
except ImportError:
    print("skipped: the Python package jsonschema is not installed (Debian: python3-jsonschema)")
    sys.exit(SKIPPED)


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.headers = {name.lower(): value for name, value in headers}

    def json(self):
        return json.loads(self.body)

    @property
    def kind(self):
        return self.json()["kind"]

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:300]}"


class Document:
    """openapi.json as served: what a reply may be."""

    def __init__(self, text):
        self.document = json.loads(text)
        self.routes = []
        for path in self.document["paths"]:
            pattern = "/".join("[^/]+" if part.startswith("{") else re.escape(part)
                               for part in path.split("/"))
            self.routes.append((re.compile(pattern + "$"), path))
        # Fixed parts win over parameters.
        self.routes.sort(key=lambda route: route[1].count("{"))
        self.seen = set()

    def operation(self, method, path):
        for pattern, name in self.routes:
            if pattern.match(urllib.parse.unquote(path.split("?")[0])):
                methods = self.document["paths"][name]
                found = methods.get(method.lower()) or (method == "HEAD" and methods.get("get"))
                if found:
                    return name, found
        return None, None

    def check(self, method, path, reply):
        where = f"{method} {path}: {reply}"
        name, operation = self.operation(method, path)
        if operation is None:  # nothing is promised but that it says why
            assert reply.status in (404, 405, 411, 414, 400, 501, 503), where
            if method != "HEAD":
                self.validate({"$ref": "#/components/schemas/Error"}, reply.json(), where)
            return
        said = operation["responses"].get(str(reply.status))
        assert said is not None, f"status not in openapi.json: {where}"
        self.seen.add((method, name, reply.status))
        content = said.get("content")
        if method == "HEAD":
            return
        if not content:
            assert reply.body == b"", where
            return
        kind = reply.headers.get("content-type", "").split(";")[0]
        assert kind in content, f"content type {kind} not in openapi.json: {where}"
        if kind == "application/json":
            self.validate(content[kind]["schema"], reply.json(), where)

    def validate(self, schema, value, where):
        whole = {**schema, "components": self.document["components"]}
        try:
            jsonschema.Draft202012Validator(whole).validate(value)
        except jsonschema.ValidationError as error:
            raise AssertionError(f"{where}: {error.message}") from None


class Server:
    """A data folder and the process that serves it."""

    def __init__(self, programs, folder, *options, host="127.0.0.1", authority=None):
        self.programs, self.folder, self.options, self.host = programs, folder, options, host
        self.data, self.log = folder / "data", folder / "serve.log"
        self.authority = authority
        self.process = self.port = self.document = None
        folder.mkdir(parents=True, exist_ok=True)

    def admin(self, *arguments):
        return json.loads(self.programs.ok("serdab-server", "admin", "--data", self.data, *arguments,
                                           "--json"))

    def tenant(self, name, *quota):
        self.admin("tenant", "add", name, *quota)
        return Tenant(self, name, self.admin("token", "add", name)["token"])

    def start(self, *more, port=0):
        command = [self.programs.path("serdab-server"), "serve", "--data", self.data, "--host",
                   self.host, "--port", port, "--log", self.log, "--json", *self.options, *more]
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"{command}: {self.process.communicate()}")
        self.address, self.port = json.loads(line)["address"], json.loads(line)["port"]
        if self.document is None:
            reply = self.send("GET", "/v2/openapi.json")
            assert reply.status == 200, reply
            self.document = Document(reply.body)
        return self

    def stop(self, seconds=60):
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=seconds)
        assert "runtime error" not in errors and "Sanitizer" not in errors, errors
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def end(self):
        """However the test ended."""
        if self.process and self.process.poll() is None:
            self.kill()

    def restart(self, *more):
        """At the port it had."""
        return self.start(*more, port=self.port)

    def alive(self):
        return self.process.poll() is None

    def socket(self, seconds=30):
        plain = socket.create_connection((self.host, self.port), timeout=seconds)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.authority is None:
            return plain
        context = ssl.create_default_context(cafile=self.authority)
        return context.wrap_socket(plain, server_hostname=self.host)

    def connection(self, seconds=120):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=seconds)
        if self.authority is not None:
            context = ssl.create_default_context(cafile=self.authority)
            connection = http.client.HTTPSConnection(self.host, self.port, timeout=seconds,
                                                     context=context)
        return connection

    def send(self, method, path, body=None, headers={}, token=None, seconds=120, connection=None):
        """As it comes: nothing is checked."""
        headers = dict(headers)
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        ours = connection or self.connection(seconds)
        try:
            try:
                ours.request(method, path, body=body, headers=headers)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before the body was read: the answer is there
            answer = ours.getresponse()
            return Reply(answer.status, answer.getheaders(), answer.read())
        finally:
            if connection is None:
                ours.close()

    def ask(self, method, path, body=None, headers={}, token=None, **more):
        reply = self.send(method, path, body, headers, token, **more)
        self.document.check(method, path, reply)
        return reply

    def raw(self, data, seconds=30):
        """Bytes to a connection of its own; what comes back until the end."""
        with self.socket(seconds) as stream:
            stream.sendall(data)
            return read_all(stream)

    def lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def resident(self):
        pages = pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE")

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Tenant:
    """Who asks with one token."""

    def __init__(self, server, name, token):
        self.server, self.name, self.token = server, name, token

    def ask(self, method, path, body=None, headers={}, **more):
        return self.server.ask(method, path, body, headers, self.token, **more)

    def get(self, path, status=200, **more):
        reply = self.ask("GET", path, **more)
        assert reply.status == status, f"GET {path}: {reply}"
        return reply

    def put_key(self, file):
        return self.ask("PUT", "/v2/keys/" + digest(file), file, BYTES)

    def infer(self, query, model="digits", **more):
        return self.ask("POST", f"/v2/models/{model}/infer", query, RAW, **more)

    def batch(self, chunks, model="digits"):
        reply = self.ask("POST", "/v2/jobs", json.dumps({"model": model, "chunks": chunks}), JSON)
        assert reply.status == 201, reply
        return reply.json()["id"]

    def put_chunk(self, job, index, query):
        return self.ask("PUT", f"/v2/jobs/{job}/chunks/{index}", query, BYTES)

    def wait(self, path, states=("done", "failed", "cancelled"), seconds=120):
        """The status of a job or run once it is in one of the states."""
        until = time.monotonic() + seconds
        while True:
            status = self.get(path).json()
            if status["state"] in states:
                return status
            assert time.monotonic() < until, f"still {status}"
            time.sleep(0.05)


class Programs:
    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return self.folder / name

    def call(self, name, *arguments, **more):
        return subprocess.run([self.path(name), *map(str, arguments)], capture_output=True, text=True,
                              **more)

    def ok(self, name, *arguments, **more):
        done = self.call(name, *arguments, **more)
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout


class Network:
    """A compiled network; key pairs, queries and the answers that files alone lead to."""

    def __init__(self, programs, folder, onnx, data, *options):
        self.programs, self.folder, self.data = programs, folder / "model", data
        programs.ok("serdab", "compile", onnx, "-o", self.folder, "--layout", "single", *options)
        self.bundle = (self.folder / "client.sdb").read_bytes()
        self.plan = json.loads((self.folder / "plan.json").read_text())

    def keys(self, folder):
        self.programs.ok("serdab", "keygen", self.folder, "-o", folder)
        return Keys(self, folder)


class Keys:
    def __init__(self, network, folder):
        self.network, self.folder, self.secret = network, folder, folder / "secret.key"
        self.evaluation = (folder / "eval.key").read_bytes()
        self.digest = digest(self.evaluation)
        self.count = 0

    def encrypt(self, count=1, data=None):
        """Of the first images; every call gives other bytes."""
        self.count += 1
        path = self.folder / f"{self.count}.query"
        self.network.programs.ok("serdab", "encrypt", self.network.folder, "--key", self.secret, "-o",
                                 path, data or self.network.data, "--count", count)
        return path.read_bytes()

    def natively(self, query):
        """What 'serdab-server run' makes of it."""
        path, answer = self.folder / "native.query", self.folder / "native.answer"
        path.write_bytes(query)
        self.network.programs.ok("serdab-server", "run", self.network.folder, "--keys",
                                 self.folder / "eval.key", path, "-o", answer)
        return answer.read_bytes()

    def labels(self, answer):
        path = self.folder / "decrypt.answer"
        path.write_bytes(answer)
        return json.loads(self.network.programs.ok("serdab", "decrypt", self.network.folder, "--key",
                                                   self.secret, path, "--json"))["labels"]


class ServiceTest(unittest.TestCase):
    """A scratch folder with the digits network compiled, for all cases of a script; servers that end with
    the case."""
    programs = source = root = None

    @classmethod
    def setUpClass(cls):
        if ServiceTest.root is None:
            scratch = tempfile.TemporaryDirectory(prefix="serdab-service-")
            unittest.addModuleCleanup(scratch.cleanup)
            ServiceTest.root = pathlib.Path(scratch.name)
            ServiceTest.digits = Network(cls.programs, cls.root / "digits",
                                         cls.source / "models/digits/model.onnx", "digits:val")

    @classmethod
    def make_server(cls, name, *options, cleanup=None, **more):
        server = Server(cls.programs, cls.root / name, *options, **more)
        (cleanup or cls.addClassCleanup)(server.end)
        server.admin("model", "add", cls.digits.folder, "--name", "digits")
        return server

    def assert_refused(self, reply, status, kind=None, says=""):
        self.assertEqual(reply.status, status, reply)
        if kind:
            self.assertEqual(reply.kind, kind, reply)
        self.assertIn(says, reply.json()["error"])
        if status in (429, 503):
            self.assertGreaterEqual(int(reply.headers["retry-after"]), 1)


def digest(data):
    return hashlib.sha256(data).hexdigest()


def read_all(stream):
    """Until the other side closes."""
    received = b""
    while True:
        try:
            some = stream.recv(65536)
        except ConnectionError:
            return received
        if not some:
            return received
        received += some


def status_of(answer):
    """Of a reply as bytes; 0 for none."""
    found = re.match(rb"HTTP/1\.1 (\d+) ", answer)
    return int(found.group(1)) if found else 0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def events(server, tenant, path):
    """The events of a stream until it ends: (name, data) pairs."""
    connection = server.connection()
    connection.request("GET", path, headers={"Authorization": f"Bearer {tenant.token}"})
    reply = connection.getresponse()
    assert reply.status == 200 and reply.getheader("Content-Type") == "text/event-stream", reply.status
    found, name = [], None
    for line in reply:
        text = line.decode().rstrip("\n")
        if text.startswith("event: "):
            name = text[7:]
        if text.startswith("data: "):
            found.append((name, json.loads(text[6:])))
    connection.close()
    return found


def certificate(folder):
    """A self-signed certificate for 127.0.0.1 and localhost; its file and its key's."""
    folder.mkdir(parents=True, exist_ok=True)
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, capture_output=True)
    return cert, key


def arguments(parser):
    """The command line, with BIN_DIR and SOURCE_DIR in front."""
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("source", type=pathlib.Path)
    given = parser.parse_args()
    ServiceTest.programs, ServiceTest.source = Programs(given.bin.resolve()), given.source.resolve()
    return given


def run(*cases):
    suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromTestCase(c) for c in cases)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    if result.wasSuccessful() and result.testsRun == len(result.skipped):
        sys.exit(SKIPPED)
    sys.exit(not result.wasSuccessful())


def main(*cases):
    import argparse
    arguments(argparse.ArgumentParser())
    run(*cases)
