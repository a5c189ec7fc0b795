"""A visitor of the chat box over a bare WebSocket: cheap enough for hundreds, and it can be cut at any moment."""

from __future__ import annotations

import asyncio
import itertools
import json
from contextlib import suppress
from typing import Any

import aiohttp

Json = dict[str, Any]
BROKEN = (aiohttp.ClientError, ConnectionError, TimeoutError, OSError)
_ids = itertools.count(1)


class Gone(ConnectionError):
    """The connection ended, or was refused."""


class Visitor:
    """Keeps its token and `seen`, the messages in the order in which they came, over all of its connections."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token: str | None = None
        self.seen: list[tuple[int, str]] = []
        self._acks: dict[int, asyncio.Future[Json]] = {}
        self._numbers = itertools.count(1)
        self._came = asyncio.Condition()
        self._session = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Visitor:
        self._http = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()
        assert self._http is not None
        await self._http.close()

    @property
    def last(self) -> int:
        """The newest seq that was seen."""
        return max((seq for seq, _ in self.seen), default=0)

    @property
    def is_open(self) -> bool:
        """Whether it still listens."""
        return self._reading is not None and not self._reading.done()

    async def opens(self, *, cut_at: str = "") -> None:
        """Connect and catch up; `cut_at` breaks off "socket" before any event, "hello" right after. Raises `Gone`."""
        assert self._http is not None
        self._session.clear()
        try:
            async with asyncio.timeout(15):
                self._socket = await self._http.ws_connect(f"{self.url}/socket.io/?EIO=4&transport=websocket")
                if cut_at != "socket":
                    await self._enter(wait=cut_at != "hello")
        except BROKEN as error:
            raise Gone(str(error)) from error
        if cut_at:
            await self.cut()

    async def _enter(self, *, wait: bool) -> None:
        assert self._socket is not None
        await self._socket.receive_str()
        told = ({"token": self.token} if self.token else {}) | {"after": self.last, "lang": "en"}
        await self._socket.send_str("40/chat," + json.dumps(told))
        self._reading = asyncio.create_task(self._read(self._socket))
        if wait:
            await self._session.wait()

    async def cut(self) -> None:
        """As a lost network does: no good-bye."""
        socket, self._socket = self._socket, None
        if self._reading:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
            self._reading = None
        if socket is not None:
            transport = socket._writer.transport  # aiohttp itself closes politely only
            if transport is not None:
                transport.abort()
            with suppress(*BROKEN):
                await socket.close()
        self._lose()

    def _lose(self) -> None:
        for ack in self._acks.values():
            if not ack.done():
                ack.set_exception(Gone("the connection ended before the acknowledgement"))
                ack.exception()
        self._acks.clear()

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            text = str(message.data)
            if text == "2":
                await socket.send_str("3")
            elif text.startswith("42/chat,"):
                await self._event(*json.loads(text[8:]))
            elif text.startswith("43/chat,"):
                number, _, body = text[8:].partition("[")
                ack = self._acks.pop(int(number), None)
                if ack is not None and not ack.done():
                    ack.set_result(json.loads("[" + body)[0])
        self._lose()

    async def _event(self, name: str, body: Any = None) -> None:
        if name == "session":
            self.token = body["token"]
            self.seen += [(one["seq"], one["text"]) for one in body["messages"]]
            if body["more"] and self.seen:
                asyncio.get_running_loop().create_task(self._sync())
            self._session.set()
        elif name == "message":
            self.seen.append((body["seq"], body["text"]))
        async with self._came:
            self._came.notify_all()

    async def _sync(self) -> None:
        with suppress(*BROKEN):
            answer = await self._call("sync", {"after": self.last})
            self.seen += [(one["seq"], one["text"]) for one in answer.get("messages", [])]

    async def _call(self, event: str, body: Json, patience: float = 15.0) -> Json:
        if self._socket is None or self._socket.closed:
            raise Gone("not connected")
        number = next(self._numbers)
        ack = self._acks[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_str(f"42/chat,{number}{json.dumps([event, body])}")
        async with asyncio.timeout(patience):
            return await ack

    async def says(self, text: str, *, id: str = "", patience: float = 15.0) -> bool:  # noqa: A002
        """Whether it was acknowledged; False means refused for now. Raises `Gone` or TimeoutError: nobody knows."""
        answer = await self._call("message", {"text": text, "id": id or f"v{next(_ids)}"}, patience)
        return answer.get("ok") is True

    async def hears(self, text: str, patience: float = 15.0) -> None:
        """Wait until a message is `text`. Raises TimeoutError."""
        async with asyncio.timeout(patience), self._came:
            await self._came.wait_for(lambda: any(text == said for _, said in self.seen))
