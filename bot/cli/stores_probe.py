"""Asks every connected shop whose it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from bot import stores
from bot.cli.finding import Finding
from bot.core.errors import ParleyError

if TYPE_CHECKING:
    from bot.config import Config
    from bot.stores._settings import StoreSettings

SHOPS = "Connected shops"
_PATIENCE = 10.0  # seconds


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
