"""What every payment provider must do, run over each of the cases beside it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.errors import BadInput, ProviderUnavailable, Refused, Unauthorised
from bot.core.money import Money
from bot.core.payment import Notice, PaymentProvider, RefundTruth
from bot.payments.local import SIGNATURE, TOLERANCE, LocalPayments
from tests.contracts.payment_case import NOW, ORDER, Case, hook
from tests.contracts.payment_cases import BEGUN_BY_CUSTOMERS, PROVIDERS, TOLD_TO_BOTS, LocalCase


@pytest.fixture(params=PROVIDERS)
async def case(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Case]:
    made = PROVIDERS[request.param](tmp_path)
    await made.open()
    yield made
    await made.close()


async def test_it_is_a_payment_provider(case: Case) -> None:
    assert isinstance(case.provider, PaymentProvider)
    assert case.provider.name in PROVIDERS


async def test_the_same_key_is_the_same_payment(case: Case) -> None:
    first = await case.provider.create(ORDER)
    assert (await case.provider.create(ORDER)).reference == first.reference  # its code may be a new one
    other = await case.provider.create(replace(ORDER, key="another"))
    assert other.reference != first.reference
    assert first.reference
    assert first.url or first.code


async def test_a_payment_is_open_until_the_customer_acts(case: Case) -> None:
    reference = (await case.provider.create(ORDER)).reference
    truth = await case.provider.fetch(reference)
    assert (truth.reference, truth.state, truth.paid, truth.refunded) == (reference, "open", None, 0)


async def test_paid_is_what_was_asked(case: Case) -> None:
    reference = (await case.provider.create(ORDER)).reference
    notice = await case.pays(reference)
    truth = await case.provider.fetch(reference)
    assert (truth.state, truth.paid, truth.refunded) == ("paid", ORDER.amount, 0)
    if case.provider.name in TOLD_TO_BOTS:
        with pytest.raises(Unauthorised):
            await case.provider.verify(notice)
    else:
        await case.provider.verify(notice)
        assert [told.key for told in await case.provider.parse(notice)] == [ORDER.key]


def posts(case: Case) -> None:
    """Skip what is told to a bot, whose tests have it."""
    if case.provider.name in TOLD_TO_BOTS:
        pytest.skip("nothing is posted: see test_telegram_payments.py")


async def test_paying_twice_is_paying_once_and_the_same_notice(case: Case) -> None:
    posts(case)
    reference = (await case.provider.create(ORDER)).reference
    first = await case.provider.parse(await case.pays(reference))
    case.later(60)
    second = await case.provider.parse(await case.pays(reference, Money(1, "CNY")))
    assert first == second
    assert (await case.provider.fetch(reference)).paid == ORDER.amount


@pytest.mark.parametrize("wrong", [Money(13599, "CNY"), Money(13600, "JPY")])
async def test_a_wrong_sum_is_told_as_it_is(case: Case, wrong: Money) -> None:
    reference = (await case.provider.create(ORDER)).reference
    await case.pays(reference, wrong)
    assert (await case.provider.fetch(reference)).paid == wrong


async def test_declined_is_failed_and_may_still_be_paid(case: Case) -> None:
    reference = (await case.provider.create(ORDER)).reference
    declined = await case.declines(reference)
    await case.provider.verify(declined)
    assert (await case.provider.fetch(reference)).state == "failed"
    paid = await case.pays(reference)
    assert (await case.provider.fetch(reference)).state == "paid"
    assert (await case.provider.parse(paid))[0].id != (await case.provider.parse(declined))[0].id
    await case.declines(reference)
    assert (await case.provider.fetch(reference)).state == "paid"


def parts(case: Case) -> None:
    """Skip where we cannot give a part back."""
    if case.provider.name in TOLD_TO_BOTS:
        pytest.skip("Stars go back as a whole, and what a provider has in its dashboard: see test_telegram_payments.py")


async def test_a_refund_happens_once_for_its_key(case: Case) -> None:
    parts(case)
    reference = (await case.provider.create(ORDER)).reference
    await case.pays(reference)
    assert await case.provider.fetch_refund(reference, "refund:4f0c9d:1") is None
    made = RefundTruth("refund:4f0c9d:1", "given", Money(3600, "CNY"))
    for _ in range(2):
        assert await case.provider.refund(reference, made.amount, made.key) == made
        assert await case.provider.fetch_refund(reference, made.key) == made
        case.forgets()
        case.later(2 * 86400)
    truth = await case.provider.fetch(reference)
    assert (truth.state, truth.paid) == ("paid", ORDER.amount)
    assert truth.refunded in (0, 3600)  # some tell it of the refund alone


async def test_what_is_given_back_in_parts_adds_up(case: Case) -> None:
    parts(case)
    reference = (await case.provider.create(ORDER)).reference
    await case.pays(reference)
    for number, amount in enumerate((3600, 4000, 6000)):
        made = await case.provider.refund(reference, Money(amount, "CNY"), f"r{number}")
        assert (made.state, made.amount.amount) == ("given", amount)
    with pytest.raises(Refused, match="too_much"):
        await case.provider.refund(reference, Money(1, "CNY"), "r3")
    assert (await case.provider.fetch(reference)).paid == ORDER.amount


async def test_a_refund_that_comes_back_is_told_and_has_failed(case: Case) -> None:
    parts(case)
    reference = (await case.provider.create(ORDER)).reference
    await case.pays(reference)
    first, second = (f"refund:{ORDER.key}:{number}" for number in (1, 2))
    for key in (first, second):
        await case.provider.refund(reference, Money(3600, "CNY"), key)
    notice = await case.bounces(reference, first)
    await case.provider.verify(notice)
    assert [told.key for told in await case.provider.parse(notice)] == [ORDER.key]
    for found in (
        await case.provider.fetch_refund(reference, first),
        await case.provider.refund(reference, Money(3600, "CNY"), first),
    ):
        assert found is not None
        assert (found.state, bool(found.reason)) == ("failed", True)
    truth = await case.provider.fetch(reference)
    assert (truth.state, truth.refunded in (0, 3600)) == ("paid", True)


async def test_no_more_than_was_paid_is_given_back(case: Case) -> None:
    reference = (await case.provider.create(ORDER)).reference
    with pytest.raises(Refused, match="not_paid"):
        await case.provider.refund(reference, ORDER.amount, "r0")
    await case.pays(reference)
    for amount in (Money(13601, "CNY"), Money(0, "CNY"), Money(100, "USD")):
        with pytest.raises(Refused, match="too_much"):
            await case.provider.refund(reference, amount, "r1")
    assert (await case.provider.fetch(reference)).refunded == 0


async def test_what_is_void_cannot_be_paid_any_more(case: Case) -> None:
    reference = (await case.provider.create(ORDER)).reference
    await case.arrives(reference)
    for _ in range(2):
        assert (await case.provider.void(reference)).state == "failed"
    await case.agrees(reference)
    # Where to ask is to take the money, nobody asks about what is void: it is closed again.
    look = case.provider.void if case.provider.terms.captures else case.provider.fetch
    assert (await look(reference)).state == "failed"


async def test_what_was_paid_before_stays_paid(case: Case) -> None:
    reference = (await case.provider.create(ORDER)).reference
    await case.pays(reference)
    assert await case.provider.void(reference) == await case.provider.fetch(reference)
    assert (await case.provider.fetch(reference)).paid == ORDER.amount


async def test_the_books_have_what_was_taken_and_what_was_given_back(case: Case) -> None:
    parts(case)
    reference = (await case.provider.create(ORDER)).reference
    await case.provider.create(replace(ORDER, key="unpaid"))
    await case.pays(reference)
    await case.provider.refund(reference, Money(600, "CNY"), "r1")
    case.later(2 * 86400)  # some make their books on the day after
    found = [one async for one in case.provider.books(NOW.date())]
    assert sorted((one.key, one.amount.amount, one.amount.currency, one.at) for one in found) == [
        (ORDER.key, -600, "CNY", NOW),
        (ORDER.key, 13600, "CNY", NOW),
    ]
    assert [one async for one in case.provider.books((NOW - timedelta(days=1)).date())] == []


async def test_it_says_whose_account_it_is(case: Case) -> None:
    assert await case.provider.who()
    assert case.provider.answer().status in (200, 204)


async def test_what_the_provider_does_not_know(case: Case) -> None:
    if case.provider.name in BEGUN_BY_CUSTOMERS:
        pytest.skip("what nobody has begun is open")
    with pytest.raises(Refused, match="no_payment"):
        await case.provider.fetch("nothing")
    with pytest.raises(Refused, match="no_payment"):
        await case.provider.refund("nothing", ORDER.amount, "r1")


async def test_every_changed_bit_of_a_notice_is_refused(case: Case) -> None:
    posts(case)
    reference = (await case.provider.create(ORDER)).reference
    notice = await case.pays(reference)
    for at in range(len(notice.body)):
        body = bytearray(notice.body)
        body[at] ^= 1
        with pytest.raises(Unauthorised):
            await case.provider.verify(replace(notice, body=bytes(body)))


@pytest.mark.parametrize("header", ["", ",", "1,", "ä,ö", "\udce4,\udcf6", "1" * 5000, "x," + "0" * 64])
async def test_a_missing_or_broken_signature_is_refused(case: Case, header: str) -> None:
    reference = (await case.provider.create(ORDER)).reference
    notice = await case.pays(reference)
    if not notice.headers:
        pytest.skip("its signature is in its body")
    for headers in ({}, dict.fromkeys(notice.headers, header)):
        with pytest.raises(Unauthorised):
            await case.provider.verify(replace(notice, headers=headers))


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"1", b'{"id": 1}', b"\xff", b"[" * 100_000, b'{"id":"","key":"","reference":""}'],
)
async def test_what_is_no_notice_is_bad_input(case: Case, body: bytes) -> None:
    with pytest.raises(BadInput):
        await case.provider.parse(hook(body, {}))


async def test_the_local_bank_refuses_another_secret_and_an_old_notice(tmp_path: Path) -> None:
    case, stranger = LocalCase(tmp_path), LocalPayments(tmp_path / "other.db", "other", "https://shop.example")
    reference = (await case.provider.create(ORDER)).reference
    notice = await case.pays(reference)
    with pytest.raises(Unauthorised, match="not signed"):
        await stranger.verify(notice)
    case.later(TOLERANCE + 1)
    with pytest.raises(Unauthorised, match="too old"):
        await case.provider.verify(notice)
    forged = notice.headers[SIGNATURE].replace(str(int(NOW.timestamp())), str(int(case.now.timestamp())))
    with pytest.raises(Unauthorised, match="not signed"):
        await case.provider.verify(replace(notice, headers={SIGNATURE: forged}))
    await case.close()


async def test_the_local_banks_page_shows_what_was_asked(tmp_path: Path) -> None:
    case = LocalCase(tmp_path)
    checkout = await case.provider.create(ORDER)
    page = await case.provider.page(checkout.reference)
    assert checkout.url == f"https://shop.example/pay/{checkout.reference}"
    assert (page.key, page.amount, page.description, page.locale, page.state) == (
        ORDER.key, ORDER.amount, "2 × Longjing", "zh", "open",
    )  # fmt: skip
    notice = await case.provider.pay(checkout.reference)
    assert await case.provider.parse(hook(notice.body, notice.headers)) == [
        Notice(f"{checkout.reference}:paid", ORDER.key)
    ]
    assert set(json.loads(notice.body)) == {"id", "key", "reference"}  # a hint: no sum to believe
    assert (await case.provider.page(checkout.reference)).state == "paid"
    await case.close()


async def test_the_local_banks_books_outlive_it(tmp_path: Path) -> None:
    before = LocalCase(tmp_path)
    reference = (await before.provider.create(ORDER)).reference
    await before.pays(reference)
    await before.close()
    after = LocalCase(tmp_path)
    assert (await after.provider.fetch(reference)).paid == ORDER.amount
    await after.close()


async def test_books_that_cannot_be_used_are_no_answer(tmp_path: Path) -> None:
    (tmp_path / "bank.db").mkdir()
    case = LocalCase(tmp_path)
    with pytest.raises(ProviderUnavailable, match="cannot be used"):
        await case.provider.create(ORDER)


async def test_nothing_cannot_be_charged(case: Case) -> None:
    with pytest.raises(Refused, match="wrong_amount"):
        await case.provider.create(replace(ORDER, amount=Money(0, "CNY")))
