"""Pictures, documents and albums, both ways."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.channels.telegram import TelegramChannel, TelegramSettings
from bot.core.errors import (
    ChannelUnavailable,
    FileMissing,
    TooLarge,
)
from bot.core.message import Button, FileRef, Wire
from tests.contracts.channel_contract import PAPER, PHOTO, Inbox, Shelf
from tests.kit.telegram_server import TelegramServer
from tests.kit.telegram_user import TelegramUser, picture
from tests.kit.wire_faults import Cut, Hang, Status, TooMany


async def test_one_picture_has_caption_and_buttons(
    channel: TelegramChannel, server: TelegramServer, ann: TelegramUser, shelf: Shelf
) -> None:
    photo = shelf.put(PHOTO, "tea.jpg", "image/jpeg")
    wire = Wire("Longjing", ((Button("Buy", "buy:1"),),), files=(photo,))
    await channel.send("42", wire, "k")
    shown = await ann.reads()
    assert (shown.text, shown.labels, shown.files[0].kind) == ("Longjing", ["Buy"], "photo")
    assert server.count("sendPhoto") == len(server.calls) == 1


async def test_a_known_picture_is_not_uploaded_again(
    channel: TelegramChannel, server: TelegramServer, ann: TelegramUser, shelf: Shelf
) -> None:
    photo = shelf.put(PHOTO, "tea.jpg", "image/jpeg")
    for number in range(3):
        await channel.send("42", Wire("tea", files=(photo,)), f"k{number}")
    assert shelf.opened == 1
    assert [shown.files[0].content for shown in ann.shown] == [PHOTO] * 3
    assert server.calls[2].content_type == "application/json"


async def test_a_known_document_is_not_uploaded_again(
    channel: TelegramChannel, ann: TelegramUser, shelf: Shelf
) -> None:
    paper = shelf.put(PAPER, "terms.pdf", "application/pdf")
    for number in range(2):
        await channel.send("42", Wire(files=(paper,)), f"k{number}")
    assert shelf.opened == 1
    assert [shown.files[0].content for shown in ann.shown] == [PAPER] * 2


async def test_a_file_that_telegram_forgot_is_uploaded_again(
    channel: TelegramChannel, server: TelegramServer, ann: TelegramUser, shelf: Shelf
) -> None:
    photo = shelf.put(PHOTO, "tea.jpg", "image/jpeg")
    await channel.send("42", Wire(files=(photo,)), "k1")
    server.fails("sendPhoto", Status(400, "Bad Request: wrong file identifier/HTTP URL specified"))
    await channel.send("42", Wire(files=(photo,)), "k2")
    assert shelf.opened == 2
    assert len(ann.shown) == 2


@pytest.mark.parametrize(
    "content",
    [picture(2100, 100, kind="PNG"), picture(10_000, 501, kind="PNG"), b"\x89PNG not really"],
    ids=["too thin", "too large", "broken"],
)
async def test_a_picture_that_telegram_cannot_show_goes_as_a_file(
    channel: TelegramChannel, ann: TelegramUser, shelf: Shelf, content: bytes
) -> None:
    chart = shelf.put(content, "chart.png", "image/png")
    await channel.send("42", Wire("Sales", files=(chart,)), "k")
    shown = await ann.reads()
    assert (shown.text, shown.files[0].kind, shown.files[0].content) == (
        "Sales",
        "document",
        content,
    )
    assert len(ann.shown) == 1


@pytest.mark.parametrize(("media_type", "kind"), [("image/gif", "animation"), ("image/webp", "photo")])
async def test_only_what_telegram_displays_is_a_photo(
    channel: TelegramChannel, ann: TelegramUser, shelf: Shelf, media_type: str, kind: str
) -> None:
    file = shelf.put(picture(kind=media_type.partition("/")[2].upper()), "x", media_type)
    await channel.send("42", Wire(files=(file,)), "k")
    assert (await ann.reads()).files[0].kind == kind


async def test_a_gif_among_pictures_stands_alone_and_moves(
    channel: TelegramChannel, server: TelegramServer, ann: TelegramUser, shelf: Shelf
) -> None:
    gif = shelf.put(picture(kind="GIF"), "a.gif", "image/gif")
    photos = tuple(shelf.put(PHOTO, f"{n}.jpg", "image/jpeg") for n in range(2))
    await channel.send("42", Wire("Look", ((Button("1", "1"),),), files=(gif, gif, *photos)), "k")
    await channel.send("42", Wire(files=(gif,)), "k2")
    calls = ["sendAnimation", "sendAnimation", "sendMediaGroup", "sendMessage", "sendAnimation"]
    assert [call.method for call in server.calls] == calls
    assert [file.content for file in ann.shown[-1].files] == [picture(kind="GIF")]
    assert shelf.opened == 3  # it is uploaded once


async def test_pictures_are_one_album(
    channel: TelegramChannel, server: TelegramServer, ann: TelegramUser, shelf: Shelf
) -> None:
    photos = [shelf.put(picture(colour=c), f"{c}.jpg", "image/jpeg") for c in ("red", "blue")]
    await channel.send("42", Wire("Two teas", files=tuple(photos)), "k")
    first, second = await ann.reads(), await ann.reads()
    assert first.album == second.album != ""
    assert (first.text, second.text) == ("Two teas", "")
    assert first.files[0].content == picture(colour="red")
    assert second.files[0].content == picture(colour="blue")
    assert server.count("sendMediaGroup") == len(server.calls) == 1


async def test_eleven_pictures_are_an_album_and_one(
    channel: TelegramChannel, server: TelegramServer, ann: TelegramUser, shelf: Shelf
) -> None:
    photos = tuple(shelf.put(PHOTO, f"{n}.jpg", "image/jpeg") for n in range(11))
    await channel.send("42", Wire(files=photos), "k")
    assert [call.method for call in server.calls] == ["sendMediaGroup", "sendPhoto"]
    assert len(ann.shown) == 11


async def test_an_albums_buttons_follow_in_a_text(
    channel: TelegramChannel, server: TelegramServer, ann: TelegramUser, shelf: Shelf
) -> None:
    photos = tuple(shelf.put(PHOTO, f"{n}.jpg", "image/jpeg") for n in range(2))
    await channel.send("42", Wire("Which?", ((Button("1", "1"),),), files=photos), "k")
    assert [call.method for call in server.calls] == ["sendMediaGroup", "sendMessage"]
    assert (ann.shown[-1].text, ann.shown[-1].labels) == ("Which?", ["1"])


async def test_a_long_text_follows_its_file(channel: TelegramChannel, ann: TelegramUser, shelf: Shelf) -> None:
    paper = shelf.put(PAPER, "a.pdf", "application/pdf")
    await channel.send("42", Wire("x" * 1025, files=(paper,)), "k")
    assert [(len(s.files), len(s.text)) for s in ann.shown] == [(1, 0), (0, 1025)]
    await channel.send("42", Wire("x" * 1024, files=(paper,)), "k2")
    assert (len(ann.shown[2].files), len(ann.shown[2].text)) == (1, 1024)


async def test_a_report_of_picture_and_sheet_goes_on_where_it_failed(
    channel: TelegramChannel, server: TelegramServer, ann: TelegramUser, shelf: Shelf
) -> None:
    chart = shelf.put(PHOTO, "sales.png", "image/png")
    sheet = shelf.put(PAPER, "sales.xlsx", "application/vnd.ms-excel")
    wire = Wire("Sales", files=(chart, sheet))
    server.fails("sendDocument", TooMany(after=2))
    with pytest.raises(ChannelUnavailable):
        await channel.send("42", wire, "report-1")
    await channel.send("42", wire, "report-1")
    assert [(s.text, s.files[0].kind) for s in ann.shown] == [("Sales", "photo"), ("", "document")]


async def test_an_album_stopped_in_the_middle_says_how_long_to_wait(
    channel: TelegramChannel, server: TelegramServer, ann: TelegramUser, shelf: Shelf
) -> None:
    words = 'Bad Request: failed to send message #2 with the error message "Too Many Requests: retry after 8"'
    server.fails("sendMediaGroup", Status(400, words))
    photos = tuple(shelf.put(PHOTO, f"{n}.jpg", "image/jpeg") for n in range(2))
    with pytest.raises(ChannelUnavailable) as error:
        await channel.send("42", Wire(files=photos), "k")
    assert error.value.after == 8


async def test_a_large_file_is_streamed(channel: TelegramChannel, ann: TelegramUser, shelf: Shelf) -> None:
    large = shelf.put(bytes(8 * 1024 * 1024), "large.bin", "application/octet-stream")
    await channel.send("42", Wire(files=(large,)), "k")
    assert len((await ann.reads()).files[0].content) == 8 * 1024 * 1024


async def test_an_upload_that_hangs_is_given_up(
    hurried: TelegramChannel, server: TelegramServer, ann: TelegramUser, shelf: Shelf
) -> None:
    server.fails("sendDocument", Hang())
    paper = shelf.put(PAPER, "a.pdf", "application/pdf")
    with pytest.raises(ChannelUnavailable):
        await hurried.send("42", Wire(files=(paper,)), "k")


async def test_more_than_telegram_takes_names_the_limit(
    channel: TelegramChannel, server: TelegramServer, ann: TelegramUser, shelf: Shelf
) -> None:
    server.fails("sendDocument", Status(413, "Request Entity Too Large"))
    paper = shelf.put(PAPER, "a.pdf", "application/pdf")
    with pytest.raises(TooLarge) as error:
        await channel.send("42", Wire(files=(paper,)), "k")
    assert error.value.limit == 50 * 1024 * 1024


async def test_a_file_over_the_download_limit_is_too_large(channel: TelegramChannel, server: TelegramServer) -> None:
    limit = 20 * 1024 * 1024
    with pytest.raises(TooLarge):
        await channel.fetch(FileRef("file", "any", size=limit + 1))
    assert server.calls == []
    kept = server.chats.keep("document", "large.bin", bytes(limit + 1))
    with pytest.raises(TooLarge):  # Telegram does not always tell the size before
        await channel.fetch(FileRef("file", kept.id))


@pytest.mark.parametrize("fault", [Cut(), Status(404), Status(500)], ids=str)
async def test_a_download_that_breaks_is_worth_another_try(
    channel: TelegramChannel, server: TelegramServer, fault: Cut | Status
) -> None:
    kept = server.chats.keep("document", "a.pdf", PAPER, "application/pdf")
    server.fails("file", fault)
    stream = await channel.fetch(FileRef("file", kept.id))
    with pytest.raises(ChannelUnavailable):
        assert b"".join([chunk async for chunk in stream.chunks]) == PAPER
    again = await channel.fetch(FileRef("file", kept.id, name="mine.pdf"))
    assert b"".join([chunk async for chunk in again.chunks]) == PAPER
    assert (again.name, again.size) == ("mine.pdf", len(PAPER))


async def test_a_local_server_gives_files_on_disk(
    settings: TelegramSettings, server: TelegramServer, shelf: Shelf, tmp_path: Path
) -> None:
    local = TelegramChannel(replace(settings, local_files=True), shelf.open)
    path = tmp_path / "file_1.pdf"
    path.write_bytes(PAPER * 2000)
    server.local_path = path
    stream = await local.fetch(FileRef("file", "document-1", size=100 * 1024 * 1024))
    assert b"".join([chunk async for chunk in stream.chunks]) == PAPER * 2000
    path.unlink()
    stream = await local.fetch(FileRef("file", "document-1"))
    with pytest.raises(FileMissing):
        await anext(aiter(stream.chunks))
    await local.stop()


async def test_albums_arrive_as_one_group(channel: TelegramChannel, ann: TelegramUser, inbox: Inbox) -> None:
    await channel.start(inbox.accept)
    await ann.sends_album([picture(colour="red"), picture(colour="blue")], "both")
    await inbox.next(2)
    one, two = inbox.kept
    assert one.group == two.group != ""
    assert (one.text, two.text) == ("both", "")
    assert one.files[0].ref != two.files[0].ref
