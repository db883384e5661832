"""The cost of following changes, part by part. Each part has a separate database and returns rows of a table: engine,
measure, value, target, and whether the target is met (None without a target).
"""

import contextlib
import http.client
import json
import statistics
import threading
import time
import types
import uuid

import paths
import seed
import servers
import streams

CLUSTERS = 100
# Clusters that are written to: enough that two requests seldom write to the same one.
FLEET = 2_000
# Seconds after which the caches and pools of a new server are stable.
SETTLES = 5
# Operations with their script of wrk and the maximum ratio of the database's CPU time.
OPERATIONS = {
    "report that moves only times": ("report.lua", 1.00),
    "report that says something new": ("report_news.lua", 1.30),
    "create": ("create.lua", 1.25),
    "PATCH of the spec": ("patch.lua", 1.25),
}


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms"


def percentile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else float("nan")


def ask(service: servers.Service, method: str, path: str, body=None) -> dict:
    connection = http.client.HTTPConnection(streams.HOST, service.port, timeout=60)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    connection.request(method, streams.API + path, None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.status >= 300:
        raise SystemExit(f"{method} {path}: {answer.status} {content[:300]!r}")
    return json.loads(content)


def clusters(service: servers.Service) -> list[str]:
    return [ask(service, "POST", "/clusters", {"name": f"bench-{n}", "spec": {}})["id"] for n in range(CLUSTERS)]


def report(reason: str) -> dict:
    conditions = [{"type": name, "status": "True", "reason": reason} for name in ("Available", "Applied", "Health")]
    return {"adapter": "dns", "observed_generation": 1, "conditions": conditions}


def now(service: servers.Service) -> str:
    """The position at the end of the log."""
    return ask(service, "GET", "/changes?since=now")["next"]


class Use:
    """The CPU usage of service and database since the creation of this object, as fractions of a core."""

    def __init__(self, service: servers.Service, database):
        self.service, self.database = service, database
        self.start, self.before = time.monotonic(), (service.cpu(), database.cpu())

    def parts(self) -> tuple[float, float]:
        elapsed = time.monotonic() - self.start
        return (self.service.cpu() - self.before[0]) / elapsed, (self.database.cpu() - self.before[1]) / elapsed


def latency(database, binary, given) -> list[tuple]:
    """Many followers of all changes, at a constant rate of changes."""
    seed.migrate(database.url, binary)
    with servers.Service(binary, database.url) as service:
        ids = clusters(service)
        followers = streams.Followers(service.port, given.watchers, f"/changes?since={now(service)}")
        writer = streams.Writer(service.port, ids, given.rate)
        time.sleep(2)
        steady, use, rss = time.monotonic(), Use(service, database), service.resident_mib()
        time.sleep(given.seconds)
        (cpu, database_cpu), rss = use.parts(), max(rss, service.resident_mib())
        written = writer.stop()
        time.sleep(1)
        followed = followers.stop()
    if written["refused"] or followed["ended"]:
        raise SystemExit(f"{written['refused']} reports were refused, {followed['ended']} streams have ended")
    after, whole = streams.latencies(followed, written, steady)
    sent = sum(at >= steady for at in written["sent"].values()) / given.seconds
    writing = [at - written["sent"][number] for number, at in written["answered"].items()]
    what = f"{given.watchers} watchers, {sent:,.0f} changes/s"
    p99 = percentile(after, 0.99)
    return [
        (database.kind, f"{what}: commit → client", f"p50 {milliseconds(percentile(after, 0.5))}, p99 {milliseconds(p99)}",
         "p99 ≤ 100 ms", p99 <= 0.1 and sent >= 0.95 * given.rate),
        (database.kind, f"{what}: request → client",
         f"p50 {milliseconds(percentile(whole, 0.5))}, p99 {milliseconds(percentile(whole, 0.99))}", "", None),
        (database.kind, f"{what}: request → answer",
         f"p50 {milliseconds(percentile(writing, 0.5))}, p99 {milliseconds(percentile(writing, 0.99))}", "", None),
        (database.kind, f"{what}: use of cores, RSS, data",
         f"service {cpu:.0%}, database {database_cpu:.0%}, {rss:.0f} MiB, {followed['bytes'] / 2**20 / (given.seconds + 3):,.0f} MiB/s",
         "", None),
    ]  # fmt: skip


def idle(database, binary, given) -> list[tuple]:
    """Thousands of followers that receive only bookmarks."""
    seed.migrate(database.url, binary)
    many = given.idle_watchers
    room = {"SERVER_MAX_CONNECTIONS": many + 100, "CHANGES_MAX_STREAMS": many + 100}
    with servers.Service(binary, database.url, **room) as service:
        position = now(service)
        time.sleep(SETTLES)
        before = service.resident_mib()
        followers = streams.Followers(service.port, many, f"/changes?since={position}")
        time.sleep(SETTLES)
        use = Use(service, database)
        time.sleep(given.seconds)
        (cpu, database_cpu), rss = use.parts(), service.resident_mib()
        followed = followers.stop()
    if followed["ended"]:
        raise SystemExit(f"{followed['ended']} streams have ended")
    each = (rss - before) * 1024 / many
    return [
        (database.kind, f"{many:,} idle watchers: RSS of each", f"{each:.1f} kB", "≤ 20 kB", each <= 20),
        (database.kind, f"{many:,} idle watchers: use of a core", f"service {cpu:.1%}, database {database_cpu:.1%}",
         "service ≤ 2 %", cpu <= 0.02),
    ]  # fmt: skip


def tail(database, binary, given) -> list[tuple]:
    """An idle server."""
    rows, engine = [], database.kind
    for what, program in [("", binary), *([(" before", given.before)] if given.before else [])]:
        own = database.another("tail" + what.strip()) if what else database
        seed.migrate(own.url, program)
        with servers.Service(program, own.url) as service:
            time.sleep(SETTLES)
            use = Use(service, own)
            time.sleep(given.seconds)
            cpu, database_cpu = use.parts()
        value = f"service {cpu:.2%}, database {database_cpu:.2%} of a core"
        target = ("", None) if what else ("≤ 0.5 % together", cpu + database_cpu <= 0.005)
        rows.append((engine, f"idle server{what}", value, *target))
    return rows


def fill(database, missed: int) -> None:
    """Repeats the existing changes until there are `missed` of them."""
    columns = "kind, resource_id, owner_id, change, changed_time, changed_by, document, before"
    copies = -(-missed // CLUSTERS)
    told = f"(SELECT {columns} FROM changes WHERE change = 'reported' ORDER BY seq LIMIT {CLUSTERS}) AS told"
    if database.kind == "SQLite":
        connection = database.connect()
        connection.execute("PRAGMA synchronous=OFF")
        counted = f"(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {copies}) SELECT i FROM n)"
        connection.execute(f"INSERT INTO changes ({columns}) SELECT {columns} FROM {counted} CROSS JOIN {told}")
        connection.close()
    else:
        database.sql("ALTER TABLE changes SET UNLOGGED")
        database.sql(f"INSERT INTO changes ({columns}) SELECT {columns} FROM generate_series(1, {copies}) CROSS JOIN {told}")
        database.sql("VACUUM ANALYZE changes")


def read(service: servers.Service, path: str, lines: int, seconds: float) -> tuple[int, float]:
    """Reads up to `lines` lines of a stream for at most `seconds`. Returns the number of lines and the duration."""
    connection = streams.opened(service.port)
    start, came, buffer = time.monotonic(), 0, bytearray(streams.PIECE)
    # Without chunked encoding, every line end is the end of an event.
    connection.sendall(streams.request("GET", path, {**streams.LINES, "Connection": "close"}).replace(b"HTTP/1.1", b"HTTP/1.0"))
    with contextlib.closing(connection):
        while came < lines and time.monotonic() - start < seconds:
            size = connection.recv_into(buffer)
            if size == 0:
                break
            came += buffer.count(b"}\n", 0, size)
        return came, time.monotonic() - start


def catchup(database, binary, given) -> list[tuple]:
    """One follower that has missed a large number of changes."""
    seed.migrate(database.url, binary)
    with servers.Service(binary, database.url) as service:
        ids, position = clusters(service), now(service)
        for number, cluster in enumerate(ids):
            ask(service, "PUT", f"/clusters/{cluster}/statuses", report(f"Nr{number}"))
    fill(database, given.missed)
    with servers.Service(binary, database.url) as service:
        now(service)
        before, use = service.resident_mib(), Use(service, database)
        with Peak(service) as peak:
            came, took = read(service, f"/changes?since={position}", given.missed, 120)
        (cpu, database_cpu), growth = use.parts(), peak.mib - before
    rate = came / took
    return [
        (database.kind, f"catching up on {came:,} changes", f"{rate:,.0f}/s", "≥ 20,000/s", rate >= 20_000),
        (database.kind, f"catching up on {came:,} changes: use of cores, RSS",
         f"service {cpu:.0%}, database {database_cpu:.0%}, grown by {growth:.0f} MiB", "", None),
    ]  # fmt: skip


def first_byte(service: servers.Service) -> float:
    connection = streams.opened(service.port)
    with contextlib.closing(connection):
        start, answer = time.monotonic(), b""
        connection.sendall(streams.request("GET", "/changes", streams.LINES))
        while b"\r\n\r\n" not in answer or answer.endswith(b"\r\n\r\n"):
            piece = connection.recv(1 << 16)
            if not piece:
                raise SystemExit(f"the stream has ended: {answer!r}")
            answer += piece
        return time.monotonic() - start


class Peak:
    """Records the maximum resident memory of the service while the context is active."""

    def __init__(self, service: servers.Service):
        self.service, self.mib, self.over = service, service.resident_mib(), threading.Event()

    def __enter__(self) -> "Peak":
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def _watch(self) -> None:
        while not self.over.wait(0.02):
            self.mib = max(self.mib, self.service.resident_mib())

    def __exit__(self, *_) -> None:
        self.over.set()
        self.thread.join()


def present(database, binary, given) -> list[tuple]:
    """The initial state of a large fleet."""
    (seed.sqlite if database.kind == "SQLite" else seed.postgres)(database, binary, given.fleet)
    with servers.Service(binary, database.url) as service:
        time.sleep(SETTLES)
        before = service.resident_mib()
        with Peak(service) as peak:
            came, took = read(service, "/changes?kind=Cluster", given.fleet, 120)
        firsts = [first_byte(service) for _ in range(20)]
    growth, first, fleet = peak.mib - before, statistics.median(firsts), f"present state of {given.fleet:,} clusters"
    return [
        (database.kind, f"{fleet}: first byte", f"median {milliseconds(first)}, maximum {milliseconds(max(firsts))}",
         "≤ 50 ms", first <= 0.05),
        (database.kind, f"{fleet}: growth of RSS", f"{growth:.0f} MiB", "≤ 32 MiB", growth <= 32),
        (database.kind, f"{fleet}: all of it", f"{came:,} in {took:.1f} s, {came / took:,.0f}/s", "", None),
    ]  # fmt: skip


def logged(database) -> int:
    return int(database.sql("SELECT last_value FROM changes_seq_seq"))


def report_on_each(bench: paths.Bench) -> None:
    """Reports once on each cluster of the seed: the first report changes conditions, later ones only update times."""
    for number in range(1, bench.arguments.fleet + 1):
        cluster = uuid.UUID(f"{seed.BASE + number:012x}70008000000000000000")
        ask(bench.service, "PUT", f"/clusters/{cluster}/statuses", report("AsExpected"))


def cost(database, binary, given) -> list[tuple]:
    """The CPU time of the database per operation, as a ratio to that with another binary."""
    before = database.another("before")
    for own, program in [(database, binary), (before, given.before)]:
        seed.postgres(own, program, FLEET)
    rows = []
    with servers.Service(binary, database.url) as service, servers.Service(given.before, before.url) as earlier:
        sizes = types.SimpleNamespace(fleet=FLEET, seconds=given.round_seconds, connections=16)
        sides = [paths.Bench(earlier, before, sizes), paths.Bench(service, database, sizes)]
        for bench in sides:
            report_on_each(bench)
        for what, (script, target) in OPERATIONS.items():
            start, requests, pairs = logged(database), 0, []
            for _ in range(given.rounds):
                one, other = (bench.load(script) for bench in sides)
                pairs.append((one["database_cpu"], other["database_cpu"]))
                requests += other["requests"]
            written = logged(database) - start
            if target == 1.00 and written:
                raise SystemExit(f"{what}: {written} of {requests} requests were logged")
            if target != 1.00 and written < requests:
                raise SystemExit(f"{what}: only {written} of {requests} requests were logged")
            ratio = statistics.median(after / before for before, after in pairs)
            old, new = (statistics.median(side) for side in zip(*pairs))
            rows.append((database.kind, f"{what}: CPU of the database", f"{old:.0f} → {new:.0f} µs, × {ratio:.2f}",
                         f"≤ {target:.2f}", ratio <= target))  # fmt: skip
    return rows


PARTS = {"latency": latency, "idle": idle, "catchup": catchup, "present": present, "tail": tail, "cost": cost}
