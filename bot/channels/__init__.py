"""The channels. Every module or package here is one kind; whoever names it in config.toml gets an account of it.

A kind declares `CAPABILITIES`, what an operator can set (`Settings`), and how an account is opened (`opened`).
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol, cast

from bot.channels._account import Around, ChannelSettings
from bot.core.capabilities import Capabilities
from bot.core.ports import Channel
from bot.core.profiles import SMS, WEBCHAT

#: Always there, and has nothing to set.
OWN = "webchat"


class Kind(Protocol):
    """What the module of a channel declares."""

    CAPABILITIES: Capabilities
    Settings: type[ChannelSettings]

    def opened(self, settings: Any, around: Around) -> Channel:
        """One account, which `start` connects. Raises `ConfigError`."""


def kinds() -> tuple[str, ...]:
    """The names of what can be configured, in order."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(name for name in found if not name.startswith("_") and name != OWN)


def kind(name: str) -> Kind:
    """The kind of this name. Raises `LookupError` for one that there is not."""
    if name not in kinds():
        raise LookupError(name)
    return cast("Kind", import_module(f"{__name__}.{name}"))


def of(settings: ChannelSettings) -> Kind:
    """The kind whose settings these are."""
    name = type(settings).__module__.removeprefix(f"{__name__}.").partition(".")[0]
    return kind(name)


def profiles() -> Mapping[str, Capabilities]:
    """What each channel can show, by its name: the web chat, all kinds in order, and the least that there is."""
    return {OWN: WEBCHAT} | {name: kind(name).CAPABILITIES for name in kinds()} | {SMS.channel: SMS}
