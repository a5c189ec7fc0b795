"""The port of shops in which an app of ours is installed: what its merchant allowed, and the token for that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Grant:
    """A token, and what it is good for."""

    token: str
    scopes: tuple[str, ...]


@runtime_checkable
class Installable(Protocol):
    """A connected shop that may have no token in its settings; `installs` where it has none."""

    name: str
    installs: bool

    def install_at(self, back: str, state: str) -> str:
        """Where its merchant allows what is needed, to be sent `back` with a code and our `state`."""

    async def install(self, query: Mapping[str, str], now: datetime) -> Grant:
        """The token for the code with which somebody was sent back.

        Raises `Unauthorised` where the shop did not sign that, or lately not; `BadInput` for another shop, no code or
        too little that is allowed; `StoreUnavailable`.
        """

    def use(self, token: str) -> None:
        """Call the shop with this one from now on; "" is none."""
