"""Lends a connected shop the token for which its merchant installed our app, on each node that calls it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime

from bot.core.installing import Installable
from bot.core.store import Hint, Store
from bot.services import store_grants

UNINSTALLED = "app/uninstalled"


def installable(store: object) -> Installable | None:
    """The shop, where it has no token in its settings."""
    return store if isinstance(store, Installable) and store.installs else None


async def lend(store: object) -> None:
    """Call it with the token that is kept; what was taken back is not used any more."""
    if (found := installable(store)) is not None:
        found.use(await store_grants.token(found.name))


async def since(store: object) -> str:
    """When the app was installed in it last, by whichever node, to compare; "" where there is nothing to install."""
    return await store_grants.since(found.name) if (found := installable(store)) is not None else ""


async def take(store: Store, query: Mapping[str, str], staff_id: int, now: datetime) -> None:
    """Keep the token for the code with which staff were sent back, if it is a shop to install in.

    Raises as `Installable.install`.
    """
    if (found := installable(store)) is not None:
        await store_grants.keep(store.name, await found.install(query, now), staff_id, now)
        await lend(store)


async def left(store: Store, told: Hint, now: datetime) -> None:
    """The shop says that the app was uninstalled there: one that was installed since then stays."""
    at = None
    with suppress(ValueError):
        at = datetime.fromisoformat(told.facts.get("at", ""))
    await store_grants.gone(store.name, at, now)
    await lend(store)
