"""How WhatsApp is believed, what became of our messages, and media that are there for minutes."""

from __future__ import annotations

import pytest

from bot.channels.whatsapp import Settings, WhatsAppChannel
from bot.config import accounts
from bot.core.errors import ChannelUnavailable, ConfigError, FileMissing
from bot.core.message import Button, FileRef, Wire
from tests.contracts.channel_contract import PHOTO, Inbox, Shelf
from tests.contracts.hook import Hook
from tests.contracts.meta_stage import VERIFY
from tests.kit.platforms.around import around
from tests.kit.platforms.base import Upload
from tests.kit.platforms.whatsapp import BUSINESS, WhatsAppServer, WhatsAppUser
from tests.kit.wire_faults import Cut, Elsewhere, Status


async def test_a_challenge_with_our_words_is_echoed(hook: Hook, server: WhatsAppServer) -> None:
    answer = await server.challenges(VERIFY)
    assert (answer.status, answer.body, answer.content_type) == (200, b"1158201444", "text/plain")
    assert (await server.challenges("other words")).status == 401


async def test_a_second_delivery_is_the_same_message(
    hook: Hook, server: WhatsAppServer, ann: WhatsAppUser, inbox: Inbox
) -> None:
    server.posting.twice = True
    mid = await ann.says("once")
    await server.is_heard()
    assert [(one.key, one.text, one.name) for one in inbox.kept] == [(mid, "once", "Ann")]


async def test_a_message_is_posted_until_it_is_kept(
    hook: Hook, server: WhatsAppServer, ann: WhatsAppUser, inbox: Inbox
) -> None:
    inbox.refuses = [ChannelUnavailable("busy")] * 2
    await ann.says("keep me")
    await server.is_heard()
    assert [answer.status for answer in server.posting.answers] == [503, 503, 200]
    assert [one.text for one in inbox.kept] == ["keep me"]


async def test_a_row_of_a_list_is_a_tap(channel: WhatsAppChannel, hook: Hook, ann: WhatsAppUser, inbox: Inbox) -> None:
    rows = tuple((Button(f"Tea {n}", f"tea:{n}"),) for n in range(10))
    await channel.send(ann.id, Wire("Which?", rows), "k")
    await ann.taps("Tea 9")
    inbound = await inbox.next()
    assert (inbound.kind, inbound.text, inbound.data) == ("callback", "Tea 9", "tea:9")


async def test_who_keeps_the_number_to_himself_is_known_by_the_id(
    channel: WhatsAppChannel, hook: Hook, server: WhatsAppServer, inbox: Inbox
) -> None:
    bea = server.user("", "US.777", "Bea")
    await bea.says("hello")
    inbound = await inbox.next()
    assert (inbound.sender, inbound.name, inbound.native["user_id"]) == ("US.777", "Bea", "US.777")
    await channel.send(inbound.sender, Wire("hi"), "k")
    bea.hears("read", await bea.reads())
    assert (await inbox.next(2)).sender == "US.777"


async def test_what_became_of_a_message_is_told_with_our_key(
    channel: WhatsAppChannel, hook: Hook, server: WhatsAppServer, ann: WhatsAppUser, inbox: Inbox
) -> None:
    sent = await channel.send(ann.id, Wire("hi"), "send:19:7:3:0")
    shown = await ann.reads()
    for state in ("sent", "delivered", "read"):
        ann.hears(state, shown)
    ann.hears("failed", shown, errors=[{"code": 131047, "title": "Re-engagement message"}])
    await server.is_heard()
    assert [(one.data, one.text) for one in inbox.kept] == [
        ("delivered", ""),
        ("read", ""),
        ("failed", "131047 Re-engagement message"),
    ]
    assert {(one.kind, one.about, one.sender) for one in inbox.kept} == {("status", sent.external_id, ann.id)}
    assert all(one.native == {"key": "send:19:7:3:0"} for one in inbox.kept)


async def test_whoever_answers_on_the_shops_phone_is_heard(hook: Hook, server: WhatsAppServer, inbox: Inbox) -> None:
    echo = {"from": "15550783881", "to": "16505551234", "id": "wamid.echo", "timestamp": "1760000000"}
    server.tells({"message_echoes": [{**echo, "type": "text", "text": {"body": "I will look"}}]}, "smb_message_echoes")
    inbound = await inbox.next()
    assert (inbound.kind, inbound.sender, inbound.text) == ("echo", "16505551234", "I will look")


# media


@pytest.fixture
def photo(server: WhatsAppServer) -> FileRef:
    return FileRef("image", server.keeps(Upload("photo.jpg", "image/jpeg", PHOTO)), "photo.jpg", "image/jpeg")


async def test_media_are_asked_for_by_id_and_fetched_with_the_token(
    channel: WhatsAppChannel, server: WhatsAppServer, photo: FileRef
) -> None:
    stream = await channel.fetch(photo)
    assert b"".join([chunk async for chunk in stream.chunks]) == PHOTO
    assert (stream.name, stream.media_type, stream.size) == ("photo.jpg", "image/jpeg", len(PHOTO))
    assert [call.method for call in server.calls] == ["node", "file"]
    assert dict(server.calls[0].query)["phone_number_id"] == "106540352242922"


