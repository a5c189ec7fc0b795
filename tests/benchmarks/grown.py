"""What a year's million conversations cost: the Telegram wire beside that of an empty database.

    python -m tests.benchmarks.grown [--conversations 1000000] [--rounds 3] [--databases sqlite postgres]
        [--keep FOLDER] [--only-fill]

Rows are written with raw SQL (not measured). The load is of people who are new, as it is in an empty database: that is
"grown". The same load of people who lie scattered over all of them is "scattered", the hardest that there is. `--keep`
leaves the databases in a folder and finds them there the next time; `grown_desk` measures the desk on the same ones.
Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg

from bot.services import search
from models.database import close_database, migrate, open_database
from tests.benchmarks.durable import Durable
from tests.benchmarks.processes import load_language
from tests.benchmarks.stored import PER_CONVERSATION, fill_postgres, fill_sqlite
from tests.benchmarks.telegram_wire import ON_POSTGRES, PRODUCT, Contender, Found, Load, measure, summary

#: In an empty database; of people who are new; of people whose rows lie scattered.
WIRES = ("empty", "grown", "scattered")
_SIZE = "SELECT pg_database_size(current_database())"


class Sqlite:
    """A file that is full; an empty one is made by the product itself."""

    contender: Contender = PRODUCT

    def __init__(self, folder: Path, count: int) -> None:
        self._count = count
        self._file = folder / f"grown-{count}.db"
        self.full = f"sqlite://{self._file}"

    async def fill(self) -> None:
        """As the product would have left it. One that was not finished never has the name."""
        if self._file.exists():
            return
        with tempfile.TemporaryDirectory(dir=self._file.parent) as half:
            file = Path(half) / self._file.name
            await _migrated(f"sqlite://{file}")
            fill_sqlite(file, self._count, indexed=True)
            file.rename(self._file)

    async def empty(self) -> str:
        """None: the product takes one in its own folder."""
        return ""

    async def size(self) -> int:
        """Bytes on disk."""
        return self._file.stat().st_size

    def stop(self) -> None:
        """There is no server."""


class OnPostgres:
    """A server with a database that is full, and empty ones beside it."""

    contender: Contender = ON_POSTGRES

    def __init__(self, folder: Path, count: int) -> None:
        self._count = count
        self._name = f"grown_{count}"
        folder.chmod(0o755)  # the server may have to be another user
        (folder / "postgres").mkdir(exist_ok=True)
        self._server = Durable(folder / "postgres")
        self._server.start()
        self.full = self._server.url(self._name)

    async def fill(self) -> None:
        """As the product would have left it. One that was not finished never has the name."""
        if await self._exists():
            return
        half = self._server.url("half")
        await self._server.execute("DROP DATABASE IF EXISTS half")
        await self._server.execute("CREATE DATABASE half")
        await _migrated(half)
        await fill_postgres(half, self._count)
        await open_database(half)
        while await search.index_some(rest=0):
            pass
        await close_database()
        await self._server.execute(f"ALTER DATABASE half RENAME TO {self._name}")

    async def _exists(self) -> bool:
        connection = await asyncpg.connect(self._server.url("postgres"))
        try:
            named = "SELECT count(*) FROM pg_database WHERE datname = $1"
            return bool(await connection.fetchval(named, self._name))
        finally:
            await connection.close()

    async def empty(self) -> str:
        """A new one."""
        return await self._server.create_database()

    async def size(self) -> int:
        """Bytes on disk."""
        connection = await asyncpg.connect(self.full)
        try:
            return int(await connection.fetchval(_SIZE))
        finally:
            await connection.close()

    def stop(self) -> None:
        """End the server."""
        self._server.stop()


ENGINES: dict[str, type[Sqlite] | type[OnPostgres]] = {"sqlite": Sqlite, "postgres": OnPostgres}


async def _migrated(url: str) -> None:
    await open_database(url)
    await migrate()
    await close_database()


@contextmanager
def opened(name: str, folder: Path, count: int) -> Iterator[Sqlite | OnPostgres]:
    """The full database of an engine, for as long as the block runs."""
    engine = ENGINES[name](folder, count)
    try:
        began = time.monotonic()
        asyncio.run(engine.fill())
        print(f"{name}: filled in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        yield engine
    finally:
        engine.stop()


def wire(engine: Sqlite | OnPostgres, load: Load, rounds: int, folder: Path) -> Found:
    """Full and empty in turn; every second round begins with the last."""
    runs: dict[str, list[Found]] = {name: [] for name in WIRES}
    for number in range(rounds):
        for name in sorted(runs, reverse=bool(number % 2)):
            database = asyncio.run(engine.empty()) if name == "empty" else engine.full
            now = int(time.time() * 1000)
            fresh = replace(load, behind=now * 1000)  # no update that this database has met
            if name == "grown":
                fresh = replace(fresh, first=now)
            runs[name].append(measure(engine.contender, fresh, folder, database))
            print(f"{name}: {runs[name][-1]['replies_per_s']} replies a second", file=sys.stderr, flush=True)
    return {name: summary(told, runs["empty"]) for name, told in runs.items()}


def run(options: argparse.Namespace) -> Found:
    """Every engine in turn."""
    count = options.conversations
    load = Load(options.connections, options.chats, options.chats, options.total)
    found: Found = {"benchmark": "grown", "load": load_language(), "conversations": count, "databases": {}}
    found |= {"messages": count * PER_CONVERSATION, "chats": options.chats}
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in options.databases:
            with opened(name, folder, count) as engine:
                if options.only_fill:
                    continue
                figures: Found = {"bytes": asyncio.run(engine.size())}
                figures["wire"] = wire(engine, load, options.rounds, Path(temporary))
                found["databases"][name] = figures
    return found


def main(arguments: list[str] | None = None) -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name, default in (("conversations", 1_000_000), ("rounds", 3), ("total", 6000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--chats", type=int, default=2000)
    parser.add_argument("--databases", nargs="+", choices=list(ENGINES), default=list(ENGINES))
    parser.add_argument("--keep", type=Path, help="folder for the databases, instead of a temporary one")
    parser.add_argument("--only-fill", action="store_true", help="leave the databases in the folder, measure nothing")
    print(json.dumps(run(parser.parse_args(arguments)), indent=2))


if __name__ == "__main__":
    main()
