"""Money that comes by hand: to the bank account, or to the courier; and money that goes back in parts."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tortoise.exceptions import IntegrityError

from bot.core.errors import Refused
from bot.core.money import Money
from bot.payments import cod, transfer
from bot.services import ledger
from bot.services.order_states import Doing
from bot.services.receipts import Books, Confirmed
from bot.services.refunds import Wish
from bot.services.shipments import Piece
from models import Audit, Conversation, Effect, Order, OrderEvent, OrderLine, Payment, Receipt, Refund, StockHold
from models.database import client
from tests.kit.simulator import Customer, Simulator
from tests.scenarios.shopkeeping import stock
from tests.scenarios.test_order import place_order
from tests.unit.services.shop import on_shelf

ACCOUNT = ("Parley Tea Ltd", "IBAN DE89 3704 0044 0532 0130 00")


async def who_pays_by(sim: Simulator, way: str, **more: object) -> Customer:
    """Somebody who has ordered tea for ¥68 in a shop that is paid so; Mei is its manager, staff 1."""
    books = Books(sim.clock)
    bank = transfer.Settings(account=ACCOUNT, instructions_en="No cheques.", days=7)
    cash = cod.Settings(enabled=True, title_en="Pay the courier", **more)  # type: ignore[arg-type]
    ways = {"transfer": transfer.opened(bank, sim.clock, books), "cod": cod.opened(cash, sim.clock, books)}
    sim.providers = {way: ways[way], "local": sim.bank}
    await sim.restarts()
    await stock(sim)
    await sim.staff(role="manager")
    ann = await sim.customer()
    await place_order(ann)
    return ann


async def done(sim: Simulator) -> None:
    """Until what was asked of providers is done, and heard of."""
    async with asyncio.timeout(30):
        while await Effect.filter(state="pending", kind__in=["void", "give_back"]).exists():
            await asyncio.sleep(0.01)
    await sim.runtime.idle()


async def receives(sim: Simulator, amount: int, *, seen: int = 0, key: str = "click-1") -> None:
    payment = await Payment.get(provider__in=["transfer", "cod"])
    await sim.runtime.till.receive(payment.id, Confirmed(Money(amount, "CNY"), seen, key, 1, "statement 7"))
    await sim.runtime.idle()


async def test_a_transfer_is_waited_for_and_confirmed_once(one_sim: Simulator) -> None:
    ann = await who_pays_by(one_sim, "transfer")
    await ann.picks("Bank transfer")
    order = await Order.get()
    for words in (*ACCOUNT, f"Purpose: {order.number}", "¥68.00", "No cheques."):
        assert await ann.times(words) >= 1
    await one_sim.passes("6d")
    assert ((await Order.get()).state, (await StockHold.get()).quantity) == ("placed", 1)
    for _ in range(2):  # a second click
        await receives(one_sim, 6800)
    with pytest.raises(Refused, match="seen_otherwise"):  # a colleague whose page is older
        await receives(one_sim, 6800, key="click-2")
    assert ((await Order.get()).state, await Receipt.all().count()) == ("paid", 1)
    assert await ann.times("Your payment has arrived") == 1
    assert [row.action for row in await Audit.all()] == ["payment.receive"]
    assert {one.account: one.amount.amount for one in await ledger.balances()} == {
        "provider:transfer": 6800, "sales": -6800,
    }  # fmt: skip


async def test_a_transfer_that_does_not_come_in_its_days_is_over(one_sim: Simulator) -> None:
    ann = await who_pays_by(one_sim, "transfer")
    await ann.picks("Bank transfer")
    await one_sim.passes("8d")
    await done(one_sim)
    assert ((await Order.get()).state, (await Payment.get()).state) == ("expired", "failed")
    await receives(one_sim, 6800)  # and comes then
    assert (await Order.get()).state == "paid"


async def test_a_wrong_sum_is_for_staff_and_the_rest_makes_it_right(one_sim: Simulator) -> None:
    ann = await who_pays_by(one_sim, "transfer")
    await ann.picks("Bank transfer")
    await receives(one_sim, 6000)
    assert ((await Order.get()).state, (await Payment.get()).state) == ("placed", "mismatch")
    assert (await Conversation.get()).priority == 1
    await receives(one_sim, 800, seen=6000, key="click-2")
    assert ((await Order.get()).state, (await Payment.get()).state) == ("paid", "paid")


async def test_what_is_paid_on_delivery_goes_its_way_unpaid(one_sim: Simulator) -> None:
    ann = await who_pays_by(one_sim, "cod")
    await ann.picks("Pay the courier")
    assert await ann.sees("Please pay ¥68.00 when it arrives.")
    await one_sim.passes("3d")
    order = await Order.get()
    assert (order.state, order.paid_at, await on_shelf("LJ")) == ("confirmed", None, 4)
    for step in ("pack", "ship"):
        await one_sim.runtime.till.step(order.id, step, 1)
    await receives(one_sim, 6800)
    await one_sim.runtime.till.step(order.id, "complete", 1)
    await one_sim.runtime.idle()
    await order.refresh_from_db()
    assert (order.state, order.paid_at is not None) == ("completed", True)
    assert [(one.to_state, one.actor) for one in await OrderEvent.all().order_by("id")] == [
        ("placed", "customer"), ("confirmed", "customer"), ("packed", "staff:1"), ("shipped", "staff:1"),
        ("shipped", "provider:cod"), ("completed", "staff:1"),
    ]  # fmt: skip
    assert await ann.times("Your payment has arrived") == 1


async def test_what_cannot_be_sent_is_not_collected_and_what_the_courier_brought_fits_then(one_sim: Simulator) -> None:
    ann = await who_pays_by(one_sim, "cod")
    await OrderLine.all().update(quantity=2)
    await StockHold.all().update(quantity=2)
    await Order.all().update(total=13600)
    await ann.picks("Pay the courier")
    order, [line] = await Order.get(), await OrderLine.all()
    await one_sim.runtime.till.step(order.id, "pack", 1)
    await one_sim.runtime.till.step(order.id, "ship", 1, Doing(pieces=(Piece(line.id, 1),)))
    await receives(one_sim, 6800)
    assert ((await Order.get()).paid_at, (await Payment.get()).state) == (None, "mismatch")
    await one_sim.runtime.till.step(order.id, "cancel_part", 1, Doing("sold out"))
    await done(one_sim)
    said = f"These items of order {order.number} are not sent: 1 × Longjing. You pay ¥68.00 on delivery."
    assert (await ann.times(said), await ann.times("Your payment has arrived")) == (1, 1)
    await order.refresh_from_db()
    assert (order.state, order.total, order.paid_at is not None, await on_shelf("LJ")) == ("shipped", 6800, True, 4)
    payment = await Payment.get()
    assert (payment.amount, payment.state) == (6800, "paid")
    assert {one.account: one.amount.amount for one in await ledger.balances()} == {
        "provider:cod": 6800, "sales": -6800, "owed": 0,
    }  # fmt: skip
    await ann.says("/orders")
    await ann.picks(f"{order.number} · ¥68.00 · on its way")
    for part in ("2 × Longjing  ¥136.00", "Not sent  -¥68.00"):
        assert await ann.times(part) >= 1, part


async def test_what_is_taken_back_before_it_is_sent_is_on_the_shelf_again(one_sim: Simulator) -> None:
    ann = await who_pays_by(one_sim, "cod")
    await ann.picks("Pay the courier")
    order = await Order.get()
    await one_sim.runtime.till.step(order.id, "cancel", 1)
    await done(one_sim)
    assert ((await Payment.get()).state, await on_shelf("LJ")) == ("failed", 5)
    await receives(one_sim, 6800)
    assert ((await Order.get()).state, (await Payment.get()).state) == ("cancelled", "mismatch")


@pytest.mark.parametrize("no", [{"calling_codes": ("+49",)}, {"most": ("CNY 67.99",)}, {"currencies": ("EUR",)}])
async def test_cash_is_offered_where_the_shop_wants_it(one_sim: Simulator, no: dict[str, object]) -> None:
    ann = await who_pays_by(one_sim, "cod", **no)
    assert await ann.times("How would you like to pay?") == 0
    assert (await Payment.get()).provider == "local"


async def test_a_part_that_goes_back_is_told_and_the_last_one_ends_the_order(one_sim: Simulator) -> None:
    ann = await who_pays_by(one_sim, "transfer")
    await ann.picks("Bank transfer")
    await receives(one_sim, 6800)
    payment = await Payment.get()
    for _ in range(2):  # a second click
        await one_sim.runtime.till.give_back(payment.id, Money(800, "CNY"), Wish(1, "a broken cup", "click-2"))
        await done(one_sim)
    assert await ann.times("¥8.00 for order") == 1
    await ann.says("/orders")
    assert any("paid, partly refunded" in button.label for button in (await ann.last()).buttons) or await ann.sees(
        "paid, partly refunded"
    )
    with pytest.raises(Refused, match="too_much"):
        await one_sim.runtime.till.give_back(payment.id, Money(6001, "CNY"), Wish(1, "all", "click-3"))
    await one_sim.runtime.till.give_back(payment.id, Money(6000, "CNY"), Wish(1, "all", "click-4"))
    await done(one_sim)
    assert ((await Order.get()).state, (await Payment.get()).refunded) == ("refunded", 6800)
    assert await ann.times("is on its way back to you.") == 1
    assert await Refund.all().order_by("id").values_list("amount", "state") == [(800, "given"), (6000, "given")]
    assert sorted([row.amount for row in await Receipt.all()]) == [-6000, -800, 6800]
    assert [row.action for row in await Audit.all().order_by("id")][1:] == ["payment.refund"] * 2


async def test_the_days_of_a_transfer_begin_once(one_sim: Simulator) -> None:
    ann = await who_pays_by(one_sim, "transfer")
    await ann.picks("Bank transfer")
    until = (await Order.get()).hold_until
    await one_sim.passes("1d")
    await ann.says("/orders")
    await ann.taps((await ann.last()).buttons[0])
    await ann.picks("Pay now")
    await ann.picks("Bank transfer")
    order = await Order.get()
    assert order.hold_until == until == order.created_at + timedelta(days=7)
    assert (await StockHold.get()).expires_at == until


@pytest.mark.parametrize(("way", "label"), [("transfer", "Bank transfer"), ("cod", "Pay the courier")])
async def test_too_much_is_right_once_the_rest_went_back(one_sim: Simulator, way: str, label: str) -> None:
    """A slip of the hand, or the customer's: what is kept pays the order, and the books say so."""
    ann = await who_pays_by(one_sim, way)
    await ann.picks(label)
    await receives(one_sim, 68000)
    payment = await Payment.get()
    for amount, key in ((61000, "back-1"), (200, "back-2")):
        assert ((await Order.get()).paid_at, (await Payment.get()).state) == (None, "mismatch")
        await one_sim.runtime.till.give_back(payment.id, Money(amount, "CNY"), Wish(1, "too much", key))
        await done(one_sim)
    order, payment = await Order.get(), await Payment.get()
    assert (order.state, payment.state, payment.captured, payment.refunded) == ("paid", "paid", 68000, 61200)
    assert await ann.times("Your payment has arrived") == 1
    stands = {one.account: one.amount.amount for one in await ledger.balances() if one.amount.amount}
    assert stands == {f"provider:{way}": 6800, "sales": -6800}
    with pytest.raises(Refused, match="no_money_due"):  # nobody would ever count it
        await receives(one_sim, 100, seen=68000, key="click-3")


