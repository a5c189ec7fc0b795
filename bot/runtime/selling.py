"""Where staff sell to the customer of a conversation: what there is, what it costs, and the order that is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from bot.core.errors import Refused
from bot.core.events import OrderChanged
from bot.core.message import Inbound
from bot.runtime import noticed
from bot.runtime.ledger import Waiting
from bot.runtime.order_steps import Stepped
from bot.runtime.shop import Shop
from bot.services import (
    catalogue,
    order_changes,
    order_news,
    order_states,
    product_search,
    reach,
    settlement,
    staff_orders,
)
from bot.services.catalogue import Range
from bot.services.contacts import Address
from bot.services.order_changes import Change
from bot.services.order_states import PLACED
from bot.services.orders import OrderView
from bot.services.reach import Reach
from bot.services.scope import Scope
from bot.services.staff_orders import Basket, Quote, Wish
from models import Conversation, Order
from models.database import transaction

#: Keeps inbounds in a transaction, see `Inbox.keep_within`.
Keep = Callable[[BaseDBAsyncClient, Sequence[Inbound]], Awaitable[list[Waiting]]]
#: Products that are shown at once.
SHOWN = 12
#: What an offer says of an order that was there before.
CHANGED = "changed"
TOLD = Reach(True)


class Selling:
    """`stepped` hands on what was committed, `wake` has the runner look for effects."""

    def __init__(
        self,
        shop: Shop,
        keep: Keep,
        *,
        stepped: Callable[[Stepped], None],
        wake: Callable[[], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._shop = shop
        self._keep = keep
        self._stepped = stepped
        self._wake = wake
        self._clock = clock

    async def goods(self, conversation_id: int, words: str) -> tuple[Range, ...]:
        """What the customer would find by these words, with its variants; without words the first of the shop."""
        scope = self._of(await _talk(conversation_id))
        shelf = await (product_search.find(scope, words) if words else catalogue.products(scope, 0, SHOWN))
        return tuple([await catalogue.variants(scope, one.sku) for one in shelf.products[:SHOWN]])

    async def addresses(self, conversation_id: int) -> tuple[Address, ...]:
        """See `staff_orders.addresses`."""
        return await staff_orders.addresses(self._of(await _talk(conversation_id)))

    async def quote(self, conversation_id: int, basket: Basket) -> Quote:
        """See `staff_orders.quote`."""
        return await staff_orders.quote(self._of(await _talk(conversation_id)), basket)

    async def place(self, conversation_id: int, wish: Wish, staff_id: int) -> tuple[OrderView, Reach]:
        """Order it, and send the customer where to pay in the same commit; of what may not be said, only the order.

        Sent again, it says whether they were told, and tells them if that can be said by now. Raises as
        `staff_orders.place` does.
        """
        row = await _talk(conversation_id)
        scope = self._of(row)
        found = await self._reach(row, scope.now)
        async with transaction() as connection:
            order, is_new = await staff_orders.place(scope, wish, staff_id)
            name = order_news.name(order.number, PLACED)
            is_told = not is_new and await order_news.is_kept(row.id, row.account, name)
            can_tell = found.ok and order.state == PLACED and not is_told
            waiting = await self._keep(connection, [_offer(row, order, name)] if can_tell else [])
        self._stepped(Stepped(waiting, [OrderChanged(order.id)] if is_new else []))
        return order, TOLD if is_told or can_tell else replace(found, ok=False)

    async def quote_change(self, order_id: int, basket: Basket) -> Quote:
        """What an order would cost. Raises as `order_changes.change` does."""
        order, row = await _ordered(order_id)
        return await staff_orders.quote(replace(self._of(row), currency=order.currency), basket, order)

    async def change(self, order_id: int, wish: Change, staff_id: int) -> tuple[OrderView, Reach]:
        """Change an order that is not paid, and tell its customer the new total; whether that may be said now.

        Where money is here already that is exactly the new total, they are told that it has come, and not to pay.
        Raises as `order_changes.change`.
        """
        order, row = await _ordered(order_id)
        scope = replace(self._of(row), currency=order.currency)
        best = await reach.best(row.id, self._shop.capabilities, scope.now, "orders", self._shop.quiet)
        there = await _talk(best)
        found = await self._reach(there, scope.now)
        async with transaction() as connection:
            changed = await order_changes.change(scope, order_id, wish, staff_id)
            version = await order_states.version(order_id)
            told, is_here = await self._asked(changed, version)
            if not is_here:  # where it may not be said, it waits until they write
                told.append(_offer(there, changed, order_news.change_name(changed.number, version), CHANGED))
            waiting = await self._keep(connection, told)
        self._stepped(Stepped(waiting, [OrderChanged(order_id)]))
        self._wake()
        return changed, found

    async def _asked(self, order: OrderView, version: int) -> tuple[list[Inbound], bool]:
        """Have providers asked once more for money that did not fit the order; whether any is what it costs now."""
        hints, is_here = [], False
        for payment, left in await settlement.misfits(order.id):
            hints += await noticed.within(payment, f"changed:{version}:{payment.key}", self._clock())
            is_here = is_here or left == order.total
        return hints, is_here

    async def _reach(self, row: Conversation, now: datetime) -> Reach:
        able = self._shop.capabilities.get(row.account)
        return await reach.of(row.id, able, reachable=row.identity.reachable, now=now, kind="orders")

    def countries(self) -> tuple[str, ...]:
        """Where the shop sells to; none where it does not say."""
        return self._shop.rates.countries

    def has_codes(self) -> bool:
        """Whether any discount code can be used now."""
        return any(code.runs(self._clock()) for code in self._shop.rates.codes.values())

    def _of(self, row: Conversation) -> Scope:
        shop, contact = self._shop, row.contact
        return Scope(
            row.id, contact.id, row.identity_id, row.account,
            shop.language(row.account, contact.locale or row.identity.locale), self._clock(),
            shop.currency_of(row.account), shop.order_hold, shop.pay_ways, contact.person_id,
            channels=shop.capabilities, rates=shop.rates,
        )  # fmt: skip


async def _ordered(order_id: int) -> tuple[Order, Conversation]:
    """An order, and where it was placed. Raises `Refused`: "no_order", "no_conversation"."""
    order = await Order.filter(id=order_id).first()
    if order is None:
        raise Refused("no_order")
    return order, await _talk(order.conversation_id or 0)


async def _talk(conversation_id: int) -> Conversation:
    """Raises `Refused("no_conversation")`."""
    row = await Conversation.filter(id=conversation_id).select_related("contact", "identity").first()
    if row is None:
        raise Refused("no_conversation")
    return row


def _offer(row: Conversation, order: OrderView, name: str, text: str = "") -> Inbound:
    """Staff are at it at this moment: it does not wait for the morning."""
    to = row.identity.external_id
    return Inbound(row.account, name, to, "offer", text, order.number, client_id=name, urgent=True)
