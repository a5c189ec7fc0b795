"""What X posts is read as it is written beside it, and nothing but `BadInput` comes of anything else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings

from bot.channels.x.events import read_events
from bot.core.message import Inbound
from tests.contracts.malformed import anything, changed, kept_or_refused
from tests.contracts.payloads import Recording, recordings
from tests.kit.cases import cases
from tests.kit.platforms.x import OWN

RECORDED = recordings("x")
BODIES = [recording.body for recording in RECORDED]


def parse(body: bytes) -> list[Inbound]:
    return read_events("x", OWN, body)


@pytest.mark.parametrize("recording", RECORDED, ids=str)
def test_what_is_posted_is_read(recording: Recording) -> None:
    recording.check(parse)


@pytest.mark.parametrize("name", ["text", "activity_text"])
def test_what_is_no_list_takes_none_of_the_lists_beside_it(name: str) -> None:
    [text] = [one for one in RECORDED if str(one) == name]
    whole, odd = json.loads(text.body), {"direct_message_mark_read_events": "odd"}
    (whole["data"]["payload"] if "data" in whole else whole).update(odd)
    *others, kept = parse(json.dumps(whole).encode())
    assert others == parse(text.body)
    assert (kept.kind, kept.data, kept.native) == ("unknown", "unreadable", odd)


@settings(max_examples=cases(2000), deadline=None)
@given(changed(BODIES))
def test_no_changed_body_escapes(body: bytes) -> None:
    kept_or_refused(parse, body)


@settings(max_examples=cases(2000), deadline=None)
@given(anything())
def test_no_other_body_escapes(body: bytes) -> None:
    kept_or_refused(parse, body)
