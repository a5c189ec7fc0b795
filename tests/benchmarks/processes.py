"""Programs under test: started on a free port, measured while they run, ended for certain."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOAD = Path(__file__).parent / "load"


def load_command(name: str, folder: Path) -> list[str]:
    """A load generator of `load/`: compiled into `folder` where there is a rustc, else the Python one."""
    rustc = shutil.which("rustc")
    if rustc is None:
        return [sys.executable, "-m", f"tests.benchmarks.load.{name}"]
    program = folder / name
    if not program.exists():
        subprocess.run([rustc, "-O", "--edition", "2021", "-o", program, LOAD / f"{name}.rs"], check=True)
    return [str(program)]


def load_language() -> str:
    """What the load generators are written in here."""
    return "rust" if shutil.which("rustc") else "python"


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The program, for as long as the block runs; its output goes to `log`."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def resident_megabytes(pid: int) -> float:
    """What the process keeps in memory, where the system tells; else -1."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return -1.0
    line = next((line for line in status.read_text().splitlines() if line.startswith("VmRSS:")), "x 0")
    return round(int(line.split()[1]) / 1024, 1)


def processor_seconds(pid: int) -> float:
    """User and system time of a process, where the system tells; else -1."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return -1.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> Iterator[int]:
    """A process and its children's children."""
    yield pid
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    for child in listed.read_text().split() if listed.exists() else ():
        yield from family(int(child))


def listening(port: int) -> None:
    """Returns once somebody listens there; at most 60 s."""
    begun = time.monotonic()
    while time.monotonic() - begun < 60:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")
