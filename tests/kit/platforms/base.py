"""What every fake platform is: a server on a free port that remembers calls, can be told to fail, and posts webhooks.

class TeaServer(FakePlatform):
    def routes(self) -> Routes:
        return {"send": ("POST", "/v1/messages", self._send)}

    async def _send(self, call: Call) -> Json:
        if call.headers.get("Authorization") != f"Bearer {self.token}":
            raise Refusal(401, {"code": 40001, "message": "no such token"})
        ...
        return {"id": "1"}

async with TeaServer() as server:
    server.fails("send", TooMany(after=3), Status(500))   # the next two calls
    ...
    assert server.count("send") == 3
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import BodyPartReader, web

from tests.kit import wire_faults
from tests.kit.platforms.exchange import Exchange, Observer, nobody, watched
from tests.kit.platforms.posting import Answered, Delivery, Posting

Json = dict[str, Any]

MOST_UPLOAD = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a form."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it arrived. `method` is the name of its route; `headers` are found by any spelling of their names."""

    method: str
    verb: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    form: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Upload] = field(default_factory=dict)
    at: Mapping[str, str] = field(default_factory=dict)  # the parts of the path that its route names
    target: str = ""  # the path with its query, as they were written

    def json(self) -> Json:
        """The body as an object. Raises `Refusal(400)`."""
        try:
            found = json.loads(self.body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Refusal(400, {"message": "The request body is no JSON object"})
        return found


class Refusal(Exception):
    """An error of the platform: its status, what it says, and its headers."""

    def __init__(self, status: int, said: Json | str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(str(said))
        self.answer = response(said, status, headers)


Result = Json | list[Any] | str | bytes | web.Response
Perform = Callable[[Call], Awaitable[Result]]
Routes = Mapping[str, tuple[str, str, Perform]]


class FakePlatform:
    """Subclass it, and say `routes`: the verb, the path and what performs the call, under the name of the method."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.refusals: list[str] = []  # calls that broke a rule, not those that were told to fail
        self.faults = wire_faults.Faults()
        self.base = ""
        self.posting = Posting(self.signed, self.heard, self.tell_waiters)
        self._observer: Observer = nobody
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    def routes(self) -> Routes:
        """The calls that there are; `{id}` in a path is `call.at["id"]`."""
        raise NotImplementedError

    def signed(self, body: bytes, attempt: int) -> Delivery:
        """How the platform posts `body`; `attempt` is 0 for the first time."""
        return Delivery(body)

    def delivery(self, body: bytes) -> Delivery:
        """A genuine call that carries `body`, whatever it is; `signed` makes it of an event."""
        return self.signed(body, 0)

    async def heard(self, lane: str, delivery: Delivery, answer: Answered) -> None:
        """A webhook call was answered; `lane` is as it was given to `happens`."""

    def refuses(self, code: int, text: str) -> web.Response:
        """The platform's form of an error, for `Status(code, text)`."""
        return response({"message": text}, code)

    def asks_to_wait(self, after: int) -> web.Response:
        """The platform's form of 'too fast', for `TooMany`."""
        return response({"message": "too many requests"}, 429, {"Retry-After": str(after)})

    def fails(self, method: str, *faults: wire_faults.Fault) -> None:
        """The next calls of `method` (`*`: of any) go wrong, one for each fault."""
        self.faults.add(method, *faults)

    def count(self, method: str) -> int:
        """How many calls of `method` arrived, failed ones too."""
        return len(self.named(method))

    def named(self, method: str) -> list[Call]:
        """The calls of `method` in their order."""
        return [call for call in self.calls if call.method == method]

    def watched_by(self, observer: Observer) -> None:
        """`observer` is shown every call and every webhook: when it leaves, and again when it is answered."""
        self._observer = self.posting.observer = observer

    def in_plain(self, body: bytes) -> bytes:
        """What is sealed in a body, for people to read; b"" where nothing is."""
        return b""

    def posts_to(self, url: str) -> None:
        """Webhooks go to this address from now on, those that wait too."""
        self.posting.begin(url)

    def happens(self, body: bytes, lane: str = "") -> None:
        """Post a webhook, again and again until the answer is 2xx; in order within a `lane`."""
        self.posting.add(body, lane)

    async def is_heard(self) -> None:
        """Wait until every webhook was taken."""
        await self.until(lambda: not self.posting.waiting)

    async def until(self, condition: Callable[[], object], timeout: float = 30.0) -> None:
        """Wait until `condition()` holds; it is asked whenever something happened here."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(condition)

    async def tell_waiters(self) -> None:
        """Something happened."""
        async with self._changed:
            self._changed.notify_all()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=MOST_UPLOAD)
        for method, (verb, path, perform) in self.routes().items():
            app.router.add_route(verb, path, self._answering(method, perform))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.base = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.posting.stop()
        if self._runner:
            await self._runner.cleanup()

    def _answering(self, method: str, perform: Perform) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            call = await _read(request, method)
            self.calls.append(call)
            await self.tell_waiters()

            async def work() -> web.Response:
                try:
                    answer = response(await perform(call))
                    if answer.status >= 400:
                        self.refusals.append(f"{method}: {answer.status}")
                    return answer
                except Refusal as refusal:
                    self.refusals.append(f"{method}: {refusal}")
                    return refusal.answer
                finally:
                    await self.tell_waiters()

            exchange = Exchange(
                "platform", call.verb, request.path_qs, request.headers, call.body, call.form, call.files
            )
            answering = wire_faults.answered(request, self.faults.take(method), work, self)
            return await watched(self._observer, exchange, answering)

        return answer


def response(said: Result, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Objects and lists as JSON in UTF-8, texts and bytes as they are."""
    if isinstance(said, web.Response):
        return said
    if isinstance(said, bytes):
        return web.Response(body=said, status=status, headers=headers, content_type="application/octet-stream")
    if isinstance(said, str):
        return web.Response(text=said, status=status, headers=headers)
    body = json.dumps(said, ensure_ascii=False).encode()
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


async def _read(request: web.Request, method: str) -> Call:
    form: dict[str, str] = {}
    files: dict[str, Upload] = {}
    body = b""
    if request.content_type == "multipart/form-data":
        form, files = await _read_form(request)
    else:
        body = await request.read()
        if request.content_type == "application/x-www-form-urlencoded":
            form = {name: str(value) for name, value in (await request.post()).items()}
    query, at = dict(request.query), dict(request.match_info)
    return Call(method, request.method, request.path, query, request.headers, body, form, files, at, request.raw_path)


async def _read_form(request: web.Request) -> tuple[dict[str, str], dict[str, Upload]]:
    form: dict[str, str] = {}
    files: dict[str, Upload] = {}
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader), "no platform has nested multipart"
        content = bytes(await part.read())
        if part.filename is not None:
            media_type = part.headers.get("Content-Type", "application/octet-stream")
            files[part.name or ""] = Upload(part.filename, media_type, content)
        else:
            form[part.name or ""] = content.decode()
    return form, files
