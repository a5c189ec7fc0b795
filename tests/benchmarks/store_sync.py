"""A connected shop of 50,000 variants is read into an empty catalogue in one go, and killed with -9 on the way.

    python -m tests.benchmarks.store_sync [--products 5000] [--databases sqlite postgres]

Each product has ten variations, so each is a further call; the shop is the tests' WooCommerce in a process of its own.
Once it is read whole; and once more from nothing, killed at two fifths and started again. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from models.engines.sqlite import PRAGMAS
from tests.benchmarks.processes import free_port, processor_seconds, resident_megabytes, running
from tests.benchmarks.start_up import serving
from tests.kit.platforms.woocommerce import HOOK_SECRET, KEY, SECRET, WooCommerceServer
from tests.servers import Postgres

Found = dict[str, Any]
VARIATIONS = 10
#: A growth of memory beyond this part, from a tenth of the way to the end, is not flat. SQLite's cache of pages fills
#: as its file grows, up to its limit: that comes on top, and with a small cache it does not grow.
GOAL_GROWTH = 0.15
CACHE_MB = {"sqlite": -int(PRAGMAS["cache_size"]) * 1024 / 1e6, "postgres": 0.0}
LOOK = 0.25  # seconds
LONGEST = 3600.0  # seconds, for one way
KILLED_AT = 0.4


async def shop(products: int) -> None:
    """Serve it until the process ends; its address is said first."""
    server = WooCommerceServer(datetime(2026, 11, 1, tzinfo=UTC), currency="EUR")
    async with server:
        for number in range(1, products + 1):
            rows = [
                {
                    "id": 100_000 + number * VARIATIONS + one, "price": f"{5 + one}.80", "stock_quantity": 3 + one,
                    "chosen": {"Size": f"{50 * (one + 1)} g"},
                }
                for one in range(VARIATIONS)
            ]  # fmt: skip
            sizes = [row["chosen"]["Size"] for row in rows]
            server.varies(
                number, {"Size": sizes}, rows, name=f"Tea of garden {number}", description=f"<p>{'Fine. ' * 40}</p>"
            )
        print(server.base, flush=True)
        while True:
            await asyncio.sleep(LOOK)
            server.calls.clear()  # a long run is not remembered


def configure(folder: Path, url: str, store: str, port: int) -> list[str]:
    """The command that starts Parley."""
    sections = {
        "server": {"port": port, "data": str(folder / "data")},
        "database": {"url": url},
        "demo": {"shop": False},
        "stores.woocommerce": {
            "url": store, "consumer_key": KEY, "consumer_secret": SECRET, "webhook_secret": HOOK_SECRET,
            "every": 3600.0,
        },
    }  # fmt: skip
    lines = [
        f"[{name}]\n" + "\n".join(f"{k} = {json.dumps(v)}" for k, v in keys.items()) for name, keys in sections.items()
    ]
    (folder / "config.toml").write_text("\n".join(lines), "utf-8")
    return [sys.executable, "-m", "bot", "run", "--config", str(folder / "config.toml")]


def ask(url: str, query: str) -> list[tuple[Any, ...]]:
    """Rows of the database while somebody else writes."""
    if url.startswith("sqlite://"):
        path = url.removeprefix("sqlite://").partition("?")[0]
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
            return [tuple(row) for row in connection.execute(query)]
    return asyncio.run(_postgres(url, query))


async def _postgres(url: str, query: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


def done(url: str) -> tuple[int, str]:
    """How many products were read, and how the round stands."""
    try:
        found = ask(url, "SELECT (SELECT COUNT(*) FROM product), state FROM store_sync")
    except (sqlite3.OperationalError, asyncpg.PostgresError):
        return 0, ""  # no tables yet
    return (int(found[0][0]), str(found[0][1])) if found else (0, "")


@dataclass
class Way:
    """What was seen of one process on its way."""

    products: int
    resident: dict[int, float] = field(default_factory=dict)  # megabytes, by products read

    def sees(self, pid: int, read: int) -> None:
        self.resident[read] = resident_megabytes(pid)

    def at(self, part: float) -> float:
        """Megabytes when so much was read."""
        reached = [read for read in self.resident if read >= part * self.products]
        return self.resident[min(reached)] if reached else max(self.resident.values())


def follow(process: subprocess.Popen[bytes], url: str, way: Way, until: Callable[[int, str], bool]) -> float:
    """Watch until it is so; the seconds. Raises AssertionError when it ends before, or takes too long."""
    began = time.monotonic()
    while True:
        assert process.poll() is None, "Parley ended by itself"
        assert time.monotonic() - began < LONGEST, "it takes too long"
        read, state = done(url)
        way.sees(process.pid, read)
        if until(read, state):
            return time.monotonic() - began
        time.sleep(LOOK)


def at_once(folder: Path, url: str, store: str, products: int) -> Found:
    """Read whole."""
    port, way = free_port(), Way(products)
    with running(configure(folder, url, store, port), folder / "parley.log") as process:
        serving(f"http://127.0.0.1:{port}")
        seconds = follow(process, url, way, lambda read, state: read >= products and state == "idle")
        cpu = processor_seconds(process.pid)
    early, late = way.at(0.1), way.at(1.0)
    return {
        "seconds": round(seconds, 1), "variants_a_second": round(products * VARIATIONS / seconds),
        "processor_seconds": round(cpu, 1), "resident_mb": {"at a tenth": early, "at the end": late},
        "largest_mb": max(way.resident.values()), **counted(url),
    }  # fmt: skip


def killed(folder: Path, url: str, store: str, products: int) -> Found:
    """Read from nothing, killed on the way, and read on."""
    port, way = free_port(), Way(products)
    command = configure(folder, url, store, port)
    with running(command, folder / "first.log") as process:
        serving(f"http://127.0.0.1:{port}")
        first = follow(process, url, way, lambda read, _: read >= KILLED_AT * products)
        process.send_signal(signal.SIGKILL)
        process.wait()
    kept, _ = done(url)
    with running(command, folder / "second.log") as process:
        serving(f"http://127.0.0.1:{port}")
        second = follow(process, url, way, lambda read, state: read >= products and state == "idle")
    return {
        "killed_at": kept, "seconds_before": round(first, 1), "seconds_after": round(second, 1), **counted(url),
    }  # fmt: skip


def counted(url: str) -> Found:
    """What is there in the end."""
    [row] = ask(
        url,
        "SELECT (SELECT COUNT(*) FROM product), (SELECT COUNT(*) FROM variant), (SELECT COUNT(*) FROM price), "
        "(SELECT COUNT(*) FROM stock), (SELECT COUNT(*) FROM store_problem), (SELECT done FROM store_sync)",
    )
    # "read" is more than there are: a page begins a little before the end of the one before it.
    return dict(zip(("products", "variants", "prices", "stocks", "problems", "read"), map(int, row), strict=True))


def both(folder: Path, urls: tuple[str, str], store: str, products: int) -> Found:
    """Of one kind of database."""
    found = {}
    for name, way, url in (("at_once", at_once, urls[0]), ("killed", killed, urls[1])):
        (folder / name).mkdir(parents=True)
        found[name] = way(folder / name, url, store, products)
    return found


def run(products: int, databases: list[str]) -> Found:
    """Each kind of database in turn, and one shop for all."""
    figures: Found = {}
    command = [sys.executable, "-m", "tests.benchmarks.store_sync", "--shop", "--products", str(products)]
    with tempfile.TemporaryDirectory() as name, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        folder = Path(name)
        try:
            assert server.stdout is not None
            store = server.stdout.readline().strip()
            if "sqlite" in databases:
                urls = f"sqlite://{folder}/whole.db", f"sqlite://{folder}/killed.db"
                figures["sqlite"] = both(folder / "sqlite", urls, store, products)
            if "postgres" in databases:
                postgres = Postgres(folder)
                postgres.start()
                try:
                    made = asyncio.run(postgres.create_database()), asyncio.run(postgres.create_database())
                    figures["postgres"] = both(folder / "postgres", made, store, products)
                finally:
                    postgres.stop()
        finally:
            server.kill()
    whole = {"products": products, "variants": products * VARIATIONS, "prices": products * VARIATIONS}
    is_whole = all(
        way[name] == count for engine in figures.values() for way in engine.values() for name, count in whole.items()
    )
    return {
        "benchmark": "store_sync", "variants": products * VARIATIONS, "goal_growth": GOAL_GROWTH,
        "cache_mb": {name: CACHE_MB[name] for name in figures}, "is_whole": is_whole, "databases": figures,
    }  # fmt: skip


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=5000)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgres"], choices=["sqlite", "postgres"])
    parser.add_argument("--shop", action="store_true", help="serve the shop")
    args = parser.parse_args()
    if args.shop:
        asyncio.run(shop(args.products))
        return
    print(json.dumps(run(args.products, args.databases)))


if __name__ == "__main__":
    main()
