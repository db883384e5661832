"""The fleet: clusters with three labels, five conditions, three adapter reports and documents of 1.5 KB.

Cluster n was created at millisecond BASE + n, which is also the time in its id, so that the load generator can compute
ids. Label values are skewed: 1 % of the clusters have `tier=gold`, and 0.001 %, but at least one, have `canary=yes`.
1 % of the clusters are not reconciled.
"""

import json
import pathlib
import sqlite3
import subprocess
from datetime import datetime, timedelta, timezone

import servers

BASE = 1_760_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# The columns that the bench fills. Other columns keep their defaults.
COLUMNS = ("id, name, generation, revision, spec, labels, phase, observed_generation, status_updated_time, "
           "status_transition_time, conditions, adapters, reconciled, reconciled_updated_time, "
           "reconciled_bucket, created_time, updated_time, deleted_time, created_by, updated_by, deleted_by")
ADAPTERS = ["dns", "hypershift", "validation"]


def migrate(url: str, binary: pathlib.Path) -> None:
    subprocess.run([binary, "migrate", "up", "--database-url", url], check=True, stdout=subprocess.DEVNULL)


def spec() -> str:
    nodes = [{"pool": f"pool-{i}", "machine": "m5.2xlarge", "zone": f"us-east-1{i}", "replicas": i} for i in range(6)]
    return json.dumps({"region": "us-east-1", "version": "4.16.3", "nodes": 5, "network": {"cidr": "10.0.0.0/16"},
                       "pools": nodes}, separators=(",", ":"))


def condition(name: str, status: str, reason: str) -> dict:
    at = "2026-01-01T00:00:00.000000Z"
    return {"type": name, "status": status, "reason": reason, "message": "Reported by the bench for this cluster",
            "observed_generation": 1, "created_time": at, "last_updated_time": at, "last_transition_time": at}


def conditions(reconciled: bool) -> str:
    status = "True" if reconciled else "False"
    names = ["Reconciled", "LastKnownReconciled", *(f"{a.capitalize()}Successful" for a in ADAPTERS)]
    return json.dumps([condition(name, status, "AsExpected") for name in names], separators=(",", ":"))


def adapters() -> str:
    at = "2026-01-01T00:00:00.000000Z"
    return json.dumps([{"adapter": a, "observed_generation": 1, "available": "True", "health": "True",
                        "last_report_time": at} for a in ADAPTERS], separators=(",", ":"))


def reported(adapter: str) -> str:
    at = "2026-01-01T00:00:00.000000Z"
    return json.dumps([{"type": t, "status": "True", "reason": "AsExpected", "adapter": adapter,
                        "observed_generation": 1, "created_at": at, "updated_at": at, "last_transition_time": at}
                       for t in ("Available", "Applied", "Health")], separators=(",", ":"))


def postgres(server: servers.Postgres, binary: pathlib.Path, fleet: int) -> None:
    migrate(server.url, binary)
    rare = max(fleet // 100_000, 1)
    server.sql(f"""
        SET synchronous_commit = off;
        CREATE TEMP TABLE fleet AS
        SELECT n, ('0' || to_hex({BASE} + n) || '70008000000000000000')::uuid AS id,
               to_timestamp(({BASE} + n) / 1000.0) AS made, n % 100 <> 7 AS reconciled,
               CASE WHEN n % 100 = 3 THEN 'gold' WHEN n % 10 = 4 THEN 'silver' ELSE 'bronze' END AS tier,
               CASE WHEN n <= {rare} THEN 'yes' ELSE 'no' END AS canary
        FROM generate_series(1, {fleet}) AS n;
        INSERT INTO clusters ({COLUMNS})
        SELECT id, 'cluster-' || n, 1, 1, $spec${spec()}$spec$,
               format('{{"tier":"%s","canary":"%s","env":"production"}}', tier, canary),
               CASE WHEN reconciled THEN 'Ready' ELSE 'NotReady' END, 1, made, made,
               CASE WHEN reconciled THEN $c${conditions(True)}$c$ ELSE $c${conditions(False)}$c$ END,
               $a${adapters()}$a$, reconciled, made, floor(extract(epoch FROM made) / 600)::bigint,
               made, made, NULL, 'bench@example.com', 'bench@example.com', NULL
        FROM fleet ORDER BY n;
        INSERT INTO labels (owner_id, owner_type, key, value)
        SELECT id, 'Cluster', key, value FROM fleet,
               LATERAL (VALUES ('tier', tier), ('canary', canary), ('env', 'production')) AS label (key, value);
        {"".join(f'''INSERT INTO adapter_statuses (owner_id, owner_type, adapter, observed_generation, conditions,
                         data, created_time, last_report_time)
                     SELECT id, 'Cluster', '{a}', 1, $r${reported(a)}$r$, '{{}}', made, made FROM fleet;'''
                 for a in ADAPTERS)}
        VACUUM ANALYZE;
    """.replace("VACUUM ANALYZE;", ""))
    server.sql("VACUUM ANALYZE")


def sqlite(database: servers.SqliteFile, binary: pathlib.Path, fleet: int) -> None:
    migrate(database.url, binary)
    connection = sqlite3.connect(database.path, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("BEGIN")
    rare = max(fleet // 100_000, 1)
    marks = ",".join("?" * 20)
    for n in range(1, fleet + 1):
        made = (EPOCH + timedelta(milliseconds=BASE + n)).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
        identity = bytes.fromhex(f"{BASE + n:012x}70008000000000000000")
        good = n % 100 != 7
        labels = {"tier": "gold" if n % 100 == 3 else "silver" if n % 10 == 4 else "bronze",
                  "canary": "yes" if n <= rare else "no", "env": "production"}
        connection.execute(
            f"INSERT INTO clusters ({COLUMNS}) VALUES ({marks}, ?)",
            (identity, f"cluster-{n}", 1, 1, spec(), json.dumps(labels, separators=(",", ":")),
             "Ready" if good else "NotReady", 1, made, made, conditions(good), adapters(), good, made,
             (BASE + n) // 600_000, made, made, None, "bench@example.com", "bench@example.com", None))
        connection.executemany("INSERT INTO labels (owner_id, owner_type, key, value) VALUES (?, 'Cluster', ?, ?)",
                               [(identity, key, value) for key, value in labels.items()])
        connection.executemany(
            "INSERT INTO adapter_statuses (owner_id, owner_type, adapter, observed_generation, conditions, data,"
            " created_time, last_report_time) VALUES (?, 'Cluster', ?, 1, ?, '{}', ?, ?)",
            [(identity, adapter, reported(adapter), made, made) for adapter in ADAPTERS])
    connection.execute("COMMIT")
    connection.execute("ANALYZE")
    connection.close()
