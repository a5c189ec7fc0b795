"""What Weibo posts is read as it is written beside it, and nothing but `BadInput` comes of anything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.weibo.events import read
from bot.core.errors import BadInput
from bot.core.message import Inbound
from tests.contracts.malformed import anything, changed, kept_or_refused
from tests.contracts.payloads import Recording, recordings
from tests.kit.cases import cases

RECORDED = recordings("weibo")
AS_JSON = [one.body for one in RECORDED if one.path.suffix == ".json"]
AS_XML = [one.body for one in RECORDED if one.path.suffix == ".xml"]


def parse(body: bytes) -> list[Inbound]:
    return read("weibo", body)


@pytest.mark.parametrize("recording", RECORDED, ids=str)
def test_what_is_posted_is_read(recording: Recording) -> None:
    recording.check(parse)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sender_id", None), ("sender_id", "x"), ("sender_id", -1), ("sender_id", 1.5), ("receiver_id", ""),
        ("type", ["x"]), ("text", {}), ("created_at", None), ("created_at", "yesterday"),
        ("created_at", "Mon Foo 16 18:09:20 +0800 2012"), ("created_at", "Mon Feb 31 18:09:20 +0800 2012"),
        ("created_at", "Mon Jul 16 18:09:20 +9900 2012"), ("created_at", "Mon Jan 01 00:00:00 +2300 0001"),
    ],
)  # fmt: skip
def test_a_field_of_another_shape_is_kept_as_unreadable(field: str, value: Any) -> None:
    body = {"type": "text", "receiver_id": 1, "sender_id": 2, "created_at": "1348831860", "text": "hi", "data": {}}
    [inbound] = parse(json.dumps(body | {field: value}).encode())
    assert (inbound.kind, inbound.sender, inbound.data) == ("unknown", "0", "unreadable")
    with pytest.raises(BadInput):
        parse(json.dumps(body | {"type": None}).encode())


@pytest.mark.parametrize(
    "head",
    [
        b'<!DOCTYPE xml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        b'<!DOCTYPE xml SYSTEM "http://127.0.0.1/x.dtd">',
        b'<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_entities_and_dtds_are_refused(head: bytes) -> None:
    body = next(body for body in AS_XML if b"<![CDATA[text]]>" in body)
    with pytest.raises(BadInput):
        parse(head + body)


@settings(max_examples=cases(2000), deadline=None)
@given(changed(AS_JSON))
def test_no_changed_body_escapes(body: bytes) -> None:
    kept_or_refused(parse, body)


@settings(max_examples=cases(2000), deadline=None)
@given(
    st.sampled_from(AS_XML), st.integers(0, 400), st.integers(0, 12), st.binary(max_size=12) | st.text().map(str.encode)
)
def test_no_changed_xml_escapes(body: bytes, at: int, gone: int, put: bytes) -> None:
    kept_or_refused(parse, body[:at] + put + body[at + gone :])


@settings(max_examples=cases(2000), deadline=None)
@given(anything())
def test_no_other_body_escapes(body: bytes) -> None:
    kept_or_refused(parse, body)
