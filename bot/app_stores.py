"""The connected shops of the configuration."""

from __future__ import annotations

from bot import stores
from bot.config import Config
from bot.runtime.stores import Connected


def make_stores(config: Config) -> tuple[Connected, ...]:
    """Those that are set up; a shop without a language of its own writes in the first of ours."""
    first = config.shop.languages[0]
    return tuple(
        Connected(stores.opened(name, settings), settings.language or first, settings.every)
        for name, settings in config.stores.connected().items()
    )
