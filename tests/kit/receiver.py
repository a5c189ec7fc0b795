"""Another program that is told what happens here: it checks each call with the library that receivers use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from aiohttp.test_utils import RawTestServer
from standardwebhooks import Webhook


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it came."""

    path: str
    id: str
    body: bytes
    headers: dict[str, str]

    @property
    def type(self) -> str:
        """The event's name."""
        return str(self.json["type"])

    @property
    def json(self) -> dict[str, Any]:
        """What was told."""
        found: dict[str, Any] = orjson.loads(self.body)
        return found

    def verify(self, secret: str) -> None:
        """Raises unless it was signed with this secret, now."""
        Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """Answers 200, or what `answers` has next; paths that begin with /hang are never answered."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)
    answers: list[web.Response] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """One call."""
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.calls.append(Call(request.path, headers.get("webhook-id", ""), body, headers))
        if request.path.startswith("/hang"):
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            try:
                await self.released.wait()
            finally:
                self.under_way -= 1
        return self.answers.pop(0) if self.answers else web.Response(text="thanks")

    def at(self, path: str) -> list[Call]:
        """Those of one endpoint."""
        return [call for call in self.calls if call.path == path]


@asynccontextmanager
async def receiving(receiver: Receiver | None = None) -> AsyncIterator[Receiver]:
    """Listen on a free port of this machine."""
    receiver = receiver or Receiver()
    server = RawTestServer(receiver.handle)
    await server.start_server()
    receiver.url = str(server.make_url("")).rstrip("/")
    try:
        yield receiver
    finally:
        receiver.released.set()
        await server.close()
