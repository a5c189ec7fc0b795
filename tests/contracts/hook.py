"""The web side in small, for any channel: verify, handshake, parse, keep, and only then the platform's answer."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from aiohttp import web

from bot.core.errors import BadInput, Retryable, Unauthorised
from bot.core.ports import Accept, Channel, HookAnswer, HookRequest
from tests.kit.platforms.around import HeldCalls


class Posts(Protocol):
    """A fake platform that posts its events."""

    def posts_to(self, url: str) -> None: ...


class Hook:
    """Listens on a free port; `calls` are those that are held open for channels that answer in them.

    async with Hook(inbox.accept) as hook:
        hook.channel = opened(settings, around("line", shelf.open, calls=hook.calls))
        server.posts_to(hook.url)
    """

    def __init__(self, accept: Accept) -> None:
        self.channel: Channel | None = None
        self.calls = HeldCalls()
        self.url = ""
        self._accept = accept
        self._runner: web.AppRunner | None = None

    def hears(self, channel: Channel, platform: Posts) -> Self:
        """From now on `platform` posts to `channel`."""
        self.channel = channel
        platform.posts_to(self.url)
        return self

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/hook", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        assert self.channel is not None
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = HookRequest(request.method, request.path, dict(request.query), headers, await request.read())
        try:
            answer = await self._receive(self.channel, call)
        except Unauthorised:
            return web.Response(status=401)
        except BadInput:
            return web.Response(status=400)
        except Retryable:
            return web.Response(status=503)
        return web.Response(status=answer.status, body=answer.body, content_type=answer.content_type)

    async def _receive(self, channel: Channel, call: HookRequest) -> HookAnswer:
        channel.verify(call)
        shake = channel.handshake(call)
        if shake is not None:
            return shake
        if call.method != "POST":
            return HookAnswer(405)
        inbounds = channel.parse(call.body)
        if inbounds:
            await self._accept(inbounds)
        people = {inbound.sender for inbound in inbounds if inbound.kind != "unknown"}
        said = await self.calls.said(people, channel.holds) if channel.holds and people else b""
        return channel.answer(call, said)