async def test_all_of_a_slip_may_go_back_before_the_right_sum_is_written(one_sim: Simulator) -> None:
    ann = await who_pays_by(one_sim, "cod")
    await ann.picks("Pay the courier")
    await receives(one_sim, 68000)
    await one_sim.runtime.till.give_back((await Payment.get()).id, Money(68000, "CNY"), Wish(1, "a slip", "back"))
    await done(one_sim)
    assert ((await Order.get()).state, (await Payment.get()).state) == ("confirmed", "refunded")
    await receives(one_sim, 6800, seen=68000, key="click-2")
    assert ((await Order.get()).state, (await Payment.get()).state) == ("paid", "paid")


async def test_what_was_never_opened_takes_its_money_all_the_same(one_sim: Simulator) -> None:
    """Who began it died before the provider was asked: the order is on its way, and the courier has the money."""
    ann = await who_pays_by(one_sim, "cod")
    await ann.picks("Pay the courier")
    await Payment.all().update(state="created", reference="")
    await receives(one_sim, 6800)
    payment = await Payment.get()
    assert ((await Order.get()).state, payment.state, payment.reference) == ("paid", "paid", payment.key)


async def test_who_asks_again_for_money_back_is_in_the_audit_or_did_not(one_sim: Simulator) -> None:
    ann = await who_pays_by(one_sim, "transfer")
    await ann.picks("Bank transfer")
    await receives(one_sim, 6800)
    transfers = one_sim.runtime.providers.pop("transfer")
    await one_sim.runtime.till.give_back((await Payment.get()).id, Money(800, "CNY"), Wish(1, "a broken cup", "back"))
    await done(one_sim)
    refund = await Refund.get()
    assert refund.state == "unknown"
    one_sim.runtime.providers["transfer"] = transfers
    await client().execute_script(
        "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no audit'); END"
    )
    with pytest.raises(IntegrityError, match="no audit"):
        await one_sim.runtime.till.ask_again(refund.id, 1)
    assert (await Effect.get(kind="give_back")).state == "parked"
    await client().execute_script("DROP TRIGGER full")
    await one_sim.runtime.till.ask_again(refund.id, 1)
    await done(one_sim)
    assert ((await Refund.get()).state, (await Audit.all().order_by("-id").first()).action) == ("given", "refund.retry")  # type: ignore[union-attr]
