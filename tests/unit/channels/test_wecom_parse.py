"""Everything that happens at a desk, as WeCom passes it, and every item that it would not."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.wecom.events import Reader
from bot.channels.wecom.sending import message_id
from bot.core.message import Allowance, Inbound
from tests.contracts.payloads import Recording, recordings
from tests.kit.cases import cases

RECORDED = recordings("wecom")
ANN = "wmAnn@wkDesk"
WELCOME = Allowance(20, 1)
READER = Reader("wecom", WELCOME)


def parse(body: bytes) -> list[Inbound]:
    return list(READER.read(json.loads(body)))


@pytest.mark.parametrize("recording", RECORDED, ids=str)
def test_every_recorded_item_is_read_as_it_is_written_beside_it(recording: Recording) -> None:
    recording.check(parse)


def kept(item: Any) -> None:
    inbounds = READER.read(item)
    msgspec.json.encode(inbounds)
    assert inbounds
    assert all(inbound.sender and 0 < len(inbound.key) <= 191 for inbound in inbounds)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=cases(2000), deadline=None)
@given(st.data(), st.sampled_from([recording.body for recording in RECORDED]))
def test_an_item_of_any_shape_stops_nothing(data: st.DataObject, body: bytes) -> None:
    item = json.loads(body)
    for _ in range(data.draw(st.integers(1, 3))):
        inner = [value for value in item.values() if isinstance(value, dict) and value]
        parent = data.draw(st.sampled_from([item, *inner]))
        parent[data.draw(st.sampled_from(sorted(parent)))] = data.draw(VALUES)
    kept(orjson.loads(orjson.dumps(item)))


@given(st.text(max_size=80))
@settings(max_examples=cases(2000), deadline=None)
def test_an_id_is_made_of_the_key(key: str) -> None:
    made = message_id(key)
    assert made == message_id(key) != message_id(key + "x")
    assert len(made) == 32
    assert made.isascii()
    assert made.isalnum()
