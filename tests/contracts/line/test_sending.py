"""What LINE is told, by which call, and what becomes of its answers; files of customers."""

from __future__ import annotations

import pytest

from bot.channels.line import LineChannel, Settings
from bot.core.errors import (
    BadInput,
    ChannelUnavailable,
    ConfigError,
    FileMissing,
    Unreachable,
    Unshown,
    WindowClosed,
)
from bot.core.message import Button, Card, FileRef, Summary, SummaryLine, Wire
from bot.core.ports import Occasion, Profile
from tests.contracts.channel_contract import PAPER, PHOTO, Inbox, Shelf
from tests.kit.platforms.around import around
from tests.kit.platforms.line import LineServer, LineUser
from tests.kit.recordings import m4a, mp3, mp4
from tests.kit.wire_faults import Lost, Status


async def test_a_reply_is_free_and_the_next_is_pushed(channel: LineChannel, server: LineServer, ann: LineUser) -> None:
    token = server.reply_token(ann)
    await channel.send(ann.id, Wire("one"), "k1", Occasion(token))
    await channel.send(ann.id, Wire("two"), "k2", Occasion(token))
    await channel.send(ann.id, Wire("three"), "k3")
    assert [shown.text for shown in ann.shown] == ["one", "two", "three"]
    assert [call.method for call in server.calls] == ["reply", "reply", "push", "push"]


async def test_a_reply_whose_answer_is_lost_is_shown_once(
    channel: LineChannel, server: LineServer, ann: LineUser
) -> None:
    occasion = Occasion(server.reply_token(ann))
    server.fails("reply", Lost())
    with pytest.raises(ChannelUnavailable):
        await channel.send(ann.id, Wire("once"), "k1", occasion)
    assert (await channel.send(ann.id, Wire("once"), "k1", occasion)).external_id
    assert [shown.text for shown in ann.shown] == ["once"]
    assert server.count("push") == 0


async def test_a_push_whose_answer_is_lost_is_shown_once_under_its_id(
    channel: LineChannel, server: LineServer, ann: LineUser
) -> None:
    server.fails("push", Lost())
    with pytest.raises(ChannelUnavailable):
        await channel.send(ann.id, Wire("once"), "k1")
    sent = await channel.send(ann.id, Wire("once"), "k1")
    assert [(shown.id, shown.text) for shown in ann.shown] == [(sent.external_id, "once")]
    one, two = (call.headers["X-Line-Retry-Key"] for call in server.named("push"))
    assert one == two
    await channel.send(ann.id, Wire("another"), "k2")
    assert server.named("push")[2].headers["X-Line-Retry-Key"] != one


async def test_many_pictures_are_several_calls_that_are_not_repeated(
    channel: LineChannel, server: LineServer, ann: LineUser, shelf: Shelf
) -> None:
    files = tuple(shelf.put(PHOTO + bytes([n]), f"{n}.jpg", "image/jpeg") for n in range(7))
    occasion = Occasion(server.reply_token(ann))
    server.fails("push", Status(500))
    with pytest.raises(ChannelUnavailable):
        await channel.send(ann.id, Wire(files=files), "k1", occasion)
    sent = await channel.send(ann.id, Wire(files=files), "k1", occasion)
    assert [file.content for shown in ann.shown for file in shown.files] == [PHOTO + bytes([n]) for n in range(7)]
    assert (server.count("reply"), server.count("push"), sent.external_id) == (1, 2, ann.shown[-1].id)


async def test_a_shop_window(channel: LineChannel, ann: LineUser, shelf: Shelf) -> None:
    photo = shelf.put(PHOTO, "tea.jpg", "image/jpeg")
    cards = tuple(Card(f"Tea {n}", "green", "¥9", photo, (Button("Add", f"add:{n}"),)) for n in range(11))
    summary = Summary("Cart", (SummaryLine("2 × Longjing", "¥18"),), "¥18")
    rows = ((Button("Pay", url="https://pay.example/1"), Button("Drop", "drop")),)
    await channel.send(ann.id, Wire("Look", rows, cards=cards, summary=summary), "k1")
    texts = [shown.text.splitlines()[0] if shown.text else "" for shown in ann.shown]
    assert texts == ["Look", "Tea 0", "Tea 10", "Cart", ""]
    hero = ann.shown[2].raw["contents"]["hero"]
    assert hero["url"] == "https://shop.example/files/1"
    assert [(b.label, b.data, b.url) for b in ann.shown[4].buttons] == [
        ("Pay", "", "https://pay.example/1"),
        ("Drop", "drop\nDrop", ""),
    ]


async def test_without_a_public_address_a_card_has_no_picture_and_a_picture_cannot_go(
    settings: Settings, ann: LineUser, shelf: Shelf
) -> None:
    channel = LineChannel(settings, around("line", shelf.open))
    photo = shelf.put(PHOTO, "tea.jpg", "image/jpeg")
    await channel.send(ann.id, Wire(cards=(Card("Tea", image=photo),)), "k1")
    assert "hero" not in ann.shown[0].raw["contents"]
    with pytest.raises(BadInput, match="public_url"):
        await channel.send(ann.id, Wire(files=(photo,)), "k2")
    await channel.stop()


