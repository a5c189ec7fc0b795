"""What the Graph's error codes mean, and what stays unsaid of them."""

from __future__ import annotations

from typing import Any

import pytest
from multidict import CIMultiDict

from bot.channels._meta.graph import NotPermitted, TokenRefused, meant
from bot.core.errors import AccountWaits, BadInput, ChannelUnavailable, ParleyError, Unreachable, WindowClosed
from bot.http import Answer

CODES: list[tuple[dict[str, Any], type[ParleyError], float | None]] = [
    ({"code": 190}, TokenRefused, 60),
    ({"code": 102}, TokenRefused, 60),
    *(({"code": code}, AccountWaits, 60.0) for code in (4, 17, 32, 613, 80007, 80006, 130429)),
    *(({"code": code}, AccountWaits, 600.0) for code in (368, 131031)),
    ({"code": 10, "error_subcode": 2018278}, WindowClosed, None),
    ({"code": 10, "error_subcode": 2534022}, WindowClosed, None),
    ({"code": 131047}, WindowClosed, None),
    ({"code": 551, "error_subcode": 1545041}, Unreachable, None),
    ({"code": 100, "error_subcode": 2018001}, Unreachable, None),
    ({"code": 10, "error_subcode": 2018108}, Unreachable, None),
    ({"code": 131026}, Unreachable, None),
    ({"code": 10}, NotPermitted, 60),
    ({"code": 230}, NotPermitted, 60),
    ({"code": 1}, ChannelUnavailable, None),
    ({"code": 2}, ChannelUnavailable, None),
    ({"code": 131016}, ChannelUnavailable, None),
    ({"code": 131056}, ChannelUnavailable, 6.0),
    ({"code": 100, "is_transient": True}, ChannelUnavailable, None),
    *(({"code": code}, BadInput, None) for code in (100, 131009, 131048, 131049, 131050, 131051, 131053, 132001)),
    ({"code": "190"}, BadInput, None),
    ({}, BadInput, None),
]


def answer(headers: dict[str, str] | None = None) -> Answer:
    return Answer(400, b"{}", CIMultiDict(headers or {}), ChannelUnavailable)


@pytest.mark.parametrize(("error", "ours", "after"), CODES, ids=lambda one: str(one) if isinstance(one, dict) else "")
def test_each_code_is_one_of_our_errors(error: dict[str, Any], ours: type[ParleyError], after: float | None) -> None:
    found = meant(error, answer())
    assert type(found) is ours
    assert getattr(found, "after", None) == after


def test_how_long_an_account_waits_is_told_in_minutes() -> None:
    uses = '{"104":[{"type":"messenger","call_count":100,"estimated_time_to_regain_access":19}]}'
    found = meant({"code": 80006}, answer({"X-Business-Use-Case-Usage": uses}))
    assert isinstance(found, AccountWaits)
    assert (found.after, found.told) == (19 * 60.0, True)


@pytest.mark.parametrize("uses", ["", "7", "[]", "{", '{"104":7}', '{"104":[7]}', '{"104":[{}]}', '{"1":[{"a":1}]}'])
def test_a_header_of_another_shape_is_none(uses: str) -> None:
    found = meant({"code": 4}, answer({"X-Business-Use-Case-Usage": uses}))
    assert isinstance(found, AccountWaits)
    assert found.after == 60.0


def test_metas_words_stay_out_and_its_trace_stays_in() -> None:
    told = {"code": 100, "error_subcode": 33, "message": "(#100) to +16505551234: my secret", "fbtrace_id": "AbC-1_d"}
    assert str(meant(told, answer())) == "Meta refused it: code 100, subcode 33, trace AbC-1_d"
    assert str(meant(told | {"fbtrace_id": "my secret"}, answer())) == "Meta refused it: code 100, subcode 33"
