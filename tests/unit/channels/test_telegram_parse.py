"""Every kind of update that matters, as Telegram sends it, and every body that it would not."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from bot.channels.telegram.updates import read_update, read_updates
from bot.core import charges
from bot.core.errors import BadInput
from bot.core.message import Inbound
from bot.core.money import Money
from tests.contracts.malformed import anything, changed, kept_or_refused
from tests.contracts.payloads import Recording, recordings
from tests.kit.cases import cases

ROOT = Path(__file__).parents[3]
PAYLOADS = ROOT / "tests" / "payloads" / "telegram"
RECORDED = recordings("telegram")


def load(name: str) -> Any:
    return json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))


def parse(body: bytes) -> list[Inbound]:
    return read_updates("telegram", body)


@pytest.mark.parametrize("recording", RECORDED, ids=str)
def test_every_recorded_update_is_read_as_it_is_written_beside_it(recording: Recording) -> None:
    recording.check(parse)


def read(name: str) -> Inbound:
    [inbound] = read_updates("telegram", (PAYLOADS / f"{name}.json").read_bytes())
    return inbound


@pytest.mark.parametrize(("field", "value"), [("type", "supergroup"), ("status", "administrator")])
def test_another_membership_is_kept_whole(field: str, value: str) -> None:
    update = load("blocked")
    where = "chat" if field == "type" else "new_chat_member"
    update["my_chat_member"][where][field] = value
    inbound = read_update("telegram", update)
    assert (inbound.kind, inbound.data, inbound.native) == ("unknown", "my_chat_member", update)


@pytest.mark.parametrize(
    ("name", "kind", "payload", "paid"),
    [
        ("pre_checkout", "may_pay", "A-1", Money(5, "XTR")),
        ("successful_payment", "charged", "4f0c9d", Money(13600, "CNY")),
        ("refunded_payment", "charged_back", "4f0c9d:680", Money(680, "XTR")),
    ],
)
def test_what_is_told_of_a_payment(name: str, kind: str, payload: str, paid: Money) -> None:
    inbound = read(name)
    assert (inbound.kind, inbound.sender, inbound.data, charges.sum_of(inbound)) == (kind, "42", payload, paid)


def test_a_charge_has_both_ids_and_its_time() -> None:
    charge = charges.charge_of(read("successful_payment"), datetime.now(UTC))
    assert (charge.id, charge.other_id) == ("7153_42_88117", "pi_3QxK2e")
    assert charge.at == datetime(2025, 10, 9, 8, 54, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("currency", "YUAN"), ("currency", None), ("total_amount", -1), ("total_amount", 1.5), ("total_amount", "1"),
        ("telegram_payment_charge_id", ""), ("telegram_payment_charge_id", "x" * 256), ("invoice_payload", "x" * 129),
    ],
)  # fmt: skip
def test_a_charge_that_is_none_is_kept_as_unreadable(field: str, value: Any) -> None:
    update = load("successful_payment")
    update["message"]["successful_payment"][field] = value
    is_unreadable(update)


def is_unreadable(update: dict[str, Any]) -> None:
    [inbound] = read_updates("telegram", json.dumps(update).encode())
    kept = (inbound.key, inbound.kind, inbound.data, inbound.native)
    assert kept == (str(update["update_id"]), "unknown", "unreadable", update)


PATHS_AND_VALUES: list[tuple[tuple[str, ...], list[Any]]] = [
    (("message",), ["x", 7, [], True]),
    (("message", "message_id"), [None, "7"]),
    (("message", "date"), [None, -1, "now", 1e9, 1 << 60]),
    (("message", "chat"), [None, 42, []]),
    (("message", "chat", "id"), [None, "42", 4.2, False]),
    (("message", "from"), [None, "Ann", []]),
    (("message", "text"), [7, [], {}, True, "x" * 65_537]),
    (("message", "media_group_id"), [7, []]),
    (("message", "photo"), ["x", [7], [{}], [{"width": 1, "height": 1}], {"a": 1}]),
    (("message", "document"), [None, "x", [], {}, {"file_id": 7}, {"file_id": ""}]),
    (("message", "document"), [{"file_id": "a", "file_size": "b"}]),
    (("message", "sticker"), [None, 7]),
]


@pytest.mark.parametrize(("path", "value"), [(path, value) for path, values in PATHS_AND_VALUES for value in values])
def test_a_wrong_type_is_kept_as_unreadable(path: tuple[str, ...], value: Any) -> None:
    update = load("text")
    parent = update
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = value
    is_unreadable(update)


@pytest.mark.parametrize("change", [{"update_id": n} for n in (None, "1", 1.5, True, [], 10**40)] + [{"a": "a\0b"}])
def test_what_is_no_update_is_bad_input(change: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        read_updates("telegram", json.dumps(load("text") | change).encode())


@pytest.mark.parametrize(("latitude", "longitude"), [(91, 0), (0, 181), (None, 0)])
def test_a_place_off_the_earth_is_unreadable(latitude: Any, longitude: Any) -> None:
    update = load("location")
    update["message"]["location"] = {"latitude": latitude, "longitude": longitude}
    is_unreadable(update)


def nested(levels: int) -> bytes:
    return b'{"update_id":1,"odd":' + b'{"a":' * levels + b"1" + b"}" * levels + b"}"


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf{}",
        b'{"update_id":1,"message":{"message_id":NaN}}',
        b'{"update_id":1,"message":{"text":"\xff"}}',
        b'{"update_id":1,"text":"\\ud800"}',
        b'{"update_id":1} trailing',
        b'{"update_id":1,"odd":{"a\\u0000b":1}}',
        nested(100),
        nested(2000),
        nested(200_000),
    ],
)
def test_hostile_json_is_bad_input(body: bytes) -> None:
    with pytest.raises(BadInput):
        read_updates("telegram", body)


def test_what_only_looks_like_nul_is_a_text() -> None:
    update = load("text")
    update["message"]["text"] = r"C:\u0000"
    assert read_updates("telegram", orjson.dumps(update))[0].text == r"C:\u0000"


@settings(max_examples=cases(2000), deadline=None)
@given(changed([recording.body for recording in RECORDED]))
def test_no_changed_update_escapes(body: bytes) -> None:
    kept_or_refused(parse, body)


@settings(max_examples=cases(2000), deadline=None)
@given(anything())
def test_no_other_body_escapes(body: bytes) -> None:
    kept_or_refused(parse, body)


def test_reading_updates_costs_no_aiogram() -> None:
    """It takes seconds and 165 MB; who only wants to know what Telegram can do must not pay."""
    code = (
        "import sys; from bot.channels.telegram import CAPABILITIES, TelegramSettings; "
        "from bot.channels.telegram.updates import read_updates; print('aiogram' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout == "False\n"
