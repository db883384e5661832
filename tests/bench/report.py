"""The outcome as one table."""

import pathlib
import re


def table(rows: list[dict], notes: list[str], arguments, machine: str) -> str:
    lines = [
        f"# With {arguments.fleet:,} clusters",
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
    if not rows:
        lines = lines[:4]
    for row in rows:
        ratio = row["rate"] / row["alone"]
        must = row["must"]
        verdict = "" if must is None else f"≥ {must} {'holds' if ratio >= must else '**missed**'}"
        lines.append(
            f"| {row['engine']} | {row['path']} | {row['rate']:,.0f}/s | {row['p50']:.2f} ms | {row['p99']:.1f} ms "
            f"| {row['cpu']:.0f} µs | {row['database_cpu']:.0f} µs | {row['alone']:,.0f}/s | {ratio:.2f} | {verdict} |")
    lines += ["", "Single questions, one at a time:", "", "| engine | question | median | worst |", "|---|---|---|---|", *notes, ""]
    return "\n".join(lines)


def keep(file: pathlib.Path, text: str) -> None:
    """Puts the outcome in the place of the one for a fleet of the same size."""
    kept = re.split(r"^(?=# )", file.read_text() if file.exists() else "", flags=re.MULTILINE)
    heading = text.splitlines()[0]
    others = [part for part in kept if part and not part.startswith(heading + "\n")]
    file.write_text("\n".join(part.strip() + "\n" for part in [*others, text]))
