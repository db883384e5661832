"""The measured paths through the service, and the same statements without it."""

import http.client
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import time
import urllib.parse

import machine
import seed
import servers

HERE = pathlib.Path(__file__).parent
COLUMNS = seed.COLUMNS
LABELLED = "SELECT owner_id FROM labels WHERE owner_type = 'Cluster' AND key = 'tier' AND value = 'gold'"
LABEL_PAGE = f"SELECT {COLUMNS} FROM clusters WHERE id IN ({LABELLED}) ORDER BY id DESC LIMIT 21"
LABEL_TOTAL = f"SELECT count(*) FROM ({LABELLED}) AS labelled"
PAGE = f"SELECT {COLUMNS} FROM clusters ORDER BY id DESC LIMIT 101 OFFSET 0"
TOTAL = "SELECT kind, shard, count FROM resource_counts WHERE kind = 'Cluster'"
ID = "('0' || to_hex(CAST(:i AS bigint)) || '70008000000000000000')::uuid"
# The ten-minute bucket of the time that the loop without a server writes.
BUCKET = 1_767_225_600 // 600
PICK = "\\set i random({base} + 1, {base} + :fleet)\n"
NEW_ROW = (f"INSERT INTO clusters ({COLUMNS}) VALUES (gen_random_uuid(), 'pgbench-' || random(), 1, 1, '@spec@', "
           "'{\"tier\":\"bronze\",\"env\":\"production\",\"canary\":\"no\"}', 'NotReady', 0, now(), now(), "
           "'@conditions@', '[]', false, now(), floor(extract(epoch FROM now()) / 600)::bigint, now(), now(), NULL, "
           "'bench', 'bench', NULL) RETURNING id")
NEW_LABELS = ("INSERT INTO labels (owner_id, owner_type, key, value) SELECT made.id, 'Cluster', "
              "unnest(ARRAY['tier', 'env', 'canary']), unnest(ARRAY['bronze', 'production', 'no']) FROM made")
UPSERT = ("INSERT INTO adapter_statuses (owner_id, owner_type, adapter, observed_generation, conditions, data, "
          "created_time, last_report_time) VALUES ({id}, 'Cluster', 'dns', 1, '{reported}', '{{}}', now(), now()) "
          "ON CONFLICT (owner_id, adapter) DO UPDATE SET observed_generation = excluded.observed_generation, "
          "conditions = excluded.conditions, data = excluded.data, last_report_time = excluded.last_report_time")
MOVE = ("UPDATE clusters SET revision = revision + 1, phase = 'Ready', observed_generation = 1, "
        "status_updated_time = now(), status_transition_time = now(), conditions = '{conditions}', "
        "adapters = '{adapters}', reconciled = true, reconciled_updated_time = now(), "
        "reconciled_bucket = floor(extract(epoch FROM now()) / 600)::bigint WHERE id = {id}")


def pgbench_scripts() -> dict[str, str]:
    pick = PICK.format(base=seed.BASE)
    row = NEW_ROW.replace("@spec@", seed.spec()).replace("@conditions@", seed.conditions(False))
    upsert = UPSERT.format(id=ID, reported=seed.reported("dns"))
    move = MOVE.replace("{conditions}", seed.conditions(True)).replace("{adapters}", seed.adapters()).replace("{id}", ID)
    return {
        "GET by id": f"{pick}SELECT {COLUMNS} FROM clusters WHERE id = {ID};\n",
        "list of 100, no total": f"{PAGE};\n",
        "list of 100, with total": f"{TOTAL};\n{PAGE};\n",
        "page of 20 of a label, with total": f"{LABEL_TOTAL};\n{LABEL_PAGE};\n",
        "create": f"WITH made AS ({row}) {NEW_LABELS};\n",
        "status report": f"{pick}BEGIN;\nSELECT {COLUMNS} FROM clusters WHERE id = {ID} FOR UPDATE;\n{upsert};\n{move};\nCOMMIT;\n",
    }


# The script of wrk, and the targets on PostgreSQL and on SQLite: a ratio to the database alone, or requests per second.
WRK = {
    "GET by id": ("get.lua", "1.0", "25,000/s"),
    "list of 100, no total": ("list.lua", "0.85", "2,000/s"),
    "list of 100, with total": ("list_total.lua", "0.85", "2,000/s"),
    "page of 20 of a label, with total": ("label.lua", "4,000/s", ""),
    "create": ("create.lua", "0.85", "3,900/s"),
    "status report": ("report.lua", "1.0", "4,000/s"),
}
# The target of a single request in milliseconds, by the prefix of its name; the first match applies. Orders without an
# index have no target: the document states that they read all rows.
TARGETS = [("order by generation", None), ("order by created_by", None), ("order", 50), ("first page", 50), ("page", 50), ("", 30)]


