"""A refund that staff ask for reaches the bank once, whatever is repeated, and nobody is left in the dark."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.errors import Final, ProviderUnavailable, Refused
from bot.core.events import OrderChanged, RowChanged
from bot.core.message import Inbound
from bot.core.money import Money
from bot.core.payment import Checkout, PaymentRequest, PaymentTruth
from bot.payments.local import LocalPayments
from bot.runtime.paying import Paying
from bot.runtime.providers import ask
from bot.runtime.refunds import WHY, GiveBack
from bot.runtime.writes import ATTENTION, NewEffect
from bot.services import ledger, payments, refunds, settlement
from bot.services.orders import OrderView
from bot.services.payments import Urls
from bot.services.refunds import Wish
from bot.services.scope import Scope
from models import Effect, Payment, Refund
from models.database import transaction
from tests.unit.services.shop import NOW, Shop


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[LocalPayments]:
    made = LocalPayments(tmp_path / "bank.db", "s3cret", "https://shop.example", clock=lambda: NOW)
    yield made
    await made.close()


async def paid_at(bank: LocalPayments, scope: Scope, order: OrderView) -> Payment:
    async with transaction():
        begun = await payments.begin(scope, order.number, bank.name)
    checkout = await bank.create(await payments.request(begun.key, Urls("https://shop.example")))
    await bank.pay(checkout.reference)
    async with transaction():
        await payments.opened(begun.key, checkout, NOW)
        await settlement.settle(begun.key, await bank.fetch(checkout.reference), NOW)
    return await Payment.get(key=begun.key)


async def a_refunded_order(shop: Shop, bank: LocalPayments) -> tuple[OrderView, NewEffect]:
    """Bought, paid at the bank, and taken back by staff; with the effect that this left."""
    await shop.product()
    scope = await shop.customer()
    order = await shop.buys(scope, quantity=2)
    await paid_at(bank, scope, order)
    order = await shop.advances(order, "refund")
    return order, await effect_of(await Refund.get())


async def effect_of(refund: Refund) -> NewEffect:
    row = await Effect.get(key=refund.key)
    return NewEffect(row.key, row.kind, row.lane, row.payload)


class Told:
    """What goes into the lanes."""

    def __init__(self) -> None:
        self.inbounds: list[Inbound] = []

    async def accept(self, inbounds: Sequence[Inbound]) -> int:
        self.inbounds += inbounds
        return len(inbounds)


def executor(*banks: LocalPayments, told: Told | None = None) -> GiveBack:
    providers = {bank.name: bank for bank in banks}
    return GiveBack(providers, Urls("https://shop.example"), (told or Told()).accept, lambda: NOW)


async def asks_back(payment: Payment, amount: int, asked_as: str = "") -> NewEffect:
    """Staff want a part given back."""
    async with transaction():
        row = await refunds.ask(payment, Money(amount, "CNY"), Wish(1, "broken cup", asked_as), NOW)
    return await effect_of(row)


async def a_paid_order(shop: Shop, bank: LocalPayments) -> Payment:
    """13600, at the bank."""
    await shop.product()
    return await paid_at(bank, scope := await shop.customer(), await shop.buys(scope, quantity=2))


async def test_the_money_goes_back_once(shop: Shop, bank: LocalPayments) -> None:
    order, effect = await a_refunded_order(shop, bank)
    told = Told()
    give_back = executor(bank, told=told)
    for _ in range(2):
        assert (await give_back.run(effect)).events == (OrderChanged(order.id),)
    payment = await Payment.get()
    assert (payment.state, payment.captured, payment.refunded) == ("refunded", 13600, 13600)
    assert (await bank.fetch(payment.reference)).refunded == 13600
    assert {(one.kind, one.key, one.data) for one in told.inbounds} == {("order", effect.key, effect.key)}


async def test_parts_are_given_back_up_to_what_was_paid(shop: Shop, bank: LocalPayments) -> None:
    payment = await a_paid_order(shop, bank)
    for number, amount in enumerate((3600, 4000)):
        await executor(bank).run(await asks_back(payment, amount, f"wish-{number}"))
    await payment.refresh_from_db()
    assert (payment.state, payment.refunded, (await bank.fetch(payment.reference)).refunded) == ("paid", 7600, 7600)
    open_ = await asks_back(payment, 5000)  # asked for, and not given back yet
    for amount in (1001, 0, -1):
        with pytest.raises(Refused, match="too_much") as no:
            await asks_back(payment, amount)
        assert no.value.facts["left"] == Money(1000, "CNY")
    await executor(bank).run(open_)
    await executor(bank).run(await asks_back(payment, 1000))
    await payment.refresh_from_db()
    assert (payment.state, payment.refunded) == ("refunded", 13600)
    stands = {one.account: one.amount.amount for one in await ledger.balances()}
    assert stands == {"provider:local": 0, "sales": 0}


async def test_given_back_but_not_recorded_is_not_given_back_again(shop: Shop, bank: LocalPayments) -> None:
    _, effect = await a_refunded_order(shop, bank)
    payment, refund = await Payment.get(), await Refund.get()
    await bank.refund(payment.reference, Money(13600, "CNY"), refund.key)  # and here the process died
    await executor(bank).run(effect)
    assert (await bank.fetch(payment.reference)).refunded == 13600
    assert (await Payment.get()).state == "refunded"


async def test_what_comes_back_is_booked_back_and_told_once(shop: Shop, bank: LocalPayments) -> None:
    payment = await a_paid_order(shop, bank)
    for amount in (3600, 10000):
        await executor(bank).run(await asks_back(payment, amount))
    first = await Refund.get(amount=3600)
    await bank.bounce(payment.reference, first.key)
    known = await payments.by_key(payment.key)
    assert known is not None
    alarms = []
    for _ in range(2):
        truth = await ask(bank, known, NOW + timedelta(days=3))
        async with transaction():
            alarms.append((await settlement.settle(payment.key, truth, NOW)).alarms)
    assert alarms == [("refund_failed",), ()]
    await payment.refresh_from_db()
    assert (payment.state, payment.refunded) == ("paid", 10000)
    await first.refresh_from_db()
    assert (first.state, first.error) == ("failed", "the payer's bank did not take it")
    stands = {one.account: one.amount.amount for one in await ledger.balances()}
    assert stands == {"provider:local": 3600, "sales": -3600}
    await executor(bank).run(await asks_back(payment, 3600))  # in another way, or to another card
    assert (await Payment.get()).state == "refunded"


async def test_what_was_asked_before_the_last_change_takes_nothing_back(shop: Shop, bank: LocalPayments) -> None:
    payment = await a_paid_order(shop, bank)
    for given, asked_at in ((3600, NOW), (0, NOW - timedelta(seconds=9))):
        truth = PaymentTruth(payment.reference, "paid", Money(13600, "CNY"), refunded=given, asked_at=asked_at)
        async with transaction():
            await settlement.settle(payment.key, truth, NOW)
        assert (await Payment.get()).refunded == 3600


async def test_what_the_bank_refuses_has_failed_and_staff_look(shop: Shop, bank: LocalPayments) -> None:
    order, effect = await a_refunded_order(shop, bank)
    await bank.refund((await Payment.get()).reference, Money(1, "CNY"), "at their desk")
    done = await executor(bank).run(effect)
    assert done.statements == ((ATTENTION, [("refund", NOW, order.conversation_id)]),)
    refund = await Refund.get()
    assert (refund.state, refund.error) == ("failed", WHY["too_much"])
    assert (await Payment.get()).refunded == 0


async def test_without_its_provider_nobody_knows_and_it_is_asked_again(shop: Shop, bank: LocalPayments) -> None:
    order, effect = await a_refunded_order(shop, bank)
    with pytest.raises(Final, match="not configured any more") as error:
        await executor().run(effect)
    done = await executor().give_up(effect, error.value)
    assert done.statements == ((ATTENTION, [("refund", NOW, order.conversation_id)]),)
    assert done.events == (OrderChanged(order.id), RowChanged(order.conversation_id or 0))
    refund = await Refund.get()
    assert (refund.state, (await Payment.get()).refunded) == ("unknown", 0)
    assert "not configured any more" in refund.error
    await executor(bank).run(effect)
    assert ((await Refund.get()).state, (await Payment.get()).refunded) == ("given", 13600)


async def test_what_an_earlier_release_asked_for_is_all_that_is_left(shop: Shop, bank: LocalPayments) -> None:
    payment = await a_paid_order(shop, bank)
    await executor(bank).run(await asks_back(payment, 600))
    old = NewEffect(f"refund:{payment.key}", "refund", "", f'{{"payment": "{payment.key}"}}')
    for _ in range(2):
        await executor(bank).run(old)
    assert await Refund.all().order_by("id").values_list("amount", "state") == [(600, "given"), (13000, "given")]
    assert (await bank.fetch(payment.reference)).refunded == 13600


@pytest.mark.parametrize("bounces", [False, True])
async def test_what_a_node_of_an_earlier_release_gave_back_stays_so(shop: Shop, tmp_path: Path, bounces: bool) -> None:
    """It runs beside us during an upgrade and makes no row; some banks tell of refunds by their keys alone."""

    class Terse(LocalPayments):
        async def fetch(self, reference: str) -> PaymentTruth:
            return replace(await super().fetch(reference), refunded=0, state="paid")

    bank = Terse(tmp_path / "bank.db", "s3cret", "https://shop.example", clock=lambda: NOW)
    payment = await a_paid_order(shop, bank)
    await bank.refund(payment.reference, Money(13600, "CNY"), f"refund:{payment.key}")
    await Payment.all().update(refunded=13600, state="refunded")
    if bounces:
        await bank.bounce(payment.reference, f"refund:{payment.key}")
    known = await payments.by_key(payment.key)
    assert known is not None
    for alarms in (("refund_failed",), ()) if bounces else ((), ()):
        truth = await ask(bank, known, NOW + timedelta(minutes=1))
        async with transaction():
            assert (await settlement.settle(payment.key, truth, NOW + timedelta(minutes=1))).alarms == alarms
    await bank.close()
    stands = (await Payment.get()).refunded, (await Refund.get()).state
    assert stands == ((0, "failed") if bounces else (13600, "given"))


async def test_a_payment_that_is_not_there(shop: Shop) -> None:
    effect = NewEffect("refund:x", "refund", "payment:x", '{"payment": "x"}')
    with pytest.raises(Final, match="no such payment"):
        await executor().run(effect)
    assert (await executor().give_up(effect, Final("x"))).statements == ()


async def test_what_is_open_is_not_opened_again(shop: Shop, bank: LocalPayments) -> None:
    """In other words, or late, it might be refused there, and the link that the customer has is good."""

    class Shut(LocalPayments):
        async def create(self, request: PaymentRequest) -> Checkout:
            raise ProviderUnavailable(request.key)

    await shop.product()
    scope = await shop.customer()
    begun = await payments.begin(scope, (await shop.buys(scope)).number, "local")
    first = await Paying({"local": bank}, Urls("https://shop.example"), lambda: NOW).open("", begun.key)
    shut = Shut(Path("nowhere"), "s3cret", "https://shop.example")
    again = await Paying({"local": shut}, Urls("https://shop.example"), lambda: NOW).open("", begun.key)
    assert (again.url, again.reference, again.state) == (first.url, first.reference, "open")
    await settlement.settle(begun.key, PaymentTruth(first.reference, "paid", begun.amount), NOW)
    again = await Paying({"local": shut}, Urls("https://shop.example"), lambda: NOW).open("", begun.key)
    assert (again.url, again.reference, again.state) == (first.url, first.reference, "paid")


async def test_what_is_not_opened_yet_is_asked_for_later(shop: Shop, bank: LocalPayments) -> None:
    await shop.product()
    scope = await shop.customer()
    begun = await payments.begin(scope, (await shop.buys(scope)).number, "local")
    with pytest.raises(ProviderUnavailable, match="not opened yet"):
        await ask(bank, begun, NOW)
