"""What 10,000 quiet sockets of the web chat cost, beside a bare python-socketio, and what 100 that never read may cost.

    python -m tests.benchmarks.chat_sockets [--sockets 10000] [--deaf 100] [--rate 1000] [--rounds 1]

Quiet: all connect as new visitors and stay, while 20 others write once a second. Deaf: they write, 1,000 long messages
a second between them, and read nothing of what they are told; each must be cut before it costs much. Prints one JSON
object.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.processes import ROOT, free_port, listening, running
from tests.benchmarks.web_chat import CONTENDERS, PEER

PRODUCT = "parley"
Found = dict[str, Any]


def measure(name: str, load: list[str], folder: Path) -> Found:
    """One load on one contender."""
    port = free_port()
    with tempfile.TemporaryDirectory(dir=folder) as own:
        log = folder / f"{name}.log"
        with running(CONTENDERS[name](port, Path(own)), log) as process:
            listening(port)
            command = [sys.executable, "-m", "tests.benchmarks.load.socket_load", *load]
            command += ["--address", f"127.0.0.1:{port}", "--pid", str(process.pid)]
            run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
            if run.returncode:
                raise SystemExit(f"{name}: {run.stderr[-2000:]}\n{log.read_text()[-2000:]}")
            found: Found = json.loads(run.stdout)
            return found


def allow_files(count: int) -> None:
    """Every socket is an open file, here and in the server that we start. Raises SystemExit where that is too many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise SystemExit(f"{wanted} open files are needed and {hard} allowed: raise `ulimit -n`")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def run(options: argparse.Namespace) -> Found:
    """All rounds of both."""
    allow_files(options.sockets)
    quiet = ["idle", "--sockets", str(options.sockets), "--seconds", str(options.seconds)]
    deaf = ["deaf", "--sockets", str(options.deaf), "--rate", str(options.rate), "--seconds", "60"]
    rounds: list[dict[str, Found]] = []
    deafness: list[Found] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            rounds.append({name: measure(name, quiet, Path(folder)) for name in (PEER, PRODUCT)})
            deafness.append(measure(PRODUCT, deaf, Path(folder)))
    found: Found = {"benchmark": "chat_sockets", "rounds": options.rounds, "rate": options.rate}
    found["idle"] = {name: _median([one[name] for one in rounds]) for name in rounds[0]}
    found["memory_ratios"] = [round(one[PRODUCT]["resident_mb"] / one[PEER]["resident_mb"], 2) for one in rounds]
    return found | {"deaf": _median(deafness)}


def _median(runs: list[Found]) -> Found:
    return {figure: round(statistics.median(run[figure] for run in runs), 2) for figure in runs[0]}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("sockets", 10_000), ("seconds", 10), ("deaf", 100), ("rate", 1000), ("rounds", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    print(json.dumps(run(parser.parse_args()), indent=2))


if __name__ == "__main__":
    main()
