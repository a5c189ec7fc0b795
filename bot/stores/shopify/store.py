"""Shopify's catalogue, read in the order in which it was changed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson

from bot.core.billing import Bill, Billed, Taking
from bot.core.errors import BadInput, StoreUnavailable
from bot.core.installing import Grant
from bot.core.money import Money
from bot.core.ports import FileStream, HookAnswer, HookRequest
from bot.core.store import Brief, Dispatch, Hint, Made, OutOrder, Page, StorePlace, StoreProduct, ThereOrder
from bot.stores.shopify import bills, hooks, install, orders, queries
from bot.stores.shopify.api import AdminApi, assure_taken
from bot.stores.shopify.products import changed_at, gid, number, read, unread
from bot.stores.shopify.settings import Settings
from bot.strangers import Strangers

#: Shopify finds by an index that is so late at most.
LAG = timedelta(minutes=2)
SECOND = timedelta(seconds=1)


class Shopify:
    """See `bot.core.store.Store`. A cursor is JSON: changed `since`, and within that Shopify's own `after`."""

    name, title = "shopify", "Shopify"
    keeps_pieces = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._api = AdminApi(settings)
        self._pictures = Strangers(fails=StoreUnavailable)
        self._currency = ""
        self.takes_money = settings.money == "shop"
        self.installs = not settings.access_token

    async def who(self) -> str:
        """The shop's name and address, and a version of the API that is over."""
        shop = (await self._api.ask(queries.SHOP))["shop"]
        told = f"{shop['name']} ({shop['myshopifyDomain']}), in {shop['currencyCode']}"
        if self._api.version != self._settings.version:
            told += f"; it answers by {self._api.version}: set stores.shopify.version to a version that is not over"
        if self.takes_money:
            told += "; it takes the money: payments must be captured automatically there (Settings, Payments)"
        return told

    async def places(self) -> Sequence[StorePlace]:
        """Its locations."""
        rows = (await self._api.ask(queries.PLACES))["locations"]["nodes"]
        return [StorePlace(number(row["id"]), str(row["name"]), bool(row["isActive"])) for row in rows]

    async def page(self, cursor: str) -> Page:
        """See `Store.page`."""
        place: dict[str, str] = orjson.loads(cursor) if cursor else {}
        since = place.get("since", "")
        changed = f"updated_at:>='{since}'" if since else None
        asked = {"first": queries.PAGE, "after": place.get("after"), "changed": changed}
        found = (await self._api.ask(queries.PRODUCTS, asked))["products"]
        late: list[str] = []
        products = tuple([await self._of_page(row, late) for row in found["nodes"]])
        more = bool(found["pageInfo"]["hasNextPage"])
        if more:
            ahead = {"since": since, "after": str(found["pageInfo"]["endCursor"])}
            return Page(products, orjson.dumps(ahead).decode(), more=True, late=tuple(late))
        begins = self._behind(max([one.updated_at for one in products])) if products else since
        return Page(products, orjson.dumps({"since": max(begins, since)}).decode(), more=False, late=tuple(late))

    def _behind(self, newest: datetime) -> str:
        """From when on nothing is overlooked once all is read whose newest is this."""
        return _written(newest + SECOND if self._api.now - newest > LAG else newest - LAG)

    async def product(self, id: str) -> StoreProduct | None:  # noqa: A002
        """See `Store.product`."""
        row = (await self._api.ask(queries.PRODUCT, {"id": gid("Product", id)}))["product"]
        return await self._product(row) if row else None

    async def every(self) -> AsyncIterator[Sequence[Brief]]:
        """See `Store.every`."""
        after: str | None = None
        while True:
            found = (await self._api.ask(queries.BRIEF, {"first": queries.MOST, "after": after}))["products"]
            yield [Brief(number(row["id"]), changed_at(row)) for row in found["nodes"]]
            if not found["pageInfo"]["hasNextPage"]:
                return
            after = found["pageInfo"]["endCursor"]

    async def find(self, order: OutOrder) -> Made | None:
        """See `Store.find`."""
        tag = orders.tag(order.number)
        rows = (await self._api.ask(queries.FIND, {"by": f"tag:'{tag}'"}))["orders"]["nodes"]
        return next((orders.made(row) for row in rows if tag in row["tags"]), None)

    async def push(self, order: OutOrder) -> Made:
        """See `Store.push`."""
        said = (await self._api.ask(queries.PUSH, orders.content(order)))["orderCreate"]
        assure_taken(said)
        return orders.made(said["order"])

    async def cancel(self, id: str) -> None:  # noqa: A002
        """See `Store.cancel`."""
        said = (await self._api.ask(queries.CANCEL, {"id": gid("Order", id)}))["orderCancel"]
        assure_taken(said, "orderCancelUserErrors")

    async def pay(self, id: str) -> None:  # noqa: A002
        """See `Store.pay`; of one that is paid it says so as an error."""
        row = (await self._api.ask(queries.ORDER, {"id": gid("Order", id)}))["order"]
        if row and not orders.is_unpaid(row):
            return
        said = (await self._api.ask(queries.PAY, {"input": {"id": gid("Order", id)}}))["orderMarkAsPaid"]
        assure_taken(said)

    async def order(self, id: str) -> ThereOrder | None:  # noqa: A002
        """See `Store.order`."""
        row = (await self._api.ask(queries.ORDER, {"id": gid("Order", id)}))["order"]
        if not row:
            return None
        sent = {id_: await self._sent(id_) for id_ in orders.parts(row)}
        return orders.read(row, {id_: one for id_, one in sent.items() if one is not None})

    async def _sent(self, id_: str) -> Dispatch | None:
        """One of an order's parts; None where it went meanwhile."""
        found: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            asked = {"id": id_, "first": queries.LINES, "after": after}
            row = (await self._api.ask(queries.SENT, asked))["fulfillment"]
            if row is None:
                return None
            page = row["fulfillmentLineItems"]
            found += page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return orders.dispatch(id_, row["trackingInfo"], found)
            after = page["pageInfo"]["endCursor"]

    async def bill(self, bill: Bill) -> Billed:
        """See `TakesMoney.bill`."""
        tag = bills.key_tag(bill.key)
        rows = (await self._api.ask(bills.FIND, {"by": f"tag:'{tag}'"}))["draftOrders"]["nodes"]
        for row in rows:
            if tag in row["tags"]:
                return bills.read(row)
        said = (await self._api.ask(bills.CREATE, {"input": bills.content(bill)}))["draftOrderCreate"]
        assure_taken(said)
        return bills.read(said["draftOrder"])

    async def billed(self, id: str) -> Billed | None:  # noqa: A002
        """See `TakesMoney.billed`."""
        row = (await self._api.ask(bills.READ, {"id": gid("DraftOrder", id)}))["draftOrder"]
        return bills.read(row) if row else None

    async def unbill(self, id: str) -> None:  # noqa: A002
        """See `TakesMoney.unbill`."""
        asked = {"input": {"id": gid("DraftOrder", id)}}
        assure_taken((await self._api.ask(bills.DELETE, asked))["draftOrderDelete"])

    async def pay_back(self, id: str, amount: Money, key: str) -> None:  # noqa: A002
        """See `TakesMoney.pay_back`."""
        order = await self._money_of(id)
        if order is None:
            raise BadInput("Shopify has no payment of this order")
        if bills.given(order, key) is None:
            assure_taken((await self._api.ask(bills.PAY_BACK, bills.refund(order, amount, key)))["refundCreate"])

    async def paid_back(self, id: str, key: str) -> str | None:  # noqa: A002
        """See `TakesMoney.paid_back`."""
        return bills.given(await self._money_of(id), key)

    async def takings(self, day: date) -> AsyncIterator[Taking]:
        """See `TakesMoney.takings`."""
        after: str | None = None
        while True:
            asked = {"by": bills.of_day(day), "first": queries.MORE // 5, "after": after}
            found = (await self._api.ask(bills.TAKINGS, asked))["orders"]
            for row in found["nodes"]:
                for one in bills.takings(row, day):
                    yield one
            if not found["pageInfo"]["hasNextPage"]:
                return
            after = found["pageInfo"]["endCursor"]

    async def _money_of(self, bill: str) -> dict[str, Any] | None:
        billed = await self.billed(bill)
        if billed is None or not billed.order:
            return None
        found = (await self._api.ask(bills.MONEY, {"id": gid("Order", billed.order)}))["order"]
        return dict(found) if found else None

    async def picture(self, address: str) -> FileStream:
        """See `Store.picture`."""
        return await self._pictures.open(address)

    async def subscribe(self, address: str) -> None:
        """See `Store.subscribe`; it takes away those that failed eight times."""
        rows = (await self._api.ask(queries.SUBSCRIPTIONS))["webhookSubscriptions"]["nodes"]
        there = {str(row["topic"]) for row in rows if row["uri"] == address}
        wanted = hooks.MONEY_TOPICS if self.takes_money else hooks.TOPICS
        for topic in (*wanted, *(hooks.INSTALLED_TOPICS if self.installs else ())):
            if topic not in there:
                said = await self._api.ask(queries.SUBSCRIBE, {"topic": topic, "to": {"uri": address}})
                assure_taken(said["webhookSubscriptionCreate"])

    def install_at(self, back: str, state: str) -> str:
        """See `Installable.install_at`."""
        return install.address(self._settings, back, state)

    async def install(self, query: Mapping[str, str], now: datetime) -> Grant:
        """See `Installable.install`."""
        told = self._settings
        code = install.code(query, told, (told.client_secret, told.old_client_secret), now)
        body = {"client_id": told.client_id, "client_secret": told.client_secret.reveal(), "code": code}
        return install.grant(await self._api.buy(body), told)

    def use(self, token: str) -> None:
        """See `Installable.use`."""
        self._api.use(token)

    def verify(self, request: HookRequest) -> None:
        """See `Store.verify`."""
        hooks.assure_signed(request, (self._settings.client_secret, self._settings.old_client_secret))

    def parse(self, request: HookRequest) -> list[Hint]:
        """See `Store.parse`."""
        return hooks.read(request, self._settings.shop)

    def answer(self) -> HookAnswer:
        """200."""
        return HookAnswer()

    async def close(self) -> None:
        """Close connections."""
        await self._api.close()
        await self._pictures.close()

    async def _of_page(self, row: Mapping[str, Any], late: list[str]) -> StoreProduct:
        """One of which the shop does not tell all, though it answers otherwise, is unread, and among the `late`."""
        try:
            return await self._product(row)
        except StoreUnavailable as error:
            if error.after is not None:
                raise
            await self._api.ask(queries.SHOP)
            late.append(number(row["id"]))
            return unread(row, await self._money(), str(error))

    async def _product(self, row: Mapping[str, Any]) -> StoreProduct:
        variants = _all_of(row) or await self._variants(row["id"])
        return read(row, variants, await self._money())

    async def _variants(self, product: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            asked = {"id": product, "first": queries.MORE, "after": after}
            row = (await self._api.ask(queries.MORE_VARIANTS, asked))["product"]
            if row is None:  # it went meanwhile: the next round does not see it
                return found
            found += [await self._whole(one) for one in row["variants"]["nodes"]]
            if not row["variants"]["pageInfo"]["hasNextPage"]:
                return found
            after = row["variants"]["pageInfo"]["endCursor"]

    async def _whole(self, variant: dict[str, Any]) -> dict[str, Any]:
        """With all the places where it lies."""
        levels = variant["inventoryItem"]["inventoryLevels"]
        nodes, after = list(levels["nodes"]), levels["pageInfo"]["endCursor"]
        while levels["pageInfo"]["hasNextPage"]:
            asked = {"id": variant["id"], "first": queries.MOST, "after": after}
            row = (await self._api.ask(queries.LEVELS_OF, asked))["productVariant"]
            if row is None:  # it went meanwhile
                break
            levels = row["inventoryItem"]["inventoryLevels"]
            nodes, after = nodes + levels["nodes"], levels["pageInfo"]["endCursor"]
        item = variant["inventoryItem"] | {"inventoryLevels": {"nodes": nodes, "pageInfo": {"hasNextPage": False}}}
        return variant | {"inventoryItem": item}

    async def _money(self) -> str:
        if not self._currency:
            self._currency = str((await self._api.ask(queries.SHOP))["shop"]["currencyCode"])
        return self._currency


def _all_of(product: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Its variants with all their places, where all came along."""
    came: Mapping[str, Any] = product.get("variants") or {"nodes": [], "pageInfo": {"hasNextPage": True}}
    is_cut = came["pageInfo"]["hasNextPage"] or any(_lies_elsewhere(one) for one in came["nodes"])
    return [] if is_cut else [*came["nodes"]]


def _lies_elsewhere(variant: Mapping[str, Any]) -> bool:
    """Whether it lies at more places than came along."""
    return bool(variant["inventoryItem"]["inventoryLevels"]["pageInfo"]["hasNextPage"])


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
