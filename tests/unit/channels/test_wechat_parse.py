"""Every kind of push that matters, as WeChat posts it, and every body that it would not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels._weixin import read_event, to_xml
from bot.channels.wechat.events import Reader
from bot.core.errors import BadInput
from bot.core.message import Allowance, FileRef, Inbound
from tests.kit.cases import cases

PAYLOADS = Path(__file__).parents[2] / "payloads" / "wechat"
NAMES = sorted(path.name for path in PAYLOADS.iterdir())
ANN = "oAnn_0123456789abcdefghijkl"
TAPPED = Allowance(60, 3)
READER = Reader("wechat", TAPPED)


def read(name: str) -> Inbound:
    [inbound] = READER.read(read_event((PAYLOADS / name).read_bytes()))
    return inbound


@pytest.mark.parametrize("name", ["text.xml", "text.json"])
def test_a_text_is_read_whole(name: str) -> None:
    assert read(name) == Inbound(
        account="wechat",
        key="m:23400000000000001",
        sender=ANN,
        kind="message",
        text="有龙井吗？ 🍵",
        sent_at=datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC),
        external_id="23400000000000001",
    )


@pytest.mark.parametrize(
    ("name", "kind", "text", "data", "allows"),
    [
        ("text_odd.xml", "message", "a <b> & ]] c", "", None),
        ("menu_tap.xml", "callback", "普洱", "buy:8", None),
        ("image.xml", "message", "", "", None),
        ("voice_recognised.xml", "message", "来两盒龙井", "", None),
        ("location.xml", "message", "📍 上海市黄浦区南京东路1号, 31.230400, 121.473700 GCJ-02", "", None),
        ("location.json", "message", "📍 上海市黄浦区南京东路1号, 31.230400, 121.473700 GCJ-02", "", None),
        ("link.xml", "message", "Our tea\nSpring harvest\nhttps://shop.example/tea", "", None),
        ("subscribe.xml", "started", "", "", TAPPED),
        ("subscribe_scene.xml", "started", "", "flyer-7", TAPPED),
        ("scan.xml", "started", "", "flyer-7", TAPPED),
        ("scancode.xml", "message", "https://shop.example/p/longjing", "", TAPPED),
        ("unsubscribe.xml", "reach", "", "blocked", None),
        ("click_command.xml", "message", "/order", "", TAPPED),
        ("click_other.xml", "callback", "", "MENU_HELP", TAPPED),
    ],
)
def test_what_happened(name: str, kind: str, text: str, data: str, allows: Allowance | None) -> None:
    inbound = read(name)
    assert (inbound.kind, inbound.text, inbound.data, inbound.allows) == (kind, text, data, allows)
    assert inbound.sender == ANN


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("image.xml", FileRef("image", "M1_image-id", "photo.jpg", "image/jpeg")),
        ("voice.xml", FileRef("audio", "M2_voice-id", "voice.amr", "audio/amr")),
        ("voice_recognised.xml", FileRef("audio", "M2_voice-id", "voice.speex", "audio/speex")),
        ("video.xml", FileRef("video", "M3_video-id", "video.mp4", "video/mp4")),
        ("shortvideo.xml", FileRef("video", "M4_video-id", "video.mp4", "video/mp4")),
    ],
)
def test_what_was_sent_along(name: str, file: FileRef) -> None:
    assert read(name).files == (file,)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("view.xml", "VIEW"),
        ("report_location.xml", "LOCATION"),
        ("template_done.xml", "TEMPLATESENDJOBFINISH"),
        ("debug_demo.json", "debug_demo"),
        ("kind_of_tomorrow.xml", "hologram"),
    ],
)
def test_what_we_do_not_answer_is_kept_whole(name: str, data: str) -> None:
    inbound = read(name)
    assert (inbound.kind, inbound.data) == ("unknown", data)
    assert inbound.native == read_event((PAYLOADS / name).read_bytes())


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_push_can_be_kept(name: str) -> None:
    inbound = read(name)
    msgspec.json.encode(inbound)
    assert 0 < len(inbound.key) <= 191
    assert ANN not in inbound.key


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
@given(st.data(), st.sampled_from([name for name in NAMES if name.endswith("xml")]))
def test_no_changed_push_escapes(data: st.DataObject, name: str) -> None:
    told = read_event((PAYLOADS / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        told[data.draw(st.sampled_from(sorted(told)))] = data.draw(VALUES)
    kept_or_refused(json.dumps(told).encode())


@settings(max_examples=cases(2000), deadline=None)
@given(st.data(), st.sampled_from([name for name in NAMES if name.endswith("xml")]))
def test_no_damaged_xml_escapes(data: st.DataObject, name: str) -> None:
    body = bytearray((PAYLOADS / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 6))] = data.draw(st.binary(max_size=6))
    kept_or_refused(bytes(body))


@settings(max_examples=cases(2000), deadline=None)
@given(
    st.binary(max_size=300)
    | VALUES.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.sampled_from(["MsgType", "FromUserName", "CreateTime", "Event"]), st.text()).map(to_xml)
)
def test_no_other_body_escapes(body: bytes) -> None:
    kept_or_refused(body)
