"""Weibo's handshake and signature, answers in the call, and what comes of an event that is posted again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.channels.weibo import Settings, WeiboChannel
from bot.core.errors import BadInput, ConfigError, FileMissing, Unauthorised, WindowClosed
from bot.core.message import Allowance, FileRef, Wire
from bot.core.ports import HookRequest, Profile
from tests.contracts.channel_contract import Inbox
from tests.contracts.hook import Hook
from tests.contracts.weibo.conftest import Make
from tests.kit.platforms.around import around
from tests.kit.platforms.weibo import Fan, WeiboServer
from tests.kit.wire_faults import Status

SIGNED = {
    "signature": "90e4c22c90a58f26526c2dd5b6c56c8822edeaa1",
    "timestamp": "1397022061823",
    "nonce": "57155157",
    "echostr": "dnPdpTZz85",
}


async def no_files(_file: object) -> AsyncIterator[bytes]:
    yield b""


@pytest.mark.parametrize(("later", "passes"), [(0.0, True), (299.0, True), (301.0, False), (-301.0, False)])
def test_the_documented_handshake_passes_while_it_is_fresh(later: float, passes: bool) -> None:
    settings = Settings.model_validate({"app_secret": "xyz123xyz"})
    channel = WeiboChannel(settings, around("weibo", no_files), now=lambda: 1397022061.823 + later)
    request = HookRequest("GET", "/hook", SIGNED, {}, b"")
    if not passes:
        with pytest.raises(Unauthorised):
            channel.verify(request)
        return
    channel.verify(request)
    answer = channel.handshake(request)
    assert answer is not None
    assert (answer.status, answer.body) == (200, b"dnPdpTZz85")


async def test_the_address_can_be_set(make: Make, server: WeiboServer, hook: Hook) -> None:
    make(server)
    server.posts_to(hook.url)
    answer = await server.binds("dnPdpTZz85")
    assert (answer.status, answer.body) == (200, b"dnPdpTZz85")


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_an_answer_that_is_ready_goes_back_in_the_call(make: Make, hook: Hook, inbox: Inbox, form: str) -> None:
    text = 'A & B <b> "茶" ]]>\n2'
    async with WeiboServer(form) as server:
        channel, fan = make(server, holds=4.5), server.fan()
        server.posts_to(hook.url)
        await fan.says("hi")
        await inbox.next()
        sent = await channel.send(fan.id, Wire(text), "k")
        assert (await fan.reads()).text == text
        assert (sent.external_id, server.count("reply")) == ("", 0)
        await channel.send(fan.id, Wire("and more"), "k2")
        assert (await fan.reads()).text == "and more"
        assert server.count("reply") == 1


async def test_an_account_without_the_api_answers_in_the_call_only(
    make: Make, server: WeiboServer, hook: Hook, inbox: Inbox
) -> None:
    channel, fan = make(server, access_token=""), server.fan()
    assert (channel.tries, await channel.whoami()) == (3, "")
    await channel.start(inbox.accept)
    with pytest.raises(WindowClosed):
        await channel.send(fan.id, Wire("hi"), "k")
    with pytest.raises(FileMissing):
        await channel.fetch(FileRef("image", "4000001"))
    assert (channel.capabilities.profiles, await channel.profile(fan.id)) == (False, Profile())
    assert server.calls == []


async def test_a_call_that_was_not_answered_is_taken_with_nothing(
    make: Make, server: WeiboServer, hook: Hook, inbox: Inbox, fan: Fan
) -> None:
    make(server)
    server.posts_to(hook.url)
    await fan.says("hi")
    await server.is_heard()
    assert [(answer.status, answer.body) for answer in server.posting.answers] == [(200, b"")]


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_an_event_that_comes_twice_is_one(make: Make, hook: Hook, inbox: Inbox, form: str) -> None:
    async with WeiboServer(form) as server:
        make(server)
        server.posting.twice = True
        server.posts_to(hook.url)
        fan = server.fan()
        for text in ("one", "two"):
            await fan.says(text)
        await server.is_heard()
        assert [inbound.text for inbound in inbox.kept] == ["one", "two"]
        assert len(server.posting.answers) == 4
        assert not any(fan.id in inbound.key for inbound in inbox.kept)


async def test_the_menu_is_kept_as_the_commands_are(
    make: Make, server: WeiboServer, hook: Hook, inbox: Inbox, fan: Fan
) -> None:
    channel = make(server)
    await channel.start(inbox.accept)
    await make(server).start(inbox.accept)
    assert server.count("menu") == 1
    server.posts_to(hook.url)
    await fan.taps("点单")
    inbound = await inbox.next()
    assert (inbound.kind, inbound.text) == ("message", "/order")
    await make(server, menu=False).start(inbox.accept)
    assert server.count("menu") == 1


async def test_a_mention_may_have_one_answer(
    make: Make, server: WeiboServer, hook: Hook, inbox: Inbox, fan: Fan
) -> None:
    channel = make(server)
    server.posts_to(hook.url)
    await fan.mentions("@tea 好喝")
    inbound = await inbox.next()
    assert (inbound.text, inbound.allows) == ("@tea 好喝", Allowance(48 * 3600, 1))
    await server.is_heard()
    await channel.send(fan.id, Wire("thanks"), "k1")
    with pytest.raises(WindowClosed):
        await channel.send(fan.id, Wire("and"), "k2")


async def test_a_token_that_is_not_taken_stops_the_start(make: Make, server: WeiboServer, inbox: Inbox) -> None:
    channel = make(server, access_token="ended")
    with pytest.raises(ConfigError, match=r"\[weibo\] access_token: .*开发者模式") as error:
        await channel.start(inbox.accept)
    assert "ended" not in str(error.value)


@pytest.mark.parametrize("method", ["uid", "menu"])
async def test_an_unreachable_weibo_does_not_stop_the_start(
    make: Make, server: WeiboServer, inbox: Inbox, method: str
) -> None:
    channel = make(server)
    server.fails(method, Status(502))
    await channel.start(inbox.accept)
    async with asyncio.timeout(5):
        assert await channel.whoami() == "1902538057"


async def test_who_follows_is_known_by_name_and_language(make: Make, server: WeiboServer) -> None:
    channel, fan = make(server), server.fan(name="微微", locale="zh_CN")
    assert channel.capabilities.profiles
    assert await channel.profile(fan.id) == Profile("微微", "zh-CN")
    await fan.blocks()
    assert await channel.profile(fan.id) == Profile()
    with pytest.raises(BadInput, match="10008"):
        await channel.profile("1&uid=2")
    assert server.named("user")[-1].query["uid"] == "1&uid=2"


def test_what_is_missing_is_told() -> None:
    assert Settings().missing() == ("app_secret",)
    settings = Settings.model_validate({"app_secret": "hush", "text_characters": 100, "reply_hours": 1})
    assert settings.missing() == ()
    assert settings.capabilities().text_limit == 100
    assert "hush" not in repr(settings)
