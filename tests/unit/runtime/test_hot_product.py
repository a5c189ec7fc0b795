"""Many after one product, on PostgreSQL: who waits for its row is not to blame, and who has it lets go of it soon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.core.chat import Chat
from bot.core.money import Money
from bot.core.router import Router
from bot.runtime import guard as guard_module
from bot.runtime import retry
from bot.services import cart, orders
from bot.services.contacts import Address
from bot.services.products import PriceSpec, ProductSpec, VariantSpec
from models import Order, Product, locks
from models.database import fetch, transaction
from tests.kit.simulator import Simulator
from tests.unit.runtime.conftest import Worlds
from tests.unit.runtime.turns import mark
from tests.unit.services.shop import stocked

TEA = ProductSpec("tea", {"en": "Tea"}, [VariantSpec("tea", [PriceSpec(Money(6800, "CNY"))])])
WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted"
IN_TRANSACTION = "SELECT 1 FROM pg_locks WHERE relation = 'audit'::regclass AND mode = 'RowExclusiveLock'"


@pytest.fixture
async def world(empty_postgres: str, tmp_path: Path) -> AsyncIterator[Worlds]:
    """`sim = await world([router])`."""
    worlds = Worlds(empty_postgres, tmp_path)
    yield worlds
    await worlds.close()


async def selling(world: Worlds, gates: Mapping[str, asyncio.Event]) -> Simulator:
    """Whoever says "buy" has ordered; whoever says another word keeps their transaction until that gate is open."""
    router = Router("rush")

    @router.fallback
    async def answer(chat: Chat) -> None:
        if chat.inbound.text == "buy":
            await chat.do(cart.add, "tea", 1)
            await chat.do(orders.place, Address("Ann Lee", "", "1 Tea Lane"))
            chat.say("Ordered")
            return
        await chat.do(mark, "waits")
        await gates[chat.inbound.text].wait()
        chat.say("Done")

    sim = await world([router])
    await stocked(TEA, {"tea": {"main": 10}}, datetime.now(UTC))
    return sim


async def test_who_waits_for_a_product_that_others_want_is_answered_all_the_same(
    world: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard_module, "HOLD_TIMEOUT", 0.3)
    monkeypatch.setattr(retry, "HELD_UP_TRIES", 1)  # else the second try may be lucky
    sim = await selling(world, {})
    sim.runtime._worker._turn_timeout = 2.0
    people = [await sim.customer(f"Ann {number}") for number in range(6)]
    async with transaction():
        await locks.products([(await Product.get()).id])
        await sim.runtime.accept([person._inbound(text="buy") for person in people])
        async with asyncio.timeout(30):
            while not await fetch(WAITING):
                await asyncio.sleep(0.01)
        await asyncio.sleep(2.5)  # longer than a turn may take, several times what a handler may hold
    await sim.runtime.idle()
    assert [[seen.text for seen in await person.screen()] for person in people] == [["Ordered"]] * len(people)
    assert await Order.all().count() == len(people)


async def test_an_order_does_not_wait_for_the_turns_that_came_with_it(world: Worlds) -> None:
    gates = {"Eve": asyncio.Event(), "Bob": asyncio.Event()}
    sim = await selling(world, gates)
    worker = sim.runtime._worker
    worker._writers, worker._turn_timeout, worker._guard._hold = 1, 60.0, 60.0
    eve, ann, bob = [await sim.customer(name) for name in ("Eve", "Ann", "Bob")]
    await sim.runtime.accept([eve._inbound(text="Eve")])
    async with asyncio.timeout(30):
        while not await fetch(IN_TRANSACTION):
            await asyncio.sleep(0.01)
        await sim.runtime.accept([ann._inbound(text="buy"), bob._inbound(text="Bob")])
        while len(worker._transactions[0]._waiting) < 2:
            await asyncio.sleep(0.01)
        gates["Eve"].set()
        while not await ann.sees("Ordered"):
            await asyncio.sleep(0.01)
    assert not await bob.screen()
    gates["Bob"].set()
    await sim.runtime.idle()
    assert await bob.sees("Done")