class Bench:
    """One run against one engine."""

    def __init__(self, service: servers.Service, database, arguments):
        self.service, self.database, self.arguments = service, database, arguments
        self.peak_mib = 0.0

    def against_pgbench(self) -> list[dict]:
        scripts = pgbench_scripts()
        rows = []
        for path, (_, must, _) in WRK.items():
            # Several alternating rounds, since the speed of a shared machine varies.
            rounds = [self.wrk(path) | {"alone": self.pgbench(scripts[path])} for _ in range(self.arguments.rounds)]
            rounds.sort(key=lambda row: row["rate"] / row["alone"])
            rows.append(rounds[len(rounds) // 2] | {"engine": "PostgreSQL", "target": must})
        return rows

    def against_a_loop(self) -> list[dict]:
        rows = []
        for path, (_, _, must) in WRK.items():
            rows.append(self.wrk(path) | {"engine": "SQLite", "alone": self.loop(path), "target": must})
        return rows

    def wrk(self, path: str) -> dict:
        return {"path": path, **self.load(WRK[path][0])}

    def load(self, name: str) -> dict:
        """Runs a script of wrk for a second to warm up, then measures it. Every request must succeed."""
        script, seconds = HERE / "wrk" / name, self.arguments.seconds
        environment = {**os.environ, "FLEET": str(self.arguments.fleet), "BASE": str(seed.BASE),
                       "SPEC": seed.spec(), "RUN": str(time.time_ns())}
        command = ["wrk", "-t1", f"-c{self.arguments.connections}", "--latency", "-s", str(script)]
        url = f"http://127.0.0.1:{self.service.port}"
        subprocess.run([*command, "-d1s", url], env={**environment, "RUN": str(time.time_ns())}, capture_output=True)
        before, database_before = self.service.cpu(), self.database.cpu()
        run = subprocess.run([*command, f"-d{seconds}s", url], env=environment, capture_output=True, text=True, check=True)
        used, database_used = self.service.cpu() - before, self.database.cpu() - database_before
        self.peak_mib = max(self.peak_mib, self.service.resident_mib())
        if re.search(r"Non-2xx|Socket errors", run.stdout):
            causes = "\n".join(f"{when} {cause}" for when, cause in self.service.causes()[-20:])
            raise SystemExit(f"{name}: not every request succeeded\n{run.stdout}\n{causes}")
        requests = int(re.search(r"(\d+) requests in", run.stdout)[1])
        return {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", run.stdout)[1]), "requests": requests,
                "p50": milliseconds(run.stdout, "50%"), "p99": milliseconds(run.stdout, "99%"),
                "cpu": used / requests * 1e6, "database_cpu": database_used / requests * 1e6}

    def pgbench(self, script: str) -> float:
        file = self.database.folder / "script.sql"
        file.write_text(script)
        command = [machine.pgbench(), "-n", "-M", "prepared", "-c", str(self.arguments.connections), "-j", "1",
                   "-T", str(self.arguments.seconds), "-D", f"fleet={self.arguments.fleet}", "-f", file, self.database.url]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode != 0:
            raise SystemExit(f"pgbench: {run.stderr}\n{script}")
        return float(re.search(r"tps = ([\d.]+) \(without", run.stdout)[1])

    def loop(self, path: str) -> float:
        """Runs the same statements in one thread, without a server."""
        connection, done = self.database.connect(), 0
        deadline = time.monotonic() + self.arguments.seconds
        while time.monotonic() < deadline:
            identity = bytes.fromhex(f"{seed.BASE + random.randint(1, self.arguments.fleet):012x}70008000000000000000")
            if path == "GET by id":
                connection.execute(f"SELECT {COLUMNS} FROM clusters WHERE id = ?", (identity,)).fetchone()
            elif path.startswith("page"):
                connection.execute(LABEL_TOTAL).fetchall()
                connection.execute(LABEL_PAGE).fetchall()
            elif path.startswith("list"):
                if path.endswith("with total"):
                    connection.execute(TOTAL).fetchall()
                connection.execute(PAGE).fetchall()
            elif path == "create":
                self._create_alone(connection, done)
            else:
                self._report_alone(connection, identity)
            done += 1
        return done / self.arguments.seconds

    def _create_alone(self, connection, number: int) -> None:
        identity, now = os.urandom(16), "2026-01-01T00:00:00+00:00"
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            f"INSERT INTO clusters ({COLUMNS}) VALUES ({','.join('?' * 21)})",
            (identity, f"loop-{time.time_ns()}-{number}", 1, 1, seed.spec(), "{}", "NotReady", 0, now, now,
             seed.conditions(False), "[]", False, now, BUCKET, now, now, None, "bench", "bench", None))
        connection.executemany("INSERT INTO labels (owner_id, owner_type, key, value) VALUES (?, 'Cluster', ?, 'x')",
                               [(identity, key) for key in ("tier", "env", "canary")])
        connection.execute("COMMIT")

    def _report_alone(self, connection, identity: bytes) -> None:
        now = "2026-01-01T00:00:00+00:00"
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"SELECT {COLUMNS} FROM clusters WHERE id = ?", (identity,)).fetchone()
        connection.execute(
            "INSERT INTO adapter_statuses (owner_id, owner_type, adapter, observed_generation, conditions, data,"
            " created_time, last_report_time) VALUES (?, 'Cluster', 'dns', 1, ?, '{}', ?, ?)"
            " ON CONFLICT (owner_id, adapter) DO UPDATE SET conditions = excluded.conditions,"
            " last_report_time = excluded.last_report_time", (identity, seed.reported("dns"), now, now))
        connection.execute("UPDATE clusters SET revision = revision + 1, conditions = ?, adapters = ?,"
                           " reconciled_updated_time = ? WHERE id = ?",
                           (seed.conditions(True), seed.adapters(), now, identity))
        connection.execute("COMMIT")

    def questions(self) -> list[str]:
        """Sends single requests, one at a time. Returns the median and the maximum of their times."""
        middle = self.ask({"size": 100, "page": max(self.arguments.fleet // 200, 1), "total": "false"})[0].get("next")
        asked = {
            "first page of 100, no total": {"size": 100, "total": "false"},
            "page of 100 by cursor, in the middle": {"size": 100, "total": "false", "cursor": middle},
            "one item with the exact total": {"size": 1},
            "not reconciled, 500 a page": {"size": 500, "total": "false", "search": "status.conditions.Reconciled='False'"},
            "not reconciled, 500 a page, with total": {"size": 500, "search": "status.conditions.Reconciled='False'"},
            "reconciled before a time (none), 500 a page": {
                "size": 500, "total": "false",
                "search": "status.conditions.Reconciled='True' and "
                          "status.conditions.Reconciled.last_updated_time < '2020-01-01T00:00:00Z'"},
            "label on 1 %, page of 100": {"size": 100, "total": "false", "search": "labels.tier='gold'"},
            "label on 0.001 %, page of 100": {"size": 100, "total": "false", "search": "labels.canary='yes'"},
            "two labels (Sentinel), page of 500": {
                "size": 500, "total": "false", "search": "labels.tier='gold' and labels.env='production'"},
            "label on all, 20 a page, with total": {"size": 20, "search": "labels.env='production'"},
            "label on all, 500 a page, with total": {"size": 500, "search": "labels.env='production'"},
            "reconciled (99 %), 500 a page, with total": {
                "size": 500, "search": "status.conditions.Reconciled='True'"},
            "phase (99 %) and label, 100 a page, with total": {
                "size": 100, "search": "status.phase='Ready' and labels.tier='bronze'"},
            "by name": {"search": "name='cluster-77'"},
            "order by name, page of 100": {"size": 100, "total": "false", "order": "name"},
            **{f"order by {field}, page of 100": {"size": 100, "total": "false", "order": field}
               for field in ("updated_time", "generation", "status.phase", "created_by")},
            "phase, page of 100": {"size": 100, "total": "false", "search": "status.phase='NotReady'"},
        }
        notes = []
        for name, parameters in asked.items():
            times = [self.ask(parameters)[1] for _ in range(12)][2:]
            median = statistics.median(times) * 1e3
            target = next(target for start, target in TARGETS if name.startswith(start))
            verdict = "" if target is None else f"≤ {target} ms {'met' if median <= target else '**missed**'}"
            notes.append(f"| {self.database.kind} | {name} | {median:.1f} ms | {max(times) * 1e3:.1f} ms | {verdict} |")
        return notes + [self.sentinel(20), self.sentinel(500)]

    def sentinel(self, size: int) -> str:
        """The requests of a Sentinel: a probe, then all pages by a label that all clusters have."""
        started = time.monotonic()
        self.ask({"search": "labels.non_existing_label='value'", "size": 1})
        seen, page = set(), 1
        while True:
            answer, _ = self.ask({"search": "labels.env='production'", "size": size, "page": page})
            seen.update(item["id"] for item in answer["items"])
            if page * size >= answer["total"] or page == 200:
                break
            page += 1
        elapsed = time.monotonic() - started
        return f"| {self.database.kind} | a Sentinel's {page} pages of {size}, {len(seen):,} clusters in all | {elapsed:.2f} s | | |"

    def ask(self, parameters: dict) -> tuple[dict, float]:
        given = {name: value for name, value in parameters.items() if value is not None}
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=60)
        started = time.monotonic()
        connection.request("GET", "/api/hyperfleet/v1/clusters?" + urllib.parse.urlencode(given))
        response = connection.getresponse()
        body = response.read()
        elapsed = time.monotonic() - started
        if response.status != 200:
            raise SystemExit(f"{parameters}: {response.status} {body[:300]!r}")
        return json.loads(body), elapsed

    def footprint(self) -> list[str]:
        kind, service = self.database.kind, self.service
        peak = max(self.peak_mib, service.resident_mib())
        return [f"| {kind} | start to ready | {service.start_to_ready * 1e3:.0f} ms | | |",
                f"| {kind} | resident, idle | {service.idle_mib:.0f} MiB | | |",
                f"| {kind} | resident, highest | {peak:.0f} MiB | | |"]


def milliseconds(text: str, quantile: str) -> float:
    number, unit = re.search(rf"{quantile}\s+([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]
