"""How the doorbell is heard and the desks are pulled from: in order, once, by one node at a time, and never ahead."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import pytest

from bot.channels.wecom import WeCom, pulling
from bot.channels.wecom import channel as module
from bot.core.errors import BadInput, ConfigError, StorageUnavailable
from bot.core.message import Inbound
from bot.core.ports import HookRequest
from tests.contracts.channel_contract import Inbox
from tests.contracts.hook import Hook
from tests.contracts.wecom.conftest import Open
from tests.kit.platforms.around import MemoryNotes
from tests.kit.platforms.posting import Delivery
from tests.kit.platforms.wecom import CORP_ID, DESK, KEY, NEXT_KEY, Desk, WeComPerson, WeComServer, doorbell
from tests.kit.platforms.weixin import seal
from tests.kit.wire_faults import Cut, Garbage, Hang, Status, TooMany

CURSOR = f"wecom:cursor:{DESK}"


async def pulled(server: WeComServer, number: int) -> None:
    """Wait until this many pulls have ended."""
    await server.until(lambda: server.count("sync_msg") >= number)


async def test_the_doorbells_token_asks_at_once(
    channel: WeCom, server: WeComServer, ann: WeComPerson, inbox: Inbox, hook: Hook
) -> None:
    await channel.start(inbox.accept)
    await pulled(server, 1)
    server.posts_to(hook.url)
    await ann.says("hi")
    await inbox.next()
    first, rung = (call.json() for call in server.named("sync_msg")[:2])
    assert ("token" in first, first["open_kfid"], first["cursor"]) == (False, DESK, "")
    assert rung["token"].startswith("ENC-")
    assert [answer.body for answer in server.posting.answers] == [b"success"]


async def test_the_cursor_moves_after_what_it_passes_is_kept(
    channel: WeCom, server: WeComServer, ann: WeComPerson, inbox: Inbox, notes: MemoryNotes
) -> None:
    inbox.refuses = [StorageUnavailable("disk full"), ValueError("a bug in accept")]
    await ann.says("one")
    await channel.start(inbox.accept)
    await inbox.until(lambda: inbox.attempts == 2)
    assert await notes.get(CURSOR) == ""
    await inbox.next()
    await server.until(lambda: server.count("sync_msg") >= 3)
    async with asyncio.timeout(5):
        while await notes.get(CURSOR) != "at-1":
            await asyncio.sleep(0)
    assert [inbound.text for inbound in inbox.kept] == ["one"]


async def test_everything_is_pulled_however_much_there_is(
    channel: WeCom, server: WeComServer, ann: WeComPerson, inbox: Inbox
) -> None:
    server.batch = 7
    for number in range(30):
        await ann.says(f"number {number}")
    await channel.start(inbox.accept)
    await inbox.next(30)
    assert [inbound.text for inbound in inbox.kept] == [f"number {n}" for n in range(30)]
    assert server.count("sync_msg") == 5


async def test_without_a_doorbell_it_is_looked_for_now_and_then(
    make: Open, server: WeComServer, ann: WeComPerson, inbox: Inbox
) -> None:
    server.rings = False
    await make(poll_seconds=0.02).start(inbox.accept)
    await pulled(server, 2)
    await ann.says("quietly")
    assert (await inbox.next()).text == "quietly"


async def test_a_doorbell_of_long_ago_is_no_use_and_no_harm(
    channel: WeCom, server: WeComServer, ann: WeComPerson, inbox: Inbox, hook: Hook
) -> None:
    await channel.start(inbox.accept)
    await pulled(server, 1)
    server.desks[DESK].items.append({"msgid": "old", "send_time": 1, "origin": 3, "msgtype": "text"})
    server.happens(doorbell(DESK, "ENC-long-ago"))
    server.posts_to(hook.url)
    assert (await inbox.next()).key == "old"
    assert ["token" in call.json() for call in server.named("sync_msg")] == [False, True, False]


async def test_two_nodes_pull_in_turn_and_nothing_twice(
    make: Open, server: WeComServer, ann: WeComPerson, inbox: Inbox, hook: Hook
) -> None:
    server.batch = 3
    busy = most = 0

    async def accept(inbounds: Sequence[Inbound]) -> int:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.001)
        busy -= 1
        return await inbox.accept(inbounds)

    for _ in range(2):
        await make(poll_seconds=0.01).start(accept)
    server.posts_to(hook.url)
    for number in range(40):
        await ann.says(f"number {number}")
    await inbox.next(40)
    assert [inbound.text for inbound in inbox.kept] == [f"number {n}" for n in range(40)]
    assert most == 1
    cursors = [call.json()["cursor"] for call in server.named("sync_msg")]
    assert cursors == sorted(cursors, key=lambda cursor: int(cursor.removeprefix("at-") or 0))


async def test_what_another_node_has_under_its_lock_is_looked_at_again(
    make: Open, server: WeComServer, ann: WeComPerson, inbox: Inbox, notes: MemoryNotes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "LOOK", 0.01)
    await notes.claim(f"wecom:pull:{DESK}", 60)
    await ann.says("hi")
    await make().start(inbox.accept)
    await server.until(lambda: server.count("accounts") == 1)
    await asyncio.sleep(0.03)
    assert server.count("sync_msg") == 0
    notes.ahead = 61  # that node has died
    assert (await inbox.next()).text == "hi"


async def test_each_desk_has_a_cursor_of_its_own(
    channel: WeCom, server: WeComServer, ann: WeComPerson, inbox: Inbox, hook: Hook, notes: MemoryNotes
) -> None:
    server.desks["wkOther"] = Desk("Other desk")
    bob = server.person("wmBob", "wkOther", "Bob")
    server.posts_to(hook.url)
    await channel.start(inbox.accept)
    await ann.says("to one")
    await bob.says("to the other")
    await bob.says("again")
    await inbox.next(3)
    assert {inbound.sender for inbound in inbox.kept} == {ann.id, bob.id}
    async with asyncio.timeout(5):
        while (await notes.get(CURSOR), await notes.get("wecom:cursor:wkOther")) != ("at-1", "at-2"):
            await asyncio.sleep(0)


async def test_more_desks_than_are_named_at_once(channel: WeCom, server: WeComServer, inbox: Inbox) -> None:
    server.desks |= {f"wk{number}": Desk(f"Desk {number}") for number in range(120)}
    server.rings = False
    await server.person("wmBob", "wk119", "Bob").says("to the last one")
    await channel.start(inbox.accept)
    assert (await inbox.next()).text == "to the last one"


async def test_only_the_desks_that_are_named(
    make: Open, server: WeComServer, ann: WeComPerson, inbox: Inbox, hook: Hook
) -> None:
    server.desks["wkOther"] = Desk("Other desk")
    bob = server.person("wmBob", "wkOther", "Bob")
    server.posts_to(hook.url)
    await make(desks=[DESK]).start(inbox.accept)
    await bob.says("to the other")
    await ann.says("to ours")
    await inbox.next()
    await server.is_heard()
    assert [inbound.text for inbound in inbox.kept] == ["to ours"]
    assert server.count("accounts") == 0


async def test_pulling_survives_a_bad_day(
    channel: WeCom, server: WeComServer, ann: WeComPerson, inbox: Inbox, naps: list[float]
) -> None:
    await ann.says("still here")
    server.fails("sync_msg", Status(500), Cut(), TooMany(after=40), Garbage(), *[Status(502)] * 5)
    await channel.start(inbox.accept)
    assert (await inbox.next()).text == "still here"
    assert naps == [0.5, 1, 40, 4, 8, 16, 30, 30, 30]


async def test_a_token_that_ends_while_pulling(
    channel: WeCom, server: WeComServer, ann: WeComPerson, inbox: Inbox, hook: Hook, naps: list[float]
) -> None:
    await channel.start(inbox.accept)
    await pulled(server, 1)
    server.expire()
    server.posts_to(hook.url)
    await ann.says("hi")
    assert (await inbox.next()).text == "hi"
    assert (server.tokens_given, naps) == (2, [])


async def test_a_wrong_secret_stops_the_start(make: Open, inbox: Inbox) -> None:
    channel = make(secret="another-secret")
    with pytest.raises(ConfigError, match=r"\[wecom\] corp_id, secret: 40001") as error:
        await channel.start(inbox.accept)
    assert "another-secret" not in str(error.value)


@pytest.mark.parametrize("fault", [Status(502), Hang()], ids=str)
async def test_a_wecom_that_cannot_be_reached_does_not_stop_the_start(
    make: Open,
    server: WeComServer,
    ann: WeComPerson,
    inbox: Inbox,
    monkeypatch: pytest.MonkeyPatch,
    fault: Status | Hang,
) -> None:
    monkeypatch.setattr(module, "FIRST_TRY", 0.2)
    server.fails("gettoken", fault)
    await ann.says("are you there?")
    await make().start(inbox.accept)
    assert (await inbox.next()).text == "are you there?"


async def test_an_address_that_is_not_trusted_is_named(
    channel: WeCom, server: WeComServer, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    server.allowed = False
    with caplog.at_level(logging.WARNING):
        await channel.start(inbox.accept)
    assert "203.0.113.7 (企业可信IP)" in caplog.text


async def test_a_stopped_channel_hears_nothing(
    channel: WeCom, server: WeComServer, ann: WeComPerson, inbox: Inbox
) -> None:
    await channel.start(inbox.accept)
    await pulled(server, 1)
    await channel.stop()
    before = server.count("sync_msg")
    await ann.says("too late")
    assert (inbox.kept, server.count("sync_msg")) == ([], before)


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="list.txt"', "list.txt"),
        ('attachment; filename="发票 1.pdf"', "发票 1.pdf"),
        ("attachment; filename*=UTF-8''%E5%8F%91%E7%A5%A8%201.pdf", "发票 1.pdf"),
        ("attachment; filename=list.txt; size=7", "list.txt"),
        ("attachment", ""),
    ],
)
async def test_a_customers_file_is_fetched_under_its_name(
    channel: WeCom, server: WeComServer, ann: WeComPerson, inbox: Inbox, header: str, name: str
) -> None:
    media = server.shelf.put("x", b"one, two", "application/octet-stream")
    server.shelf.media[media].disposition = header
    await ann.sends("file", {"media_id": media})
    await channel.start(inbox.accept)
    [file] = (await inbox.next()).files
    stream = await channel.fetch(file)
    assert (stream.name, b"".join([chunk async for chunk in stream.chunks])) == (name, b"one, two")


# the address is set


async def test_the_challenge_is_opened(channel: WeCom, server: WeComServer, hook: Hook) -> None:
    hook.channel, server.posting.url = channel, hook.url
    answer = await server.posting.once(server.challenge("1616140317555161061"))
    assert (answer.status, answer.body) == (200, b"1616140317555161061")
    forged = server.challenge("1616140317555161061")
    changed = Delivery(b"", {}, {**forged.query, "nonce": "1"}, "GET")
    assert (await server.posting.once(changed)).status == 401
    bare = Delivery(b"", {}, {name: value for name, value in forged.query.items() if name != "echostr"}, "GET")
    assert (await server.posting.once(bare)).status == 401


def test_a_plus_that_was_decoded_is_a_plus(channel: WeCom, server: WeComServer) -> None:
    for number in range(200):
        query = dict(server.challenge(f"echo {number}").query)
        query["echostr"] = query["echostr"].replace("+", " ")
        request = HookRequest("GET", "/", query, {}, b"")
        channel.verify(request)
        answer = channel.handshake(request)
        assert answer is not None
        assert answer.body == f"echo {number}".encode()


def test_while_keys_change_both_are_opened(make: Open, server: WeComServer) -> None:
    channel = make(encoding_aes_key=NEXT_KEY, previous_aes_key=KEY)
    for key in (KEY, NEXT_KEY):
        server.key = key
        delivery = server.signed(doorbell(DESK, "ENC"), 0)
        channel.verify(HookRequest("POST", "/", delivery.query, {}, delivery.body))
        assert channel.parse(delivery.body) == []


def test_a_call_for_another_company_is_refused(channel: WeCom) -> None:
    sealed = seal(KEY, CORP_ID[:-1] + "0", doorbell(DESK, "ENC"))
    with pytest.raises(BadInput):
        channel.parse(f"<xml><Encrypt>{sealed}</Encrypt></xml>".encode())


def test_an_event_that_is_no_doorbell_is_kept(channel: WeCom, server: WeComServer) -> None:
    body = server.signed(b"<xml><Event>kf_account_auth_change</Event><MsgType>event</MsgType></xml>", 0).body
    [inbound] = channel.parse(body)
    assert (inbound.kind, inbound.data, inbound.sender) == ("unknown", "kf_account_auth_change", "0")
    [inbound] = channel.parse(server.signed(b"<xml><Event>kf_msg_or_event</Event></xml>", 0).body)
    assert (inbound.kind, inbound.data) == ("unknown", "unreadable")
