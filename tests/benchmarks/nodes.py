"""What one node and two carry on one PostgreSQL behind nginx, and what a message costs each program on its way.

    python -m tests.benchmarks.nodes [--rounds 2] [--total 4000] [--thinking 600]

Webhook calls of Telegram, each kept (`synchronous_commit=on`, fsync on), answered and recorded. "echo" answers at once,
"work" thinks for ten milliseconds of processor time first. Everything runs on one machine: the costs travel, and the
second node adds what the cores have left. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import asyncpg

from tests.benchmarks.durable import Durable
from tests.benchmarks.processes import (
    ROOT,
    family,
    free_port,
    load_command,
    load_language,
    processor_seconds,
    running,
)
from tests.kit.nginx import Nginx, program
from tests.servers import Postgres

Found = dict[str, Any]
SECRET = "bench-secret"
HANDLERS = {"echo": "tests.benchmarks.peers.echo", "work": "tests.benchmarks.peers.work"}
PATIENCE = 60.0
COUNTERS = (
    "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS wal, pg_database_size(current_database()) AS size, "
    "(SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()) AS commits"
)


def node(folder: Path, number: int, port: int, api: int, url: str, handler: str) -> list[str]:
    """The command that starts a node."""
    sections: Mapping[str, Mapping[str, object]] = {
        "server": {"port": port, "public_url": "https://bench.example", "data": str(folder / f"data{number}")},
        "database": {"url": url},
        "telegram": {"token": "42:TEST", "api_base": f"http://127.0.0.1:{api}", "webhook_secret": SECRET},
        "handlers": {"modules": [HANDLERS[handler]]},
        "demo": {"shop": False},
    }
    lines = [
        f"{key} = {json.dumps(value)}" if key else f"[{value}]"
        for name, keys in sections.items()
        for key, value in [("", name), *keys.items()]
    ]
    config = folder / f"node{number}.toml"
    config.write_text("\n".join(lines), "utf-8")
    return [sys.executable, "-m", "bot", "run", "--config", str(config)]


def fair(ports: Sequence[int]) -> None:
    """Returns when every node serves and has its share."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        try:
            told = [_readiness(port) for port in ports]
        except OSError:
            told = []
        if told and all(one["ok"] and one["shards"] == 64 // len(ports) for one in told):
            return
        time.sleep(0.05)
    raise SystemExit("the nodes did not share the work")


def _readiness(port: int) -> Found:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
        return dict(json.load(answer))


def spent(pids: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Processor seconds of each program so far."""
    found = {name: sum(processor_seconds(one) for pid in told for one in family(pid)) for name, told in pids.items()}
    main = sum(processor_seconds(pid) for pid in pids["nodes"])
    return found | {"nodes": main, "edges": found["nodes"] - main}


async def counters(url: str) -> Mapping[str, int]:
    """What PostgreSQL counts."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT pg_stat_force_next_flush()")
        row = await connection.fetchrow(COUNTERS)
        assert row is not None
        return {name: int(value) for name, value in row.items()}
    finally:
        await connection.close()


def measure(server: Postgres, count: int, handler: str, total: int, options: argparse.Namespace, folder: Path) -> Found:
    """One run with so many nodes."""
    api, ports = free_port(), [free_port() for _ in range(count)]
    url = asyncio.run(server.create_database())
    with ExitStack() as stack:
        own = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder)))
        nodes = []
        for number, port in enumerate(ports):
            command = node(own, number, port, api, url, handler)
            nodes.append(stack.enter_context(running(command, own / f"node{number}.log")).pid)
        fair(ports)
        nginx = Nginx(own, ports, tls=False)
        nginx.start()
        stack.callback(nginx.stop)
        load = [
            *load_command("telegram_load", folder),
            *("--api", str(api), "--hook", f"127.0.0.1:{nginx.port}/hooks/telegram", "--secret", SECRET),
            *("--text", "echo", "--patience", "30", "--connections", str(options.connections)),
            *("--chats", "200", "--warm", str(total // 10), "--total", str(total)),
        ]
        pids = {"nodes": nodes, "postgres": [server.pid], "nginx": [nginx.pid]}
        before, kept = spent(pids), asyncio.run(counters(url))
        done = subprocess.run(load, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=300, check=False)
        if done.returncode:
            raise SystemExit(f"{handler} on {count}: see above")
        after, then = spent(pids), asyncio.run(counters(url))
    messages = total + total // 10
    costs = {f"{name}_us": round((after[name] - before[name]) * 1e6 / messages) for name in after}
    written = {f"{name}_a_message": round((then[name] - kept[name]) / messages, 2) for name in kept}
    found: Found = json.loads(done.stdout)
    return found | costs | written


def summary(runs: Sequence[Found]) -> Found:
    """Medians, and the sums of faults."""
    faults = ("lost", "doubled", "reordered", "refused", "other")
    numbers = [name for name, value in runs[0].items() if isinstance(value, int | float) and name not in faults]
    found: Found = {name: round(statistics.median(run[name] for run in runs), 2) for name in numbers}
    return found | {name: sum(run[name] for run in runs) for name in faults}


def run(options: argparse.Namespace) -> Found:
    """All rounds, one node and two in turn."""
    if program() is None:
        raise SystemExit("nginx is not there: scripts/test unpacks it, or apt install nginx")
    totals = {"echo": options.total, "work": options.thinking}
    runs: dict[str, dict[int, list[Found]]] = {name: {1: [], 2: []} for name in totals}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = Durable(folder)
        server.start()
        try:
            for number in range(options.rounds):
                for handler, total in totals.items():
                    for count in (1, 2):
                        print(f"round {number + 1}: {handler}, {count} nodes", file=sys.stderr, flush=True)
                        runs[handler][count].append(measure(server, count, handler, total, options, folder))
        finally:
            server.stop()
    found: Found = {"benchmark": "nodes", "load": load_language(), "rounds": options.rounds, "handlers": {}}
    for handler, by_count in runs.items():
        pairs = zip(by_count[1], by_count[2], strict=True)
        ratios = [round(two["replies_per_s"] / one["replies_per_s"], 2) for one, two in pairs]
        found["handlers"][handler] = {
            **{f"nodes_{count}": summary(told) for count, told in by_count.items()},
            "ratios": ratios,
            "ratio": statistics.median(ratios),
        }
    return found


def main(arguments: list[str] | None = None) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("rounds", 2), ("total", 4000), ("thinking", 600), ("connections", 32)):
        parser.add_argument(f"--{name}", type=int, default=default)
    print(json.dumps(run(parser.parse_args(arguments)), indent=2))


if __name__ == "__main__":
    main()
