"""Whatever happens in whatever order, an order is where its steps lead and every piece is counted once."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.errors import Refused
from bot.services import orders, stock
from bot.services.order_states import EARNED, STEPS
from bot.services.orders import OrderView
from bot.services.payments import PaymentView
from bot.services.scope import Scope
from models import Order, OrderEvent, Payment, Variant
from models.database import close_database, open_database, transaction
from tests.unit.services.shop import Shop, held, on_shelf

PIECES = 3
DOINGS = st.sampled_from(
    [
        "buy",
        "buy",
        "pay",
        "pay",
        "pay",
        "wrong",
        "wait",
        "expire",
        "cancel",
        "pack",
        "ship",
        "deliver",
        "complete",
        "return",
        "refund",
    ]
)


@dataclass
class Day:
    """A day in the shop: what was placed, and the payments that are open."""

    shop: Shop
    scope: Scope
    placed: list[OrderView] = field(default_factory=list)
    opened: dict[int, PaymentView] = field(default_factory=dict)

    async def does(self, doing: str, which: int) -> None:
        """One doing; a business no is fine."""
        try:
            if doing == "buy":
                await self._buy(which % 2 + 1)
            elif doing == "wait":
                self.shop.later(minutes=16)
            elif doing == "expire":
                async with transaction():
                    await orders.expire(self.shop.now)
            elif self.placed:
                await self._to(self.placed[which % len(self.placed)], doing)
        except Refused:
            pass

    async def _buy(self, quantity: int) -> None:
        order = await self.shop.buys(self.scope, quantity=quantity)
        self.placed.append(order)
        self.opened[order.id] = await self.shop.opens_payment(self.scope, order)

    async def _to(self, order: OrderView, doing: str) -> None:
        if doing == "pay":
            await self.shop.settles(self.opened[order.id])
        elif doing == "wrong":
            await self.shop.settles(self.opened[order.id], order.total + order.total)
        elif doing == "cancel":
            async with transaction():
                await orders.cancel(self.shop.at(self.scope), order.number)
        else:
            await self.shop.advances(order, doing)


async def check(day: Day) -> None:
    """What is true at every moment."""
    rows = {row.id: row for row in await Order.all()}
    sent = 0
    for order in day.placed:
        row = rows[order.id]
        events = await OrderEvent.filter(order_id=order.id).order_by("id")
        path = [(event.from_state, event.to_state) for event in events]
        assert path[0] == ("", "placed")
        assert path[-1][1] == row.state
        for before, (_, reached) in zip(path[1:], path, strict=False):
            assert before[0] == reached
            assert any(before[0] in step.allowed and before[1] == step.to for step in STEPS.values())
        paid = await Payment.filter(order_id=order.id, state="paid").count()
        assert paid <= 1
        assert (row.state in EARNED) <= (paid == 1)
        was_sent = "shipped" in [reached for _, reached in path]
        is_sold = row.state in EARNED or (row.state in ("returned", "refunded") and was_sent)
        sent += sum(line.quantity for line in order.lines) if is_sold else 0
    assert await on_shelf() + sent == PIECES
    tea, shelf = await Variant.get(sku="tea"), await on_shelf()
    free = (await stock.available([tea.id], day.shop.now))[tea.id]
    live = sum([line.quantity for order in day.placed if is_live(rows[order.id], day) for line in order.lines])
    assert free == max(0, shelf - live)
    assert live <= shelf
    unpaid = [rows[order.id] for order in day.placed if rows[order.id].state == "placed"]
    assert (await held() > 0) == bool(unpaid)


def is_live(row: Order, day: Day) -> bool:
    return row.state == "placed" and row.hold_until is not None and row.hold_until > day.shop.now


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(doings=st.lists(st.tuples(DOINGS, st.integers(0, 3)), min_size=1, max_size=14))
async def test_every_piece_is_counted_once(sqlite_file: Path, doings: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.db"
        shutil.copy(sqlite_file, path)
        await open_database(f"sqlite://{path}?synchronous=OFF")
        try:
            shop = Shop()
            await shop.product(stock=PIECES)
            day = Day(shop, await shop.customer())
            for doing, which in doings:
                await day.does(doing, which)
                await check(day)
        finally:
            await close_database()
