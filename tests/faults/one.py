"""One trial in a process of its own: a process has one open database, and several trials are under way at once."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import uvloop

from tests.faults.part import Findings, Trial
from tests.faults.programme import PARTS
from tests.faults.real_servers import RealServers

Json = dict[str, Any]


def one(name: str, url: str, variant: str, counts: Mapping[str, float], seed: int) -> Json:
    """What the part of this name has found: `figures`, and what is `wrong`."""
    found = uvloop.run(_run(name, url, variant, counts, seed))
    return {"figures": dict(found.figures), "wrong": list(found.wrong)}


async def _run(name: str, url: str, variant: str, counts: Mapping[str, float], seed: int) -> Findings:
    with RealServers() as servers, tempfile.TemporaryDirectory() as folder:
        return await PARTS[name].run(Trial(Path(folder), url, variant, counts, random.Random(seed), servers))
