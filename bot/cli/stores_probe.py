"""Asks every connected shop whose it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot import stores
from bot.cli.finding import Finding, State
from bot.core.errors import ParleyError

if TYPE_CHECKING:
    from bot.config import Config
    from bot.core.store import Store

SHOPS = "Connected shops"
_PATIENCE = 10.0  # seconds
#: Problems and conflicts that are shown, the newest.
_SHOWN = 10
_CURES = "see docs/shops.md"
_STATES: dict[str, State] = {"stopped": "wrong", "waiting": "note"}


async def all_stores(config: Config, *, offline: bool) -> AsyncIterator[Finding]:
    """Every shop that is connected, and every one that is not, with the cure."""
    from bot.runtime import store_access

    connected = config.stores.connected()
    for name in type(config.stores).model_fields:
        cure = f"in [stores.{name}] {getattr(config.stores, name).cure}"
        if name not in connected:
            yield Finding(SHOPS, name, "off", "not connected", cure)
        else:
            hook = f"webhooks {config.server.url}/hooks/store/{name}"
            store = stores.opened(name, connected[name])
            async with _database(config) as is_there:
                if is_there:
                    await store_access.lend(store)
            try:
                yield await _asked(store, hook, cure, offline=offline)
            finally:
                await store.close()
            async for finding in _standing(config, name):
                yield finding


async def _asked(store: Store, hook: str, cure: str, *, offline: bool) -> Finding:
    if offline:
        return Finding(SHOPS, store.name, "ok", f"{hook}, not asked (--offline)")
    try:
        async with asyncio.timeout(_PATIENCE):
            who = await store.who()
    except (ParleyError, TimeoutError) as error:
        return Finding(SHOPS, store.name, "wrong", str(error) or "it does not answer", cure)
    return Finding(SHOPS, store.name, "ok", f"{who}, {hook}")


@asynccontextmanager
async def _database(config: Config) -> AsyncIterator[bool]:
    """Open it; False where there is none yet, or it is older than we are: the finding about the database says why."""
    from models.database import client, close_database, dialect, open_database
    from models.engines.sqlite import sqlite_path
    from models.migrate import pending

    url = config.database.url.reveal()
    if url.startswith("sqlite:") and not sqlite_path(url).exists():
        yield False
        return
    try:
        await open_database(url, lock=False)
        is_ours = not await pending(client(), dialect())
    except ParleyError:
        is_ours = False
    try:
        yield is_ours
    finally:
        await close_database()


async def _standing(config: Config, name: str) -> AsyncIterator[Finding]:
    """How far it was read, and what staff have to look at; nothing where there is no database yet."""
    from bot.services import store_lists, store_states

    async with _database(config) as is_there:
        sync = await store_states.known(name) if is_there else None
        lists = await store_lists.newest(name, _SHOWN) if sync else None
    if sync is None or lists is None:
        return
    of = f" of {sync.total}" if sync.total is not None else ""
    yield Finding(
        SHOPS,
        f"{name} is read",
        _STATES.get(sync.state, "ok"),
        sync.error or f"{sync.state}, {sync.done}{of} products this time",
    )
    for one in lists.problems:
        facts = ", ".join(f"{key} {value}" for key, value in one.facts.items())
        about = " ".join(filter(None, (one.external_id, one.title)))
        words = f"{one.code}: {about}{f' ({facts})' if facts else ''}"
        yield Finding(SHOPS, f"{name} problem", "note", words, f"one of {lists.problems_in_all}, {_CURES}")
    for lost in lists.conflicts:
        words = f"{lost.sku}, {lost.field}: {lost.theirs!r} is sold, {lost.ours!r} was lost"
        yield Finding(SHOPS, f"{name} conflict", "note", words, f"one of {lists.conflicts_in_all}, {_CURES}")
