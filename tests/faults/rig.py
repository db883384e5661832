"""Helpers of the scripts: server, PostgreSQL, HTTP client, load, statistics. Uses the standard library only.

Every process started here is stopped by its process id when the script ends, also after an error.
"""

import atexit
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import random
import re
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("HYPERFLEET_BIN", ROOT / "target/debug/hyperfleet-api"))
BASE = "/api/hyperfleet/v1"
HOST = "127.0.0.1"


class Failure(Exception):
    """The script cannot continue."""


_checks = []


def check(what, passed, figure=""):
    """Records and prints whether a check passed. `finish` exits with 1 if one failed."""
    _checks.append(bool(passed))
    print(f"{'ok    ' if passed else 'FAIL  '} {what}{': ' if str(figure) else ''}{figure}", flush=True)
    return bool(passed)


def finish():
    """Prints the totals and ends the script."""
    failed = _checks.count(False)
    print(f"{len(_checks) - failed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not _checks else 0)


def bounded(seconds):
    """Ends the script with an error if it runs longer than this."""

    def late(*_):
        raise Failure(f"not finished after {seconds} s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


# Scripts that run at the same time each get a range of a thousand ports, by its first port.
_ports = itertools.count(int(os.environ.get("HYPERFLEET_TEST_PORTS") or random.randrange(15_000, 31_000)))


def free_ports(count):
    """Returns ports that are free and outside the range from which the system assigns ephemeral ports."""
    free = []
    while len(free) < count:
        with contextlib.suppress(OSError), socket.socket() as one:
            one.bind((HOST, port := next(_ports)))
            free.append(port)
    return free


def folder():
    """Creates a directory that is writable for the user that runs PostgreSQL. It is removed at the end."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="hyperfleet-"))
    path.chmod(0o777)
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def until(seconds, condition, every=0.02):
    """Waits until the condition holds. Returns the seconds waited, or None after a timeout."""
    start = time.monotonic()
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if condition():
                return time.monotonic() - start
        if time.monotonic() - start > seconds:
            return None
        time.sleep(every)


def need_node(oldest=20):
    """Fails if Node of at least this major version, or npm, is not installed."""
    if not shutil.which("npm") or not shutil.which("node"):
        raise Failure("Node is not installed")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=60).stdout
    if int(re.search(r"\d+", version)[0]) < oldest:
        raise Failure(f"Node {oldest} or later is needed, not {version.strip()}")


class Answer:
    """A response, and the seconds until it was received."""

    def __init__(self, status, headers, body, seconds):
        self.status, self.headers, self.body, self.seconds = status, headers, body, seconds

    def json(self):
        return json.loads(self.body)


class Client:
    """One persistent connection, reopened after the server has closed it."""

    def __init__(self, port, timeout=40):
        self.port, self.timeout, self.connection = port, timeout, None

    def ask(self, method, path, body=None, headers=None):
        start = time.monotonic()
        if self.connection is None:
            self.connection = http.client.HTTPConnection(HOST, self.port, timeout=self.timeout)
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            content = answer.read()
        except BaseException:
            self.close()
            raise
        if answer.will_close:
            self.close()
        return Answer(answer.status, answer.headers, content, time.monotonic() - start)

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Server:
    """A process that runs `serve`, on free ports."""

    def __init__(self, database, *flags, limits=None, wait=True, jwt=False):
        self.port, self.health, self.metrics = free_ports(3)
        self.log = folder() / "log"
        command = [
            str(BINARY), "serve", "--database-url", database, "--server-host", HOST,
            "--server-port", str(self.port), "--health-port", str(self.health),
            "--metrics-port", str(self.metrics), "--logging-level", "warn", "--logging-format", "text",
        ]  # fmt: skip
        command += [] if jwt else ["--no-auth"]
        if database.startswith("postgres") and "--database-auto-migrate" not in flags:
            command += ["--database-auto-migrate", "true"]
        before = (lambda: _limit(limits)) if limits else None
        self.started = time.monotonic()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, *flags], stdout=log, stderr=log, cwd=self.log.parent, preexec_fn=before
            )
        self.pid = self.process.pid
        atexit.register(self.kill)
        if wait and self.ready_after(60) is None:
            raise Failure(f"the server is not ready:\n{self.log.read_text()}")

    def ready_after(self, seconds):
        """Seconds from start to ready, or None after a timeout or an exit."""
        came = until(seconds, lambda: self.process.poll() is not None or self.ready(), 0.002)
        return None if came is None or self.process.poll() is not None else time.monotonic() - self.started

    def ready(self):
        return self.probe("/readyz", 5).status == 200

    def probe(self, path, timeout=5):
        client = Client(self.health, timeout)
        try:
            return client.ask("GET", path)
        finally:
            client.close()

    def series(self, name):
        """The labels and the value of each series of a metric."""
        client = Client(self.metrics, 5)
        try:
            lines = client.ask("GET", "/metrics").body.decode().splitlines()
        finally:
            client.close()
        for line in lines:
            if match := re.fullmatch(re.escape(name) + r"(?:\{(.*)\})? (\S+)", line):
                yield dict(re.findall(r'(\w+)="([^"]*)"', match[1] or "")), float(match[2])

    def client(self, timeout=40):
        return Client(self.port, timeout)

    def ask(self, method, path, body=None, headers=None, timeout=40):
        """Sends one request on a new connection."""
        client = self.client(timeout)
        try:
            return client.ask(method, path, body, headers)
        finally:
            client.close()

    def create(self, name, **more):
        return self.ask("POST", f"{BASE}/clusters", {"name": name, "spec": {}, **more})

    def memory(self):
        """Resident memory in MiB."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise Failure("the server has exited")

    def cpu(self):
        """CPU seconds used so far."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def alive(self):
        return self.process.poll() is None

    def terminate(self, seconds=30):
        """Sends SIGTERM. Returns the seconds until the exit, and the exit status."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(seconds)
        return time.monotonic() - start, status

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def _limit(limits):
    import resource

    # At the file size limit the kernel would kill the process. The write must fail instead, as on a full disk.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for which, value in limits.items():
        soft, hard = value if isinstance(value, tuple) else (value, value)
        resource.setrlimit(getattr(resource, which), (soft, hard))


class Postgres:
    """A separate PostgreSQL server, durable as in production (fsync on)."""

    def __init__(self, copy_of=None, **settings):
        self.bin = next(
            (path for path in map(pathlib.Path, _postgres_candidates()) if (path / "initdb").exists()), None
        )
        if self.bin is None:
            raise Failure("PostgreSQL is not installed: tests/run installs it")
        self.home, (self.port,) = folder(), free_ports(1)
        self.data = self.home / "data"
        self.settings = {
            "listen_addresses": HOST, "port": self.port, "unix_socket_directories": "",
            "max_connections": 400, **settings,
        }  # fmt: skip
        if copy_of is None:
            self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8")
        else:
            # A standby. `-R` stores the address of its primary.
            source = ["-h", HOST, "-p", copy_of.port, "-U", "postgres"]
            self._run("pg_basebackup", "-D", self.data, *source, "-R", "-X", "stream", "-c", "fast")
        atexit.register(self.stop)
        self.start()

    def _as_postgres(self, *command):
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        return [*user, *map(str, command)]

    def _run(self, program, *arguments):
        done = subprocess.run(
            self._as_postgres(self.bin / program, *arguments),
            cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
        )  # fmt: skip
        if done.returncode:
            raise Failure(f"{program}: {done.stdout.decode()}")

    def start(self):
        options = " ".join(f"-c {name}={value}" for name, value in self.settings.items())
        self._run("pg_ctl", "-D", self.data, "-l", self.home / "log", "-w", "-t", "60", "-o", options, "start")

    def stop(self, mode="fast"):
        if (self.data / "postmaster.pid").exists():
            with contextlib.suppress(Failure):
                self._run("pg_ctl", "-D", self.data, "-w", "-m", mode, "stop")

    def promote(self):
        """Makes a standby the primary."""
        self._run("pg_ctl", "-D", self.data, "-w", "promote")

    def kill(self):
        """Sends SIGKILL to the postmaster and all its child processes."""
        leader = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(leader, signal.SIGSTOP)  # so that it starts no more processes
        children = pathlib.Path(f"/proc/{leader}/task/{leader}/children").read_text().split()
        pids = [leader, *map(int, children)]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until(10, lambda: not any(map(_exists, pids)))
        # Without an init process that reaps orphans, the id in the file would still appear to be in use.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def url(self, database="postgres"):
        return f"postgres://postgres@{HOST}:{self.port}/{database}"

    def database(self, name):
        """Creates an empty database and returns its URL."""
        self.sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def sql(self, sql, database="postgres"):
        """Runs SQL and returns what psql prints."""
        done = subprocess.run(
            [str(self.bin / "psql"), self.url(database), "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql],
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        if done.returncode:
            raise Failure(f"psql: {done.stderr}")
        return done.stdout.strip()

    def session(self, database):
        """Starts a psql process that reads statements from its standard input."""
        session = subprocess.Popen(
            [str(self.bin / "psql"), self.url(database), "-XAtq"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        atexit.register(session.kill)
        return session


def _postgres_candidates():
    installed = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return [os.environ.get("PG_BIN", "/nonexistent"), *installed, *os.environ.get("PATH", "").split(":")]


def _exists(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def sqlite(name="hyperfleet.db"):
    """The URL of a new SQLite file."""
    return f"sqlite://{folder() / name}?mode=rwc"


def at_once(port, requests, seconds):
    """Sends all requests at the same time, each on its own connection, and waits up to `seconds` for the responses.

    Returns (request, first line of the response or None, complete response, seconds) for each.
    """
    waiting, done = selectors.DefaultSelector(), []
    connections = [socket.create_connection((HOST, port), timeout=5) for _ in requests]
    for connection, request in zip(connections, requests):
        connection.sendall(request)
        waiting.register(connection, selectors.EVENT_READ, (request, time.monotonic()))
    end = time.monotonic() + seconds
    while len(done) < len(requests) and time.monotonic() < end:
        for key, _ in waiting.select(0.1):
            request, sent = key.data
            try:
                answer = key.fileobj.recv(1 << 16)
            except OSError:
                answer = b""
            line = answer.split(b"\r\n")[0].decode() or None
            done.append((request, line, answer, time.monotonic() - sent))
            waiting.unregister(key.fileobj)
    for connection in connections:
        connection.close()
    return done


def get(path):
    """The bytes of a request."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()


def put(path, body):
    """The bytes of a request with a JSON body."""
    head = f"PUT {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Load:
    """Worker threads that call `work(client, "WORKER-ITERATION")` until stopped."""

    def __init__(self, server, workers, work):
        self.stopping = threading.Event()
        self.faults = []
        self.threads = [
            threading.Thread(target=self._run, args=(server, work, number), daemon=True)
            for number in range(workers)
        ]
        for thread in self.threads:
            thread.start()

    def _run(self, server, work, number):
        client, iteration = server.client(), 0
        try:
            while not self.stopping.is_set():
                if work(client, f"{number}-{iteration}") is False:
                    return
                iteration += 1
        except Exception as fault:  # noqa: BLE001 - a failed worker is a finding
            self.faults.append(repr(fault))
        finally:
            client.close()

    def stop(self, seconds=60):
        self.stopping.set()
        for thread in self.threads:
            thread.join(seconds)
        if any(thread.is_alive() for thread in self.threads):
            raise Failure("a worker does not stop")


def percentile(seconds, part):
    """The value below which the fraction `part` of the values lies."""
    values = sorted(seconds)
    return values[min(len(values) - 1, int(len(values) * part))] if values else float("nan")


def milliseconds(seconds):
    return f"{seconds * 1000:.1f} ms"


def quoted(text):
    return urllib.parse.quote(text, safe="")
