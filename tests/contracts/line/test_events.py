"""Every kind of event as LINE posts it, and every body that it would not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings

from bot.channels.line import LineChannel, Settings
from bot.channels.line.events import read_events
from bot.core.errors import BadInput, Unauthorised
from bot.core.message import Inbound
from bot.core.ports import HookRequest
from tests.contracts.channel_contract import Inbox, Shelf
from tests.contracts.hook import Hook
from tests.contracts.malformed import anything, changed, kept_or_refused
from tests.contracts.payloads import Recording, recordings
from tests.kit.cases import cases
from tests.kit.platforms.around import around
from tests.kit.platforms.line import LineServer, LineUser

RECORDED = recordings("line")


def parse(body: bytes) -> list[Inbound]:
    return read_events("line", body, 50)


@pytest.mark.parametrize("recording", RECORDED, ids=str)
def test_every_recorded_body_is_read_as_it_is_written_beside_it(recording: Recording) -> None:
    recording.check(parse)


@settings(max_examples=cases(2000), deadline=None)
@given(changed([recording.body for recording in RECORDED if recording.path.stem != "verify"]))
def test_no_changed_body_escapes(body: bytes) -> None:
    kept_or_refused(parse, body)


@settings(max_examples=cases(2000), deadline=None)
@given(anything())
def test_no_other_body_escapes(body: bytes) -> None:
    kept_or_refused(parse, body)


@pytest.mark.parametrize("events", ['"x"', "7", "{}"])
def test_events_of_another_shape_are_bad_input(events: str) -> None:
    with pytest.raises(BadInput):
        parse(f'{{"destination":"U","events":{events}}}'.encode())


@pytest.mark.parametrize("odd", ["7", '{"type":"message"}', '{"webhookEventId":7}'])
def test_an_event_without_an_id_takes_no_other_with_it(odd: str) -> None:
    unread, other = parse(f'{{"destination":"U","events":[{odd}, {{"webhookEventId":"7"}}]}}'.encode())
    assert (unread.kind, unread.sender, unread.data, other.key) == ("unknown", "0", "unreadable", "7")


def test_a_text_with_nul_is_bad_input() -> None:
    body = (RECORDED[0].path.parent / "text.json").read_text("utf-8").replace("hello", "a\\u0000b")
    with pytest.raises(BadInput):
        parse(body.encode())


def request(body: bytes, signature: str) -> HookRequest:
    return HookRequest("POST", "/hook", {}, {"x-line-signature": signature}, body)


def account(secret: str) -> LineChannel:
    told = {"channel_secret": secret, "access_token": "t"}
    return LineChannel(Settings.model_validate(told), around("line", Shelf().open))


def test_the_published_signature_is_right() -> None:
    """line-bot-sdk-python, tests/v3/test_webhook.py."""
    right = request(b"bodybodybodybody", "/gg9a+LvFevTH1sd7XCQycD7tsWclCsInj7MhBHxN7k=")
    account("channel_secret").verify(right)
    with pytest.raises(Unauthorised):
        account("another_secret").verify(right)


def test_an_account_without_a_secret_believes_nobody() -> None:
    import hmac
    from base64 import b64encode

    empty = b64encode(hmac.digest(b"", b"{}", "sha256")).decode()
    with pytest.raises(Unauthorised):
        account("").verify(request(b"{}", empty))


async def test_what_comes_twice_is_one(hook: Hook, server: LineServer, ann: LineUser, inbox: Inbox) -> None:
    server.posting.twice = True
    await ann.says("one")
    await ann.takes_back(await ann.says("two"))
    await inbox.next(3)
    await server.is_heard()
    assert [(one.kind, one.text) for one in inbox.kept] == [("message", "one"), ("message", "two"), ("deleted", "")]
    assert inbox.kept[2].about == inbox.kept[1].external_id
    assert inbox.attempts == 6


async def test_who_follows_again_can_be_written_to(hook: Hook, server: LineServer, ann: LineUser, inbox: Inbox) -> None:
    await ann.follows()
    await ann.blocks()
    await ann.follows(again=True)
    await inbox.next(3)
    assert [(one.kind, one.data) for one in inbox.kept] == [("started", ""), ("reach", "blocked"), ("reach", "open")]


async def test_the_consoles_verify_is_answered(hook: Hook, server: LineServer, inbox: Inbox) -> None:
    answer = await server.posting.once(server.signed(json.dumps({"destination": "U", "events": []}).encode(), 0))
    assert (answer.status, inbox.attempts) == (200, 0)
    forged = await server.posting.once(type(server.signed(b"", 0))(b"{}", {"X-Line-Signature": "x"}))
    assert forged.status == 401
