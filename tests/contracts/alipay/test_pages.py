"""Pages and codes to scan: what is signed for a device, and what becomes of one that nobody comes to."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.errors import ProviderUnavailable, Refused
from bot.core.money import Money
from bot.payments.alipay.provider import Alipay
from tests.kit.platforms.alipay import No
from tests.kit.platforms.alipay_shop import NOW, ORDER, Shop, words_of


async def test_a_desktop_gets_a_page_and_a_code_for_one_payment(shop: Shop, provider: Alipay) -> None:
    checkout = await provider.create(ORDER)
    words = words_of(checkout.url)
    assert checkout.reference == ORDER.key
    assert (words["method"], words["notify_url"]) == ("alipay.trade.page.pay", ORDER.notify_url)
    assert shop.server.scans(checkout.code) is shop.server.opens(checkout.url)
    shop.server.pays(ORDER.key)
    assert (await provider.fetch(ORDER.key)).paid == ORDER.amount
    assert shop.server.refusals == []


async def test_a_phone_gets_its_own_page(bare: Shop, alone: Alipay) -> None:
    checkout = await alone.create(replace(ORDER, device="phone", cancel_url="https://shop.example/back"))
    words = words_of(checkout.url)
    content = json.loads(words["biz_content"])
    assert (words["method"], content["product_code"]) == ("alipay.trade.wap.pay", "QUICK_WAP_WAY")
    assert (content["quit_url"], checkout.code) == ("https://shop.example/back", "")
    bare.paid(checkout)
    assert (await alone.fetch(ORDER.key)).state == "paid"
    assert alone.terms.devices == {"desktop", "phone"}


async def test_times_are_chinas_there_and_ours_here(bare: Shop, alone: Alipay) -> None:
    checkout = await alone.create(ORDER)
    words = words_of(checkout.url)
    assert words["timestamp"] == "2026-11-24 01:30:00"
    assert json.loads(words["biz_content"])["time_expire"] == "2026-11-24 02:00:00"
    long = words_of((await alone.create(replace(ORDER, key="long", expires_at=NOW + timedelta(days=60)))).url)
    assert json.loads(long["biz_content"])["time_expire"] == "2026-12-09 01:30:00"


async def test_without_a_contract_for_codes_there_is_the_page(bare: Shop) -> None:
    bare.server.contracts.remove("FACE_TO_FACE_PAYMENT")
    provider = bare.provider()
    checkout = await provider.create(ORDER)
    assert (checkout.code, bool(checkout.url)) == ("", True)
    bare.server.contracts.add("QR_CODE_OFFLINE")
    other = bare.provider(code_product="QR_CODE_OFFLINE")
    assert (await other.create(ORDER)).code
    none = bare.provider(code_product="")
    assert (await none.create(ORDER)).code == ""
    assert len(bare.server.named("trade.precreate")) == 2
    for one in (provider, other, none):
        await one.close()


async def test_what_is_paid_has_no_code_any_more(bare: Shop, alone: Alipay) -> None:
    bare.paid(await alone.create(ORDER))
    assert (await alone.create(ORDER)).code == ""


@pytest.mark.parametrize(
    ("description", "told"),
    [
        ("1/2 kg = tea & more", "1／2 kg ＝ tea ＆ more"),
        ("🍵 Longjing\u0007", "Longjing"),
        ("🍵", "P7K2-4M9Q"),
        ("茶" * 300, "茶" * 256),
    ],
)
async def test_a_subject_is_without_what_they_refuse(bare: Shop, alone: Alipay, description: str, told: str) -> None:
    checkout = await alone.create(replace(ORDER, description=description))
    assert bare.server.opens(checkout.url).words["subject"] == told


@pytest.mark.parametrize("amount", [Money(13600, "JPY"), Money(0, "CNY"), Money(10_000_000_001, "CNY")])
async def test_sums_that_they_do_not_take_are_refused(bare: Shop, alone: Alipay, amount: Money) -> None:
    with pytest.raises(Refused, match="wrong_amount"):
        await alone.create(replace(ORDER, amount=amount))
    assert bare.server.calls == []


async def test_the_least_and_the_most_that_they_take(bare: Shop, alone: Alipay) -> None:
    for key, fen, yuan in (("a", 1, "0.01"), ("b", 10_000_000_000, "100000000.00")):
        checkout = await alone.create(replace(ORDER, key=key, amount=Money(fen, "CNY")))
        assert bare.server.opens(checkout.url).words["total_amount"] == yuan


async def test_a_page_that_nobody_came_to_ends_by_itself(bare: Shop, alone: Alipay) -> None:
    checkout = await alone.create(ORDER)
    assert (await alone.fetch(ORDER.key)).state == "open"
    assert (await alone.void(ORDER.key)).state == "failed"
    # Who has it open can still pay, until it ends, and that is told as it is.
    bare.paid(checkout)
    assert (await alone.fetch(ORDER.key)).paid == ORDER.amount
    late = await alone.create(replace(ORDER, key="late"))
    bare.server.now += 1801
    with pytest.raises(No):
        bare.server.opens(late.url)


async def test_who_comes_while_it_is_being_closed_is_closed_out_the_next_time(bare: Shop, alone: Alipay) -> None:
    checkout = await alone.create(ORDER)

    def comes(text: str) -> str:
        if "alipay_trade_close_response" in text:
            bare.server.opens(checkout.url)
        return text

    bare.server.alters = comes
    with pytest.raises(ProviderUnavailable, match="has not closed"):
        await alone.void(ORDER.key)
    bare.server.alters = str
    assert (await alone.void(ORDER.key)).state == "failed"
    assert bare.server.pays(ORDER.key) is None
