"""Films of ours at X: given piece by piece, waited for, and by their address where X cannot play them."""

from __future__ import annotations

import pytest

from bot.channels.x import XChannel
from bot.core.errors import ChannelUnavailable, Unshown
from bot.core.message import Wire
from tests.contracts.channel_contract import PAPER, Shelf
from tests.kit.platforms.x import XServer, XUser
from tests.kit.recordings import mp4
from tests.kit.wire_faults import Status

FILM = mp4() + bytes(9 << 20)


async def test_a_film_goes_in_pieces_and_is_sent_once_x_has_prepared_it(
    channel: XChannel, server: XServer, ann: XUser, shelf: Shelf, naps: list[float]
) -> None:
    server.preparing = 3
    sent = await channel.send(ann.id, Wire("Our tea", files=(shelf.put(FILM, "tea.mp4", "video/mp4"),)), "k")
    [shown] = ann.shown
    assert (shown.id, shown.text, [file.content for file in shown.files]) == (sent.external_id, "Our tea", [FILM])
    assert [server.count(call) for call in ("initialize", "append", "finalize", "status")] == [1, 3, 1, 4]
    assert naps == [2.0, 2.0, 2.0]


async def test_a_gif_goes_the_same_way_and_moves(channel: XChannel, server: XServer, ann: XUser, shelf: Shelf) -> None:
    server.preparing = 2
    gif = shelf.put(b"GIF89a" + bytes(99), "tea.gif", "image/gif")
    await channel.send(ann.id, Wire(files=(gif,)), "k")
    assert [(file.media_type, file.content[:4]) for file in ann.shown[0].files] == [("image/gif", b"GIF8")]
    assert server.count("status") == 3


async def test_a_film_that_takes_long_is_not_given_again(
    channel: XChannel, server: XServer, ann: XUser, shelf: Shelf
) -> None:
    server.preparing = 7
    film = shelf.put(mp4(), "tea.mp4", "video/mp4")
    with pytest.raises(ChannelUnavailable):
        await channel.send(ann.id, Wire(files=(film,)), "k")
    server.fails("messages", Status(503))
    with pytest.raises(ChannelUnavailable):
        await channel.send(ann.id, Wire(files=(film,)), "k")
    await channel.send(ann.id, Wire(files=(film,)), "k")
    assert (server.count("initialize"), len(ann.shown)) == (1, 1)


async def test_what_x_cannot_show_asks_for_its_address_and_goes_by_it_under_the_same_key(
    channel: XChannel, server: XServer, ann: XUser, shelf: Shelf
) -> None:
    server.plays = False
    for number, file in enumerate(
        (shelf.put(mp4(), "a.mp4", "video/mp4"), shelf.put(PAPER, "a.pdf", "application/pdf"))
    ):
        with pytest.raises(Unshown):
            await channel.send(ann.id, Wire("look", files=(file,)), f"k{number}")
        await channel.send(ann.id, Wire("look\nhttps://shop.example/files/1"), f"k{number}")
    assert [shown.text for shown in ann.shown] == ["look\nhttps://shop.example/files/1"] * 2
