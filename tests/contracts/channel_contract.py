"""What every channel promises, as tests: a channel's own test file fills in a `Stage`.

    class TestTelegram(ChannelContract):
        @pytest.fixture
        async def stage(self) -> AsyncIterator[Stage]: ...

A stage is the channel, its fake platform and one customer there. A channel is held to what its platform has: what
its `Capabilities` do not name is skipped. What comes by the wire, and may go wrong there, is in tests/contracts/wire.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest

from bot.core.errors import (
    BadInput,
    ChannelUnavailable,
    FileMissing,
    ParleyError,
)
from bot.core.message import Attachment, Button, FileRef, Inbound, Wire
from bot.core.ports import ORDINARY, Channel, Occasion, Sent
from tests.kit import recordings
from tests.kit.telegram_user import picture
from tests.kit.wire_faults import Fault, Hang, Reset, Status

PHOTO = picture()
PAPER = b"%PDF-1.7 a paper\n" * 50


class FakePlatform(Protocol):
    """The part of a fake platform that a contract needs."""

    def fails(self, method: str, *faults: Fault) -> None: ...

    def count(self, method: str) -> int: ...


class Customer(Protocol):
    """The part of a fake person that a contract needs; `id` is the platform's."""

    id: Any
    name: Any
    locale: Any

    async def says(self, text: str) -> Any: ...

    async def taps(self, label: str) -> Any: ...

    async def sends_photo(self, content: bytes, caption: str = "") -> Any: ...

    async def reads(self) -> Any: ...


@dataclass
class Inbox:
    """An `accept` that keeps in memory; `refuses` makes the next calls fail."""

    kept: list[Inbound] = field(default_factory=list)
    attempts: int = 0
    refuses: list[Exception] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def accept(self, inbounds: Sequence[Inbound]) -> int:
        async with self._changed:
            self.attempts += 1
            self._changed.notify_all()
            if self.refuses:
                raise self.refuses.pop(0)
            known = {inbound.key for inbound in self.kept}
            new = [inbound for inbound in inbounds if inbound.key not in known]
            self.kept += new
            return len(new)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(condition)

    async def next(self, number: int = 1) -> Inbound:
        """The inbound at place `number`, counted from 1; waits for it."""
        await self.until(lambda: len(self.kept) >= number)
        return self.kept[number - 1]


class Shelf:
    """An `open_file` over bytes in memory; `breaks` ends a file's stream with an error."""

    def __init__(self) -> None:
        self._contents: dict[int, bytes] = {}
        self.breaks: ParleyError | None = None
        self.opened = 0

    def put(self, content: bytes, name: str, media_type: str) -> Attachment:
        number = len(self._contents) + 1
        self._contents[number] = content
        begins = media_type.partition("/")[0]
        kind = begins if begins in ("image", "audio", "video") else "file"
        return Attachment(number, kind, name, media_type, len(content))  # type: ignore[arg-type]

    def link(self, file: Attachment) -> str:
        """The public address of a file; `at` is the internet's side of it."""
        return f"https://shop.example/files/{file.id}"

    def preview(self, file: Attachment) -> str:
        """That of a small picture of it."""
        return f"https://shop.example/small/{file.id}"

    def at(self, address: str) -> bytes | None:
        base, _, number = address.rpartition("/")
        if base == "https://shop.example/small":
            return b"\xff\xd8\xffsmall" if int(number) in self._contents else None
        return self._contents.get(int(number)) if base == "https://shop.example/files" else None

    async def open(self, file: Attachment) -> AsyncIterator[bytes]:
        self.opened += 1
        content = self._contents[file.id]
        half = len(content) // 2
        yield content[:half]
        if self.breaks is not None:
            raise self.breaks
        yield content[half:]


