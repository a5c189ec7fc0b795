"""Chooses what connects the nodes of one database: Redis where there is one, else what the database itself can do."""

from __future__ import annotations

from collections.abc import Callable

from bot.runtime.bus import Bus
from bot.runtime.relay import Relay
from bot.runtime.relay_line import Carrier
from bot.services import settings as kept
from models.database import dialect


async def make_relay(bus: Bus, redis_url: str, database_url: str, nodes: Callable[[], int]) -> Relay | None:
    """The relay of this node, not started yet; None where there can be no other node. The database must be open.

    `nodes`: see `Relay`.
    """
    if dialect() == "sqlite":
        return None
    return Relay(bus, await make_carrier(redis_url, database_url), nodes=nodes)


async def make_carrier(redis_url: str, database_url: str) -> Carrier | None:
    """Of what is configured; None when nodes can find each other's news in the tables only."""
    if redis_url:
        from bot.runtime.relay_redis import RedisCarrier

        # Two shops on one Redis do not hear each other.
        return RedisCarrier(redis_url, f"parley:{(await kept.secret('relay')).hex()[:16]}")
    if dialect() == "postgres":
        from bot.runtime.relay_postgres import PostgresCarrier

        return PostgresCarrier(database_url)
    return None
