"""Asks every connected shop whose it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from bot import stores
from bot.cli.finding import Finding, State
from bot.core.errors import ParleyError

if TYPE_CHECKING:
    from bot.config import Config
    from bot.stores._settings import StoreSettings

SHOPS = "Connected shops"
_PATIENCE = 10.0  # seconds
#: Problems and conflicts that are shown, the newest.
_SHOWN = 10
_CURES = "see docs/shops.md"
_STATES: dict[str, State] = {"stopped": "wrong", "waiting": "note"}


async def all_stores(config: Config, *, offline: bool) -> AsyncIterator[Finding]:
    """Every shop that is connected, and every one that is not, with the cure."""
    connected = config.stores.connected()
    for name in type(config.stores).model_fields:
        cure = f"in [stores.{name}] {getattr(config.stores, name).cure}"
        if name not in connected:
            yield Finding(SHOPS, name, "off", "not connected", cure)
        else:
            hook = f"webhooks {config.server.url}/hooks/store/{name}"
            yield await _asked(name, connected[name], hook, cure, offline=offline)
            async for finding in _standing(config, name):
                yield finding


async def _asked(name: str, settings: StoreSettings, hook: str, cure: str, *, offline: bool) -> Finding:
    if offline:
        return Finding(SHOPS, name, "ok", f"{hook}, not asked (--offline)")
    store = stores.opened(name, settings)
    try:
        async with asyncio.timeout(_PATIENCE):
            who = await store.who()
    except (ParleyError, TimeoutError) as error:
        return Finding(SHOPS, name, "wrong", str(error) or "it does not answer", cure)
    finally:
        await store.close()
    return Finding(SHOPS, name, "ok", f"{who}, {hook}")


async def _standing(config: Config, name: str) -> AsyncIterator[Finding]:
    """How far it was read, and what staff have to look at; nothing where there is no database yet."""
    from bot.services import store_lists, store_states
    from models.database import client, close_database, dialect, open_database
    from models.engines.sqlite import sqlite_path
    from models.migrate import pending

    url = config.database.url.reveal()
    if url.startswith("sqlite:") and not sqlite_path(url).exists():
        return
    try:
        await open_database(url, lock=False)
        sync = None if await pending(client(), dialect()) else await store_states.known(name)
        if sync is None:
            return
        lists = await store_lists.newest(name, _SHOWN)
    except ParleyError:
        return  # the finding about the database says why
    finally:
        await close_database()
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