@dataclass(kw_only=True)
class Stage:
    """`send_method` is the platform's call behind a text.

    `hurried` is the same channel with a time-out of a moment, for platforms that hang. `start` begins to receive.
    `occasion` is what everything is sent on: where a platform wants that the customer wrote first, it is after that.
    """

    channel: Channel
    hurried: Channel
    platform: FakePlatform
    customer: Customer
    inbox: Inbox
    shelf: Shelf
    send_method: str
    start: Callable[[], Awaitable[None]]
    occasion: Occasion = ORDINARY
    captions: bool = True  # a customer's picture may have words of its own
    uploads: bool = True  # the channel reads our files itself; else it sends their public addresses

    @property
    def recipient(self) -> str:
        return str(self.customer.id)

    async def send(self, wire: Wire, key: str) -> Sent:
        return await self.channel.send(self.recipient, wire, key, self.occasion)


def only_if(there: object, lacking: str) -> None:
    """Skip the test unless the platform has this."""
    if not there:
        pytest.skip(f"the platform has no {lacking}")


class ChannelContract:
    """Subclass it, give a `stage` fixture, and a channel is held to all of this."""

    async def test_a_text_arrives_as_it_was_said(self, stage: Stage) -> None:
        await stage.start()
        await stage.customer.says("你好, Parley 👋")
        inbound = await stage.inbox.next()
        assert inbound.kind == "message"
        assert inbound.text == "你好, Parley 👋"
        assert inbound.account == stage.channel.account
        assert inbound.sender == stage.recipient
        assert inbound.key
        assert inbound.sent_at is not None
        assert inbound.sent_at.tzinfo is not None

    async def test_arrivals_keep_their_order(self, stage: Stage) -> None:
        await stage.start()
        for number in range(30):
            await stage.customer.says(f"number {number}")
        await stage.inbox.next(30)
        assert [i.text for i in stage.inbox.kept] == [f"number {n}" for n in range(30)]

    async def test_nothing_is_confirmed_before_it_is_kept(self, stage: Stage) -> None:
        stage.inbox.refuses = [ChannelUnavailable("the database is busy")]
        await stage.start()
        await stage.customer.says("keep me")
        assert (await stage.inbox.next()).text == "keep me"
        assert stage.inbox.attempts >= 2

    async def test_a_reply_is_shown(self, stage: Stage) -> None:
        sent = await stage.send(Wire("Hello, <b>Ann</b> & co_*"), "k1")
        assert (await stage.customer.reads()).text == "Hello, <b>Ann</b> & co_*"
        assert sent.external_id

    async def test_the_longest_text_passes_and_one_more_is_refused(self, stage: Stage) -> None:
        limit = stage.channel.capabilities.text_limit
        await stage.send(Wire("x" * limit), "k1")
        with pytest.raises(BadInput):
            await stage.send(Wire("x" * (limit + 1)), "k2")
        assert len((await stage.customer.reads()).text) == limit

    async def test_a_tap_comes_back_with_the_buttons_data(self, stage: Stage) -> None:
        only_if(stage.channel.capabilities.buttons, "buttons")
        await stage.start()
        rows = ((Button("Green", "tea:1"), Button("Black", "tea:2")),)
        await stage.send(Wire("Which?", rows), "k1")
        await stage.customer.reads()
        await stage.customer.taps("Black")
        inbound = await stage.inbox.next()
        assert (inbound.kind, inbound.data, inbound.text) == ("callback", "tea:2", "Black")
        assert inbound.sender == stage.recipient

    async def test_a_picture_is_shown_with_its_text(self, stage: Stage) -> None:
        only_if(stage.channel.capabilities.images, "pictures")
        photo = stage.shelf.put(PHOTO, "tea.jpg", "image/jpeg")
        text = "Our tea" if stage.channel.capabilities.caption_limit else ""
        await stage.send(Wire(text, files=(photo,)), "k1")
        shown = await stage.customer.reads()
        assert (shown.text, [file.content for file in shown.files]) == (text, [PHOTO])

    async def test_a_document_is_shown_under_its_name(self, stage: Stage) -> None:
        only_if(stage.channel.capabilities.files, "files")
        paper = stage.shelf.put(PAPER, "发票 1.pdf", "application/pdf")
        await stage.send(Wire(files=(paper,)), "k1")
        [file] = (await stage.customer.reads()).files
        assert (file.name, file.content) == ("发票 1.pdf", PAPER)

    async def test_what_the_platform_plays_is_sent_to_be_played(self, stage: Stage) -> None:
        played = [one for one in stage.channel.capabilities.media if one.media_type in recordings.ALL]
        only_if(played, "recordings")
        for number, media in enumerate(played):
            content = recordings.ALL[media.media_type]()
            file = stage.shelf.put(content, "our tea", media.media_type)
            await stage.send(Wire(files=(file,)), f"k{number}")
            assert [file.content for file in (await stage.customer.reads()).files] == [content]

    async def test_a_file_that_we_cannot_read_is_our_error(self, stage: Stage) -> None:
        capabilities = stage.channel.capabilities
        only_if(stage.uploads and (capabilities.images or capabilities.files), "upload")
        name, media_type = ("a.pdf", "application/pdf") if capabilities.files else ("a.jpg", "image/jpeg")
        file = stage.shelf.put(PHOTO, name, media_type)
        stage.shelf.breaks = FileMissing("gone")
        with pytest.raises(FileMissing):
            await stage.send(Wire(files=(file,)), "k1")
        stage.shelf.breaks = None
        await stage.send(Wire(files=(file,)), "k1")
        assert [file.content for file in (await stage.customer.reads()).files] == [PHOTO]

    async def test_a_customers_file_can_be_fetched(self, stage: Stage) -> None:
        await stage.start()
        caption = "look" if stage.captions else ""
        await stage.customer.sends_photo(PHOTO, caption)
        inbound = await stage.inbox.next()
        [ref] = inbound.files
        assert (inbound.text, ref.kind) == (caption, "image")
        stream = await stage.channel.fetch(ref)
        assert b"".join([chunk async for chunk in stream.chunks]) == PHOTO
        assert stream.size in (None, len(PHOTO))

    async def test_a_file_of_nobody_is_missing(self, stage: Stage) -> None:
        with pytest.raises(FileMissing):
            await stage.channel.fetch(FileRef("file", "no-such-file"))

    async def test_a_platform_that_hangs_is_given_up(self, stage: Stage) -> None:
        stage.platform.fails(stage.send_method, Hang())
        with pytest.raises(ChannelUnavailable):
            await stage.hurried.send(stage.recipient, Wire("hi"), "k1", stage.occasion)

    async def test_errors_carry_no_text_of_the_customer(self, stage: Stage) -> None:
        stage.platform.fails(stage.send_method, Status(400, "Bad Request: some words"), Reset())
        for _ in range(2):
            with pytest.raises(ParleyError) as error:
                await stage.send(Wire("my secret"), "k1")
            assert "my secret" not in str(error.value)
            assert error.value.__cause__ is None

    async def test_an_odd_name_is_left_out(self, stage: Stage) -> None:
        only_if(stage.channel.capabilities.profiles, "names to be asked for")
        stage.customer.name = stage.customer.locale = ["Ann"]
        told = await stage.channel.profile(stage.recipient)
        assert (type(told.name), told.locale) == (str, "")

    async def test_typing_never_fails(self, stage: Stage) -> None:
        stage.platform.fails("*", Status(500), Reset())
        await stage.channel.typing(stage.recipient)
        await stage.channel.typing(stage.recipient)

    async def test_a_stopped_channel_hears_nothing(self, stage: Stage) -> None:
        if stage.channel.way == "webhook":
            pytest.skip("it is the web side that hears")
        await stage.start()
        await stage.channel.stop()
        before = len(asyncio.all_tasks())
        await stage.customer.says("too late")
        assert stage.inbox.kept == []
        assert len(asyncio.all_tasks()) == before
