"""Messages and pictures of X, and what it refuses."""

from __future__ import annotations

import pytest

from bot.channels.x import XChannel
from bot.core.errors import AccountWaits, BadInput, ChannelUnavailable, TooLarge, Unreachable
from bot.core.message import Attachment, Wire
from tests.contracts.channel_contract import PAPER, PHOTO, Shelf
from tests.kit.platforms.x import MOST, WINDOW, XServer, XUser
from tests.kit.wire_faults import Status, TooMany


async def test_a_picture_and_its_words_are_one_message(
    channel: XChannel, server: XServer, ann: XUser, shelf: Shelf
) -> None:
    photo = shelf.put(PHOTO, "tea.jpg", "image/jpeg")
    await channel.send(ann.id, Wire("Our tea", files=(photo,)), "k")
    [shown] = ann.shown
    assert (shown.text, [file.content for file in shown.files]) == ("Our tea", [PHOTO])


async def test_several_pictures_go_on_where_they_failed(
    channel: XChannel, server: XServer, ann: XUser, shelf: Shelf
) -> None:
    photo = shelf.put(PHOTO, "tea.jpg", "image/jpeg")
    wire = Wire("Our tea", files=(photo, photo))
    await channel.send(ann.id, Wire("before"), "k0")
    server.fails("messages", Status(200), Status(503))
    for _ in range(2):
        with pytest.raises(ChannelUnavailable):
            await channel.send(ann.id, wire, "k")
    await channel.send(ann.id, wire, "k")
    assert [(shown.text, len(shown.files)) for shown in ann.shown] == [("before", 0), ("Our tea", 1), ("", 1)]
    assert server.count("upload") == 2


async def test_the_whole_account_waits_until_the_second_that_x_names(
    channel: XChannel, server: XServer, ann: XUser
) -> None:
    for number in range(MOST):
        await channel.send(ann.id, Wire("one"), f"k{number}")
    server.ahead = 300
    with pytest.raises(AccountWaits) as error:
        await channel.send(ann.id, Wire("two"), "k")
    assert error.value.told
    assert 560 < error.value.after <= 600  # type: ignore[operator]
    server.ahead = WINDOW
    server.fails("messages", TooMany(after=0))
    with pytest.raises(AccountWaits):
        await channel.send(ann.id, Wire("two"), "k")
    await channel.send(ann.id, Wire("two"), "k")


@pytest.mark.parametrize(
    ("status", "meant"),
    [
        (400, BadInput),
        (401, ChannelUnavailable),
        (402, AccountWaits),
        (403, Unreachable),
        (404, Unreachable),
        (503, ChannelUnavailable),
    ],
)
async def test_what_x_refuses_is_told_in_our_words(
    channel: XChannel, server: XServer, ann: XUser, status: int, meant: type[Exception]
) -> None:
    server.fails("messages", Status(status, "some words"))
    with pytest.raises(meant) as error:
        await channel.send(ann.id, Wire("hi"), "k")
    assert "some words" not in str(error.value)


async def test_an_app_that_may_not_write_is_nobodys_fault(channel: XChannel, server: XServer, ann: XUser) -> None:
    refusal = server.refuses(403, "Forbidden")
    refusal.body = b'{"type":"https://api.twitter.com/2/problems/oauth1-permissions","status":403}'
    server.refuses = lambda *_: refusal  # type: ignore[method-assign]
    server.fails("messages", Status(403, "it"))
    with pytest.raises(ChannelUnavailable) as error:
        await channel.send(ann.id, Wire("hi"), "k")
    assert error.value.after == 60


async def test_what_is_no_picture_or_too_large_is_not_even_read(channel: XChannel, ann: XUser, shelf: Shelf) -> None:
    paper = shelf.put(PAPER, "a.pdf", "application/pdf")
    huge = Attachment(9, "image", "a.png", "image/png", 5 * 1024 * 1024 + 1)
    with pytest.raises(BadInput):
        await channel.send(ann.id, Wire(files=(paper,)), "k1")
    with pytest.raises(TooLarge):
        await channel.send(ann.id, Wire(files=(huge,)), "k2")
    assert shelf.opened == 0


async def test_nothing_to_say_is_bad_input(channel: XChannel, ann: XUser) -> None:
    for wire in (Wire(), Wire("  \n")):
        with pytest.raises(BadInput):
            await channel.send(ann.id, wire, "k")
