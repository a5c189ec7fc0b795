"""How Messenger is believed, and what it tells of."""

from __future__ import annotations

import orjson
import pytest

from bot.channels.messenger import MessengerChannel, Settings
from bot.core.errors import ChannelUnavailable, FileMissing, Unauthorised
from bot.core.message import FileRef, Wire
from bot.core.ports import HookRequest
from bot.settings.secret import Secret
from tests.contracts.channel_contract import PHOTO, Inbox, Shelf
from tests.contracts.hook import Hook
from tests.contracts.meta_stage import VERIFY, signed
from tests.kit.platforms.around import around
from tests.kit.platforms.meta import MessengerServer, MetaUser
from tests.kit.wire_faults import Cut, Status


def challenge(**query: str) -> HookRequest:
    return HookRequest("GET", "/hook", {f"hub.{name}": value for name, value in query.items()}, {}, b"")


async def test_a_challenge_with_our_words_is_echoed_as_plain_text(hook: Hook, server: MessengerServer) -> None:
    answer = await server.challenges(VERIFY, "<script>1158201444</script>")
    assert (answer.status, answer.body) == (200, b"<script>1158201444</script>")
    assert answer.content_type == "text/plain"


@pytest.mark.parametrize("words", ["", "other words", VERIFY + " ", VERIFY.upper(), "自己的话"])
async def test_a_challenge_with_other_words_is_not(hook: Hook, server: MessengerServer, words: str) -> None:
    answer = await server.challenges(words)
    assert (answer.status, answer.body) == (401, b"")


def test_only_a_subscription_has_a_challenge(channel: MessengerChannel, settings: Settings, shelf: Shelf) -> None:
    channel.verify(challenge(mode="subscribe", verify_token=VERIFY, challenge="1"))
    for request in (challenge(), challenge(mode="unsubscribe", verify_token=VERIFY), challenge(verify_token="\udcff")):
        with pytest.raises(Unauthorised):
            channel.verify(request)
    wordless = MessengerChannel(settings.model_copy(update={"verify_token": Secret()}), around("m", shelf.open))
    with pytest.raises(Unauthorised):
        wordless.verify(challenge(mode="subscribe", verify_token=""))


async def test_the_secret_before_is_believed_while_it_is_replaced(
    channel: MessengerChannel, settings: Settings, server: MessengerServer, shelf: Shelf
) -> None:
    update = {"app_secret": Secret("the new one"), "previous_app_secret": Secret(server.secret)}
    rotating = MessengerChannel(settings.model_copy(update=update), around("m", shelf.open))
    rotating.verify(signed(server, b"{}"))
    rotating.verify(signed(server, b"{}", "the new one"))
    with pytest.raises(Unauthorised):
        channel.verify(signed(server, b"{}", "the new one"))


async def test_people_in_metas_inbox_are_heard_and_we_are_not(
    channel: MessengerChannel, hook: Hook, server: MessengerServer, ann: MetaUser, inbox: Inbox
) -> None:
    await channel.send(ann.id, Wire("from the bot"), "k")
    server.answers_in_its_own_inbox(ann, "from a person")
    await server.is_heard()
    [echo] = inbox.kept
    assert (echo.kind, echo.sender, echo.text) == ("echo", ann.id, "from a person")
    assert len(server.posting.answers) == 2


async def test_an_app_is_known_by_its_id_as_well(settings: Settings, server: MessengerServer, shelf: Shelf) -> None:
    known = settings.model_copy(update={"app_id": server.app_id})
    channel = MessengerChannel(known, around("messenger", shelf.open))
    message = {"mid": "m_1", "text": "hi", "is_echo": True, "app_id": int(server.app_id)}
    event = server.event(server.home, "7", message=message)
    assert channel.parse(orjson.dumps({"object": "page", "entry": [{"id": "104", "messaging": [event]}]})) == []
    await channel.stop()


async def test_what_another_app_handles_is_kept_and_not_answered(
    hook: Hook, server: MessengerServer, ann: MetaUser, inbox: Inbox
) -> None:
    server.tells(server.event(ann.id, server.home, message={"mid": "m_1", "text": "hi"}), array="standby")
    inbound = await inbox.next()
    assert (inbound.kind, inbound.data, inbound.text) == ("unknown", "standby", "")
    assert inbound.native["message"]["text"] == "hi"


async def test_a_watermark_tells_until_when_all_was_read(
    hook: Hook, server: MessengerServer, ann: MetaUser, inbox: Inbox
) -> None:
    await ann.does("delivery", {"watermark": 1_760_000_000_500})
    await ann.does("read", {"watermark": 1_760_000_001_500})
    await inbox.next(2)
    read = [(one.kind, one.data, one.about, one.sent_at and one.sent_at.timestamp()) for one in inbox.kept]
    assert read == [("status", "delivered", "", 1_760_000_000.5), ("status", "read", "", 1_760_000_001.5)]


async def test_whoever_opens_the_chat_has_started_it(hook: Hook, ann: MetaUser, inbox: Inbox) -> None:
    await ann.does("postback", {"title": "Get Started", "payload": "GET_STARTED", "mid": "m_1"})
    await ann.does("referral", {"ref": "qr-12", "source": "SHORTLINK", "type": "OPEN_THREAD"})
    await inbox.next(2)
    assert [(one.kind, one.data) for one in inbox.kept] == [("started", ""), ("started", "qr-12")]


async def test_a_link_brings_its_data_before_what_is_said_there_first(hook: Hook, ann: MetaUser, inbox: Inbox) -> None:
    await ann.follows_link("qr-12")
    await ann.follows_link("qr-13", text="hello")
    await inbox.next(3)
    came = [(one.kind, one.data, one.text) for one in inbox.kept]
    assert came == [("started", "qr-12", ""), ("started", "qr-13", ""), ("message", "", "hello")]
    assert inbox.kept[1].about == inbox.kept[2].external_id


# files


async def test_a_file_is_fetched_without_our_token(
    channel: MessengerChannel, hook: Hook, server: MessengerServer, ann: MetaUser, inbox: Inbox
) -> None:
    await ann.sends_file("file", "茶.pdf", PHOTO)
    [ref] = (await inbox.next()).files
    stream = await channel.fetch(ref)
    assert (stream.name.endswith("茶.pdf"), ref.kind) == (True, "file")
    assert b"".join([chunk async for chunk in stream.chunks]) == PHOTO
    assert "Authorization" not in server.named("file")[0].headers


async def test_an_address_that_has_ended_is_missing_and_a_broken_one_is_tried_again(
    channel: MessengerChannel, server: MessengerServer
) -> None:
    with pytest.raises(FileMissing):
        await channel.fetch(FileRef("image", f"{server.base}/cdn/gone"))
    kept = FileRef("image", server.keeps("a.jpg", PHOTO))
    server.fails("file", Status(502), Cut())
    with pytest.raises(ChannelUnavailable):
        await channel.fetch(kept)
    stream = await channel.fetch(kept)
    with pytest.raises(ChannelUnavailable):
        assert b"".join([chunk async for chunk in stream.chunks]) == PHOTO


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8080/secret",
        "http://[::1]/",
        "file:///etc/passwd",
        "https://user:word@example.com/",
        "m_1",
        "",
    ],
)
async def test_an_address_inside_the_network_is_never_called(settings: Settings, shelf: Shelf, address: str) -> None:
    channel = MessengerChannel(settings, around("m", shelf.open))
    with pytest.raises(FileMissing):
        await channel.fetch(FileRef("image", address))
    await channel.stop()
