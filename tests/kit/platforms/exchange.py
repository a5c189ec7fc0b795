"""One HTTP call between Parley and a platform with its answer: what whoever watches a fake platform is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from aiohttp import web

    from tests.kit.platforms.base import Upload

#: In `Exchange.status`: the connection ended without an answer.
NO_ANSWER = 0


@dataclass(slots=True, eq=False)
class Exchange:
    """`towards` is who is called, `target` the path with its query; a form has no `body`. `status` None: under way."""

    towards: Literal["parley", "platform"]
    verb: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    form: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Upload] = field(default_factory=dict)
    status: int | None = None
    answer: bytes = b""
    answer_headers: Mapping[str, str] = field(default_factory=dict)

    def ends(self, status: int, answer: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """This is the answer."""
        self.status, self.answer, self.answer_headers = status, answer, headers or {}


#: Called when a call leaves, and again with the same object when it is over.
Observer = Callable[[Exchange], None]


def nobody(_exchange: Exchange) -> None:
    """Who watches where nobody does."""


async def watched(
    observer: Observer, exchange: Exchange, answering: Awaitable[web.StreamResponse]
) -> web.StreamResponse:
    """The answer of our own server to a call, which `observer` is shown from its beginning to its end."""
    observer(exchange)
    try:
        found = await answering
        body = getattr(found, "body", None)
        exchange.ends(found.status, body if isinstance(body, bytes) else b"", found.headers)
    except BaseException:
        exchange.ends(NO_ANSWER)
        raise
    finally:
        observer(exchange)
    return found
