"""Texts and buttons within the limits, and who cannot be reached."""

from __future__ import annotations

import asyncio

import pytest

from bot.channels.telegram import TelegramChannel
from bot.core.errors import AccountWaits, BadInput, ChannelUnavailable, Unreachable
from bot.core.message import Button, Wire
from tests.kit.telegram_server import TelegramServer
from tests.kit.telegram_user import TelegramUser
from tests.kit.wire_faults import Cut, Fault, Garbage, Lost, Status, TooMany


async def test_buttons_keep_rows_links_and_styles(channel: TelegramChannel, ann: TelegramUser) -> None:
    rows = (
        (Button("Pay", url="https://pay.example/1", style="primary"),),
        (Button("Drop", "drop", style="danger"), Button("No", "n")),
    )
    await channel.send("42", Wire("Cart", rows), "k")
    shown = await ann.reads()
    assert [[(b.label, b.data, b.url, b.style) for b in row] for row in shown.rows] == [
        [("Pay", "", "https://pay.example/1", "primary")],
        [("Drop", "drop", "", "danger"), ("No", "n", "", "")],
    ]


@pytest.mark.parametrize("data", ["x" * 65, "茶" * 22])
async def test_too_much_button_data_is_bad_input_in_telegrams_words(
    channel: TelegramChannel, ann: TelegramUser, data: str
) -> None:
    with pytest.raises(BadInput, match="BUTTON_DATA_INVALID"):
        await channel.send("42", Wire("?", ((Button("x", data),),)), "k")


@pytest.mark.parametrize("fault", [Lost(), Cut(), Garbage()], ids=str)
async def test_a_lost_answer_may_show_a_text_twice_but_never_loses_it(
    channel: TelegramChannel, server: TelegramServer, ann: TelegramUser, fault: Fault
) -> None:
    server.fails("sendMessage", fault)
    with pytest.raises(ChannelUnavailable):
        await channel.send("42", Wire("once or twice"), "k")
    await channel.send("42", Wire("once or twice"), "k")
    assert [shown.text for shown in ann.shown] == ["once or twice"] * 2


async def test_text_is_counted_in_utf16(channel: TelegramChannel, ann: TelegramUser) -> None:
    await channel.send("42", Wire("👋" * 2048), "k")
    with pytest.raises(BadInput, match="message is too long"):
        await channel.send("42", Wire("👋" * 2049), "k")


async def test_nothing_to_say_is_bad_input(channel: TelegramChannel, ann: TelegramUser) -> None:
    for wire in (Wire(), Wire("  \n"), Wire("a \ud800 half character")):
        with pytest.raises(BadInput):
            await channel.send("42", wire, "k")


async def test_a_text_is_one_json_post(channel: TelegramChannel, server: TelegramServer, ann: TelegramUser) -> None:
    await channel.send("42", Wire("hi"), "k")
    [call] = server.calls
    assert call.content_type == "application/json"
    assert call.fields == {"chat_id": "42", "text": "hi"}


async def test_strangers_and_the_gone_are_unreachable(channel: TelegramChannel, server: TelegramServer) -> None:
    server.user(43).is_deactivated = True
    for recipient in ("43", "44", "nobody"):
        with pytest.raises(Unreachable):
            await channel.send(recipient, Wire("hi"), "k")


async def test_a_revoked_token_keeps_messages_for_later(
    channel: TelegramChannel, server: TelegramServer, ann: TelegramUser
) -> None:
    server.fails("sendMessage", Status(401, "Unauthorized"))
    with pytest.raises(ChannelUnavailable) as error:
        await channel.send("42", Wire("hi"), "k")
    assert error.value.after == 60


async def test_a_bot_that_is_too_fast_rests_as_a_whole_and_other_bots_do_not(
    channel: TelegramChannel, hurried: TelegramChannel, server: TelegramServer, ann: TelegramUser
) -> None:
    bob = server.user(43)
    server.fails("sendMessage", TooMany(after=1))
    with pytest.raises(AccountWaits) as told:
        await channel.send("42", Wire("hi"), "k1")
    with pytest.raises(AccountWaits) as held:
        await channel.send("43", Wire("hi"), "k2")
    assert (told.value.told, held.value.told, server.count("sendMessage")) == (True, False, 1)
    await hurried.send("43", Wire("from another"), "k3")
    assert [shown.text for shown in bob.shown] == ["from another"]


async def test_a_hundred_at_once_are_each_sent_once(channel: TelegramChannel, server: TelegramServer) -> None:
    users = [server.user(1000 + n) for n in range(100)]
    wires = [channel.send(str(user.id), Wire(f"to {user.id}"), f"k{user.id}") for user in users]
    await asyncio.gather(*wires)
    assert [[shown.text for shown in user.shown] for user in users] == [[f"to {user.id}"] for user in users]
