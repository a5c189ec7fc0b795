"""Telegram keeps the contract of every channel, by long polling and by webhook."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web

from bot.channels.telegram import TelegramChannel, TelegramSettings
from bot.core.errors import (
    ChannelUnavailable,
)
from bot.core.ports import Channel, HookRequest
from tests.contracts.channel_contract import ChannelContract, Inbox, Shelf, Stage
from tests.kit.telegram_server import TelegramServer
from tests.kit.telegram_user import TelegramUser

SECRET = "s3cret-Token_of_the_hook"
HEADER = "x-telegram-bot-api-secret-token"


def request(header: str | None) -> HookRequest:
    return HookRequest("POST", "/hook", {}, {} if header is None else {HEADER: header}, b"{}")


class Hook:
    """The web side in small: verify, parse, keep, and only then 200."""

    def __init__(self, inbox: Inbox) -> None:
        self.channel: TelegramChannel | None = None
        self._inbox = inbox

    async def answer(self, request: web.Request) -> web.Response:
        assert self.channel
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        self.channel.verify(HookRequest("POST", "/hook", {}, headers, body))
        try:
            await self._inbox.accept(self.channel.parse(body))
        except ChannelUnavailable:
            return web.Response(status=503)
        return web.Response()


def staged(
    channel: TelegramChannel,
    hurried: TelegramChannel,
    server: TelegramServer,
    ann: TelegramUser,
    inbox: Inbox,
    shelf: Shelf,
) -> Stage:
    wrong = ["", "wrong", SECRET + "x", SECRET[:-1], SECRET.swapcase(), "密钥", "\udcff\udcfe"]
    return Stage(
        channel=channel,
        hurried=hurried,
        platform=server,
        customer=ann,
        inbox=inbox,
        shelf=shelf,
        send_method="sendMessage",
        signed=lambda body: request(SECRET),
        forged=lambda body: [request(None), *map(request, wrong)],
        start=lambda: channel.start(inbox.accept),
    )


class TestPulled(ChannelContract):
    """By long polling."""

    @pytest.fixture
    def stage(
        self,
        channel: TelegramChannel,
        hurried: TelegramChannel,
        server: TelegramServer,
        ann: TelegramUser,
        inbox: Inbox,
        shelf: Shelf,
    ) -> Stage:
        return staged(channel, hurried, server, ann, inbox, shelf)


class TestHooked(ChannelContract):
    """By webhook."""

    @pytest.fixture
    async def stage(
        self,
        settings: TelegramSettings,
        hurried: TelegramChannel,
        server: TelegramServer,
        ann: TelegramUser,
        inbox: Inbox,
        shelf: Shelf,
    ) -> AsyncIterator[Stage]:
        app = web.Application()
        runner = web.AppRunner(app, access_log=None)
        hook = Hook(inbox)
        app.router.add_post("/hook", hook.answer)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        hooked = replace(settings, webhook_url=url, webhook_secret=SECRET)
        channel = TelegramChannel(hooked, shelf.open)
        hook.channel = channel
        yield staged(channel, hurried, server, ann, inbox, shelf)
        await channel.stop()
        await runner.cleanup()

    async def test_a_stopped_channel_hears_nothing(self, stage: Stage) -> None:
        await stage.start()
        await stage.channel.stop()
        assert stage.platform.count("setWebhook") == 1
        assert stage.platform.count("deleteWebhook") == 0  # updates wait at Telegram meanwhile


async def test_the_port_is_filled(channel: TelegramChannel) -> None:
    assert isinstance(channel, Channel)
