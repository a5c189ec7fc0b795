"""What a platform's server does on a bad day; any fake platform can be told to do it.

    server.fails("sendMessage", TooMany(after=3), Status(500))   # the next two calls

A fault is used once. `Cut` and `Lost` do the work first: the customer sees the message and the bot
does not learn it, which is how doubled messages are born.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Status:
    """Answer with a status; `text` is the platform's description, else a proxy's page."""

    code: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class TooMany:
    """429, asking to wait `after` seconds."""

    after: int


@dataclass(frozen=True, slots=True)
class Hang:
    """Never answer; once `ends` is set, break the connection before the work."""

    ends: asyncio.Event = field(default_factory=asyncio.Event, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Reset:
    """Break the connection before the work."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Do the work, then break the connection without an answer."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Do the work, say 200, and break the connection in the middle of the answer."""


@dataclass(frozen=True, slots=True)
class Garbage:
    """Do the work, say 200, and answer what is no JSON."""


@dataclass(frozen=True, slots=True)
class Late:
    """Do the work, and answer only after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Do nothing, and send the caller to another address, which a header can carry."""

    address: str
    code: int = 302

    def answer(self) -> web.Response:
        """A redirect."""
        return web.Response(status=self.code, headers={"Location": " ".join(self.address.split())})


Fault = Elsewhere | Status | TooMany | Hang | Reset | Lost | Cut | Garbage | Late


class Faults:
    """Faults waiting for their call, by method; `*` is for any method."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Fault]] = defaultdict(deque)

    def add(self, method: str, *faults: Fault) -> None:
        self._waiting[method.lower()].extend(faults)

    def instead(self, method: str, *faults: Fault) -> None:
        """These, and none of those that still wait for a call of that method."""
        self._waiting[method.lower()] = deque(faults)

    def take(self, method: str) -> Fault | None:
        for name in (method.lower(), "*"):
            if self._waiting[name]:
                return self._waiting[name].popleft()
        return None


class Words(Protocol):
    """How a platform itself says that it will not."""

    def refuses(self, code: int, text: str) -> web.Response: ...

    def asks_to_wait(self, after: int) -> web.Response: ...


async def answered(
    request: web.Request, fault: Fault | None, work: Callable[[], Awaitable[web.Response]], words: Words
) -> web.StreamResponse:
    """The answer to a call of which `work` gives the right one, on a day as bad as `fault`."""
    match fault:
        case Status(code, text):
            return words.refuses(code, text) if text else web.Response(status=code, text="<html>proxy</html>")
        case TooMany(after):
            return words.asks_to_wait(after)
        case Elsewhere():
            return fault.answer()
        case Hang(ends):
            await ends.wait()
            reset(request)
            return web.Response()
        case Reset():
            reset(request)
            return web.Response()
    answer = await work()
    match fault:
        case Late(seconds):
            await asyncio.sleep(seconds)
        case Lost():
            reset(request)
        case Cut():
            return await cut(request, answer.body if isinstance(answer.body, bytes) else b"{}")
        case Garbage():
            return web.Response(text="\ufffd{{{", content_type="application/json")
    return answer


def reset(request: web.Request) -> None:
    """Break the connection as a crashed server does."""
    if request.transport is not None:
        request.transport.abort()


async def cut(request: web.Request, body: bytes) -> web.StreamResponse:
    """Promise `body` and break off in its middle."""
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    reset(request)
    return response
