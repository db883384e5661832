"""Measures how the cost of a poll, which an unmodified Sentinel sends every few seconds, grows with the fleet."""

import http.client
import json
import multiprocessing
import re
import time
import urllib.parse

import seed

CLUSTERS = "/api/hyperfleet/v1/clusters"
# Creates and reports per second during a poll, and the number of connections that send reports.
CREATES, REPORTS, REPORTERS = 50, 500, 4
REPORT = {"adapter": "dns", "observed_generation": 1,
          "conditions": [{"type": name, "status": "True", "reason": "AsExpected"} for name in ("Available", "Applied", "Health")]}


class Poll:
    """A Sentinel on one connection: a probe, then all pages by a label that all clusters have, with the total of each."""

    def __init__(self, port: int, size: int):
        self.connection, self.size = http.client.HTTPConnection("127.0.0.1", port, timeout=60), size
        self.clusters = 0

    def run(self) -> float:
        """Runs one poll and returns its duration in seconds."""
        started = time.monotonic()
        self.get({"search": "labels.non_existing_label='value'", "size": 1})
        self.clusters, page = 0, 1
        while True:
            body = self.get({"search": "labels.env='production'", "size": self.size, "page": page})
            self.clusters += body.count(b'"kind":"Cluster"')
            if page * self.size >= int(re.search(rb'"total":(\d+)', body)[1]):
                return time.monotonic() - started
            page += 1

    def get(self, parameters: dict) -> bytes:
        self.connection.request("GET", f"{CLUSTERS}?{urllib.parse.urlencode(parameters)}")
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"{parameters}: {response.status} {body[:300]!r}")
        return body


class Changes:
    """Sends creates and reports at a constant rate from separate processes, while the context is active."""

    def __init__(self, port: int, fleet: int):
        self.stop, self.done = multiprocessing.Event(), multiprocessing.Array("q", 1 + REPORTERS)
        parts = [(0, CREATES, self.create)]
        parts += [(index, REPORTS // REPORTERS, self.report) for index in range(1, 1 + REPORTERS)]
        self.port, self.fleet = port, fleet
        self.processes = [multiprocessing.Process(target=self.work, args=part, daemon=True) for part in parts]

    def __enter__(self) -> "Changes":
        self.started = time.monotonic()
        for process in self.processes:
            process.start()
        return self

    def __exit__(self, *_) -> None:
        self.elapsed = time.monotonic() - self.started
        self.stop.set()
        for process in self.processes:
            process.join()

    def rates(self) -> tuple[float, float]:
        """Creates and reports per second."""
        return self.done[0] / self.elapsed, sum(self.done[1:]) / self.elapsed

    def work(self, index: int, rate: int, send) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        started, number = time.monotonic(), 0
        while not self.stop.is_set():
            ahead = number / rate - (time.monotonic() - started)
            if ahead > 0:
                time.sleep(ahead)
            method, path, body = send(number * (1 + REPORTERS) + index)
            connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read()
            if response.status not in (201, 204):
                raise SystemExit(f"{method} {path}: {response.status} {text[:300]!r}")
            number += 1
            self.done[index] = number

    def create(self, number: int) -> tuple[str, str, dict]:
        name = f"g-{time.time_ns()}-{number}"
        labels = {"tier": "bronze", "env": "production", "canary": "no"}
        return "POST", CLUSTERS, {"kind": "Cluster", "name": name, "labels": labels, "spec": json.loads(seed.spec())}

    def report(self, number: int) -> tuple[str, str, dict]:
        # Every second report on a cluster changes the status of its conditions.
        changed = "True" if number // self.fleet % 2 else "False"
        conditions = [{**condition, "status": changed} for condition in REPORT["conditions"]]
        ms = seed.BASE + 1 + number * 7919 % self.fleet
        identity = f"{ms >> 16:08x}-{ms & 0xffff:04x}-7000-8000-000000000000"
        return "PUT", f"{CLUSTERS}/{identity}/statuses", {**REPORT, "conditions": conditions}


def measure(kind: str, service, fleet: int, seconds: float = 20.0) -> list[str]:
    """Lines of the table for one fleet."""
    lines = []
    for size in (20, 500):
        poll = Poll(service.port, size)
        first = poll.run()
        rest = [poll.run()]
        while len(rest) < 5 and sum(rest) < seconds:
            rest.append(poll.run())
        with Changes(service.port, fleet) as changes:
            changing = [poll.run()]
            while sum(changing) < min(seconds, 5.0):
                changing.append(poll.run())
        creates, reports = changes.rates()
        last = changing[-1]
        lines.append(
            f"| {kind} | {fleet:,} | {size} | {first / fleet * 1e6:.0f} µs | {min(rest) / fleet * 1e6:.0f} µs "
            f"| {last / poll.clusters * 1e6:.0f} µs | {last:.2f} s | {creates:.0f}/s, {reports:.0f}/s |")
        print(lines[-1], flush=True)
    return lines
