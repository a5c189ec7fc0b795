"""What QQ posts is read as it is written beside it, and nothing but `BadInput` comes of anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from bot.channels.qq.events import read_events
from bot.core.errors import BadInput
from bot.core.message import Allowance, Inbound
from tests.contracts.malformed import anything, changed, kept_or_refused
from tests.contracts.payloads import Recording, recordings
from tests.kit.cases import cases

RECORDED = recordings("qq")
BODIES = [recording.body for recording in RECORDED]


def parse(body: bytes) -> list[Inbound]:
    return read_events("qq", body, Allowance(300, 5))


@pytest.mark.parametrize("recording", RECORDED, ids=str)
def test_what_is_posted_is_read(recording: Recording) -> None:
    recording.check(parse)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", None), ("id", 7), ("t", None), ("d", []),
    ],
)  # fmt: skip
def test_an_event_of_another_shape_is_kept_as_unreadable(field: str, value: Any) -> None:
    body = json.loads(BODIES[[str(one) for one in RECORDED].index("text")]) | {field: value}
    is_unreadable(body)


def is_unreadable(body: dict[str, Any]) -> None:
    [inbound] = parse(json.dumps(body).encode())
    assert (inbound.kind, inbound.sender, inbound.data, inbound.native) == ("unknown", "0", "unreadable", body)


@pytest.mark.parametrize("op", ["0", None, True])
def test_an_envelope_of_another_shape_is_bad_input(op: Any) -> None:
    body = json.loads(BODIES[[str(one) for one in RECORDED].index("text")]) | {"op": op}
    with pytest.raises(BadInput):
        parse(json.dumps(body).encode())


@pytest.mark.parametrize("value", ["yesterday", "2026-07-21T10:00:00", "0001-01-01T00:00:00+14:00", -1, [], "9" * 11])
def test_a_time_that_is_none_is_unreadable(value: Any) -> None:
    body = json.loads(BODIES[[str(one) for one in RECORDED].index("text")])
    body["d"]["timestamp"] = value
    is_unreadable(body)


@settings(max_examples=cases(2000), deadline=None)
@given(changed(BODIES))
def test_no_changed_body_escapes(body: bytes) -> None:
    kept_or_refused(parse, body)


@settings(max_examples=cases(2000), deadline=None)
@given(anything())
def test_no_other_body_escapes(body: bytes) -> None:
    kept_or_refused(parse, body)
