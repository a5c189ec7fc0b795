"""WooCommerce's REST API v3.

Products are read in the order in which they were changed, from a moment on: what changes while we read comes once
more at the end, and nothing is skipped when something before it goes.
Source: woocommerce.github.io/woocommerce-rest-api-docs
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from bot.core.billing import Bill, Billed, Taking
from bot.core.errors import BadInput, StoreUnavailable
from bot.core.money import Money
from bot.core.ports import FileStream, HookAnswer, HookRequest
from bot.core.reviewing import OutReview, ShopReview
from bot.core.store import Brief, Hint, Made, OutOrder, Page, StorePlace, StoreProduct, ThereOrder
from bot.http import Answer
from bot.stores._api import listed
from bot.stores.woocommerce import bills, hooks, orders, reviews
from bot.stores.woocommerce.api import MOST, RestApi
from bot.stores.woocommerce.products import PLACE, changed_at, read, unread
from bot.stores.woocommerce.settings import Settings
from bot.strangers import Strangers

#: Products of a page: each with options is a further call, and others wait while a page is written.
PAGE = 10
SECOND = timedelta(seconds=1)
#: So long after it nothing is written any more as changed in a second.
OVER = timedelta(minutes=1)


class WooCommerce:
    """See `bot.core.store.Store`. A cursor is a moment, and which page of what was changed after it: "…T09:00:00 1"."""

    name, title = "woocommerce", "WooCommerce"
    keeps_pieces = False  # what waits for its money has none until it is paid

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._api = RestApi(settings, self.title)
        self._pictures = Strangers(fails=StoreUnavailable)
        self._currency = ""
        self._is_secret_told = False
        self.takes_reviews = settings.reviews != "off"
        self.takes_money = settings.money == "shop"

    async def who(self) -> str:
        """The site's address, and what it sells in."""
        return f"{self._settings.url}, in {await self._money()}"

    async def places(self) -> Sequence[StorePlace]:
        """It has one."""
        return [StorePlace(PLACE, self.title)]

    async def page(self, cursor: str) -> Page:
        """See `Store.page`."""
        after, number = _place(cursor)
        query = {"page": str(number), "per_page": str(PAGE), "orderby": "modified", "order": "asc", "status": "any"}
        if after is not None:
            query |= {"modified_after": f"{after:%Y-%m-%dT%H:%M:%S}", "dates_are_gmt": "true"}
        answer = await self._api.get("/products", query)
        rows, total = listed(answer), _count(answer)
        late: list[str] = []
        found = tuple([await self._of_page(row, late) for row in rows])
        left = total - (number - 1) * PAGE if total is not None else None
        return Page(found, _next(after, number, found, _now(answer)), len(rows) == PAGE, left, tuple(late))

    async def product(self, id: str) -> StoreProduct | None:  # noqa: A002
        """See `Store.product`; one in the bin is there no more."""
        answer = await self._api.get(f"/products/{int(id)}", {}, missing=True)
        if answer.status == 404:
            return None
        row = answer.json()
        if row.get("type") == "variation" and row.get("parent_id"):
            return await self.product(str(row["parent_id"]))
        return None if row.get("status") == "trash" else await self._product(row)

    async def every(self) -> AsyncIterator[Sequence[Brief]]:
        """See `Store.every`; by id, so that a product which goes meanwhile moves others at most out of this look."""
        number = 1
        while True:
            fields = {"_fields": "id,date_modified_gmt", "orderby": "id", "order": "asc", "status": "any"}
            rows = listed(await self._api.get("/products", fields | {"page": str(number), "per_page": str(MOST)}))
            yield [Brief(str(row["id"]), changed_at(row)) for row in rows]
            if len(rows) < MOST:
                return
            number += 1

    async def find(self, order: OutOrder) -> Made | None:
        """See `Store.find`; by looking through what was made since, for it does not search what it does not show."""
        async for row in self._api.orders({"after": orders.begun(order)}):
            if orders.is_ours(row, order.number):
                return orders.made(row)
        return None

    async def push(self, order: OutOrder) -> Made:
        """See `Store.push`."""
        return orders.made(await self._api.write("POST", "/orders", orders.content(order)))

    async def cancel(self, id: str) -> None:  # noqa: A002
        """See `Store.cancel`; it counts the pieces as there again."""
        await self._api.write("PUT", f"/orders/{int(id)}", {"status": "cancelled"})

    async def pay(self, id: str) -> None:  # noqa: A002
        """See `Store.pay`; one that is `processing` counts as paid there in any case."""
        await self._api.write("PUT", f"/orders/{int(id)}", {"set_paid": True})

    async def order(self, id: str) -> ThereOrder | None:  # noqa: A002
        """See `Store.order`; one in the bin is there no more."""
        answer = await self._api.get(f"/orders/{int(id)}", {}, missing=True)
        if answer.status == 404:
            return None
        row = answer.json()
        return None if row.get("status") == "trash" else orders.read(row)

    async def bill(self, bill: Bill) -> Billed:
        """See `TakesMoney.bill`."""
        async for row in self._api.orders({"after": orders.begun(bill.order)}):
            if bills.key_of(row) == bill.key:
                return bills.read(row)
        return bills.read(await self._api.write("POST", "/orders", bills.content(bill)))

    async def billed(self, id: str) -> Billed | None:  # noqa: A002
        """See `TakesMoney.billed`."""
        row = await self._bill(id)
        return bills.read(row) if row else None

    async def unbill(self, id: str) -> None:  # noqa: A002
        """See `TakesMoney.unbill`."""
        row = await self._bill(id)
        if row is None or not bills.is_open(row):
            raise BadInput("WooCommerce has no such order that waits for its money")
        row = await self._api.write("PUT", f"/orders/{int(id)}", {"status": "cancelled"})
        if bills.read(row).state == "paid":  # since it was asked
            await self._api.write("PUT", f"/orders/{int(id)}", {"status": "processing"})
            raise BadInput("WooCommerce has taken the money of this order")

    async def pay_back(self, id: str, amount: Money, key: str) -> None:  # noqa: A002
        """See `TakesMoney.pay_back`."""
        row = await self._bill(id)
        if row is None:
            raise BadInput("WooCommerce has no payment of this order")
        if bills.given(await self._refunds(id), key) is None:
            bills.assure_left(row, amount)
            await self._api.write("POST", f"/orders/{int(id)}/refunds", bills.refund(amount, key))

    async def paid_back(self, id: str, key: str) -> str | None:  # noqa: A002
        """See `TakesMoney.paid_back`."""
        return bills.given(await self._refunds(id), key)

    async def takings(self, day: date) -> AsyncIterator[Taking]:
        """See `TakesMoney.takings`."""
        async for row in self._api.orders({"modified_after": bills.since(day)}):
            if bills.key_of(row):
                refunds = await self._refunds(str(row["id"])) if row.get("refunds") else []
                for one in bills.takings(row, refunds, day):
                    yield one

    async def find_review(self, key: str) -> str:
        """See `HasReviews.find_review`."""
        for status in ("all", "spam", "trash"):  # "all" are those that are shown or wait for it
            query = {"reviewer_email": reviews.address(key), "status": status, "per_page": "1"}
            for row in listed(await self._api.get("/products/reviews", query)):
                return str(row["id"])
        return ""

    async def add_review(self, review: OutReview) -> str:
        """See `HasReviews.add_review`; a lost answer is told as it is for orders."""
        body = reviews.content(review, held=self._settings.reviews == "held")
        return str(int((await self._api.write("POST", "/products/reviews", body)).get("id") or 0))

    async def drop_review(self, id: str) -> None:  # noqa: A002
        """See `HasReviews.drop_review`; not into the bin."""
        await self._api.drop(f"/products/reviews/{int(id)}")

    async def reviews(self, page: int) -> Sequence[ShopReview]:
        """See `HasReviews.reviews`."""
        query = {"page": str(page), "per_page": str(MOST), "orderby": "date_gmt", "order": "desc", "status": "all"}
        found = [reviews.read(row) for row in listed(await self._api.get("/products/reviews", query))]
        return [one for one in found if one is not None]

    async def picture(self, address: str) -> FileStream:
        """See `Store.picture`."""
        return await self._pictures.open(address)

    async def subscribe(self, address: str) -> None:
        """See `Store.subscribe`; with our secret, which it does not tell, and may be another one since we began."""
        rows = listed(await self._api.get("/webhooks", {"per_page": str(MOST), "status": "all"}))
        there = {str(row.get("topic")): row for row in rows if row.get("delivery_url") == address}
        secret = self._settings.webhook_secret.reveal()
        for topic in hooks.TOPICS:
            wanted = {"name": f"Parley: {topic}", "topic": topic, "delivery_url": address, "secret": secret}
            if topic not in there:
                await self._api.write("POST", "/webhooks", wanted | {"status": "active"})
            elif there[topic].get("status") != "active" or not self._is_secret_told:
                await self._api.write(
                    "PUT", f"/webhooks/{int(there[topic]['id'])}", {"status": "active", "secret": secret}
                )
        self._is_secret_told = True

    def verify(self, request: HookRequest) -> None:
        """See `Store.verify`."""
        hooks.assure_signed(request, self._settings.webhook_secret)

    def parse(self, request: HookRequest) -> list[Hint]:
        """See `Store.parse`; an order that changed may be a bill."""
        return hooks.read(request, bills=self.takes_money)

    def answer(self) -> HookAnswer:
        """200: with anything else at its first ping it does not keep the webhook."""
        return HookAnswer()

    async def close(self) -> None:
        """Close connections."""
        await self._api.close()
        await self._pictures.close()

    async def _of_page(self, row: Mapping[str, Any], late: list[str]) -> StoreProduct:
        """One of which the site does not tell all, though it answers otherwise, is unread, and among the `late`."""
        try:
            return await self._product(row)
        except StoreUnavailable as error:
            if error.after is not None:
                raise
            await self._api.get("/data/currencies/current", {})
            late.append(str(row["id"]))
            return unread(row, await self._money(), str(error))

    async def _bill(self, id: str) -> dict[str, Any] | None:  # noqa: A002
        answer = await self._api.get(f"/orders/{int(id)}", {}, missing=True)
        return None if answer.status == 404 else answer.json()

    async def _refunds(self, id: str) -> list[dict[str, Any]]:  # noqa: A002
        answer = await self._api.get(f"/orders/{int(id)}/refunds", {"per_page": str(MOST)}, missing=True)
        return listed(answer) if answer.status != 404 else []

    async def _product(self, row: Mapping[str, Any]) -> StoreProduct:
        variations = await self._variations(int(row["id"])) if row.get("type") == "variable" else []
        return read(row, variations, await self._money())

    async def _variations(self, product: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            number = len(found) // MOST + 1
            query = {"page": str(number), "per_page": str(MOST), "orderby": "menu_order", "order": "asc"}
            answer = await self._api.get(f"/products/{product}/variations", query, missing=True)
            rows = listed(answer) if answer.status != 404 else []  # it went meanwhile
            found += rows
            if len(rows) < MOST:
                return found

    async def _money(self) -> str:
        if not self._currency:
            answer = await self._api.get("/data/currencies/current", {})
            self._currency = str(answer.json().get("code", ""))
        return self._currency


def _place(cursor: str) -> tuple[datetime | None, int]:
    moment, _, number = cursor.partition(" ")
    return (datetime.fromisoformat(moment) if moment else None), int(number or 1)


def _next(after: datetime | None, number: int, found: Sequence[StoreProduct], now: datetime) -> str:
    """Behind these: from the second before the last one's on, since more may be changed within that second.

    Where a whole page is of one second only the next page leads on; a second that is over takes no more changes. What
    is changed once more meanwhile moves those behind it to the page before: the daily look at all finds them.
    """
    if not found:
        return _written(after, 1)
    last = max(one.updated_at for one in found)
    if len(found) < PAGE:
        return _written(last if now - last > OVER else last - SECOND, 1)
    return _written(after, number + 1) if last - SECOND == after else _written(last - SECOND, 1)


def _written(moment: datetime | None, number: int) -> str:
    return f"{moment.astimezone(UTC).isoformat()} {number}" if moment else ""


def _now(answer: Answer) -> datetime:
    """By the shop's own clock; long ago where it does not tell."""
    try:
        return parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def _count(answer: Answer) -> int | None:
    told = answer.headers.get("X-WP-Total", "")
    return int(told) if told.isascii() and told.isdigit() else None
