"""Comparison with another server with the same API, under the same load in alternating rounds."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import paths
import seed

HERE = pathlib.Path(__file__).parent
CLUSTERS = "/api/hyperfleet/v1/clusters"
LABELLED = "search=labels.tier%3D%27gold%27&size=20"
# Name, method, path below the clusters, and whether the body is a new cluster or a report.
PATHS = [
    ("GET by id", "GET", "/{id}", ""),
    ("list of 20, with total", "GET", "?size=20", ""),
    ("list of 100, with total", "GET", "?size=100", ""),
    ("page of 20 of a label on 1 %, with total", "GET", f"?{LABELLED}", ""),
    ("page of 20 in the middle, with total", "GET", "?size=20&page={middle}", ""),
    ("create", "POST", "", "cluster"),
    ("status report", "PUT", "/{id}/statuses", "report"),
]


class Server:
    """A server at a URL, and the ids of its clusters."""

    def __init__(self, url: str):
        self.url, self.ids = url.rstrip("/"), []

    def fill(self, fleet: int) -> None:
        """Creates the missing clusters of the fleet, and stores ids."""
        total = self.send("GET", "?size=1")["total"]
        for number in range(total, fleet):
            tier = "gold" if number % 100 == 3 else "bronze"
            self.send("POST", "", cluster(f"against-{time.time_ns()}", tier))
        for page in range(1, min(fleet, 10_000) // 100 + 1):
            self.ids += [item["id"] for item in self.send("GET", f"?size=100&page={page}")["items"]]

    def send(self, method: str, path: str, body: dict | None = None) -> dict:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + CLUSTERS + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {self.url}{path}: {error.code} {error.read()[:300]!r}") from error

    def load(self, method: str, path: str, kind: str, seconds: int, connections: int) -> dict:
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as ids:
            ids.write("\n".join(self.ids))
            ids.flush()
            environment = {**os.environ, "METHOD": method, "TARGET": CLUSTERS + path, "KIND": kind, "IDS": ids.name,
                           "SPEC": seed.spec(), "RUN": str(time.time_ns())}
            command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", HERE / "wrk/against.lua", self.url]
            run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        failed = re.search(r"Non-2xx or 3xx responses: (\d+)", run.stdout)
        timeouts = re.search(r"Socket errors: .*", run.stdout)
        if failed or timeouts:
            print(f"{self.url} {method} {path}: {failed[0] if failed else ''} {timeouts[0] if timeouts else ''}", flush=True)
        return {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", run.stdout)[1]), "p99": paths.milliseconds(run.stdout, "99%")}


def cluster(name: str, tier: str) -> dict:
    labels = {"tier": tier, "env": "production", "canary": "no"}
    return {"kind": "Cluster", "name": name, "labels": labels, "spec": json.loads(seed.spec())}


def compare(ours: Server, other: Server, arguments) -> list[dict]:
    for server in (ours, other):
        server.fill(arguments.fleet)
    rows = []
    for name, method, path, kind in PATHS:
        path = path.replace("{middle}", str(arguments.fleet // 40))
        rounds = []
        for _ in range(arguments.rounds):
            mine, theirs = (server.load(method, path, kind, arguments.seconds, arguments.connections) for server in (ours, other))
            rounds.append({"path": name, **mine, "other_rate": theirs["rate"], "other_p99": theirs["p99"]})
        rounds.sort(key=lambda row: row["rate"] / row["other_rate"])
        rows.append(rounds[len(rounds) // 2])
    return rows
