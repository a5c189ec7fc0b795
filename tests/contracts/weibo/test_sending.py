"""What Weibo refuses, in our words."""

from __future__ import annotations

import json

import pytest

from bot.core.errors import AccountWaits, BadInput, ChannelUnavailable, FileMissing, Unshown, WindowClosed
from bot.core.message import FileRef, Wire
from bot.core.ports import Occasion
from tests.contracts.channel_contract import PAPER, PHOTO, Shelf
from tests.contracts.weibo.conftest import Make
from tests.kit.platforms.weibo import Fan, WeiboServer
from tests.kit.wire_faults import Status


async def test_what_is_out_of_the_window_is_not_even_tried(make: Make, server: WeiboServer, fan: Fan) -> None:
    with pytest.raises(WindowClosed):
        await make(server).send(fan.id, Wire("late"), "k", Occasion(in_window=False))
    assert server.count("reply") == 0


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        (21327, ChannelUnavailable),
        (26403, WindowClosed),
        (10023, AccountWaits),
        (10009, ChannelUnavailable),
        (20012, BadInput),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 403])
async def test_codes_are_read_whatever_the_status(
    make: Make, server: WeiboServer, fan: Fan, status: int, code: int, meant: type[Exception]
) -> None:
    refusal = server.refuses(code, "some words")
    refusal.set_status(status)
    server.refuses = lambda *_: refusal  # type: ignore[method-assign]
    server.fails("reply", Status(status, "it"))
    with pytest.raises(meant) as error:
        await make(server).send(fan.id, Wire("my secret"), "k")
    assert "some words" not in str(error.value)
    assert server.token not in str(error.value)


async def test_a_token_that_has_ended_waits_for_a_new_one(make: Make, server: WeiboServer, fan: Fan) -> None:
    channel = make(server)
    server.token = "2.00renewed"
    with pytest.raises(ChannelUnavailable) as error:
        await channel.send(fan.id, Wire("hi"), "k")
    assert error.value.after == 60


async def test_what_is_no_text_is_bad_input(make: Make, server: WeiboServer, fan: Fan, shelf: Shelf) -> None:
    photo, paper = shelf.put(PHOTO, "tea.jpg", "image/jpeg"), shelf.put(PAPER, "tea.pdf", "application/pdf")
    for wire in (Wire(), Wire("  \n"), Wire(files=(photo, paper))):
        with pytest.raises(BadInput):
            await make(server).send(fan.id, wire, "k")


async def test_pictures_are_articles_that_lead_to_them(make: Make, server: WeiboServer, fan: Fan, shelf: Shelf) -> None:
    photos = tuple(shelf.put(PHOTO, name, "image/jpeg") for name in ("Longjing 250 g.jpg", ""))
    await make(server).send(fan.id, Wire(files=photos), "k")
    shown = [(file.name, file.content) for one in fan.shown for file in one.files]
    assert shown == [("Longjing 250 g", PHOTO), ("🖼", PHOTO)]
    [article] = json.loads(server.named("reply")[0].form["data"])["articles"]
    assert (article["image"], article["url"]) == (shelf.link(photos[0]), shelf.link(photos[0]))


async def test_a_picture_that_weibo_refuses_goes_by_its_address(
    make: Make, server: WeiboServer, fan: Fan, shelf: Shelf
) -> None:
    server.fails("reply", Status(400, "it"))
    with pytest.raises(Unshown):
        await make(server).send(fan.id, Wire(files=(shelf.put(PHOTO, "tea.jpg", "image/jpeg"),)), "k")


async def test_an_account_without_the_api_is_given_no_pictures(make: Make, server: WeiboServer) -> None:
    assert not make(server, access_token="").capabilities.images


@pytest.mark.parametrize("ref", ["", "4999999", "../x", "１２", "1" * 21])
async def test_a_file_of_nobody_is_missing(make: Make, server: WeiboServer, ref: str) -> None:
    with pytest.raises(FileMissing):
        await make(server).fetch(FileRef("image", ref))
