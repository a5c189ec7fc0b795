"""A review and an order from the shelf to the payment, on every channel, against a server as strict as the platform."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession
from PIL import Image, UnidentifiedImageError

from bot.app import App
from bot.channels import kinds
from bot.core.message import Reply, Wire
from bot.core.render import render
from bot.services import attachments
from bot.services.visitors import file_row
from models import Attachment, Conversation, Effect, Inbound, Message, Order, OrderEvent, Review, ReviewPhoto, Staff
from tests.contracts.conftest import a_copy
from tests.kit.demo.cast import CAST
from tests.kit.platforms.stages import PUBLIC, STAGES, Stage
from tests.kit.platforms.together import Together, all_together
from tests.kit.platforms.visitor import NUMBERED, Visitor
from tests.kit.profiles import PROFILES
from tests.kit.recordings import mp4
from web.files import FILING

PDF = b"%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\n%%EOF\n"
#: Where a customer loads what the platform does not show.
ADDRESS = re.compile(rf"{re.escape(PUBLIC)}/files/\S+")


@dataclass(frozen=True, slots=True)
class Play:
    """The shop, one of its accounts, the platform there, and Ann, who has opened the chat."""

    stage: Stage
    server: Any
    app: App
    ann: Visitor

    @property
    def lane(self) -> str:
        return f"{self.stage.name}:{self.ann.person.id}"  # type: ignore[attr-defined]  # every person has one


NUMBERS = count(1)
#: Who answers only within a platform's call has little time, and a shop of its own; the others share one.
CALM = tuple(stage for stage in STAGES if not stage.answers_only)
GROUPS = (CALM, *((stage,) for stage in STAGES if stage.answers_only))
ON_EVERY_STAGE = pytest.mark.parametrize(
    ("together", "stage"),
    [pytest.param(group, stage, id=stage.name) for group in GROUPS for stage in group],
    indirect=["together"],
    scope="module",
)


@pytest.fixture(scope="module")
async def together(
    request: pytest.FixtureRequest, sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Together]:
    database = a_copy(sqlite_file, tmp_path_factory)
    told = {"shop": {"languages": ["en"]}}
    async with all_together(request.param, tmp_path_factory.mktemp("shop"), database, told) as together:
        yield together


@pytest.fixture
async def play(together: Together, stage: Stage) -> Play:
    app, server = together.app, together.servers[stage.name]
    ann = Visitor(stage.person(server, next(NUMBERS)), app, lambda: stage.before(server))
    await ann.opens(stage.opens, "good to see you")
    return Play(stage, server, app, ann)


async def assure_all_is_well(play: Play) -> None:
    """Whatever was said stands on the screen, in order, once; the platform had nothing to refuse."""
    await play.ann.idle()
    assert len(play.server.refusals) == len(play.stage.learns), play.server.refusals
    assert all(known in one for known, one in zip(play.stage.learns, play.server.refusals, strict=True))
    if not play.stage.answers_only and hasattr(play.server, "posting"):  # else a call is left unanswered on purpose
        assert all(answer.is_taken for answer in play.server.posting.answers)
    assert await Inbound.filter(lane=play.lane).exclude(state="done").count() == 0
    assert await Effect.filter(lane=play.lane, state__in=["pending", "held", "parked"]).count() == 0
    rows = await Message.filter(conversation__lane=play.lane, author__in=["bot", "staff"]).order_by("seq")
    assert {row.delivery for row in rows} <= {"sent", "delivered", "read"}
    capabilities = play.app.runtime.channels[play.stage.name].capabilities
    wires = [wire for row in rows for wire in render([await said(row)], capabilities)[0].wires]
    shown = play.ann.person.shown
    assert plain(ADDRESS.sub("", one.text) for one in shown) == plain(
        words for wire in wires for words in words_of(wire)
    )
    assert not play.ann.nudges or play.stage.answers_only or capabilities.reply_quota
    assert sum(len(one.files) for one in shown) == sum(len(wire.files) for wire in wires)


async def said(row: Message) -> Reply:
    """What a row stands for."""
    if row.body:
        return msgspec.json.decode(row.body, type=Reply)
    files = await Attachment.filter(conversation_id=row.conversation_id, message_seq=row.seq)
    return Reply(row.text, files=tuple(attachments.as_core(file) for file in files))


def words_of(wire: Wire) -> Iterator[str]:
    """All that is read on it, from the top; labels of buttons are not among that."""
    yield wire.linked.name if wire.linked else wire.text
    for card in wire.cards:
        yield from (card.title, card.price, card.text)
    if wire.summary:
        yield wire.summary.title
        yield from (f"{line.label} {line.amount}" for line in wire.summary.lines)
        yield f"= {wire.summary.total}"


def plain(texts: Any) -> str:
    """What was said, however it is cut; numbers of menus run on through all that one turn says."""
    return "".join(NUMBERED.sub(r"#. \2", "\n".join(texts)).split())


def picture(form: str = "JPEG", mode: str = "RGB") -> bytes:
    """Noise; with an alpha channel half of it can be seen through."""
    image = Image.effect_noise((120, 90), 80).convert(mode)
    if mode == "RGBA":
        image.putalpha(128)
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


def gif() -> bytes:
    """Two frames."""
    frames = [Image.effect_noise((60, 40), 80) for _ in range(2)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=100)
    return buffer.getvalue()


#: What staff send: a film for those that play it, papers for those that take files, or only PDF, and a picture.
FILES = {
    "list.pdf": PDF,
    "清单.pdf": PDF + b"\n",
    "list.csv": b"tea,price\nlongjing,68\n",
    "tea.mp4": mp4(),
    "tea.png": picture("PNG", "RGBA"),
}

#: Of the pictures, as they are and as they are shown.
SIZES = {"tea.png": (120, 90), "tea.gif": (60, 40)}


async def begins_a_review(ann: Visitor) -> None:
    await ann.says("/review", "How was it?")


async def stored(app: App, id_: int) -> bytes:
    """A customer's file as we keep it; waits for it."""
    async with asyncio.timeout(10):
        while (row := await Attachment.get(id=id_)).state == "pending":
            await asyncio.sleep(0.01)
    assert (row.kind, row.state) == ("image", "stored")
    return b"".join([chunk async for chunk in app.storage.open(row.storage_key)])


