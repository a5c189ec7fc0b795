"""WooCommerce's REST API v3.

Products are read in the order in which they were changed, from a moment on: what changes while we read comes once
more at the end, and nothing is skipped when something before it goes.
Source: woocommerce.github.io/woocommerce-rest-api-docs
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from bot.core.errors import BadInput, StoreUnavailable, Unauthorised
from bot.core.ports import FileStream, HookAnswer, HookRequest
from bot.core.reviewing import OutReview, ShopReview
from bot.core.store import Brief, Hint, Made, OutOrder, Page, StorePlace, StoreProduct, ThereOrder
from bot.http import Answer
from bot.stores._api import Api, listed
from bot.stores.woocommerce import hooks, orders, reviews
from bot.stores.woocommerce.products import PLACE, changed_at, read, unread
from bot.stores.woocommerce.settings import Settings
from bot.strangers import Strangers

API = "/wp-json/wc/v3"
#: Products of a page: each with options is a further call, and others wait while a page is written.
PAGE = 10
#: With 400, what it would take a while later.
TOO_FAST = ("woocommerce_rest_comment_flood",)
#: What one call may bring at most.
MOST = 100
SECOND = timedelta(seconds=1)
#: So long after it nothing is written any more as changed in a second.
OVER = timedelta(minutes=1)


class WooCommerce:
    """See `bot.core.store.Store`. A cursor is a moment, and which page of what was changed after it: "…T09:00:00 1"."""

    name, title = "woocommerce", "WooCommerce"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._api = Api(self.title, settings.url, settings.timeout)
        self._pictures = Strangers(fails=StoreUnavailable)
        self._currency = ""
        self._is_secret_told = False
        self.takes_reviews = settings.reviews != "off"
        pair = f"{settings.consumer_key.reveal()}:{settings.consumer_secret.reveal()}"
        self._headers = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}

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
        answer = await self._get("/products", query)
        rows, total = listed(answer), _count(answer)
        late: list[str] = []
        found = tuple([await self._of_page(row, late) for row in rows])
        left = total - (number - 1) * PAGE if total is not None else None
        return Page(found, _next(after, number, found, _now(answer)), len(rows) == PAGE, left, tuple(late))

    async def product(self, id: str) -> StoreProduct | None:  # noqa: A002
        """See `Store.product`; one in the bin is there no more."""
        answer = await self._get(f"/products/{int(id)}", {}, missing=True)
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
            rows = listed(await self._get("/products", fields | {"page": str(number), "per_page": str(MOST)}))
            yield [Brief(str(row["id"]), changed_at(row)) for row in rows]
            if len(rows) < MOST:
                return
            number += 1

    async def find(self, order: OutOrder) -> Made | None:
        """See `Store.find`; by looking through what was made since, for it does not search what it does not show."""
        number = 1
        while True:
            query = {"after": orders.begun(order), "dates_are_gmt": "true", "page": str(number), "per_page": str(MOST)}
            rows = listed(await self._get("/orders", query | {"orderby": "id", "order": "asc", "status": "any"}))
            for row in rows:
                if orders.is_ours(row, order.number):
                    return orders.made(row)
            if len(rows) < MOST:
                return None
            number += 1

    async def push(self, order: OutOrder) -> Made:
        """See `Store.push`."""
        return orders.made(await self._write("POST", "/orders", orders.content(order)))

    async def cancel(self, id: str) -> None:  # noqa: A002
        """See `Store.cancel`; it counts the pieces as there again."""
        await self._write("PUT", f"/orders/{int(id)}", {"status": "cancelled"})

    async def pay(self, id: str) -> None:  # noqa: A002
        """See `Store.pay`; one that is `processing` counts as paid there in any case."""
        await self._write("PUT", f"/orders/{int(id)}", {"set_paid": True})

    async def order(self, id: str) -> ThereOrder | None:  # noqa: A002
        """See `Store.order`; one in the bin is there no more."""
        answer = await self._get(f"/orders/{int(id)}", {}, missing=True)
        if answer.status == 404:
            return None
        row = answer.json()
        return None if row.get("status") == "trash" else orders.read(row)

    async def find_review(self, key: str) -> str:
        """See `HasReviews.find_review`."""
        for status in ("all", "spam", "trash"):  # "all" are those that are shown or wait for it
            query = {"reviewer_email": reviews.address(key), "status": status, "per_page": "1"}
            for row in listed(await self._get("/products/reviews", query)):
                return str(row["id"])
        return ""

    async def add_review(self, review: OutReview) -> str:
        """See `HasReviews.add_review`; a lost answer is told as it is for orders."""
        body = reviews.content(review, held=self._settings.reviews == "held")
        return str(int((await self._write("POST", "/products/reviews", body)).get("id") or 0))

    async def drop_review(self, id: str) -> None:  # noqa: A002
        """See `HasReviews.drop_review`; not into the bin."""
        path = f"{API}/products/reviews/{int(id)}"
        answer = await self._api.call("DELETE", path, query={"force": "true"}, headers=self._headers)
        if answer.status != 404 or not _is_said(answer):
            _good(answer)

    async def reviews(self, page: int) -> Sequence[ShopReview]:
        """See `HasReviews.reviews`."""
        query = {"page": str(page), "per_page": str(MOST), "orderby": "date_gmt", "order": "desc", "status": "all"}
        found = [reviews.read(row) for row in listed(await self._get("/products/reviews", query))]
        return [one for one in found if one is not None]

    async def picture(self, address: str) -> FileStream:
        """See `Store.picture`."""
        return await self._pictures.open(address)

    async def subscribe(self, address: str) -> None:
        """See `Store.subscribe`; with our secret, which it does not tell, and may be another one since we began."""
        rows = listed(await self._get("/webhooks", {"per_page": str(MOST), "status": "all"}))
        there = {str(row.get("topic")): row for row in rows if row.get("delivery_url") == address}
        secret = self._settings.webhook_secret.reveal()
        for topic in hooks.TOPICS:
            wanted = {"name": f"Parley: {topic}", "topic": topic, "delivery_url": address, "secret": secret}
            if topic not in there:
                await self._write("POST", "/webhooks", wanted | {"status": "active"})
            elif there[topic].get("status") != "active" or not self._is_secret_told:
                await self._write("PUT", f"/webhooks/{int(there[topic]['id'])}", {"status": "active", "secret": secret})
        self._is_secret_told = True

    def verify(self, request: HookRequest) -> None:
        """See `Store.verify`."""
        hooks.assure_signed(request, self._settings.webhook_secret)

    def parse(self, request: HookRequest) -> list[Hint]:
        """See `Store.parse`."""
        return hooks.read(request)

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
            await self._get("/data/currencies/current", {})
            late.append(str(row["id"]))
            return unread(row, await self._money(), str(error))

    async def _product(self, row: Mapping[str, Any]) -> StoreProduct:
        variations = await self._variations(int(row["id"])) if row.get("type") == "variable" else []
        return read(row, variations, await self._money())

    async def _variations(self, product: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            number = len(found) // MOST + 1
            query = {"page": str(number), "per_page": str(MOST), "orderby": "menu_order", "order": "asc"}
            answer = await self._get(f"/products/{product}/variations", query, missing=True)
            rows = listed(answer) if answer.status != 404 else []  # it went meanwhile
            found += rows
            if len(rows) < MOST:
                return found

    async def _money(self) -> str:
        if not self._currency:
            answer = await self._get("/data/currencies/current", {})
            self._currency = str(answer.json().get("code", ""))
        return self._currency

    async def _get(self, path: str, query: Mapping[str, str], *, missing: bool = False) -> Answer:
        """Raises as all calls do; 404 is an answer where something may be `missing`."""
        answer = await self._api.call("GET", API + path, query=query, headers=self._headers)
        is_missing = missing and answer.status == 404 and _is_said(answer)
        return answer if is_missing else _good(answer)

    async def _write(self, verb: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Raises `BadInput`, too, where it is not to its liking."""
        answer = await self._api.call(verb, API + path, json=body, headers=self._headers)
        if answer.status in (400, 404, 409) and _is_said(answer) and _code(answer) not in TOO_FAST:
            raise BadInput(f"WooCommerce does not take it: {answer.json().get('message', '')}"[:300])
        return _good(answer).json()


def _good(answer: Answer) -> Answer:
    if answer.status in (401, 403):
        raise Unauthorised("WooCommerce does not know the key of stores.woocommerce, or does not allow it this")
    if answer.status >= 400:
        raise StoreUnavailable(f"WooCommerce answered {answer.status} ({_code(answer) or 'no code'})")
    return answer


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


def _is_said(answer: Answer) -> bool:
    """Whether WooCommerce itself says that there is none, and not the server before it."""
    return _code(answer).startswith("woocommerce_rest_")


def _code(answer: Answer) -> str:
    try:
        return str(answer.json().get("code") or "")[:60]
    except StoreUnavailable:
        return ""
