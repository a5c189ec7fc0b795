"""Looks whether what connects the nodes brings back what it is told."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

from bot.cli import probes
from bot.cli.finding import Finding
from bot.core.errors import ParleyError

if TYPE_CHECKING:
    from bot.config import Config
    from bot.runtime.relay_line import Carrier

NODES = "Nodes"


async def relay(config: Config) -> Finding:
    """Whether what connects the nodes passes on what it is told."""
    url, database_url = config.redis.url.reveal(), config.database.url.reveal()
    if database_url.startswith("sqlite:"):
        cure = "redis.url is not used with SQLite; nodes share a PostgreSQL, MySQL or MariaDB" if url else ""
        return Finding(NODES, "relay", "note" if url else "ok", "SQLite: one process, nothing to connect", cure)
    try:
        carrier = await _carrier(url, database_url)
        if carrier is None:
            cure = "set redis.url if several nodes serve it; without, what one does shows at others a second later"
            return Finding(NODES, "relay", "note", "none: this database cannot tell nodes of each other", cure)
        seconds = await _there_and_back(carrier)
    except (OSError, ParleyError) as error:
        cure = "start it, or mend redis.url" if url else "start it, or mend database.url; a pooler must not be between"
        return Finding(NODES, "relay", "wrong", f"{probes.without_password(url or database_url)}: {error}", cure)
    way = "" if url else " (LISTEN and NOTIFY)"
    where = f"{probes.without_password(url or database_url)}{way}"
    return Finding(NODES, "relay", "ok", f"{where} answers in {seconds * 1000:.0f} ms")


async def _carrier(redis_url: str, database_url: str) -> Carrier | None:
    from bot.runtime.carriers import make_carrier
    from models.database import close_database, open_database

    if redis_url:
        from bot.runtime.relay_redis import RedisCarrier

        return RedisCarrier(redis_url, "parley:check")
    try:
        await open_database(database_url, lock=False)
        return await make_carrier(redis_url, database_url)
    finally:
        await close_database()


async def _there_and_back(carrier: Carrier) -> float:
    # No packet of a node: nodes that listen take no notice of it.
    word = f"check {os.urandom(8).hex()}".encode()
    async with asyncio.timeout(5.0), carrier.open() as line:
        began = time.monotonic()
        await line.send(word)
        while await line.receive() != word:
            pass
        return time.monotonic() - began
