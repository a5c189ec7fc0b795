"""Where Instagram differs from Messenger: bytes, files, echoes, receipts, and its own login."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.channels._meta.channel import Circumstances
from bot.channels.instagram import INSTAGRAM_GRAPH, LOOK, WEEK, InstagramChannel, Settings
from bot.config import accounts
from bot.core.errors import BadInput, ChannelUnavailable, WindowClosed
from bot.core.message import Button, Card, Wire
from bot.core.ports import Occasion
from tests.contracts.channel_contract import PAPER, PHOTO, Inbox, Shelf
from tests.contracts.hook import Hook
from tests.kit.platforms.around import MemoryNotes, around
from tests.kit.platforms.base import Call, Json
from tests.kit.platforms.graph import HOUR
from tests.kit.platforms.meta import InstagramServer, MetaUser
from tests.kit.wire_faults import Lost, Status

TABLE = {"app_secret": "s", "verify_token": "v", "access_token": "t", "account_id": "17841400"}


async def test_a_text_is_counted_in_bytes(channel: InstagramChannel, ann: MetaUser) -> None:
    await channel.send(ann.id, Wire("茶" * 333), "k1")
    with pytest.raises(BadInput):
        await channel.send(ann.id, Wire("茶" * 334), "k2")


async def test_an_account_with_a_page_sends_through_it(
    channel: InstagramChannel, server: InstagramServer, ann: MetaUser
) -> None:
    await channel.send(ann.id, Wire("hi"), "k")
    [call] = server.calls
    assert call.path == "/v25.0/104/messages"
    assert "metadata" not in call.json()["message"]


async def test_quick_replies_stand_under_words(channel: InstagramChannel, ann: MetaUser, shelf: Shelf) -> None:
    photo = shelf.put(PHOTO, "a.jpg", "image/jpeg")
    rows = ((Button("Yes", "y"), Button("No", "n")),)
    await channel.send(ann.id, Wire("", rows, files=(photo,)), "k")
    assert [(len(shown.files), shown.text, shown.labels) for shown in ann.shown] == [
        (1, "", []),
        (0, "⬆️", ["Yes", "No"]),
    ]


async def test_only_what_instagram_takes_is_taken(channel: InstagramChannel, ann: MetaUser, shelf: Shelf) -> None:
    for media_type in ("application/zip", "image/webp"):
        with pytest.raises(BadInput, match="2534015"):
            await channel.send(ann.id, Wire(files=(shelf.put(PAPER, "a", media_type),)), f"k-{media_type}")


async def test_after_a_day_only_people_may_answer(
    channel: InstagramChannel, server: InstagramServer, ann: MetaUser
) -> None:
    server.ahead = 25 * HOUR
    with pytest.raises(WindowClosed):
        await channel.send(ann.id, Wire("hi"), "k1")
    await channel.send(ann.id, Wire("hi"), "k2", Occasion(in_window=False, by_person=True))
    assert (await ann.reads()).text == "hi"


async def test_echoes_of_our_own_are_known_by_their_ids_and_words(
    channel: InstagramChannel, hook: Hook, server: InstagramServer, ann: MetaUser, inbox: Inbox, shelf: Shelf
) -> None:
    photo = shelf.put(PHOTO, "a.jpg", "image/jpeg")
    await channel.send(ann.id, Wire("our tea", files=(photo,)), "k")
    for number, wire in enumerate((Wire("lost"), Wire(cards=(Card("Tea", "Green"),)))):
        server.fails("messages", Lost())  # its answer does not come, and its echo does
        with pytest.raises(ChannelUnavailable):
            await channel.send(ann.id, wire, f"k{number}")
    server.answers_in_its_own_inbox(ann, "from a person")
    await server.is_heard()
    said = [(one.kind, one.text) for one in inbox.kept if one.text]
    assert said == [("echo", "from a person")]


async def test_a_message_that_was_seen_is_named(
    channel: InstagramChannel, hook: Hook, ann: MetaUser, inbox: Inbox
) -> None:
    await ann.does("read", {"mid": "aWdfSent"})
    inbound = await inbox.next()
    assert (inbound.kind, inbound.data, inbound.about) == ("status", "read", "aWdfSent")


async def test_a_long_id_of_a_message_is_the_same_when_it_is_sent_seen_and_kept(
    channel: InstagramChannel, hook: Hook, server: InstagramServer, ann: MetaUser, inbox: Inbox
) -> None:
    mid = "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlE" * 8

    async def sent(call: Call) -> Json:
        return {"recipient_id": ann.id, "message_id": mid}

    server.instead("messages", sent)
    known = (await channel.send(ann.id, Wire("hi"), "k")).external_id
    await ann.does("read", {"mid": mid})
    await ann.does("message", {"mid": mid, "text": "the same id"})
    await ann.does("message", {"mid": mid, "is_deleted": True})
    await inbox.next(3)
    assert len(known) <= 191
    assert [one.about or one.external_id for one in inbox.kept] == [known] * 3


async def test_people_and_the_account_have_names(channel: InstagramChannel, ann: MetaUser) -> None:
    assert (await channel.profile(ann.id)).name == "Ann"
    assert await channel.whoami() == "@tea.house"


def test_without_a_page_it_is_instagrams_own_server() -> None:
    own = Settings.model_validate(TABLE)
    paged = Settings.model_validate(TABLE | {"page_id": "104"})
    assert (own.server, own.proves) == (INSTAGRAM_GRAPH, False)
    assert (paged.server, paged.proves) == ("https://graph.facebook.com", True)
    assert Settings.model_validate(TABLE | {"api_base": "http://127.0.0.1:1"}).server == "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ({name: one for name, one in TABLE.items() if name != "account_id"}, "account_id"),
        ({**TABLE, "access_token": "", "system_token": "s"}, "page_id"),
    ],
)
def test_what_is_missing_is_named(table: dict[str, str], key: str) -> None:
    _, [wrong] = accounts.read({"instagram": table}, "https://shop.example/hooks/{}".format)
    assert wrong.keys[-1] == key


# Instagram's own login


@pytest.fixture
async def own_server() -> AsyncIterator[InstagramServer]:
    async with InstagramServer(page="") as server:
        yield server


@pytest.fixture
def notes() -> MemoryNotes:
    return MemoryNotes()


@pytest.fixture
async def own(own_server: InstagramServer, notes: MemoryNotes, shelf: Shelf) -> AsyncIterator[InstagramChannel]:
    channel = opened(own_server, notes, shelf)
    yield channel
    await channel.stop()


def opened(server: InstagramServer, notes: MemoryNotes, shelf: Shelf) -> InstagramChannel:
    table = TABLE | {"access_token": server.token, "api_base": server.base}
    return InstagramChannel(
        Settings.model_validate(table), around("instagram", shelf.open, notes=notes), Circumstances(timeout=10)
    )


async def test_a_token_is_renewed_once_a_week_by_one_node(
    own: InstagramChannel, own_server: InstagramServer, notes: MemoryNotes, shelf: Shelf
) -> None:
    ann, other = own_server.user("42"), opened(own_server, notes, shelf)
    for number in range(3):
        await own.send(ann.id, Wire("hi"), f"k{number}")
        await other.send(ann.id, Wire("hi"), f"other{number}")
    assert own_server.count("refresh") == 1
    assert own_server.named("messages")[-1].headers["Authorization"] == f"Bearer {own_server.token}"
    notes.ahead = WEEK + 1
    later = opened(own_server, notes, shelf)
    await later.send(ann.id, Wire("hi"), "k9")
    assert own_server.count("refresh") == 2
    assert [shown.text for shown in ann.shown] == ["hi"] * 7
    for channel in (other, later):
        await channel.stop()


async def test_a_token_that_cannot_be_renewed_yet_is_used_on(
    own: InstagramChannel, own_server: InstagramServer
) -> None:
    own_server.fails("refresh", Status(400, "too young"))
    ann = own_server.user("42")
    await own.send(ann.id, Wire("hi"), "k")
    assert [call.method for call in own_server.calls] == ["refresh", "messages"]
    assert LOOK >= 60


async def test_a_new_token_of_the_settings_replaces_a_refused_one(
    own: InstagramChannel, own_server: InstagramServer, notes: MemoryNotes, shelf: Shelf
) -> None:
    ann = own_server.user("42")
    await own.send(ann.id, Wire("one"), "k1")
    own_server.token = "EAAGwritten-anew"
    with pytest.raises(ChannelUnavailable) as refused:
        await own.send(ann.id, Wire("two"), "k2")
    assert refused.value.after == 60
    again = opened(own_server, notes, shelf)
    for number in (2, 3):
        await again.send(ann.id, Wire("two"), f"k{number}")
    assert [shown.text for shown in ann.shown] == ["one", "two", "two"]
    # one; the renewed and the written one of the first settings; that and the new one; the new one alone
    assert own_server.count("messages") == 1 + 2 + 2 + 1
    await again.stop()


async def test_an_own_account_sends_for_itself(
    own: InstagramChannel, own_server: InstagramServer, inbox: Inbox
) -> None:
    await own.start(inbox.accept)
    await own.send(own_server.user("42").id, Wire("hi"), "k")
    [call] = own_server.named("messages")
    assert (call.path, dict(call.query)) == ("/v25.0/17841400/messages", {})
    assert own_server.subscribed == ["messages", "messaging_postbacks", "messaging_seen", "messaging_referral"]
