"""LINE's own SDK believes what our fake signs, reads what is recorded, and knows every field that we send."""

from __future__ import annotations

from typing import Any

import pytest
from linebot.v3.exceptions import InvalidSignatureError  # type: ignore[import-untyped]
from linebot.v3.messaging import PushMessageRequest  # type: ignore[import-untyped]
from linebot.v3.models.events import UnknownEvent  # type: ignore[import-untyped]
from linebot.v3.webhook import SignatureValidator, WebhookParser  # type: ignore[import-untyped]

from bot.channels.line import LineChannel, Settings
from bot.channels.line.messages import messages
from bot.core.errors import Unauthorised
from bot.core.message import Button, Card, Summary, SummaryLine, Wire
from bot.core.ports import HookRequest
from tests.contracts.channel_contract import PHOTO, Shelf
from tests.contracts.payloads import Recording, recordings
from tests.kit.platforms.around import around
from tests.kit.platforms.line import LineServer
from tests.kit.recordings import m4a, mp4

SERVER = LineServer()
READABLE = [one for one in recordings("line") if all(found.kind != "unknown" for found in one.expected)]
ROWS = ((Button("Pay", url="https://pay.example/1"), Button("绿茶", "tea:1")),)


@pytest.mark.parametrize("body", ["{}", '{"text":"茶 👋"}', "x" * 5000])
def test_it_believes_what_we_believe(body: str) -> None:
    told = {"channel_secret": SERVER.secret, "access_token": "t"}
    ours = LineChannel(Settings.model_validate(told), around("line", Shelf().open))
    theirs = SignatureValidator(SERVER.secret)
    for signature, holds in ((SERVER.signature(body.encode()), True), (SERVER.signature(b"another"), False)):
        call = HookRequest("POST", "/hook", {}, {"x-line-signature": signature}, body.encode())
        assert theirs.validate(body, signature) is holds
        if holds:
            ours.verify(call)
        else:
            with pytest.raises(Unauthorised):
                ours.verify(call)


@pytest.mark.parametrize("recording", READABLE, ids=str)
def test_it_reads_what_is_recorded(recording: Recording) -> None:
    events = WebhookParser(SERVER.secret).parse(recording.body.decode(), SERVER.signature(recording.body))
    assert [one.webhook_event_id for one in events] == [one.key for one in recording.expected]
    assert not any(isinstance(one, UnknownEvent) for one in events)


def test_it_reads_nothing_that_is_not_signed() -> None:
    with pytest.raises(InvalidSignatureError):
        WebhookParser(SERVER.secret).parse("{}", SERVER.signature(b"{}", "another secret"))


def test_it_knows_every_field_that_we_send() -> None:
    shelf = Shelf()
    photo = shelf.put(PHOTO, "tea.jpg", "image/jpeg")
    cards = tuple(Card(f"Tea {n}", "green", "¥9", photo, (Button("Add", f"add:{n}"),)) for n in range(11))
    summary = Summary("Cart", (SummaryLine("2 × Longjing", "¥18"),), "¥18")
    whole = Wire("Look", ROWS, (photo,), cards=cards, summary=summary)
    sound, film = shelf.put(m4a(), "tea.m4a", "audio/mp4"), shelf.put(mp4(), "tea.mp4", "video/mp4")
    for wire in (Wire("hi"), Wire("Which?", ROWS), Wire(files=(photo, sound, film)), whole):
        for message in messages(wire, shelf.link, shelf.link, {sound.id: 2.0}):
            sent = {"to": "U" + "a1" * 16, "messages": [message]}
            assert _has(PushMessageRequest.from_dict(sent).to_dict(), sent), message


def _has(theirs: Any, ours: Any) -> bool:
    """Whether all of ours is there, as it is; it adds what it takes for granted."""
    if isinstance(ours, dict):
        return all(name in theirs and _has(theirs[name], one) for name, one in ours.items())
    if isinstance(ours, list):
        return len(theirs) == len(ours) and all(map(_has, theirs, ours))
    return bool(theirs == ours)
