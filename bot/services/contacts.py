"""What a person told us about themselves: language, name, and where to deliver."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.registry import reads
from bot.services.scope import Scope


@dataclass(frozen=True, slots=True)
class Address:
    """Where an order goes; `phone` may be empty."""

    name: str
    phone: str
    address: str


async def choose_locale(scope: Scope, locale: str) -> str:
    """The customer wants this language from now on; returns the language that they get ("zh" or "en")."""
    raise NotImplementedError


async def rename(scope: Scope, name: str) -> str:
    """Call the contact `name`; returns it as kept. Raises `Refused("bad_name")` for an empty one."""
    raise NotImplementedError


async def remember(scope: Scope, name: str, phone: str, address: str) -> Address:
    """Keep where to deliver, for the next checkout."""
    raise NotImplementedError


@reads
async def last_address(scope: Scope) -> Address | None:
    """Where the contact had something delivered last."""
    raise NotImplementedError
