"""The page's own server: the page, what happens as server-sent events, and the acts of the customers.

    GET  /                                    the page
    GET  /api/play                            {"shop", "desk", "login", "password", "marks", "now", "phones", "wire"}
    GET  /api/events                          {"phone": …} of phone.py, {"wire": …} of wire.py, {"now": …}
    POST /api/phones/{account}/{act}          {"text": "hi"}: an act of `play.ACTS`, with what it wants to know
    POST /api/phones/{account}/files?name=    a picture or another file, as the body
    GET  /api/phones/{account}/files/{line}/{at}
    GET  /api/phones/{account}/public?url=    what the platform fetches at the shop's public address
    POST /api/time                            {"hours": 25}

What cannot be done is answered with 400 and {"error": "a sentence"}.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from errno import EADDRINUSE
from pathlib import Path
from typing import Any

from aiohttp import web
from yarl import URL

from bot.core.errors import BadInput, ConfigError
from tests.kit.demo.play import Play
from tests.kit.platforms.base import Json

PAGE = Path(__file__).parent / "page"
ROOT = Path(__file__).parents[3]
UI, SAMPLE = ROOT / "web" / "ui", ROOT / "bot" / "demo" / "pictures" / "gaiwan.webp"
#: Colours and measures, and one colour and sign for each channel: the same as on the desk. One set of icons.
TOKENS, MARKS, ICONS = UI / "desk/styles/tokens.css", UI / "desk/logic/channels.ts", UI / "widget/ui/icons.tsx"
_MARK = re.compile(r'^  (\w+): \{ mark: "(.+?)", color: "(.+?)", en: "(.+?)", zh: "(.+?)" \},$', re.MULTILINE)
_ICON = re.compile(r'^  (\w+): "(.+)",$', re.MULTILINE)
MOST_UPLOAD = 20 * 1024 * 1024  # bytes
#: Seconds; a browser that is gone is noticed when it is written to.
BEAT = 15.0
MOST_HOURS = 24 * 30
POLICY = "default-src 'self'; img-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
LOCAL = ("127.0.0.1", "localhost")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def listening(port: int) -> socket.socket:
    """A port of this machine for the page, before anything else is begun. Raises `ConfigError` when it is taken."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        if error.errno != EADDRINUSE:
            raise
        raise ConfigError(
            f"--page-port: cannot listen on 127.0.0.1:{port}: another program listens there; "
            "stop it, or choose another port with --page-port"
        ) from error


@asynccontextmanager
async def serving(play: Play, facts: Json, listener: socket.socket) -> AsyncIterator[None]:
    """The page is there inside the block; `facts` are told to it as they are."""
    runner = web.AppRunner(_application(play, facts), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await play.ends()
        await runner.cleanup()


def _application(play: Play, facts: Json) -> web.Application:
    site = _Site(play, facts)
    application = web.Application(client_max_size=MOST_UPLOAD, middlewares=[_guarded])
    application.router.add_get("/", site.page)
    application.router.add_get("/api/play", site.whole)
    application.router.add_get("/api/events", site.events)
    application.router.add_post("/api/time", site.time)
    application.router.add_post("/api/phones/{account}/files", site.upload)
    application.router.add_get(r"/api/phones/{account}/files/{line:\d+}/{at:\d+}", site.file)
    application.router.add_post("/api/phones/{account}/{act}", site.act)
    application.router.add_get("/page/tokens.css", site.tokens)
    application.router.add_get("/page/sample.webp", site.sample)
    application.router.add_get("/api/phones/{account}/public", site.public)
    application.router.add_static("/page", PAGE)
    return application


@web.middleware
async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Only pages of our own may act, by whatever name somebody else's leads here; mistakes are sentences."""
    origin = request.headers.get("Origin")
    if request.url.host not in LOCAL or (origin and URL(origin).authority != request.url.authority):
        return web.json_response({"error": "this is for the page of the demo only"}, status=403)
    try:
        response = await handler(request)
    except (BadInput, LookupError, AssertionError, ValueError) as error:
        # The fakes say with the latter ones what people cannot do on their platform.
        response = web.json_response({"error": str(error)}, status=400)
    if not response.prepared:
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
    return response


class _Site:
    def __init__(self, play: Play, facts: Json) -> None:
        self._play = play
        marks = {
            name: {"mark": mark, "color": color, "en": en, "zh": zh}
            for name, mark, color, en, zh in _found(_MARK, MARKS)
        }
        self._facts = facts | {"marks": marks, "icons": dict(_found(_ICON, ICONS))}

    async def page(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(PAGE / "index.html")

    async def tokens(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(TOKENS)

    async def sample(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(SAMPLE)

    async def public(self, request: web.Request) -> web.StreamResponse:
        phone = self._play.phone(request.match_info["account"])
        content = await phone.server.internet(request.query.get("url", ""))
        return web.Response(body=content, content_type="image/jpeg")

    async def whole(self, request: web.Request) -> web.StreamResponse:
        phones = [phone.state() for phone in self._play.phones.values()]
        told = self._facts | {"now": self._play.clock.seconds(), "phones": phones, "wire": [*self._play.wire.entries]}
        return web.json_response(told)

    async def events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        listener = self._play.listens()
        try:
            await response.write(b": here\n\n")
            while (beat := await _next(listener)) is not None:
                await response.write(beat)
        except ConnectionError:
            pass
        finally:
            self._play.leaves(listener)
        return response

    async def act(self, request: web.Request) -> web.StreamResponse:
        await self._play.does(request.match_info["account"], request.match_info["act"], await _told(request))
        return web.json_response({})

    async def upload(self, request: web.Request) -> web.StreamResponse:
        name, content = Path(request.query.get("name", "")).name, await request.read()
        await self._play.sends(request.match_info["account"], name, request.content_type, content)
        return web.json_response({})

    async def file(self, request: web.Request) -> web.StreamResponse:
        facts = request.match_info
        file = self._play.phone(facts["account"]).file(int(facts["line"]), int(facts["at"]))
        # As a picture or as something to keep, never as a page of ours.
        kind = file.media_type if file.media_type.startswith("image/") else "application/octet-stream"
        return web.Response(body=file.content, content_type=kind if "svg" not in kind else "application/octet-stream")

    async def time(self, request: web.Request) -> web.StreamResponse:
        hours = (await _told(request)).get("hours")
        if not isinstance(hours, int | float) or not 0 < hours <= MOST_HOURS:
            raise BadInput(f"time goes by in hours, at most {MOST_HOURS}")
        await self._play.goes_on(hours)
        return web.json_response({})


def _found(pattern: re.Pattern[str], file: Path) -> list[Any]:
    found = pattern.findall(file.read_text("utf-8"))
    assert found, f"{file} is written in another way now"
    return found


async def _told(request: web.Request) -> Json:
    told: Any = await request.json() if request.can_read_body else {}
    if not isinstance(told, dict):
        raise BadInput("an act is told as an object")
    return told


async def _next(listener: asyncio.Queue[Json | None]) -> bytes | None:
    """The next event as it is written; None at the end."""
    try:
        async with asyncio.timeout(BEAT):
            event = await listener.get()
    except TimeoutError:
        return b": still here\n\n"
    return None if event is None else b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n"
