"""What the routes of the desk ask of its open sockets."""

from __future__ import annotations

from typing import Protocol

from aiohttp import web


class Live(Protocol):
    """The open desks."""

    async def end_sessions(self) -> None:
        """Close the sockets of sessions that do not stand any more."""


LIVE = web.AppKey("live", Live)