async def test_a_large_picture_has_a_small_preview(channel: LineChannel, ann: LineUser, shelf: Shelf) -> None:
    photo = shelf.put(PHOTO + bytes(2 << 20), "tea.jpg", "image/jpeg")
    await channel.send(ann.id, Wire(files=(photo,)), "k")
    addresses = [ann.shown[0].raw[name] for name in ("originalContentUrl", "previewImageUrl")]
    assert addresses == [shelf.link(photo), shelf.preview(photo)]


@pytest.mark.parametrize("wire", [Wire(), Wire("  "), Wire("?", ((Button("x" * 21, "d"),),)), Wire("👋" * 2501)])
async def test_what_line_does_not_take_is_bad_input(channel: LineChannel, ann: LineUser, wire: Wire) -> None:
    with pytest.raises(BadInput):
        await channel.send(ann.id, wire, "k1")
    assert ann.shown == []


async def test_recordings_are_played_for_as_long_as_they_are_and_another_file_asks_for_its_address(
    channel: LineChannel, ann: LineUser, shelf: Shelf
) -> None:
    files = (
        shelf.put(m4a(12.5), "tea.m4a", "audio/mp4"),
        shelf.put(mp3(60.0), "tea.mp3", "audio/mpeg"),
        shelf.put(mp4(90.0), "tea.mp4", "video/mp4"),
    )
    for key in ("k1", "k1", "k2"):  # a try that failed is made again
        await channel.send(ann.id, Wire(files=files), key)
    assert shelf.opened == 2
    assert [(shown.raw["type"], shown.raw.get("duration")) for shown in ann.shown[:3]] == [
        ("audio", 12_500),
        ("audio", 60_000),
        ("video", None),
    ]
    for number, file in enumerate((shelf.put(PAPER, "a.pdf", "application/pdf"), shelf.put(b"?", "b", "audio/mpeg"))):
        with pytest.raises(Unshown):
            await channel.send(ann.id, Wire("look", files=(file,)), f"b{number}")


async def test_buttons_alone_hang_on_something(channel: LineChannel, ann: LineUser) -> None:
    await channel.send(ann.id, Wire(rows=((Button("Yes", "y"),),)), "k1")
    assert (ann.shown[0].text, ann.shown[0].labels) == ("👇", ["Yes"])


async def test_when_the_months_pushes_are_used_up_replies_go_on(
    channel: LineChannel, server: LineServer, ann: LineUser
) -> None:
    server.month = 0
    with pytest.raises(WindowClosed):
        await channel.send(ann.id, Wire("later"), "k1")
    await channel.send(ann.id, Wire("now"), "k2", Occasion(server.reply_token(ann)))
    assert [shown.text for shown in ann.shown] == ["now"]


async def test_whom_line_does_not_know_is_unreachable(channel: LineChannel) -> None:
    with pytest.raises(Unreachable):
        await channel.send("U" + "0" * 32, Wire("hi"), "k1")
    with pytest.raises(Unreachable):
        await channel.profile("../info")


async def test_a_token_that_is_refused(server: LineServer, channel: LineChannel, ann: LineUser, inbox: Inbox) -> None:
    server.token = "another"
    with pytest.raises(ChannelUnavailable) as error:
        await channel.send(ann.id, Wire("hi"), "k1")
    assert error.value.after == 60
    with pytest.raises(ConfigError, match=r"\[line\] access_token"):
        await channel.start(inbox.accept)


async def test_an_unreachable_line_does_not_stop_the_start(
    channel: LineChannel, server: LineServer, inbox: Inbox
) -> None:
    server.fails("info", Status(502))
    await channel.start(inbox.accept)


async def test_who_is_who(channel: LineChannel, server: LineServer, ann: LineUser) -> None:
    assert await channel.whoami() == "Parley test (@parley)"
    assert await channel.profile(ann.id) == Profile("Ann", "zh-Hant")
    await channel.typing(ann.id)
    assert ann.typing_seen == 1


async def read(channel: LineChannel, file: FileRef) -> bytes:
    stream = await channel.fetch(file)
    return b"".join([chunk async for chunk in stream.chunks])


async def test_a_video_is_waited_for(
    channel: LineChannel, server: LineServer, ann: LineUser, naps: list[float]
) -> None:
    video = FileRef("video", ann.sends_media("video", b"moving"))
    server.preparing = 2
    assert (await read(channel, video), naps) == (b"moving", [1.0, 1.0])
    server.preparing = 9
    with pytest.raises(ChannelUnavailable):
        await channel.fetch(video)
    with pytest.raises(FileMissing):
        await channel.fetch(FileRef("video", ann.sends_media("video", b"")))


@pytest.mark.parametrize("ref", ["../../bot/info", "7?x=1", "٣", "http://127.0.0.1/", "file:///etc/passwd"])
async def test_only_ids_and_public_addresses_are_fetched(settings: Settings, shelf: Shelf, ref: str) -> None:
    channel = LineChannel(settings, around("line", shelf.open))
    with pytest.raises(FileMissing):
        await channel.fetch(FileRef("image", ref))
    await channel.stop()


def test_settings_say_what_is_missing() -> None:
    assert Settings().missing() == ("channel_secret", "access_token")
    told = Settings.model_validate({"channel_secret": "hush", "access_token": "hush"})
    assert "hush" not in repr(told)
    assert "https" in told.problem("http://127.0.0.1/hooks/line")
    assert told.problem("https://shop.example/hooks/line") == ""
