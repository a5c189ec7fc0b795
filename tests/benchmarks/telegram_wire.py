"""How many Telegram messages a second are answered, on SQLite and on PostgreSQL, beside bare aiogram on the machine.

    python -m tests.benchmarks.telegram_wire [--rounds 3] [--total 6000] [--only NAME ...]

Rounds are interleaved, since figures drift with the machine; the ratio is of the same round. Each
contender answers every text by one message that holds it. After its full speed the product is given half as many
messages a second, each at its moment whether those before are answered or not. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.benchmarks.durable import Durable
from tests.benchmarks.processes import (
    ROOT,
    family,
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
FIGURES = (
    "acks_per_s",
    "replies_per_s",
    "ack_p99_ms",
    "reply_p50_ms",
    "reply_p99_ms",
    "processor_us",
    "resident_mb",
)
FAULTS = ("lost", "doubled", "reordered", "refused", "other")

Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Load:
    """So many connections and chats; `warm` messages before the `total` that count, `rate` a second (0: all it can).

    Ids of updates lie behind those that the database has met before; `first` is the id of the first chat.
    """

    connections: int
    chats: int
    warm: int
    total: int
    rate: int = 0
    behind: int = 0
    first: int = 1000

    def words(self) -> list[str]:
        """Options of the load generator."""
        names = ("connections", "chats", "warm", "total", "rate", "behind", "first")
        return [word for name in names for word in (f"--{name}", str(getattr(self, name)))]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a contender listens, whom it calls, a folder of its own, and the URL of its database, if it has one."""

    port: int
    api_base: str
    folder: Path
    database: str


@dataclass(frozen=True, slots=True)
class Contender:
    """A program under test: `command` starts it, `hook` is the path of its webhook."""

    name: str
    command: Callable[[Place], list[str]]
    hook: str = "/hooks/telegram"
    on_postgres: bool = False


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
        *(("[database]", f'url = "{at.database}"') if at.database else ()),
        "[telegram]",
        'token = "42:TEST"',
        f'api_base = "{at.api_base}"',
        "webhook = true",
        f'webhook_secret = "{SECRET}"',
        "[handlers]",
        'modules = ["tests.benchmarks.peers.echo"]',
        "[demo]",
        "shop = false",
    ]
    config.write_text("\n".join(lines), "utf-8")
    return [sys.executable, "-m", "bot", "run", "--config", str(config)]


PRODUCT = Contender("parley", _parley)
ON_POSTGRES = Contender("parley_postgres", _parley, on_postgres=True)
CONTENDERS = {one.name: one for one in (_peer(PEER), _peer("channel_in_memory"), PRODUCT, ON_POSTGRES)}


def measure(contender: Contender, load: Load, folder: Path, database: str = "") -> Found:
    """One run of one contender."""
    api_port, port = free_port(), free_port()
    with tempfile.TemporaryDirectory(dir=folder) as own:
        place = Place(port, f"http://127.0.0.1:{api_port}", Path(own), database)
        log = folder / f"{contender.name}.log"
        with running(contender.command(place), log) as process:
            command = [
                *load_command("telegram_load", folder),
                *("--api", str(api_port), "--hook", f"127.0.0.1:{port}{contender.hook}"),
                *("--secret", SECRET, "--text", "echo", "--patience", "15"),
                *load.words(),
            ]
            posting = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
            listening(port)
            idle = _spent(process.pid)
            printed, _ = posting.communicate(timeout=600)
            if posting.returncode:
                raise SystemExit(f"{contender.name}: see above\n{log.read_text()[-2000:]}")
            found: Found = json.loads(printed)
            spent = (_spent(process.pid) - idle) * 1e6 / (load.warm + load.total)
            return found | {"processor_us": round(spent), "resident_mb": resident_megabytes(process.pid)}


def _spent(pid: int) -> float:
    """Of the process that reads and writes HTTP, too."""
    return sum(processor_seconds(one) for one in family(pid))


@contextmanager
def databases(contenders: Sequence[Contender], folder: Path) -> Iterator[Callable[[Contender], str]]:
    """Gives the URL of a new, empty database to those that want one of PostgreSQL; to others none."""
    if not any(one.on_postgres for one in contenders):
        yield lambda _: ""
        return
    folder.chmod(0o755)  # the server may have to be another user
    server = Durable(folder)
    server.start()
    try:
        yield lambda one: asyncio.run(server.create_database()) if one.on_postgres else ""
    finally:
        server.stop()


def summary(runs: Sequence[Found], beside: Sequence[Found] = ()) -> Found:
    """Medians of a contender, sums of its faults, and the ratio to what ran beside it, round by round."""
    result: Found = {figure: statistics.median(run[figure] for run in runs) for figure in FIGURES}
    result |= {fault: sum(run[fault] for run in runs) for fault in FAULTS}
    if beside:
        pairs = zip(runs, beside, strict=True)
        ratios = [ours["replies_per_s"] / theirs["replies_per_s"] for ours, theirs in pairs]
        result["ratios"] = [round(ratio, 2) for ratio in ratios]
        result["ratio"] = round(statistics.median(ratios), 2)
    return result


def halves(runs: Sequence[Found], half: Sequence[Found]) -> Found:
    """Latencies at half of what was the full speed of the same round."""
    latencies = ("ack_p50_ms", "ack_p99_ms", "reply_p50_ms", "reply_p99_ms")
    result: Found = {figure: statistics.median(run[figure] for run in half) for figure in latencies}
    result["rate"] = round(statistics.median(_half(run) for run in runs))
    result["reply_p99_ms_each"] = [run["reply_p99_ms"] for run in half]
    return result | {fault: sum(run[fault] for run in half) for fault in FAULTS}


def _half(found: Found) -> int:
    return int(found["replies_per_s"]) // 2


def run(options: argparse.Namespace) -> Found:
    """All rounds of all contenders."""
    contenders = [CONTENDERS[name] for name in options.only or CONTENDERS]
    ours = [one for one in contenders if one in (PRODUCT, ON_POSTGRES)]
    load = Load(options.connections, options.chats, options.warm, options.total)
    rounds: list[dict[str, Found]] = []
    half: list[dict[str, Found]] = []
    with tempfile.TemporaryDirectory() as name, databases(contenders, Path(name)) as database:
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
            found = {one.name: measure(one, load, Path(name), database(one)) for one in contenders}
            rounds.append(found)
            paced = {one: replace(load, rate=_half(found[one.name])) for one in ours}
            half.append({one.name: measure(one, slow, Path(name), database(one)) for one, slow in paced.items()})
    settings = {key: getattr(options, key) for key in ("rounds", "total", "connections", "chats")}
    runs = {one.name: [found[one.name] for found in rounds] for one in contenders}
    return {
        "benchmark": "telegram_wire",
        "load": load_language(),
        **settings,
        "contenders": {name: summary(told, runs.get(PEER, ()) if name != PEER else ()) for name, told in runs.items()},
        "half": {one.name: halves(runs[one.name], [found[one.name] for found in half]) for one in ours},
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