@pytest.mark.parametrize(
    "base",
    ["https://evil.example", "http://127.0.0.2", "ftp://127.0.0.1", "//127.0.0.1", "http://user@127.0.0.1", "http://["],
)
async def test_the_token_goes_to_no_other_host(
    channel: WhatsAppChannel, server: WhatsAppServer, photo: FileRef, base: str
) -> None:
    server.media_base = base
    with pytest.raises(FileMissing):
        await channel.fetch(photo)
    assert server.count("file") == 0


async def test_over_the_internet_the_token_goes_by_https_only(
    channel: WhatsAppChannel, settings: Settings, shelf: Shelf
) -> None:
    update = {"api_base": "https://graph.facebook.com", "media_hosts": ("lookaside.fbsbx.com",)}
    outside = WhatsAppChannel(settings.model_copy(update=update), around("whatsapp", shelf.open))
    outside._assure_known("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1")
    for address in ("http://lookaside.fbsbx.com/", "https://lookaside.fbsbx.com.evil.example/", "https://fbsbx.com/"):
        with pytest.raises(FileMissing):
            outside._assure_known(address)
    await outside.stop()


async def test_a_redirect_does_not_take_the_token_along(
    channel: WhatsAppChannel, server: WhatsAppServer, photo: FileRef
) -> None:
    elsewhere = server.base.replace("127.0.0.1", "localhost") + "/whatsapp_business/attachments/?mid=1"
    server.fails("file", Elsewhere(elsewhere))
    with pytest.raises((FileMissing, ChannelUnavailable)):
        await channel.fetch(photo)
    assert [call.headers.get("Authorization") for call in server.named("file")[1:]] in ([], [None])


async def test_media_that_are_gone_are_missing_and_broken_ones_are_tried_again(
    channel: WhatsAppChannel, server: WhatsAppServer, photo: FileRef
) -> None:
    for ref in ("404", "../me", "a/b", "", "x" * 129):
        with pytest.raises(FileMissing):
            await channel.fetch(FileRef("image", ref))
    for method in ("node", "file"):
        server.fails(method, Status(503))
        with pytest.raises(ChannelUnavailable):
            await channel.fetch(photo)
    server.fails("file", Cut())
    stream = await channel.fetch(photo)
    with pytest.raises(ChannelUnavailable):
        assert b"".join([chunk async for chunk in stream.chunks]) == PHOTO


async def test_an_answer_without_an_address_is_no_crash(
    channel: WhatsAppChannel, server: WhatsAppServer, photo: FileRef
) -> None:
    server.fails("file", Status(401))
    with pytest.raises(FileMissing):
        await channel.fetch(photo)


# the start


async def test_at_its_start_the_number_is_looked_up_and_its_account_subscribed(
    channel: WhatsAppChannel, settings: Settings, server: WhatsAppServer, inbox: Inbox, shelf: Shelf
) -> None:
    assert await channel.whoami() == "Tea House +1 555-078-3881"
    await channel.start(inbox.accept)
    assert server.count("subscribed_apps") == 0
    known = settings.model_copy(update={"business_account_id": BUSINESS})
    subscribed = WhatsAppChannel(known, around("whatsapp", shelf.open))
    await subscribed.start(inbox.accept)
    assert [call.path for call in server.named("subscribed_apps")] == [f"/v25.0/{BUSINESS}/subscribed_apps"]
    await subscribed.stop()


async def test_a_refused_token_stops_the_start(channel: WhatsAppChannel, server: WhatsAppServer, inbox: Inbox) -> None:
    server.token = "EAAGanother"
    with pytest.raises(ConfigError, match=r"^\[channels.whatsapp\] Meta does not take .*copy `access_token`"):
        await channel.start(inbox.accept)


async def test_logs_name_nobody(
    channel: WhatsAppChannel, server: WhatsAppServer, ann: WhatsAppUser, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    server.fails("node", Status(503))
    await channel.start(inbox.accept)
    server.fails("messages", Status(400, "no"))
    channel.parse(b'{"object":"whatsapp_business_account","entry":[]}')
    await channel.typing(ann.id)
    assert "1650555" not in caplog.text
    assert "555-078" not in caplog.text
    assert server.token not in caplog.text


TABLE = {"app_secret": "s", "verify_token": "v", "access_token": "t", "phone_number_id": "1"}


@pytest.mark.parametrize("key", TABLE)
def test_what_is_missing_is_named(key: str) -> None:
    table = {name: one for name, one in TABLE.items() if name != key}
    _, [wrong] = accounts.read({"whatsapp": table}, "https://shop.example/hooks/{}".format)
    assert wrong.keys == ("channels", "whatsapp", key)


@pytest.mark.parametrize("more", [{"phone_number_id": "+1 555"}, {"list_button": "x" * 21}])
def test_a_mistake_is_told(more: dict[str, str]) -> None:
    assert len(accounts.read({"whatsapp": TABLE | more}, "https://shop.example/hooks/{}".format)[1]) == 1
