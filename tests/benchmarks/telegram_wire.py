"""How many Telegram messages a second are answered, beside bare aiogram on the same machine.

    python -m tests.benchmarks.telegram_wire [--rounds 3] [--total 6000] [--only NAME ...]

Rounds are interleaved, since figures drift with the machine; the ratio is of the same round. Each
contender answers every text by one message that holds it. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
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

SECRET = "bench-secret"
PEER = "bare_aiogram"

Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a contender listens, whom it calls, and a folder of its own."""

    port: int
    api_base: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Contender:
    """A program under test: `command` starts it, `hook` is the path of its webhook."""

    name: str
    command: Callable[[Place], list[str]]
    hook: str = "/hooks/telegram"


def _peer(name: str) -> Contender:
    module = f"tests.benchmarks.peers.{name}"
    return Contender(name, lambda at: [sys.executable, "-m", module, str(at.port), at.api_base, SECRET])


def _parley(at: Place) -> list[str]:
    """The whole product, as an operator runs it, with a handler that echoes in place of the shop."""
    config = at.folder / "config.toml"
    lines = [
        "[server]",
        f"port = {at.port}",
        'public_url = "https://bench.example"',
        f'data = "{at.folder / "data"}"',
        "[telegram]",
        'token = "42:TEST"',
        f'api_base = "{at.api_base}"',
        "webhook = true",
        f'webhook_secret = "{SECRET}"',
        "[handlers]",
        'modules = ["tests.benchmarks.peers.echo"]',
        "[demo]",
        "shop = false",
        "[log]",
        'level = "warning"',
    ]
    config.write_text("\n".join(lines), "utf-8")
    return [sys.executable, "-m", "bot", "run", "--config", str(config)]


PRODUCT = Contender("parley", _parley)
CONTENDERS = {contender.name: contender for contender in (_peer(PEER), _peer("channel_in_memory"), PRODUCT)}


def measure(contender: Contender, options: argparse.Namespace, folder: Path) -> Found:
    """One run of one contender."""
    api_port, port = free_port(), free_port()
    with tempfile.TemporaryDirectory(dir=folder) as own:
        place = Place(port, f"http://127.0.0.1:{api_port}", Path(own))
        log = folder / f"{contender.name}.log"
        with running(contender.command(place), log) as process:
            load = [
                *load_command("telegram_load", folder),
                *("--api", str(api_port), "--hook", f"127.0.0.1:{port}{contender.hook}"),
                *("--secret", SECRET, "--text", "echo", "--patience", "15"),
                *("--connections", str(options.connections), "--chats", str(options.chats)),
                *("--warm", str(options.warm), "--total", str(options.total)),
            ]
            posting = subprocess.Popen(load, cwd=ROOT, stdout=subprocess.PIPE, text=True)
            listening(port)
            idle = processor_seconds(process.pid)
            printed, _ = posting.communicate(timeout=600)
            if posting.returncode:
                raise SystemExit(f"{contender.name}: see above\n{log.read_text()[-2000:]}")
            found: Found = json.loads(printed)
            spent = (processor_seconds(process.pid) - idle) * 1e6 / (options.warm + options.total)
            return found | {"processor_us": round(spent), "resident_mb": resident_megabytes(process.pid)}


def summary(rounds: list[dict[str, Found]], name: str) -> Found:
    """Medians of a contender, sums of its faults, and the ratio to the peer round by round."""
    runs = [found[name] for found in rounds]
    figures = (
        "acks_per_s",
        "replies_per_s",
        "ack_p99_ms",
        "reply_p50_ms",
        "reply_p99_ms",
        "processor_us",
        "resident_mb",
    )
    faults = ("lost", "doubled", "reordered", "refused", "other")
    result: Found = {figure: statistics.median(run[figure] for run in runs) for figure in figures}
    result |= {fault: sum(run[fault] for run in runs) for fault in faults}
    if name != PEER and PEER in rounds[0]:
        ratios = [found[name]["replies_per_s"] / found[PEER]["replies_per_s"] for found in rounds]
        result["ratios"] = [round(ratio, 2) for ratio in ratios]
        result["ratio"] = round(statistics.median(ratios), 2)
    return result


def run(options: argparse.Namespace) -> Found:
    """All rounds of all contenders."""
    names = options.only or list(CONTENDERS)
    rounds: list[dict[str, Found]] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds):
            rounds.append({})
            for name in names:
                print(f"round {number + 1} of {options.rounds}: {name}", file=sys.stderr)
                rounds[-1][name] = measure(CONTENDERS[name], options, Path(folder))
    settings = {key: getattr(options, key) for key in ("rounds", "total", "connections", "chats")}
    return {
        "benchmark": "telegram_wire",
        "load": load_language(),
        **settings,
        "contenders": {name: summary(rounds, name) for name in names},
    }


def main(arguments: list[str] | None = None) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(CONTENDERS))
    for name, default in (("rounds", 3), ("total", 6000), ("connections", 32), ("chats", 200), ("warm", 500)):
        parser.add_argument(f"--{name}", type=int, default=default)
    print(json.dumps(run(parser.parse_args(arguments)), indent=2))


if __name__ == "__main__":
    main()
