"""The connected shops of the configuration."""

from __future__ import annotations

from bot import stores
from bot.config import Config
from bot.runtime.store_syncing import Connected
from bot.settings.checks import is_https


def make_stores(config: Config) -> tuple[Connected, ...]:
    """Those that are set up; a shop without a language of its own writes in the first of ours."""
    first = config.shop.languages[0]
    return tuple(
        Connected(stores.opened(name, settings), settings.language or first, settings.every, _hook(config, name))
        for name, settings in config.stores.connected().items()
    )


def _hook(config: Config, name: str) -> str:
    """Where the shop posts what happens; none where it could not reach us."""
    return f"{config.server.url}/hooks/store/{name}" if is_https(config.server.url) else ""
