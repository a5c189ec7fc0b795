"""Runs parts of the programme: the whole process on each database, then each broken variant, which must be caught."""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.__main__ import load_average, machine
from tests.faults.part import WHOLE, Counts, Findings, Part, Trial
from tests.servers import Bucket, ObjectStore, Postgres, Server

RESULTS = Path(__file__).parent / "results"
Json = dict[str, Any]


@dataclass
class RealServers:
    """Started when somebody asks; ended with the block."""

    _ends: ExitStack = field(default_factory=ExitStack)
    _running: dict[type[Server], Server] = field(default_factory=dict)

    def __enter__(self) -> RealServers:
        self._ends.enter_context(tempfile.TemporaryDirectory())
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    async def bucket(self) -> Bucket:
        """An empty bucket."""
        server = self._server(ObjectStore)
        assert isinstance(server, ObjectStore)
        return await server.create_bucket()

    async def database(self, kind: str, folder: Path) -> str:
        """The URL of an empty database; nothing for "tests", which make their own."""
        if kind == "tests":
            return ""
        if kind == "sqlite":
            return f"sqlite://{folder / 'parley.db'}"
        server = self._server(Postgres)
        assert isinstance(server, Postgres)
        return await server.create_database()

    def _server(self, kind: type[Server]) -> Server:
        if kind not in self._running:
            folder = Path(self._ends.enter_context(tempfile.TemporaryDirectory()))
            folder.chmod(0o755)  # PostgreSQL runs as another user
            server = kind(folder)
            self._ends.callback(server.stop)
            server.start()
            self._running[kind] = server
        return self._running[kind]


async def trial(part: Part, servers: RealServers, kind: str, variant: str, counts: Counts, seed: int) -> Findings:
    """One run of one variant on one database."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = await servers.database(kind, folder)
        return await part.run(Trial(folder, url, variant, counts, random.Random(seed), servers))


async def run(part: Part, servers: RealServers, *, quick: bool, seed: int, only_armed: bool = False) -> Json:
    """The result of a part: figures of each database, and whether each broken variant was caught."""
    counts, began, busy = part.quick if quick else part.full, datetime.now(UTC), load_average()
    started = time.monotonic()
    result: Json = {
        "part": part.name, "at": began.isoformat(timespec="seconds"), "machine": machine(),
        "load_average_before": busy, "seed": seed, "quick": quick, "counts": dict(counts),
    }  # fmt: skip
    result["whole"] = {
        kind: _told(await _say(part, servers, kind, WHOLE, counts, seed)) for kind in part.databases if not only_armed
    }
    result["armed"] = {
        variant: _told(await _say(part, servers, part.databases[0], variant, part.armed_counts(variant), seed))
        for variant in part.armed
    }
    return result | {"seconds": round(time.monotonic() - started)}


async def _say(part: Part, servers: RealServers, kind: str, variant: str, counts: Counts, seed: int) -> Findings:
    print(f"{part.name}, {kind}, {variant}: ", end="", file=sys.stderr, flush=True)
    found = await trial(part, servers, kind, variant, counts, seed)
    print("; ".join(found.wrong) or "held", file=sys.stderr, flush=True)
    return found


def _told(found: Findings) -> Json:
    return {"figures": dict(found.figures), "wrong": list(found.wrong)}


def held(result: Json) -> bool:
    """Whether the promise held on every database and every broken variant was caught."""
    whole, armed = result["whole"].values(), result["armed"].values()
    return not any(one["wrong"] for one in whole) and all(one["wrong"] for one in armed)


def keep(result: Json, folder: Path = RESULTS) -> Path:
    """The newest result of a part, quick or full, takes the place of the one before."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result['part']}-{'quick' if result['quick'] else 'full'}.json"
    file.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    return file