def test_no_channel_is_left_out() -> None:
    assert {stage.channel for stage in STAGES} == {part.stage.channel for part in CAST} == {*kinds()}


@ON_EVERY_STAGE
async def test_a_review_with_a_photo(play: Play) -> None:
    ann, photo = play.ann, picture()
    await begins_a_review(ann)
    await ann.picks("5 ★", "What should others know?")
    await ann.says("Fresh & fragrant <3", "Any photos?")
    if play.stage.photos:
        await ann.sends_photo(photo, "Got 1 file")
    await ann.picks("Done" if play.stage.photos else "Skip", "Thank you.")
    [review] = await Review.filter(account=play.stage.name)
    assert (review.stars, review.text, review.state) == (5, "Fresh & fragrant <3", "pending")
    photos = await ReviewPhoto.filter(review_id=review.id)
    assert [await stored(play.app, one.attachment_id) for one in photos] == [photo] * play.stage.photos
    await assure_all_is_well(play)


@ON_EVERY_STAGE
async def test_an_order_from_the_shelf_to_the_payment(play: Play) -> None:
    ann = play.ann
    await ann.says("/shop", "Here is what we have today.")
    await ann.picks("Add to cart", "In your cart now")
    await ann.picks("Check out", "Who is it for?")
    await ann.says("Ann Lee", "a phone number")
    await ann.says("+86 138 0013 8000", "Where shall we deliver?")
    await ann.says("1 West Lake Road, Hangzhou", "Shall I place this order?")
    await ann.picks("Place the order", "Please pay")
    await ann.pays("Your payment has arrived.")
    [order] = await Order.filter(account=play.stage.name)
    assert (order.state, order.name, order.address) == ("paid", "Ann Lee", "1 West Lake Road, Hangzhou")
    assert [event.to_state for event in await OrderEvent.filter(order_id=order.id).order_by("id")] == ["placed", "paid"]
    await assure_all_is_well(play)


