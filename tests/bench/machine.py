"""The tools, the binary and the machine of a measurement."""

import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys


def require_tools() -> None:
    # Exits through an exception, so that the `with` blocks stop the servers that they started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    missing = [tool for tool in ("wrk", "cargo") if shutil.which(tool) is None]
    if pgbench() is None:
        missing.append("pgbench (package postgresql)")
    if missing:
        sys.exit(f"missing: {', '.join(missing)}; on Debian: apt-get install wrk postgresql")


def pgbench() -> pathlib.Path | None:
    return postgres_binaries() / "pgbench" if (postgres_binaries() / "pgbench").exists() else None


def postgres_binaries() -> pathlib.Path:
    named = os.environ.get("PG_BIN")
    installed = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
    return pathlib.Path(named) if named else (installed or [pathlib.Path("/usr/bin")])[-1]


def build(repository: pathlib.Path) -> pathlib.Path:
    """The measured binary: HYPERFLEET_BIN if set, else a new release build."""
    # Removed, because the service would report it as an unknown setting.
    if named := os.environ.pop("HYPERFLEET_BIN", None):
        return pathlib.Path(named)
    subprocess.run(["cargo", "build", "--release", "--locked"], cwd=repository, check=True)
    return repository / "target/release/hyperfleet-api"


def describe() -> str:
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    version = subprocess.run([postgres_binaries() / "postgres", "--version"], capture_output=True, text=True)
    return f"{os.cpu_count()} × {cpu}, {memory:.0f} GiB, {platform.system()} {platform.release()}, {version.stdout.strip()}"


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of processes, including their terminated children."""
    ticks = 0
    for pid in pids:
        try:
            fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def children(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]
