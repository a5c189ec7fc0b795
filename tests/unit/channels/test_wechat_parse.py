"""Every kind of push that matters, as WeChat posts it, and every body that it would not."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels._weixin import read_event, to_xml
from bot.channels.wechat.events import Reader
from bot.core.errors import BadInput
from bot.core.message import Allowance, Inbound
from tests.contracts.payloads import Recording, recordings
from tests.kit.cases import cases

RECORDED = recordings("wechat")
AS_XML = [one.body for one in RECORDED if one.path.suffix == ".xml"]
ANN = "oAnn_0123456789abcdefghijkl"
TAPPED = Allowance(60, 3)
READER = Reader("wechat", TAPPED)


def parse(body: bytes) -> list[Inbound]:
    return list(READER.read(read_event(body)))


@pytest.mark.parametrize("recording", RECORDED, ids=lambda recording: recording.path.name)
def test_every_recorded_push_is_read_as_it_is_written_beside_it(recording: Recording) -> None:
    recording.check(parse)


def test_a_key_has_no_id_of_a_person_in_clear() -> None:
    assert not any(inbound.sender in inbound.key for one in RECORDED for inbound in parse(one.body))


def event(**fields: Any) -> dict[str, Any]:
    told = {"ToUserName": "gh", "FromUserName": ANN, "CreateTime": "1760000000", "MsgType": "event", "Event": "SCAN"}
    return told | fields


def test_a_retry_has_the_same_key_and_nothing_else_has_it() -> None:
    changes = [{}, {"FromUserName": "oBob"}, {"CreateTime": "1760000001"}, {"Event": "CLICK"}, {"EventKey": "2"}]
    keys = [READER.read(event(**change))[0].key for change in changes]
    assert len(set(keys)) == len(keys)
    assert READER.read(event(Ticket="other"))[0].key == keys[0]


@pytest.mark.parametrize(
    "change",
    [
        {"FromUserName": ""},
        {"FromUserName": ["a", "b"]},
        {"FromUserName": "x" * 129},
        {"CreateTime": ""},
        {"CreateTime": "-1"},
        {"CreateTime": "now"},
        {"CreateTime": "99999999999999"},
        {"MsgType": "x" * 257},
        {"MsgType": "image", "MediaId": ""},
        {"MsgType": "image", "MediaId": "x" * 1025},
        {"MsgType": "text", "Content": "x" * 65_537},
        {"MsgType": "text", "Content": True},
        {"MsgType": "location", "Location_X": "91", "Location_Y": "0"},
        {"MsgType": "location", "Location_X": "nan", "Location_Y": "0"},
        {"MsgType": "location", "Location_X": "", "Location_Y": "0"},
        {"EventKey": "x" * 1025},
    ],
)
def test_a_wrong_field_is_kept_as_unreadable(change: dict[str, Any]) -> None:
    odd = event(**change)
    [inbound] = READER.read(odd)
    assert (inbound.kind, inbound.sender, inbound.data, inbound.native) == ("unknown", "0", "unreadable", odd)


@pytest.mark.parametrize("kind", [{"a": "b"}, ""])
def test_what_has_no_kind_is_bad_input(kind: Any) -> None:
    with pytest.raises(BadInput):
        READER.read(event(MsgType=kind))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)


def kept_or_refused(body: bytes) -> None:
    try:
        [inbound] = READER.read(read_event(body))
    except BadInput:
        return
    msgspec.json.encode(inbound)
    assert inbound.sender
    assert 0 < len(inbound.key) <= 191


@settings(max_examples=cases(2000), deadline=None)
@given(st.data(), st.sampled_from(AS_XML))
def test_no_changed_push_escapes(data: st.DataObject, body: bytes) -> None:
    told = read_event(body)
    for _ in range(data.draw(st.integers(1, 3))):
        told[data.draw(st.sampled_from(sorted(told)))] = data.draw(VALUES)
    kept_or_refused(json.dumps(told).encode())


@settings(max_examples=cases(2000), deadline=None)
@given(st.data(), st.sampled_from(AS_XML))
def test_no_damaged_xml_escapes(data: st.DataObject, body: bytes) -> None:
    damaged = bytearray(body)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at : at + data.draw(st.integers(0, 6))] = data.draw(st.binary(max_size=6))
    kept_or_refused(bytes(damaged))


@settings(max_examples=cases(2000), deadline=None)
@given(
    st.binary(max_size=300)
    | VALUES.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.sampled_from(["MsgType", "FromUserName", "CreateTime", "Event"]), st.text()).map(to_xml)
)
def test_no_other_body_escapes(body: bytes) -> None:
    kept_or_refused(body)
