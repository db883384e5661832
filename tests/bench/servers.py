"""The measured servers. Each stops the processes that it started."""

import copy
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time

import machine


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Postgres:
    """A separate PostgreSQL server, with default durability."""

    kind = "PostgreSQL"

    def __enter__(self) -> "Postgres":
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hyperfleet-bench-"))
        self.folder.chmod(0o777)
        self.port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self.port}/postgres"
        binaries, data = machine.postgres_binaries(), self.folder / "data"
        self._as_server(f"{binaries}/initdb -D {data} -U postgres -A trust -E UTF8 --no-sync")
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} "
            "-c shared_buffers=1GB -c max_wal_size=4GB -c max_connections=200"
        )
        self._as_server(f"{binaries}/pg_ctl -D {data} -l {self.folder}/log -w -o '{options}' start")
        self.pid = int((data / "postmaster.pid").read_text().split()[0])
        return self

    def __exit__(self, *_) -> None:
        self._as_server(f"{machine.postgres_binaries()}/pg_ctl -D {self.folder}/data -m immediate stop", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _as_server(self, command: str, check: bool = True) -> None:
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        subprocess.run([*user, "sh", "-c", command], check=check, stdout=subprocess.DEVNULL, cwd="/")

    def sql(self, text: str) -> str:
        command = [machine.postgres_binaries() / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.url]
        return subprocess.run(command, input=text, text=True, check=True, capture_output=True).stdout

    def cpu(self) -> float:
        return machine.cpu_seconds([self.pid, *machine.children(self.pid)])

    def another(self, name: str) -> "Postgres":
        """The same server with another, new database."""
        self.sql(f"CREATE DATABASE {name}")
        other = copy.copy(self)
        other.url = self.url.rsplit("/", 1)[0] + f"/{name}"
        return other


class SqliteFile:
    """A SQLite database in a temporary directory."""

    kind = "SQLite"

    def __enter__(self) -> "SqliteFile":
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hyperfleet-bench-"))
        self.path = self.folder / "fleet.db"
        self.url = f"sqlite://{self.path}?mode=rwc"
        return self

    def __exit__(self, *_) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def another(self, name: str) -> "SqliteFile":
        """Another database in the same directory."""
        other = copy.copy(self)
        other.path = self.folder / f"{name}.db"
        other.url = f"sqlite://{other.path}?mode=rwc"
        return other

    def connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def cpu(self) -> float:
        return 0.0


class Service:
    """The service, on free ports. Settings are named by their environment variables without the prefix."""

    def __init__(self, binary: pathlib.Path, database_url: str, **settings: int):
        self.binary, self.database_url = binary, database_url
        self.settings = {f"HYPERFLEET_{name}": str(value) for name, value in settings.items()}

    def __enter__(self) -> "Service":
        self.port, health, self.metrics = free_port(), free_port(), free_port()
        environment = {
            **os.environ,
            "HYPERFLEET_SERVER_HOST": "127.0.0.1",
            "HYPERFLEET_SERVER_PORT": str(self.port),
            "HYPERFLEET_HEALTH_PORT": str(health),
            "HYPERFLEET_METRICS_PORT": str(self.metrics),
            "HYPERFLEET_DATABASE_URL": self.database_url,
            "HYPERFLEET_LOGGING_LEVEL": "warn",
            "HYPERFLEET_LOGGING_FORMAT": "json",
            **self.settings,
        }
        started = time.monotonic()
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([self.binary, "serve"], env=environment, stdout=self.log)
        self._wait_until_ready(health)
        self.start_to_ready = time.monotonic() - started
        self.idle_mib = machine.resident_mib(self.process.pid)
        return self

    def __exit__(self, *_) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)

    def _wait_until_ready(self, port: int) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                time.sleep(0.002)
        raise SystemExit("the service does not become ready")

    def causes(self) -> list[tuple[str, str]]:
        """The time and cause of each failure that the service has logged."""
        self.log.seek(0)
        lines = map(json.loads, self.log)
        return [(line["timestamp"], line["cause"]) for line in lines if "cause" in line]

    def answered(self, *methods: str) -> int:
        """The number of successful requests with these methods so far."""
        connection = http.client.HTTPConnection("127.0.0.1", self.metrics, timeout=5)
        connection.request("GET", "/metrics")
        series = connection.getresponse().read().decode().splitlines()
        wanted = [f'method="{method}"' for method in methods]
        total = 0
        for line in series:
            if line.startswith("hyperfleet_api_requests_total{") and 'code="2' in line and any(w in line for w in wanted):
                total += int(float(line.rsplit(" ", 1)[1]))
        return total

    def cpu(self) -> float:
        return machine.cpu_seconds([self.process.pid])

    def resident_mib(self) -> float:
        return machine.resident_mib(self.process.pid)
