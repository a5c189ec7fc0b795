"""An order is paid inside Telegram, from the shelf to the money's way back: the real channel, on Telegram's wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tortoise.queryset import QuerySet

from bot.channels.telegram import TelegramChannel, TelegramSettings
from bot.payments._settings import BotAccess
from bot.payments.telegram.provider import TelegramPayments
from bot.payments.telegram.settings import Settings as CardSettings
from bot.payments.telegram_stars.provider import TelegramStars
from bot.payments.telegram_stars.settings import Settings as StarSettings
from bot.runtime import charging
from bot.runtime.refunds import GiveBack
from bot.runtime.settling import SettleAlone
from bot.runtime.voiding import VoidPayment
from bot.services import ledger, orders, privacy
from bot.services.charges import KeptInvoices
from bot.services.payments import Urls
from bot.settings.secret import Secret
from models import Charge, Contact, Conversation, Effect, Order, Payment, Refund, Stock, StockHold
from models.database import transaction
from tests.kit.profiles import PROFILES
from tests.kit.simulator import Mode, Simulator
from tests.kit.telegram_payments import PROVIDER_TOKEN, Bill
from tests.kit.telegram_server import TelegramServer
from tests.kit.telegram_user import TelegramUser
from tests.scenarios.shopkeeping import stock

PATIENCE = 30.0


@dataclass
class Shop:
    """A shop on Telegram, and Ann, who has ordered tea for ¥68.00 and holds the invoice."""

    sim: Simulator
    server: TelegramServer
    ann: TelegramUser
    link: str = ""

    @property
    def bill(self) -> Bill:
        return self.server.cashier.bills[self.link]

    async def pays(self) -> str:
        """Ann pays by her invoice; the problem that she is shown."""
        paid = await self.server.cashier.pays(self.ann, self.link)
        await self.settles()
        return paid.problem

    async def settles(self) -> None:
        """What Telegram has told is kept, and everything that follows has happened."""
        await self.server.until(lambda: not self.server.unconfirmed, PATIENCE)
        await self.sim.runtime.idle()

    async def until(self, rows: QuerySet[Any]) -> None:
        """Wait until there is such a row: effects that no turn has asked for are looked for now and then."""
        self.sim.runtime.wake()
        async with asyncio.timeout(PATIENCE):
            while not await rows.exists():
                await asyncio.sleep(0.02)

    async def orders(self) -> None:
        """From the shelf to the invoice."""
        steps = (
            ("/shop", "Longjing"), ("/checkout", "Who is it for"), ("Ann Lee", "phone number"),
            ("+86 138 0013 8000", "deliver?"), ("1 West Lake Road", "Shall I place"),
        )  # fmt: skip
        for said, answer in steps:
            await self.ann.says(said)
            await self.ann.sees(answer, PATIENCE)
            if said == "/shop":
                await self.ann.taps("Add to cart")
                await self.settles()
        await self.ann.taps("Place the order")
        shown = await self.ann.sees("Please pay", PATIENCE)
        self.link = next(button.url for row in shown.rows for button in row if button.url)


@asynccontextmanager
async def opened(folder: Path, url: str, *, stars: bool) -> AsyncIterator[Shop]:
    sim = Simulator(PROFILES["telegram"], folder, url, Mode("plain"))
    async with TelegramServer() as server:
        server.chats.now = lambda: sim.now.timestamp()
        settings = TelegramSettings(token=server.token, api_base=server.base, timeout=10, poll=1)
        sim.channels["telegram"] = TelegramChannel(settings, sim.storage.open)  # type: ignore[assignment, arg-type]
        bot = BotAccess("telegram", server.token, server.base)
        cards = CardSettings(provider_token=Secret(PROVIDER_TOKEN))
        sim.providers = (
            {"telegram_stars": TelegramStars(StarSettings(star="0.2 CNY"), bot, KeptInvoices("telegram_stars"))}
            if stars
            else {"telegram": TelegramPayments(cards, bot, KeptInvoices("telegram"))}
        )
        async with sim:
            runtime = sim.runtime
            runtime.attempts.add(
                "give_back", GiveBack(sim.providers, Urls("http://shop.test"), runtime.accept, sim.clock)
            )
            runtime.attempts.add("void", VoidPayment(sim.providers, runtime.accept, sim.clock))
            runtime.attempts.add("settle", SettleAlone(sim.providers, sim.clock))
            await runtime.start_channels()
            await stock(sim)
            shop = Shop(sim, server, server.user(42))
            await shop.orders()
            yield shop
            assert server.refusals == []
        for provider in sim.providers.values():
            await provider.close()


@pytest.fixture
async def shop(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    """Paid in Stars."""
    async with opened(tmp_path, sqlite_url, stars=True) as world:
        yield world


async def staff_was_told(reason: str = "A payment does not match its order.") -> bool:
    return (await Conversation.get()).reason == reason


async def test_an_order_is_paid_in_stars_once_and_given_back(shop: Shop) -> None:
    payment = await Payment.get()
    assert (shop.bill.currency, shop.bill.total, shop.bill.payload) == ("XTR", 340, f"{payment.key}:340")
    assert await shop.pays() == ""
    [charge] = shop.server.cashier.taken
    await shop.server.cashier.tells(charge)
    await shop.settles()
    assert ((await Order.get()).state, (await Payment.get()).state, (await Stock.get()).pieces) == ("paid", "paid", 4)
    assert len([one for one in shop.ann.shown if "Your payment has arrived" in one.text]) == 1
    assert await Charge.all().values_list("charge", "amount", "currency") == [(charge, 340, "XTR")]
    assert await shop.pays() == "This order is paid already. Thank you."
    async with transaction():
        await orders.advance((await Order.get()).id, "refund", "staff:1", shop.sim.now)
    await shop.until(Payment.filter(state="refunded"))
    await shop.settles()
    assert (await Order.get()).state == "refunded"
    assert {one.amount.amount for one in await ledger.balances()} == {0}
    assert (await Charge.get()).refunded == 340


async def test_who_may_pay_is_answered_while_a_person_has_the_conversation_and_nobody_works(shop: Shop) -> None:
    mei = await shop.sim.staff()
    await shop.sim.runtime.desk.take_over((await Conversation.get()).id, mei.id)
    await shop.sim.runtime._worker.stop()
    assert await shop.server.cashier.asks(shop.ann, shop.bill) == ""


async def test_an_order_is_paid_while_a_person_has_the_conversation(shop: Shop) -> None:
    mei = await shop.sim.staff()
    await shop.sim.runtime.desk.take_over((await Conversation.get()).id, mei.id)
    assert await shop.pays() == ""
    assert ((await Order.get()).state, (await Payment.get()).state) == ("paid", "paid")


async def test_who_may_not_pay_is_told_why_in_their_language(shop: Shop) -> None:
    asks, order, payment = shop.server.cashier.asks, await Order.get(), await Payment.get()
    over = "The time to pay this order is over, and its items are back on the shelf."
    now = shop.sim.now

    async def problem(bill: Bill | None = None, **changed: object) -> str:
        await Order.filter(id=order.id).update(**changed) if changed else None
        told = await asks(shop.ann, bill or shop.bill)
        await Order.filter(id=order.id).update(state="placed", total=order.total, hold_until=order.hold_until)
        return told

    assert await problem(state="cancelled") == f"Order {order.number} has been cancelled."
    assert await problem(state="expired", hold_until=None) == over
    assert await problem(hold_until=now) == over
    assert await problem(state="packed") == "This order is paid already. Thank you."
    assert "price of this order has changed" in await problem(total=6900)
    assert "price of this order has changed" in await problem(replace(shop.bill, total=339))
    assert "price of this order has changed" in await problem(replace(shop.bill, currency="CNY"))
    assert "price of this order has changed" in await problem(replace(shop.bill, payload=f"{payment.key}:1", total=1))
    for foreign in ("x", f"{payment.key[:-1]}:340", ":", "check"):
        assert await problem(replace(shop.bill, payload=foreign)) == "I cannot find that payment."
    await Payment.all().update(state="failed")
    assert await problem() == "This invoice is no longer good. Say /orders to pay anew."
    await Payment.all().update(state="open")
    await StockHold.all().delete()
    await Stock.all().update(pieces=0)
    assert await problem() == "Longjing has just sold out."
    assert await problem() != "Longjing刚刚售罄。"
    await Contact.all().update(locale="zh")
    assert await problem() == "Longjing刚刚售罄。"
    assert shop.server.cashier.taken == {}


async def test_what_cannot_be_looked_at_is_refused_in_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charging, "LOOK", 0.05)
    async with transaction():  # a turn that holds the only connection of SQLite
        told = asyncio.create_task(shop.server.cashier.asks(shop.ann, shop.bill))
        assert "Please try again in a minute" in await told
    assert await shop.server.cashier.asks(shop.ann, shop.bill) == ""


async def test_an_invoice_that_is_charged_twice_is_one_order_and_money_to_give_back(shop: Shop) -> None:
    await shop.pays()
    second = await shop.server.cashier.charges(shop.server.user(43, "Bob"), shop.bill)
    await shop.server.cashier.tells(second)
    await shop.settles()
    first, other = await Payment.all().order_by("id")
    assert (first.state, other.state, other.captured, other.captured_currency) == ("paid", "mismatch", 6800, "CNY")
    assert await staff_was_told()
    assert await Charge.all().count() == 2
    owed = {(one.account, one.amount.amount) for one in await ledger.balances()}
    assert owed == {("owed", -6800), ("provider:telegram_stars", 13600), ("sales", -6800)}


@pytest.mark.parametrize("pieces", [5, 0])
async def test_a_charge_after_the_hold_is_an_order_where_there_is_stock(shop: Shop, pieces: int) -> None:
    await shop.sim.passes("31m")
    assert (await Order.get()).state == "expired"
    await Stock.all().update(pieces=pieces)
    await shop.server.cashier.charges(shop.ann, shop.bill)
    await shop.settles()
    states = (await Order.get()).state, (await Payment.get()).state
    assert states == (("paid", "paid") if pieces else ("expired", "mismatch"))
    assert await staff_was_told() is not bool(pieces)


async def test_a_charge_for_a_cancelled_order_is_told_to_staff(shop: Shop) -> None:
    async with transaction():
        await orders.advance((await Order.get()).id, "cancel", "staff:1", shop.sim.now)
    await shop.server.cashier.charges(shop.ann, shop.bill)
    await shop.settles()
    assert ((await Order.get()).state, (await Payment.get()).state) == ("cancelled", "mismatch")
    assert await staff_was_told()


async def test_another_sum_than_was_asked_is_no_payment(shop: Shop) -> None:
    await shop.server.cashier.charges(shop.ann, replace(shop.bill, total=1))
    await shop.settles()
    payment = await Payment.get()
    assert (payment.state, payment.captured, payment.captured_currency) == ("mismatch", 1, "XTR")
    assert await staff_was_told()


async def test_stars_that_we_never_heard_of_are_found_when_the_hold_is_over(shop: Shop) -> None:
    shop.server.cashier.loses_updates = True
    assert await shop.pays() == ""
    assert (await Order.get()).state == "placed"
    await shop.sim.passes("31m")
    await shop.until(Payment.filter(state="paid", order__state="paid"))


async def test_stars_that_telegram_gives_back_are_booked(shop: Shop) -> None:
    await shop.pays()
    [charge] = shop.server.cashier.taken
    await shop.server.cashier.gives_back(charge)
    await shop.settles()
    payment = await Payment.get()
    assert (payment.state, payment.refunded) == ("refunded", 6800)


async def test_a_charge_of_somebody_who_was_forgotten_is_for_staff(shop: Shop) -> None:
    async with transaction():
        await privacy.erase((await Conversation.get()).contact_id, shop.sim.now)
    await shop.server.cashier.charges(shop.ann, shop.bill)
    await shop.until(Effect.filter(kind="settle", state="parked"))
    parked = await Effect.filter(kind="settle", state="parked").first()
    assert parked
    assert "Give the money back at the order" in parked.error
    assert await Conversation.all().count() == 0


async def test_a_charge_for_nothing_of_ours_stops_nothing(shop: Shop) -> None:
    await shop.server.cashier.charges(shop.ann, replace(shop.bill, payload="another-program"))
    assert await shop.pays() == ""
    assert (await Order.get()).state == "paid"


async def test_a_provider_is_paid_and_gives_back_in_its_own_dashboard(sqlite_url: str, tmp_path: Path) -> None:
    async with opened(tmp_path, sqlite_url, stars=False) as shop:
        payment = await Payment.get()
        assert (shop.bill.currency, shop.bill.total, shop.bill.payload) == ("CNY", 6800, payment.key)
        assert await shop.pays() == ""
        assert (await Order.get()).state == "paid"
        async with transaction():
            await orders.advance((await Order.get()).id, "refund", "staff:1", shop.sim.now)
        await shop.until(Refund.filter(state="failed"))
        charge, refund = await Charge.get(), await Refund.get()
        assert f"dashboard of the payment provider alone: its payment {charge.other}" in refund.error
        assert (await Payment.get()).state == "paid"
