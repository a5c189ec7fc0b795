"""Everything that happens at a desk, as WeCom passes it, and every item that it would not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.wecom.events import NOTHING, Reader
from bot.channels.wecom.sending import message_id
from bot.core.message import Allowance, FileRef, Inbound
from tests.kit.cases import cases

PAYLOADS = Path(__file__).parents[2] / "payloads" / "wecom"
NAMES = sorted(path.stem for path in PAYLOADS.iterdir())
ANN = "wmAnn@wkDesk"
WELCOME = Allowance(20, 1)
READER = Reader("wecom", WELCOME)


def load(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))


def read(name: str) -> Inbound:
    [inbound] = READER.read(load(name))
    return inbound


def test_a_text_is_read_whole() -> None:
    assert read("text") == Inbound(
        account="wecom",
        key="4vE1",
        sender=ANN,
        kind="message",
        text="有龙井吗？ 🍵",
        sent_at=datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC),
        external_id="4vE1",
    )


@pytest.mark.parametrize(
    ("name", "kind", "text", "data", "about"),
    [
        ("menu_tap", "callback", "普洱", "buy:8", ""),
        ("location", "message", "📍 Tea House, 1 Nanjing Rd, 31.230400, 121.473700 GCJ-02", "", ""),
        ("link", "message", "Our tea\nSpring harvest\nhttps://shop.example/tea", "", ""),
        ("business_card", "message", "👤 LiSi", "", ""),
        ("miniprogram", "message", "[Tea shop]", "", ""),
        ("staff_text", "echo", "I will look for you", "", ""),
        ("staff_image", "echo", "", "", ""),
        ("session_taken", "echo", "👤 LiSi", "", ""),
        ("session_passed_on", "echo", "👤 WangWu", "", ""),
        ("session_ended", "returned", "", "", ""),
        ("failed_window", "status", "more than 48 hours have passed since the customer wrote", "failed", "OURS"),
        ("failed_otherwise", "status", "WeCom's reason 77", "failed", "OURS"),
        ("recall", "deleted", "", "", "4vE1"),
        ("staff_recall", "deleted", "", "", "4vEc"),
    ],
)
def test_what_happened(name: str, kind: str, text: str, data: str, about: str) -> None:
    inbound = read(name)
    assert (inbound.kind, inbound.text, inbound.data, inbound.about) == (kind, text, data, about)
    assert inbound.sender == ANN


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("image", FileRef("image", "M1", "photo.jpg", "image/jpeg")),
        ("voice", FileRef("audio", "M2", "voice.amr", "audio/amr")),
        ("video", FileRef("video", "M3", "video.mp4", "video/mp4")),
        ("file", FileRef("file", "M4")),
        ("staff_image", FileRef("image", "M5", "photo.jpg", "image/jpeg")),
    ],
)
def test_what_was_sent_along(name: str, file: FileRef) -> None:
    assert read(name).files == (file,)


def test_who_comes_may_be_welcomed_once() -> None:
    inbound = read("enter_session")
    assert (inbound.kind, inbound.data, inbound.token, inbound.allows) == ("started", "flyer-7", "WELCOME", WELCOME)


def test_who_comes_without_a_welcome_may_not_be_written_to() -> None:
    inbound = read("enter_session_again")
    assert (inbound.kind, inbound.data, inbound.token, inbound.allows) == ("started", "shop", "", NOTHING)


def test_who_refuses_our_messages_has_blocked_us() -> None:
    failed, blocked = READER.read(load("failed_refused"))
    assert (failed.kind, failed.data, failed.about) == ("status", "failed", "OURS")
    assert (blocked.kind, blocked.data, blocked.sender) == ("reach", "blocked", ANN)
    assert failed.key != blocked.key


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("channels_order", "channels_shop_order"),
        ("servicer_status", "servicer_status_change"),
        ("kind_of_tomorrow", "hologram"),
    ],
)
def test_what_we_do_not_answer_is_kept_whole(name: str, data: str) -> None:
    inbound = read(name)
    assert (inbound.kind, inbound.data, inbound.native) == ("unknown", data, load(name))


def kept(item: Any) -> None:
    inbounds = READER.read(item)
    msgspec.json.encode(inbounds)
    assert inbounds
    assert all(inbound.sender and 0 < len(inbound.key) <= 191 for inbound in inbounds)


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_item_can_be_kept(name: str) -> None:
    kept(load(name))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=cases(2000), deadline=None)
@given(st.data(), st.sampled_from(NAMES))
def test_an_item_of_any_shape_stops_nothing(data: st.DataObject, name: str) -> None:
    item = load(name)
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


def test_what_a_person_of_ours_takes_back_is_found_by_its_id() -> None:
    assert read("staff_text").external_id == read("staff_recall").about
