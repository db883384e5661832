"""Formats the results as tables."""

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
        ratio, target = row["rate"] / row["alone"], row["target"]
        reached = row["rate"] if target.endswith("/s") else ratio
        met = target and reached >= float(target.removesuffix("/s").replace(",", ""))
        verdict = target and f"≥ {target} {'met' if met else '**missed**'}"
        lines.append(
            f"| {row['engine']} | {row['path']} | {row['rate']:,.0f}/s | {row['p50']:.2f} ms | {row['p99']:.1f} ms "
            f"| {row['cpu']:.0f} µs | {row['database_cpu']:.0f} µs | {row['alone']:,.0f}/s | {ratio:.2f} | {verdict} |")
    lines += ["", "Single requests, one at a time:", "", "| engine | request | median | maximum | target |", "|---|---|---|---|---|", *notes, ""]
    return "\n".join(lines)


def growth(lines: list[str], arguments, machine: str) -> str:
    command = "tests/bench/run --growth" + (" --million" if arguments.million else "")
    return "\n".join([
        "# How a poll grows with the fleet",
        "",
        f"`{command}` on {machine}. One Sentinel reads all clusters by a label that all have, with the total on each page,",
        "on one connection. `first` includes the counting; `changing` is the last poll while the creates and reports of the",
        "last column go on. Time per cluster; the load generator shares the machine.",
        "",
        "| engine | clusters | a page | first | at rest | changing | whole poll, changing | changes |",
        "|---|---|---|---|---|---|---|---|", *lines, ""])


def against(rows: list[dict], arguments, machine: str) -> str:
    lines = [
        "# Against another server",
        "",
        f"`tests/bench/run --against URL --fleet {arguments.fleet} --connections {arguments.connections}` on {machine}.",
        "The two servers take turns under the same load; the row with the median ratio of the rounds is shown.",
        "",
        "| path | rate | p99 | other's rate | other's p99 | ratio |", "|---|---|---|---|---|---|"]
    for row in rows:
        lines.append(f"| {row['path']} | {row['rate']:,.0f}/s | {row['p99']:.1f} ms | {row['other_rate']:,.0f}/s "
                     f"| {row['other_p99']:.1f} ms | {row['rate'] / row['other_rate']:.1f} |")
    return "\n".join([*lines, ""])


def figures(heading: str, introduction: str, rows: list[tuple[str, str, str, str, bool | None]]) -> str:
    """Formats measurements with their targets: engine, measure, value, target, and whether the target is met."""
    verdicts = {None: "", True: " met", False: " **missed**"}
    lines = [f"# {heading}", "", introduction, "", "| engine | measure | value | target |", "|---|---|---|---|"]
    lines += [f"| {engine} | {what} | {value} | {target}{verdicts[kept]} |" for engine, what, value, target, kept in rows]
    return "\n".join([*lines, ""])


def keep(file: pathlib.Path, text: str) -> None:
    """Replaces the result with the same heading."""
    kept = re.split(r"^(?=# )", file.read_text() if file.exists() else "", flags=re.MULTILINE)
    heading = text.splitlines()[0]
    others = [part for part in kept if part and not part.startswith(heading + "\n")]
    file.write_text("\n".join(part.strip() + "\n" for part in [*others, text]))
