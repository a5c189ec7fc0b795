"""The Telegram channel against a Bot API server that speaks the real wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from bot.channels.telegram import TelegramChannel, TelegramSettings, receiving
from bot.core.errors import (
    BadInput,
    ChannelUnavailable,
    ConfigError,
    FileMissing,
    StorageUnavailable,
    TooLarge,
    Unauthorised,
    Unreachable,
)
from bot.core.message import Button, FileRef, Wire
from bot.core.ports import Channel, HookRequest
from tests.contracts.channel_contract import PAPER, PHOTO, ChannelContract, Inbox, Shelf, Stage
from tests.kit.telegram_server import TelegramServer
from tests.kit.telegram_user import TelegramUser, picture
from tests.kit.wire_faults import Cut, Fault, Garbage, Hang, Lost, Status, TooMany

SECRET = "s3cret-Token_of_the_hook"
HEADER = "x-telegram-bot-api-secret-token"


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


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
def settings(server: TelegramServer) -> TelegramSettings:
    return TelegramSettings(token=server.token, api_base=server.base, timeout=10, poll=1)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def naps() -> list[float]:
    """How long the channel would have slept before each further try."""
    return []


@pytest.fixture
async def channel(settings: TelegramSettings, shelf: Shelf, naps: list[float]) -> AsyncIterator[TelegramChannel]:
    async def sleep(seconds: float) -> None:
        naps.append(seconds)

    secret = replace(settings, webhook_secret=SECRET)
    channel = TelegramChannel(secret, shelf.open, sleep=sleep)
    yield channel
    await channel.stop()


@pytest.fixture
async def hurried(settings: TelegramSettings, shelf: Shelf) -> AsyncIterator[TelegramChannel]:
    channel = TelegramChannel(replace(settings, timeout=0.1), shelf.open)
    yield channel
    await channel.stop()


@pytest.fixture
def ann(server: TelegramServer) -> TelegramUser:
    return server.user(42, "Ann", "zh-hans")


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


def request(header: str | None) -> HookRequest:
    return HookRequest("POST", "/hook", {}, {} if header is None else {HEADER: header}, b"{}")


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


async def test_the_webhook_is_registered_for_what_we_read(
    settings: TelegramSettings, server: TelegramServer, shelf: Shelf, inbox: Inbox
) -> None:
    url = "https://shop.example/hooks/telegram"
    channel = TelegramChannel(replace(settings, webhook_url=url, webhook_secret=SECRET), shelf.open)
    await channel.start(inbox.accept)
    await channel.stop()
    assert [call.method for call in server.calls] == ["getMe", "setWebhook"]
    assert server.calls[1].fields == {
        "url": url,
        "secret_token": SECRET,
        "max_connections": 100,
        "drop_pending_updates": False,
        "allowed_updates": ["message", "edited_message", "callback_query", "my_chat_member"],
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
    refused = replace(settings, webhook_url="http://shop.example/", webhook_secret=SECRET)
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


@pytest.mark.parametrize(("media_type", "kind"), [("image/gif", "document"), ("image/webp", "photo")])
async def test_only_what_telegram_displays_is_a_photo(
    channel: TelegramChannel, ann: TelegramUser, shelf: Shelf, media_type: str, kind: str
) -> None:
    file = shelf.put(picture(kind=media_type.partition("/")[2].upper()), "x", media_type)
    await channel.send("42", Wire(files=(file,)), "k")
    assert (await ann.reads()).files[0].kind == kind


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


async def test_a_hundred_at_once_are_each_sent_once(channel: TelegramChannel, server: TelegramServer) -> None:
    users = [server.user(1000 + n) for n in range(100)]
    wires = [channel.send(str(user.id), Wire(f"to {user.id}"), f"k{user.id}") for user in users]
    await asyncio.gather(*wires)
    assert [[shown.text for shown in user.shown] for user in users] == [[f"to {user.id}"] for user in users]
