"""The results as a table."""

import pathlib
import re


def table(rows: list[dict], notes: list[str], arguments, machine: str) -> str:
    lines = [
        f"# With {arguments.fleet:,} clusters",
        "",
        f"`tests/bench/run --fleet {arguments.fleet} --seconds {arguments.seconds} "
        f"--connections {arguments.connections}` on {machine}. Load, service and database share the machine.",
        "",
        "`alone` is the rate of the same statements without the service: on PostgreSQL by pgbench with the same",
        "number of connections, on SQLite in a single-threaded loop. Each row is the median of several alternating",
        "rounds. CPU time is per request.",
        "",
        "| engine | path | rate | p50 | p99 | CPU service | CPU database | alone | ratio | target |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    if not rows:
        lines = lines[:4]
    for row in rows:
        ratio = row["rate"] / row["alone"]
        must = row["must"]
        verdict = "" if must is None else f"≥ {must} {'met' if ratio >= must else '**missed**'}"
        lines.append(
            f"| {row['engine']} | {row['path']} | {row['rate']:,.0f}/s | {row['p50']:.2f} ms | {row['p99']:.1f} ms "
            f"| {row['cpu']:.0f} µs | {row['database_cpu']:.0f} µs | {row['alone']:,.0f}/s | {ratio:.2f} | {verdict} |")
    lines += ["", "Single requests, one at a time:", "", "| engine | request | median | maximum |", "|---|---|---|---|", *notes, ""]
    return "\n".join(lines)


def keep(file: pathlib.Path, text: str) -> None:
    """Replaces the result with the same heading."""
    kept = re.split(r"^(?=# )", file.read_text() if file.exists() else "", flags=re.MULTILINE)
    heading = text.splitlines()[0]
    others = [part for part in kept if part and not part.startswith(heading + "\n")]
    file.write_text("\n".join(part.strip() + "\n" for part in [*others, text]))
