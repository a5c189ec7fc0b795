"""What a shop is paid by is what it was set up with: one way is taken, several are a choice, with none people help."""

from __future__ import annotations

from typing import NoReturn

import pytest

from bot.core.errors import ChannelUnavailable
from bot.core.message import Inbound
from bot.core.text import Text
from bot.payments.local import LocalPayments
from models import Conversation, LedgerEntry, Order, Payment
from tests.kit.simulator import Customer, Simulator
from tests.scenarios.shopkeeping import stock
from tests.scenarios.test_order import place_order


class Wallet(LocalPayments):
    """Another provider."""

    name = "wallet"
    title = Text("A wallet")


async def who_ordered(sim: Simulator, *names: str) -> Customer:
    """Somebody who has placed an order in a shop that has these providers."""
    wallet = Wallet(sim.folder / "wallet.db", "secret", "http://wallet.test", clock=sim.clock)
    sim.providers = {name: {"local": sim.bank, "wallet": wallet}[name] for name in names}
    await sim.restarts()
    await stock(sim)
    ann = await sim.customer()
    await place_order(ann)
    return ann


async def test_the_only_way_is_taken_whatever_its_name(one_sim: Simulator) -> None:
    ann = await who_ordered(one_sim, "wallet")
    assert (await Payment.get()).provider == "wallet"
    assert await ann.times("How would you like to pay?") == 0
    assert any(button.url.startswith("http://wallet.test/") for button in (await ann.last()).buttons)


async def test_several_ways_are_a_choice(sim: Simulator) -> None:
    ann = await who_ordered(sim, "local", "wallet")
    assert (await Payment.all().count(), await ann.times("How would you like to pay?")) == (0, 1)
    await ann.picks("A wallet")
    assert (await Payment.get()).provider == "wallet"


async def test_who_comes_back_to_pay_may_choose_another(one_sim: Simulator) -> None:
    ann = await who_ordered(one_sim, "local", "wallet")
    await ann.picks("A wallet")
    await ann.says("/orders")
    await ann.taps((await ann.last()).buttons[0])
    await ann.picks("Pay now")
    await ann.picks("Test payment page")
    await ann.pays()
    assert (await Order.get()).state == "paid"
    assert sorted(await Payment.all().values_list("provider", "state")) == [("local", "paid"), ("wallet", "open")]


async def test_what_an_older_node_took_is_booked_by_the_clock(one_sim: Simulator) -> None:
    ann = await who_ordered(one_sim, "local")
    await ann.pays()
    await LedgerEntry.all().delete()  # it knew of no books
    for _ in range(2):
        await one_sim.runtime.clockwork.books_due()
    total = (await Order.get()).total
    assert sorted(await LedgerEntry.all().values_list("account", "amount")) == [
        ("provider:local", total), ("sales", -total),
    ]  # fmt: skip


@pytest.mark.parametrize(("state", "told"), [("placed", 1), ("cancelled", 0), ("paid", 0)])
async def test_a_payment_that_fails_is_told_while_another_try_is_wanted(
    one_sim: Simulator, state: str, told: int
) -> None:
    ann = await who_ordered(one_sim, "local")
    await Order.all().update(state=state)
    payment = await Payment.get()
    await one_sim.bank.decline(payment.reference)
    await one_sim.deliver(Inbound(ann.account, "pay:local:1", ann.sender, "payment", data=payment.key))
    assert (await Payment.get()).state == "failed"
    assert await ann.times("did not go through") == told


async def test_who_waits_to_pay_hears_soon_that_the_provider_is_away(
    one_sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.runtime.retry.EFFECT_DELAYS", (0.0,) * 7)
    tried = []

    async def away(self: Wallet, *told: object) -> NoReturn:
        tried.append(told)
        raise ChannelUnavailable("the wallet is away")

    opened = Wallet.create
    monkeypatch.setattr(Wallet, "create", away)
    ann = await who_ordered(one_sim, "wallet")
    assert (len(tried), await ann.times("The payment could not be opened just now.")) == (4, 1)
    monkeypatch.setattr(Wallet, "create", opened)
    await ann.says("/orders")
    await ann.taps((await ann.last()).buttons[0])
    await ann.picks("Pay now")
    assert any(button.url.startswith("http://wallet.test/") for button in (await ann.last()).buttons)
    assert await Payment.all().count() == 1


async def test_an_order_whose_time_ran_out_while_one_chose_is_told(one_sim: Simulator) -> None:
    ann = await who_ordered(one_sim, "local", "wallet")
    await one_sim.passes("31m")
    await ann.picks("A wallet")
    assert await ann.times("The time to pay this order is over") == 1
    assert await Payment.all().count() == 0


async def test_with_no_way_to_pay_a_colleague_is_called(one_sim: Simulator) -> None:
    ann = await who_ordered(one_sim)
    assert (await ann.last()).text == "A colleague will tell you how to pay."
    row = await Conversation.get()
    assert (row.reason, row.priority) == ("An order wants to be paid, and this shop has no way to be paid.", 1)
