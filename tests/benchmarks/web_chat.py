"""How soon a message of the web chat is acknowledged, which means on disk, beside a bare python-socketio echo.

    python -m tests.benchmarks.web_chat [--rounds 3] [--total 3200] [--only NAME ...]

Two loads: 400 messages a second whatever happens (the latency that visitors feel), and each of 64 sockets as fast as
it is acknowledged (what a core can carry). Parley is the whole product, once with a handler that echoes, and once with
one that keeps quiet: each message is kept and shown, and nobody answers. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.processes import (
    ROOT,
    free_port,
    listening,
    load_command,
    load_language,
    processor_seconds,
    resident_megabytes,
    running,
)

PEER = "bare_socketio"
FIGURES = (
    "acks_per_s",
    "replies_per_s",
    "ack_p50_ms",
    "ack_p99_ms",
    "ack_max_ms",
    "reply_p50_ms",
    "reply_p99_ms",
    "processor_us",
    "resident_mb",
)
FAULTS = ("lost", "doubled", "reordered", "refused")

Found = dict[str, Any]


def _peer(port: int, _: Path) -> list[str]:
    return [sys.executable, "-m", f"tests.benchmarks.peers.{PEER}", str(port)]


def _parley(port: int, folder: Path, handler: str = "echo") -> list[str]:
    """As an operator runs it, but for the limit of one visitor's messages: the load has 64 visitors in all."""
    config = folder / "config.toml"
    lines = [
        "[server]",
        f"port = {port}",
        f'data = "{folder / "data"}"',
        "[limits]",
        "messages_per_10s = 1000000",
        "[handlers]",
        f'modules = ["tests.benchmarks.peers.{handler}"]',
        "[demo]",
        "shop = false",
    ]
    config.write_text("\n".join(lines), "utf-8")
    return [sys.executable, "-m", "bot", "run", "--config", str(config)]


def _quiet(port: int, folder: Path) -> list[str]:
    return _parley(port, folder, "silent")


QUIET = "parley_unanswered"
CONTENDERS: dict[str, Callable[[int, Path], list[str]]] = {PEER: _peer, QUIET: _quiet, "parley": _parley}
#: The words by which the load knows what it waits for: an answer, or the visitor's own message as it is shown.
SIGNS = {PEER: "You said: ", "parley": "You said: ", QUIET: '"author":"customer"'}


def measure(name: str, rate: int, options: argparse.Namespace, folder: Path) -> Found:
    """One run of one contender under one load; `rate` 0 is the closed loop."""
    port = free_port()
    with tempfile.TemporaryDirectory(dir=folder) as own:
        log = folder / f"{name}.log"
        with running(CONTENDERS[name](port, Path(own)), log) as process:
            listening(port)
            idle = processor_seconds(process.pid)
            load = [*load_command("chat_load", folder), "--address", f"127.0.0.1:{port}", "--rate", str(rate)]
            for option, value in (("sockets", options.sockets), ("warm", options.warm), ("total", options.total)):
                load += [f"--{option}", str(value)]
            run = subprocess.run(
                [*load, "--patience", "15", "--sign", SIGNS[name]],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
                timeout=600,
            )
            if run.returncode:
                raise SystemExit(f"{name}: {run.stderr[-2000:]}\n{log.read_text()[-2000:]}")
            found: Found = json.loads(run.stdout)
            spent = (processor_seconds(process.pid) - idle) * 1e6 / (options.warm + options.total)
            return found | {"processor_us": round(spent), "resident_mb": resident_megabytes(process.pid)}


def summary(runs: list[Found]) -> Found:
    """The median of each figure, the values of each round for those with a goal, and the sums of the faults."""
    result: Found = {figure: statistics.median(run[figure] for run in runs) for figure in FIGURES}
    result |= {fault: sum(run[fault] for run in runs) for fault in FAULTS}
    return result | {"ack_p99_ms_each": [run["ack_p99_ms"] for run in runs]}


def run(options: argparse.Namespace) -> Found:
    """All rounds, interleaved, since figures drift with the machine."""
    names = options.only or list(CONTENDERS)
    loads = {"paced": options.rate, "closed_loop": 0}
    under = {"paced": [name for name in names if name != QUIET], "closed_loop": names}
    rounds: dict[str, dict[str, list[Found]]] = {load: {name: [] for name in under[load]} for load in loads}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds):
            for load, rate in loads.items():
                for name in under[load]:
                    print(f"round {number + 1} of {options.rounds}: {load}, {name}", file=sys.stderr)
                    rounds[load][name].append(measure(name, rate, options, Path(folder)))
    settings = {key: getattr(options, key) for key in ("rounds", "total", "sockets", "rate")}
    found: Found = {"benchmark": "web_chat", "load": load_language(), **settings}
    found |= {load: {name: summary(runs) for name, runs in by_name.items()} for load, by_name in rounds.items()}
    if set(CONTENDERS) <= set(names):
        found |= {"ratios_kept": _ratios(rounds["closed_loop"], QUIET, "acks_per_s")}
        found |= {"ratios_answered": _ratios(rounds["closed_loop"], "parley", "replies_per_s")}
        found["ratio_kept"] = statistics.median(found["ratios_kept"])
        found["ratio_answered"] = statistics.median(found["ratios_answered"])
    return found


def _ratios(runs: dict[str, list[Found]], name: str, figure: str) -> list[float]:
    """Beside the bare echo, round by round."""
    return [round(ours[figure] / bare[figure], 2) for ours, bare in zip(runs[name], runs[PEER], strict=True)]


def main(arguments: list[str] | None = None) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(CONTENDERS))
    for name, default in (("rounds", 3), ("total", 3200), ("sockets", 64), ("warm", 640), ("rate", 400)):
        parser.add_argument(f"--{name}", type=int, default=default)
    print(json.dumps(run(parser.parse_args(arguments)), indent=2))


if __name__ == "__main__":
    main()
