"""What is Telegram's own in being paid there: Stars and their history, limits, tokens, and answers that are in time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.core.errors import BadInput, ProviderUnavailable, Refused, Unauthorised
from bot.core.money import Money
from bot.payments._settings import BotAccess
from bot.payments.telegram.provider import TelegramPayments
from bot.payments.telegram.settings import Settings, limits
from bot.payments.telegram_stars.history import Transaction
from bot.payments.telegram_stars.provider import TelegramStars
from bot.payments.telegram_stars.settings import Settings as StarSettings
from bot.settings.secret import Secret
from tests.contracts.payment_case import NOW, ORDER
from tests.kit.telegram_invoices import Notebook, TelegramTill
from tests.kit.telegram_payments import LATE, PROVIDER_TOKEN, Bill
from tests.kit.telegram_server import TelegramServer
from tests.kit.wire_faults import Fault, Garbage, Hang, Lost, Status, TooMany


@pytest.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as server:
        yield server


@pytest.fixture
async def stars(server: TelegramServer) -> AsyncIterator[TelegramTill]:
    till = TelegramTill(server, NOW, stars=True)
    await till.open()
    yield till
    await till.close()


@pytest.fixture
async def cards(server: TelegramServer) -> AsyncIterator[TelegramTill]:
    till = TelegramTill(server, NOW, stars=False)
    await till.open()
    yield till
    await till.close()


def other(server: TelegramServer, token: str = PROVIDER_TOKEN, bot: str = "", **more: object) -> TelegramPayments:
    access = BotAccess("telegram", bot or server.token, server.base)
    return TelegramPayments(Settings(provider_token=Secret(token), **more), access, Notebook(NOW))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("amount", "asked"),
    [(Money(13600, "CNY"), 680), (Money(13601, "CNY"), 681), (Money(1, "CNY"), 1), (Money(200_000, "CNY"), 10_000)],
)
async def test_a_price_is_rounded_up_to_whole_stars(stars: TelegramTill, amount: Money, asked: int) -> None:
    reference = (await stars.provider.create(replace(ORDER, amount=amount))).reference
    assert reference == f"{ORDER.key}:{asked}"
    assert [bill.total for bill in stars.server.cashier.bills.values()] == [asked]
    await stars.pays(reference)
    assert (await stars.provider.fetch(reference)).paid == amount


@pytest.mark.parametrize("amount", [Money(200_001, "CNY"), Money(100, "USD"), Money(0, "CNY")])
async def test_what_stars_cannot_pay_is_refused(stars: TelegramTill, amount: Money) -> None:
    with pytest.raises(Refused, match="wrong_amount"):
        await stars.provider.create(replace(ORDER, amount=amount))
    assert stars.server.calls[-1].method != "createInvoiceLink"


@pytest.mark.parametrize("amount", [Money(999, "CNY"), Money(6_000_001, "CNY"), Money(100, "CHF")])
async def test_what_the_provider_does_not_take_is_refused(cards: TelegramTill, amount: Money) -> None:
    with pytest.raises(Refused, match="wrong_amount"):
        await cards.provider.create(replace(ORDER, amount=amount))


async def test_words_that_are_too_long_for_an_invoice_are_cut(cards: TelegramTill) -> None:
    await cards.provider.create(replace(ORDER, description="🍵" * 200, order_number="P7K2-4M9Q"))
    await cards.provider.create(replace(ORDER, key="none", description=""))
    first, second = cards.server.cashier.bills.values()
    assert (first.title, first.words, second.words) == ("P7K2-4M9Q", "🍵" * 127, "P7K2-4M9Q")


async def test_who_has_paid_cannot_pay_again(stars: TelegramTill) -> None:
    reference = (await stars.provider.create(ORDER)).reference
    await stars.provider.create(ORDER)  # a second link to the same
    assert (await stars.pays(reference)).problem == ""
    assert (await stars.pays(reference)).problem == "no longer"
    assert len(stars.server.cashier.taken) == 1


async def test_stars_go_back_once_and_as_a_whole(stars: TelegramTill) -> None:
    reference = (await stars.provider.create(ORDER)).reference
    await stars.pays(reference)
    with pytest.raises(Refused, match="whole_only"):
        await stars.provider.refund(reference, Money(100, "CNY"), "r1")
    stars.server.fails("refundStarPayment", Lost())
    with pytest.raises(ProviderUnavailable):
        await stars.provider.refund(reference, ORDER.amount, "r1")
    for _ in range(2):
        made = await stars.provider.refund(reference, ORDER.amount, "r1")
        assert (made.key, made.state, made.amount) == ("r1", "given", ORDER.amount)
        assert await stars.provider.fetch_refund(reference, "r1") == made
        truth = await stars.provider.fetch(reference)
        assert (truth.state, truth.refunded, truth.paid) == ("refunded", 13600, ORDER.amount)
    assert len([one for one in stars.server.cashier.transactions if "receiver" in one]) == 1
    booked = [(one.key, one.amount) async for one in stars.provider.books(NOW.date())]
    assert booked == [(ORDER.key, Money(13600, "CNY")), (ORDER.key, Money(-13600, "CNY"))]


async def test_a_payment_is_found_in_a_long_history(stars: TelegramTill) -> None:
    for number in range(2_345):
        stars.is_at(NOW - timedelta(days=30) + timedelta(minutes=number))
        stars.server.cashier.transact(f"older-{number}", 1, source={"type": "other"})
    stars.is_at(NOW)
    reference = (await stars.provider.create(ORDER)).reference
    await stars.pays(reference)
    for number in range(150):
        stars.is_at(NOW + timedelta(minutes=number))
        stars.server.cashier.transact(f"later-{number}", 1, source={"type": "other"})
    for most in (20, 4):  # the second time the place is known
        before = stars.server.count("getStarTransactions")
        assert (await stars.provider.fetch(reference)).state == "paid"
        assert stars.server.count("getStarTransactions") - before <= most
    early = NOW - timedelta(days=30)
    assert [one async for one in stars.provider.books(early.date())] == []


async def test_a_charge_that_was_only_heard_of_when_it_was_given_back_is_found(stars: TelegramTill) -> None:
    reference = (await stars.provider.create(ORDER)).reference
    paid = await stars.pays(reference)
    stars.notes.made[reference] = replace(stars.notes.made[reference], charge=None)  # what Telegram told was lost
    stars.is_at(NOW + timedelta(days=1))
    await stars.provider._give_back(Transaction(paid.charge, 680, NOW, payer=stars.ann.id))  # type: ignore[attr-defined]
    await stars.server.until(lambda: stars.notes.made[reference].charge)
    truth = await stars.provider.fetch(reference)
    assert (truth.state, truth.refunded, truth.paid) == ("refunded", 13600, ORDER.amount)


async def test_a_charge_that_is_not_among_the_transactions_is_not_believed(stars: TelegramTill) -> None:
    reference = (await stars.provider.create(ORDER)).reference
    await stars.pays(reference)
    stars.server.cashier.transactions.clear()
    with pytest.raises(ProviderUnavailable, match="not among its transactions"):
        await stars.provider.fetch(reference)


async def test_what_a_provider_has_is_given_back_there(cards: TelegramTill) -> None:
    reference = (await cards.provider.create(ORDER)).reference
    paid = await cards.pays(reference)
    told = cards.server.cashier.taken[paid.charge].told["provider_payment_charge_id"]
    with pytest.raises(Refused, match="elsewhere") as refused:
        await cards.provider.refund(reference, Money(3600, "CNY"), "r1")
    assert refused.value.facts["number"] == told
    assert await cards.provider.fetch_refund(reference, "r1") is None
    assert (await cards.provider.fetch(reference)).refunded == 0
    [booked] = [one async for one in cards.provider.books(NOW.date())]
    assert (booked.reference, booked.key, booked.amount) == (paid.charge, ORDER.key, ORDER.amount)


@pytest.mark.parametrize("fault", [Status(503), TooMany(7), Garbage(), Hang()], ids=str)
async def test_no_clear_answer_is_no_answer(stars: TelegramTill, server: TelegramServer, fault: Fault) -> None:
    hurried = TelegramStars(
        StarSettings(star="0.2 CNY", timeout=0.3), BotAccess("telegram", server.token, server.base), stars.notes
    )
    server.fails("createInvoiceLink", fault)
    with pytest.raises(ProviderUnavailable) as told:
        await hurried.create(ORDER)
    assert told.value.after == (7 if isinstance(fault, TooMany) else None)
    assert server.token not in str(told.value)
    assert (await hurried.create(ORDER)).url
    await hurried.close()


async def test_tokens_that_are_wrong_are_told_by_their_keys(server: TelegramServer) -> None:
    wrong = other(server, token="1:TEST:other")
    with pytest.raises(Unauthorised, match=r"payments\.telegram\.provider_token"):
        await wrong.who()
    await wrong.close()
    stranger = other(server, bot="123456:other")
    with pytest.raises(Unauthorised, match=r"payments\.telegram\.account: .*'telegram'") as told:
        await stranger.who()
    assert "123456:other" not in str(told.value)
    await stranger.close()
    small = other(server, limits=("USD 0.01-5",))
    with pytest.raises(ProviderUnavailable, match=r"payments\.telegram\.limits: .*0\.01 USD"):
        await small.who()
    await small.close()


@pytest.mark.parametrize(
    "line", ["USD", "usd 1-2", "USD 2-1", "USD 0-1", "JPY 1.5-10", "USD 0.001-1", "UGX 1-2", "USD 1-2 EUR 1-2"]
)
def test_a_limit_that_is_none_is_told(line: str) -> None:
    with pytest.raises(ValueError, match=line.partition(" ")[0]):
        limits((line,))


def test_limits_are_in_minor_units() -> None:
    assert limits(("JPY 150-10000", "USD 1.5-10000")) == {"JPY": (150, 10_000), "USD": (150, 1_000_000)}


def test_a_star_has_a_price() -> None:
    for wrong in ("0 CNY", "0.2", "CNY 0.2", "-1 CNY", "1 cny"):
        with pytest.raises(ValueError, match="write it like"):
            StarSettings(star=wrong)
    assert Money(5, "XTR").decimal == Decimal(5)


async def test_telegram_waits_ten_seconds_and_not_longer(server: TelegramServer) -> None:
    cashier = server.cashier
    cashier.patience = 0.05
    bill = Bill("t", "w", "p", "CNY", 1000)
    assert await cashier.asks(server.user(42), bill) == LATE
    till = TelegramTill(server, NOW, stars=False)
    await till.open()
    await server.until(lambda: server.refusals)
    await till.close()
    assert "query is too old" in server.refusals[0]


async def test_an_answer_of_our_channel_is_taken_once(cards: TelegramTill) -> None:
    reference = (await cards.provider.create(ORDER)).reference
    await cards.pays(reference)
    [answer] = cards.server.cashier.answers
    assert answer == {"pre_checkout_query_id": answer["pre_checkout_query_id"], "ok": True}
    asked = cards.asked[-1]
    with pytest.raises(BadInput, match="too old"):
        await cards.channel.admit(asked, "x" * 1000)
    assert len(cards.server.cashier.answers[-1]["error_message"]) == 200
