"""How Telegram is registered with, pulled from, and believed."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.channels.telegram import TelegramChannel, TelegramSettings, receiving
from bot.core.errors import (
    ConfigError,
    StorageUnavailable,
    Unauthorised,
)
from bot.core.message import Button, Wire
from bot.core.ports import HookRequest
from bot.runtime.courtesy import Courtesy
from bot.runtime.ledger import Waiting
from tests.contracts.channel_contract import Inbox, Shelf
from tests.kit.telegram_server import TelegramServer
from tests.kit.telegram_user import TelegramUser
from tests.kit.wire_faults import Cut, Hang, Status, TooMany


def request(header: str | None) -> HookRequest:
    return HookRequest(
        "POST", "/hook", {}, {} if header is None else {"x-telegram-bot-api-secret-token": header}, b"{}"
    )


async def test_the_webhook_is_registered_for_what_we_read(
    settings: TelegramSettings, server: TelegramServer, shelf: Shelf, inbox: Inbox
) -> None:
    url = "https://shop.example/hooks/telegram"
    channel = TelegramChannel(replace(settings, webhook_url=url, webhook_secret="our-secret"), shelf.open)
    await channel.start(inbox.accept)
    await channel.stop()
    assert [call.method for call in server.calls] == ["getMe", "setWebhook"]
    assert server.calls[1].fields == {
        "url": url,
        "secret_token": "our-secret",
        "max_connections": 100,
        "drop_pending_updates": False,
        "allowed_updates": ["message", "edited_message", "callback_query", "my_chat_member", "pre_checkout_query"],
    }
    assert "getUpdates" not in [call.method for call in server.calls]


async def test_without_a_secret_nobody_may_post(settings: TelegramSettings, shelf: Shelf) -> None:
    channel = TelegramChannel(settings, shelf.open)
    for header in (None, "", "x"):
        with pytest.raises(Unauthorised):
            channel.verify(request(header))


@pytest.mark.parametrize("token", ["", "abc", "123456:", "123456:with space", "x:y"])
def test_what_is_no_token_is_said_before_any_call(token: str) -> None:
    with pytest.raises(ConfigError, match="@BotFather"):
        TelegramSettings(token=token)


def test_a_webhook_wants_a_secret() -> None:
    with pytest.raises(ConfigError, match="webhook_secret"):
        TelegramSettings(token="1:a", webhook_url="https://x.example/", webhook_secret="")
    with pytest.raises(ConfigError, match="webhook_secret"):
        TelegramSettings(token="1:a", webhook_url="https://x.example/", webhook_secret="not ok!")


def test_settings_do_not_print_their_secrets() -> None:
    text = repr(TelegramSettings(token="1:hush", webhook_secret="hush"))
    assert "hush" not in text


async def test_a_wrong_token_stops_the_start(settings: TelegramSettings, shelf: Shelf, inbox: Inbox) -> None:
    channel = TelegramChannel(replace(settings, token="123456:other"), shelf.open)
    with pytest.raises(ConfigError, match=r"\[telegram\] token: .*@BotFather") as error:
        await channel.start(inbox.accept)
    await channel.stop()
    assert "123456:other" not in str(error.value)


async def test_a_webhook_that_telegram_refuses_stops_the_start(
    settings: TelegramSettings, shelf: Shelf, inbox: Inbox
) -> None:
    refused = replace(settings, webhook_url="http://shop.example/", webhook_secret="our-secret")
    channel = TelegramChannel(refused, shelf.open)
    with pytest.raises(ConfigError, match=r"webhook_url.*HTTPS"):
        await channel.start(inbox.accept)
    await channel.stop()


async def test_an_unreachable_telegram_does_not_stop_the_start(
    channel: TelegramChannel, server: TelegramServer, ann: TelegramUser, inbox: Inbox
) -> None:
    server.fails("getMe", Status(502))
    await channel.start(inbox.accept)
    await ann.says("are you there?")
    assert (await inbox.next()).text == "are you there?"
    assert server.count("getMe") == 2


async def test_a_telegram_that_hangs_does_not_hold_up_the_start(
    channel: TelegramChannel,
    server: TelegramServer,
    ann: TelegramUser,
    inbox: Inbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(receiving, "FIRST_TRY", 0.05)
    server.fails("getMe", Hang())
    async with asyncio.timeout(5):  # the channel's own time-out is twice that
        await channel.start(inbox.accept)
        await ann.says("later")
        assert (await inbox.next()).text == "later"


async def test_the_offset_confirms_only_what_was_kept(
    channel: TelegramChannel, server: TelegramServer, ann: TelegramUser, inbox: Inbox
) -> None:
    inbox.refuses = [StorageUnavailable("disk full")]
    first = await ann.says("one")
    await channel.start(inbox.accept)
    await inbox.until(lambda: inbox.attempts == 1)
    assert server.unconfirmed == [first]
    await inbox.next()
    await server.until(lambda: not server.unconfirmed)
    offsets = [call.fields["offset"] for call in server.calls if call.method == "getUpdates"]
    assert offsets[:3] == [0, 0, first + 1]


async def test_after_a_quiet_week_ids_may_begin_anywhere(
    channel: TelegramChannel, server: TelegramServer, ann: TelegramUser, inbox: Inbox
) -> None:
    await channel.start(inbox.accept)
    await ann.says("old")
    await inbox.next()
    await server.until(lambda: server.count("getUpdates") == 2)
    await server.is_quiet()
    await server.until(lambda: server.count("getUpdates") == 3)
    server.numbers_begin_at(7)
    await ann.says("new")
    assert (await inbox.next(2)).key == "7"


async def test_what_was_kept_but_not_confirmed_comes_again_and_is_one(
    settings: TelegramSettings,
    server: TelegramServer,
    ann: TelegramUser,
    inbox: Inbox,
    shelf: Shelf,
) -> None:
    await ann.says("one")
    for _ in range(2):
        channel = TelegramChannel(settings, shelf.open)
        await channel.start(inbox.accept)
        await inbox.next()
        await channel.stop()
    assert [inbound.text for inbound in inbox.kept] == ["one"]


async def test_pulling_survives_a_bad_day(
    channel: TelegramChannel,
    server: TelegramServer,
    ann: TelegramUser,
    inbox: Inbox,
    naps: list[float],
) -> None:
    inbox.refuses = [ValueError("a bug in accept")]
    server.fails("getUpdates", Status(500), Cut(), TooMany(after=40), *[Status(500)] * 6)
    await channel.start(inbox.accept)
    await ann.says("still here")
    assert (await inbox.next()).text == "still here"
    assert naps == [0.5, 1, 40, 4, 8, 16, 30, 30, 30, 30]


async def test_a_second_program_with_our_token_is_named(
    channel: TelegramChannel,
    server: TelegramServer,
    inbox: Inbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    conflict = "Conflict: terminated by other getUpdates request; make sure that only one bot"
    server.fails("getUpdates", Status(409, conflict))
    await channel.start(inbox.accept)
    await server.until(lambda: server.count("getUpdates") >= 2)
    assert "another program pulls the updates of this bot" in caplog.text
    assert server.token not in caplog.text


async def test_an_update_of_a_strange_shape_does_not_stop_the_next(
    channel: TelegramChannel, server: TelegramServer, ann: TelegramUser, inbox: Inbox
) -> None:
    strange = await server.happens("message", {"message_id": 1, "text": 7})
    await ann.says("next")
    await channel.start(inbox.accept)
    second = await inbox.next(2)
    assert (inbox.kept[0].kind, inbox.kept[0].key) == ("unknown", str(strange))
    assert second.text == "next"


async def test_a_tap_is_answered_without_waiting(
    channel: TelegramChannel, server: TelegramServer, ann: TelegramUser, inbox: Inbox
) -> None:
    await channel.start(inbox.accept)
    await channel.send("42", Wire("?", ((Button("Yes", "y"),),)), "k")
    await ann.taps("Yes")
    inbound = await inbox.next()
    assert ann.spinning
    await channel.acknowledge(inbound)
    await ann.stops_spinning()
    await channel.acknowledge(inbound)  # too late now: Telegram refuses, nobody minds
    await channel.stop()
    assert server.count("answerCallbackQuery") == 2


async def test_a_text_needs_no_acknowledgement(
    channel: TelegramChannel, server: TelegramServer, ann: TelegramUser, inbox: Inbox
) -> None:
    await channel.start(inbox.accept)
    await ann.says("hi")
    await channel.acknowledge(await inbox.next())
    await channel.stop()
    assert server.count("answerCallbackQuery") == 0


async def test_typing_is_seen(channel: TelegramChannel, ann: TelegramUser) -> None:
    await channel.typing("42")
    assert ann.typing_seen == 1


async def test_typing_is_seen_by_who_waits_for_a_slow_answer(
    channel: TelegramChannel, server: TelegramServer, ann: TelegramUser, inbox: Inbox
) -> None:
    handled: list[Waiting] = []
    courtesy = Courtesy({channel.account: channel}, lambda: handled)
    await channel.start(inbox.accept)
    await ann.says("hi")
    handled.append(Waiting(1, await inbox.next()))
    await courtesy.look()
    assert server.count("sendChatAction") == 0
    await courtesy.look()
    assert ann.typing_seen == 1
    await ann.blocks()
    for _ in range(4):
        await courtesy.look()  # refused, once more in vain
    handled.clear()
    await courtesy.look()
    assert (ann.typing_seen, server.count("sendChatAction")) == (1, 2)


async def test_the_menu_is_offered_in_each_language(server: TelegramServer, settings: TelegramSettings) -> None:
    offered = {"": (("/order", "Place an order"), ("/Not-One", "x")), "zh": (("/order", "下单"),)}
    channel = TelegramChannel(replace(settings, commands=offered), Shelf().open)
    await channel.start(Inbox().accept)
    await channel.stop()
    assert server.menus == {"": {"order": "Place an order"}, "zh": {"order": "下单"}}


async def test_a_menu_that_is_refused_stops_nothing(server: TelegramServer, settings: TelegramSettings) -> None:
    server.fails("setMyCommands", Status(404, "Not Found"))
    channel, inbox = TelegramChannel(replace(settings, commands={"": (("/order", "x"),)}), Shelf().open), Inbox()
    await channel.start(inbox.accept)
    await server.user(42).says("hi")
    assert (await inbox.next()).text == "hi"
    await channel.stop()