@pytest.mark.parametrize(
    ("together", "stage"),
    [pytest.param(CALM, stage, id=stage.name) for stage in CALM if PROFILES[stage.channel].carousel],
    indirect=["together"],
)
async def test_products_stand_beside_each_other_with_little_room(play: Play) -> None:
    ann = play.ann
    await ann.says("/shop", "Here is what we have today.")
    [shelf] = [one for one in ann.person.shown if "attachment" in one.raw]
    elements = shelf.raw["attachment"]["payload"]["elements"]
    assert (len(elements), shelf.labels.count("Details")) == (10, 10)
    assert (await loaded(play.app, elements[0]["image_url"])).startswith(b"\xff\xd8\xff")
    longjing = elements[0]["title"]
    ann.person.looks_at = shelf
    await ann.picks("Add to cart", f"In your cart now: {longjing}.")
    ann.person.looks_at = None
    assert await Message.filter(conversation__lane=play.lane, text=f"Add to cart · {longjing}").count() == 1
    await ann.picks("Details", "Water at 80 °C, the glass uncovered.")
    await assure_all_is_well(play)


@ON_EVERY_STAGE
async def test_staff_take_over_in_the_middle(play: Play) -> None:
    ann, runtime = play.ann, play.app.runtime
    await begins_a_review(ann)
    await ann.idle()
    talk = await Conversation.get(lane=play.lane)
    login, now = f"mei-{play.stage.name}", datetime.now(UTC)
    mei = await Staff.create(login=login, name="Mei", role="agent", password_hash="x", created_at=now)
    await runtime.desk.take_over(talk.id, mei.id)
    before = len(ann.person.shown)
    await ann.says("Is anybody there?")
    await heard(talk, "Is anybody there?")
    await ann.idle()
    assert len(ann.person.shown) == before

    await runtime.desk.say(talk.id, mei.id, "m1", "Mei here, good morning", ())
    await ann.sees("Mei here, good morning")
    await ann.says("Have you got the list?")
    await heard(talk, "Have you got the list?")
    moves = play.app.runtime.channels[play.stage.name].capabilities.gif_bytes > 0
    for name, content in FILES.items():
        await runtime.desk.say(talk.id, mei.id, name, "", (await own_file(play.app, talk, name, content),))
        await ann.gets(lambda shown, name=name: came(shown, name, moves=moves), name)  # type: ignore[misc]  # bound now
        if address := ADDRESS.search(
            next(one.text for one in reversed(ann.person.shown) if came(one, name, moves=moves))
        ):
            assert is_it(name, await loaded(play.app, address[0]))
    await assure_all_is_well(play)


async def heard(talk: Conversation, text: str) -> None:
    """Wait until a customer's words are kept."""
    async with asyncio.timeout(10):
        while not await Message.filter(conversation_id=talk.id, author="customer", text=text).exists():
            await asyncio.sleep(0.01)


async def own_file(app: App, talk: Conversation, name: str, content: bytes) -> int:
    """A file that staff have put into a conversation; its id."""

    async def chunks() -> AsyncIterator[bytes]:
        yield content

    now = datetime.now(UTC)
    filed = await app.site[FILING].keep(chunks(), name=name, limits=app.settings.limits, now=now)
    row = await file_row(filed, now, conversation_id=talk.id, contact_id=talk.contact_id)
    return int(row.id)


def came(shown: Any, name: str, *, moves: bool) -> bool:
    """Whether it is this file, or its name and address where a channel has no such files."""
    if not shown.files:
        return shown.text.startswith(f"{name}\n{PUBLIC}/files/")
    [file] = shown.files
    return is_it(name, file.content, moves=moves)


def is_it(name: str, content: bytes, *, moves: bool = False) -> bool:
    """As it was, and a picture as a JPEG, unless it is one that `moves` there."""
    if name not in SIZES:
        return content == FILES[name]
    try:
        with Image.open(io.BytesIO(content)) as image:
            return (image.format, image.size) == ("GIF" if moves and name == "tea.gif" else "JPEG", SIZES[name])
    except UnidentifiedImageError:
        return False


async def loaded(app: App, address: str) -> bytes:
    """What a customer gets there."""
    local = address.replace(PUBLIC, f"http://127.0.0.1:{app.config.server.port}")
    async with ClientSession() as http, http.get(local) as answer:
        assert answer.status == 200
        return await answer.read()
