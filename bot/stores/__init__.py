"""Connected shops behind one port, a package each.

A package declares what an operator can set (`Settings`) and how the shop is opened (`opened`). The configuration
imports all of them: what calls a shop is imported when it is opened.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from bot.core.store import Store
from bot.stores._settings import StoreSettings


def opened(name: str, settings: StoreSettings) -> Store:
    """The shop of this name."""
    module: Any = import_module(f"{__name__}.{name}")
    return cast("Store", module.opened(settings))
