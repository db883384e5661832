"""The outcome as one table."""


def table(rows: list[dict], notes: list[str], arguments, machine: str) -> str:
    lines = [
        "# What the service costs",
        "",
        f"`tests/bench/run --fleet {arguments.fleet} --seconds {arguments.seconds} "
        f"--connections {arguments.connections}` on {machine}. Load, service and database share the machine.",
        "",
        "`alone` is the same statements without the service: by pgbench with as many connections on PostgreSQL,",
        "in a loop on one thread on SQLite. Each row is the median of several rounds in which the two ran in turn.",
        "CPU is per request, of the service and of the database.",
        "",
        "| engine | path | rate | p50 | p99 | CPU service | CPU database | alone | ratio | must |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        ratio = row["rate"] / row["alone"]
        must = row["must"]
        verdict = "" if must is None else f"≥ {must} {'holds' if ratio >= must else '**missed**'}"
        lines.append(
            f"| {row['engine']} | {row['path']} | {row['rate']:,.0f}/s | {row['p50']:.2f} ms | {row['p99']:.1f} ms "
            f"| {row['cpu']:.0f} µs | {row['database_cpu']:.0f} µs | {row['alone']:,.0f}/s | {ratio:.2f} | {verdict} |")
    lines += ["", "Single questions, one at a time:", "", "| engine | question | median | worst |", "|---|---|---|---|", *notes, ""]
    return "\n".join(lines)
