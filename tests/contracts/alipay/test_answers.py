"""Answers of the gateway: by their very bytes, and whatever is not clear is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.core.errors import ProviderUnavailable
from bot.payments.alipay.provider import Alipay
from tests.kit import wire_faults
from tests.kit.platforms.alipay_shop import ORDER, Shop


@pytest.mark.parametrize(
    "alter",
    [
        lambda text: text.replace('"136.00"', '"1.00"'),
        lambda text: text.replace("WAIT_BUYER_PAY", "TRADE_SUCCESS"),
        lambda text: text.replace("\\/", "/"),  # written anew, it says the same, and was not signed so
        lambda text: text.split(',"sign"')[0] + "}",
        lambda text: text.replace('"sign":"', '"sign":"A'),
        lambda text: text[:-1] + ',"alipay_trade_query_response":{"code":"10000"}}',
        lambda text: text.replace("alipay_trade_query", "alipay_trade_close"),
        lambda text: text[:-20],
        lambda text: text + "{}",
        lambda text: f"[{text}]",
        lambda _text: "{}",
        lambda _text: '{"alipay_trade_query_response":"c2VjcmV0","sign":"AAAA"}',
        lambda _text: "[" * 100_000,
        lambda _text: "<html>",
    ],
)
async def test_an_answer_counts_when_its_very_bytes_are_signed(
    bare: Shop, alone: Alipay, alter: Callable[[str], str]
) -> None:
    bare.server.opens((await alone.create(replace(ORDER, description="a", return_url="https://shop.example"))).url)
    bare.server.trades[ORDER.key].number = "2026/1"  # a slash, which they write with another one before it
    assert (await alone.fetch(ORDER.key)).state == "open"
    bare.server.alters = alter
    with pytest.raises(ProviderUnavailable):
        await alone.fetch(ORDER.key)


async def test_where_the_members_stand_does_not_matter(bare: Shop, alone: Alipay) -> None:
    bare.server.opens((await alone.create(ORDER)).url)

    def turned(text: str) -> str:
        node, sign = text[1:-1].split(',"sign"')
        return (
            ' { "note" : "\\"alipay_trade_query_response\\":{" , "sign"'
            + sign
            + " ,\n "
            + node.replace(":", " : ", 1)
            + "\n} "
        )

    bare.server.alters = turned
    assert (await alone.fetch(ORDER.key)).state == "open"


async def test_an_answer_about_another_payment_is_none(bare: Shop, alone: Alipay) -> None:
    said: list[str] = []
    bare.paid(await alone.create(replace(ORDER, key="other")))
    bare.server.alters = lambda text: said.append(text) or text  # type: ignore[func-returns-value]
    await alone.fetch("other")
    bare.server.alters = lambda _text: said[0]
    with pytest.raises(ProviderUnavailable, match="another"):
        await alone.fetch(ORDER.key)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"trade_status": "TRADE_ODD"}, "TRADE_ODD"),
        ({"trade_status": "TRADE_SUCCESS", "total_amount": "136.001"}, "total_amount"),
        ({"trade_status": "TRADE_SUCCESS", "total_amount": "NaN"}, "total_amount"),
        ({"trade_status": "TRADE_SUCCESS", "total_amount": ""}, "total_amount"),
        ({"code": "20000", "sub_code": "isp.unknow-error"}, "20000"),
        ({"code": "40004", "sub_code": "ACQ.SYSTEM_ERROR"}, "SYSTEM_ERROR"),
        ({"code": "40005", "sub_code": "isv.app-call-limited"}, "wait"),
        ({"code": "40004", "sub_code": "ACQ.INVALID_PARAMETER"}, "INVALID_PARAMETER"),
    ],
)
async def test_what_cannot_be_is_not_settled_by(
    bare: Shop, alone: Alipay, monkeypatch: pytest.MonkeyPatch, more: dict[str, str], words: str
) -> None:
    bare.server.opens((await alone.create(ORDER)).url)
    right = bare.server._query
    monkeypatch.setattr(bare.server, "_query", lambda content: right(content) | more)
    with pytest.raises(ProviderUnavailable, match=words):
        await alone.fetch(ORDER.key)


@pytest.mark.parametrize(
    "fault",
    [wire_faults.Status(503), wire_faults.TooMany(7), wire_faults.Garbage(), wire_faults.Hang(), wire_faults.Cut()],
    ids=str,
)
async def test_no_clear_answer_is_no_answer(bare: Shop, fault: wire_faults.Fault) -> None:
    provider = bare.provider(timeout=1.0 if isinstance(fault, wire_faults.Hang) else 20.0)
    bare.server.opens((await provider.create(replace(ORDER, device="any"))).url)
    bare.server.fails("trade.query", fault)
    with pytest.raises(ProviderUnavailable) as told:
        await provider.fetch(ORDER.key)
    assert told.value.after == (7 if isinstance(fault, wire_faults.TooMany) else None)
    await provider.close()


async def test_a_code_whose_answer_was_lost_is_asked_for_again(bare: Shop, alone: Alipay) -> None:
    bare.server.fails("trade.precreate", wire_faults.Lost())
    with pytest.raises(ProviderUnavailable):
        await alone.create(ORDER)
    bare.server.now += 120
    first, second = bare.server.named("trade.precreate")[0], await alone.create(ORDER)
    assert bare.server.content(first) == bare.server.content(bare.server.named("trade.precreate")[1])
    for code in bare.server.codes:
        bare.server.scans(code)
    assert [*bare.server.trades] == [second.reference]
