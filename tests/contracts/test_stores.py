"""What every connected shop does, whichever system it runs on; and what is Shopify's alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.core.billing import Bill, Extra
from bot.core.errors import BadInput, StoreUnavailable, Unauthorised
from bot.core.money import Money
from bot.core.ports import HookRequest
from bot.core.postal import NOWHERE, Postal
from bot.core.pricing import Charge
from bot.core.store import Dispatch, Hint, OutLine, OutOrder, Sent, SentLine, Store, StoreProduct, ThereOrder
from bot.services import products, store_products
from bot.settings.secret import Secret
from bot.stores import shopify, woocommerce
from bot.stores.shopify import queries
from bot.stores.shopify.api import AdminApi
from bot.stores.shopify.store import Shopify
from models import Product
from models.database import close_database, open_database
from tests.kit.platforms import shopify as fake_shopify
from tests.kit.platforms import woocommerce as fake_woocommerce
from tests.kit.platforms.posting import Delivery
from tests.kit.platforms.shopify import MOST_COST, RATE, ShopifyServer
from tests.kit.platforms.woocommerce import WooCommerceServer
from tests.kit.wire_faults import Cut, Garbage, Lost, Status, TooMany

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass
class Case:
    """A shop, its server, and how its merchant works."""

    store: Store
    server: Any
    read: str  # how the server calls the reading of a page
    tells: Callable[[str, Any], Delivery]

    def removes(self, id_: int) -> None:
        del self.server.products[id_]


def _woocommerce(server: WooCommerceServer) -> Case:
    settings = woocommerce.Settings(
        url=server.base,
        consumer_key=Secret(fake_woocommerce.KEY),
        consumer_secret=Secret(fake_woocommerce.SECRET),
        webhook_secret=Secret(fake_woocommerce.HOOK_SECRET),
    )
    return Case(
        woocommerce.opened(settings), server, "products", lambda about, row: server.tells(f"{about}.updated", row)
    )


def _shopify(server: ShopifyServer) -> Case:
    return Case(_open(server), server, "graphql", lambda about, row: server.tells(f"{about}s/update", row))


def _open(server: ShopifyServer, **more: Any) -> Shopify:
    told = {
        "shop": fake_shopify.SHOP, "access_token": Secret(fake_shopify.TOKEN),
        "client_secret": Secret(fake_shopify.SECRET), "api_base": server.base,
    }  # fmt: skip
    return shopify.opened(shopify.Settings(**(told | more)))


@pytest.fixture(params=["woocommerce", "shopify"])
async def case(request: pytest.FixtureRequest) -> AsyncIterator[Case]:
    server = {"woocommerce": WooCommerceServer, "shopify": ShopifyServer}[request.param](NOW - timedelta(days=1))
    async with server:
        made = {"woocommerce": _woocommerce, "shopify": _shopify}[request.param](server)
        yield made
        await made.store.close()


async def pages(store: Store, cursor: str = "") -> tuple[list[StoreProduct], str]:
    """All that was changed after the cursor, and where to go on."""
    found: list[StoreProduct] = []
    more = True
    while more:
        page = await store.page(cursor)
        found += page.products
        more, cursor = page.more, page.cursor
    return found, cursor


def call(delivery: Delivery, body: bytes | None = None, **headers: str) -> HookRequest:
    told = {name.lower(): value for name, value in delivery.headers.items()} | headers
    return HookRequest("POST", "/hooks/store/x", {}, told, delivery.body if body is None else body)


async def test_all_is_read_once_and_then_what_was_changed(case: Case) -> None:
    for number in range(1, 61):
        case.server.sells(number)
    found, cursor = await pages(case.store)
    ids = [one.id for one in found]
    assert list(dict.fromkeys(ids)) == [str(number) for number in range(1, 61)]
    assert len(ids) <= 66  # a page may begin a little before the end of the last one
    case.server.now += timedelta(hours=1)
    _, cursor = await pages(case.store, cursor)
    assert (await pages(case.store, cursor))[0] == []
    case.server.sells(7)
    found, cursor = await pages(case.store, cursor)
    assert [one.id for one in found] == ["7"]
    case.server.sells(61)
    assert "61" in {one.id for one in (await pages(case.store, cursor))[0]}


async def test_one_product_and_the_list_of_all(case: Case) -> None:
    for number in range(1, 4):
        case.server.sells(number)
    [first, *_], _ = await pages(case.store)
    assert await case.store.product("1") == first
    assert await case.store.product("99") is None
    case.removes(2)
    listed = [one async for some in case.store.every() for one in some]
    assert [one.id for one in listed] == ["1", "3"]
    assert listed[0].updated_at == first.updated_at


@pytest.mark.parametrize("fault", [Status(503), Garbage(), Cut(), TooMany(5), Status(500)])
async def test_what_is_no_answer_is_asked_again_later(case: Case, fault: Any) -> None:
    case.server.sells(1)
    await case.store.page("")
    case.server.fails(case.read, fault)
    with pytest.raises(StoreUnavailable) as error:
        await case.store.page("")
    assert error.value.after == (5.0 if isinstance(fault, TooMany) else None)
    assert len((await case.store.page("")).products) == 1


async def test_a_call_counts_by_its_very_bytes(case: Case) -> None:
    delivery = case.tells("product", {"id": 632910392, "order_id": 1})
    case.store.verify(call(delivery))
    [hint] = case.store.parse(call(delivery))
    assert (hint.about, hint.id) == ("product", "632910392")
    again = case.store.parse(call(delivery))
    assert again == [hint]  # the same delivery, tried again
    [other] = case.store.parse(call(case.tells("product", {"id": 632910392, "order_id": 1})))
    assert other.key != hint.key
    for forged in (call(delivery, delivery.body + b" "), call(delivery, b""), call(Delivery(delivery.body))):
        with pytest.raises(Unauthorised):
            case.store.verify(forged)
    assert case.store.parse(call(case.tells("customer", {"id": 1}))) == []
    with pytest.raises(BadInput):
        case.store.parse(call(case.tells("product", {"name": "none"})))
    assert case.store.answer().status == 200


def ordered(line: OutLine, number: str = "P7K2-4M9Q") -> OutOrder:
    return OutOrder(
        number, (line,), "Ann Lee", "555 0100", "1 Tea Lane\nTown", is_paid=True, since=NOW - timedelta(days=1)
    )


async def pieces(store: Store) -> int | None:
    found = await store.product("1")
    assert found is not None
    [variant] = found.variants
    return next(iter(variant.pieces.values()))


async def test_an_order_is_made_there_found_by_our_number_and_cancelled(case: Case) -> None:
    case.server.sells(1)
    [found], _ = await pages(case.store)
    order = ordered(OutLine("1", found.variants[0].id, 2, Money(650, "EUR")))
    assert await case.store.find(order) is None
    case.server.fails("order" if case.read == "products" else "graphql", Lost())
    with pytest.raises(StoreUnavailable):
        await case.store.push(order)  # the shop has it, and we do not know
    found_there = await case.store.find(order)
    assert found_there is not None
    made = found_there.id
    assert (made, Decimal(found_there.total)) == ("700", Decimal("13.00"))
    assert await case.store.find(ordered(order.lines[0], "AAAA-2222")) is None
    assert await pieces(case.store) == 3
    [row] = case.server.orders
    assert "6.5" in str(row) or "13.0" in str(row)  # what was paid here, not what it costs there by now
    assert "parley" in str(row)
    await case.store.cancel(made)
    assert await pieces(case.store) == 5
    became = await case.store.order(made)
    assert became is not None
    assert became.is_cancelled
    with pytest.raises(BadInput):
        await case.store.push(ordered(OutLine("99", "99", 1, Money(650, "EUR"))))
    with pytest.raises(BadInput):
        await case.store.cancel("999")


@pytest.mark.parametrize(
    ("country", "postal", "told"),
    [
        (
            "US",
            Postal("1 Main St", "", "Springfield", "IL", "62701"),
            {"1 Main St", "Springfield", "IL", "62701", "US"},
        ),
        ("PR", Postal("1 Calle Luna", "", "San Juan", "", "00901"), {"1 Calle Luna", "San Juan", "00901", "PR"}),
        ("US", Postal("1 Calle Luna", "", "San Juan", "PR", "00901"), {"1 Calle Luna", "San Juan", "00901", "PR"}),
        ("CN", Postal("文三路1号", "西湖区", "杭州市", "浙江省"), {"文三路1号", "西湖区", "杭州市", "浙江省", "CN"}),
        ("", NOWHERE, {"1 Tea Lane, Town"}),
    ],
)
async def test_where_it_goes_and_what_is_to_be_known_goes_along(
    case: Case, country: str, postal: Postal, told: set[str]
) -> None:
    case.server.sells(1)
    [found], _ = await pages(case.store)
    order = ordered(OutLine("1", found.variants[0].id, 1, Money(650, "EUR")))
    await case.store.push(replace(order, country=country, postal=postal, note="Ring twice"))
    [row] = case.server.orders
    to = row.get("shipping") or row["shippingAddress"]
    values = {part for value in to.values() for part in str(value).split(", ")} if country else set(to.values())
    assert told <= values
    if "PR" in told:  # a province there, a country here
        assert ("US" in values) == (case.read == "graphql")
    assert "Ring twice" in (row.get("customer_note") or row["note"])


OFF = Charge("discount", "TEA", "TEA", Money(-101, "EUR"))
POST = Charge("shipping", "post", "Post", Money(490, "EUR"))


CHARGES = (
    (OFF,),
    (POST, OFF),
    (OFF, POST, Charge("tax", "DE", "", Money(333, "EUR"), 19_000)),
    (OFF, POST, Charge("tax", "DE", "", Money(271, "EUR"), 19_000, included=True)),
)


@pytest.mark.parametrize("charges", CHARGES)
async def test_what_an_order_costs_there_is_what_it_cost_here(case: Case, charges: tuple[Charge, ...]) -> None:
    for number in (1, 2, 3):
        case.server.sells(number)
    found, _ = await pages(case.store)
    lines = [OutLine(one.id, one.variants[0].id, 1, Money(333, "EUR")) for one in found]
    order = replace(ordered(lines[0]), lines=tuple(lines), charges=charges)
    made = await case.store.push(order)
    assert Decimal(made.total) == order.total.decimal
    [row] = case.server.orders
    told = str(row)
    assert all(one.title in told and (one.included or one.name in told) for one in charges)


async def test_a_bill_asks_for_all_that_the_order_costs(server: ShopifyServer, shop: Shopify) -> None:
    server.sells(1)
    order = ordered(OutLine("1", "10", 2, Money(333, "EUR")))
    for charges in CHARGES:
        bill = Bill(f"{len(charges)}{charges[-1].included}", replace(order, charges=charges))
        bill = replace(bill, extras=(Extra("1 × Cup", Money(1299, "EUR")),), until=NOW + timedelta(minutes=30))
        made = await shop.bill(bill)
        assert await shop.bill(bill) == made  # its answer was lost, and it was found
        assert (Decimal(made.total), made.state, made.currency) == (bill.total.decimal, "open", "EUR")
    assert len(server.drafts.rows) == len(CHARGES)
    assert server.drafts.rows[0]["reserveInventoryUntil"] == "2026-11-23T09:30:00Z"
    sums = [Decimal(row["shippingLine"]["priceWithCurrency"]["amount"]) for row in server.drafts.rows]
    assert [bool(one) for one in sums] == [any(one.kind == "shipping" for one in charges) for charges in CHARGES]
    server.drafts.pays(0)
    paid = await shop.billed("500")
    assert paid is not None
    assert (paid.state, paid.order, paid.paid) == ("paid", "700", paid.total)
    with pytest.raises(BadInput):
        await shop.unbill("500")
    for _ in range(2):
        await shop.pay_back("500", Money(100, "EUR"), "refund:1")
    with pytest.raises(BadInput):
        await shop.pay_back("500", Money(10**6, "EUR"), "refund:2")
    assert await shop.paid_back("500", "refund:1") == "1.00"
    assert await shop.paid_back("500", "refund:2") is None
    with pytest.raises(BadInput):
        await shop.bill(replace(bill, key="gone", order=ordered(OutLine("9", "99", 1, Money(1, "EUR")))))
    assert await shop.billed("999") is None
    assert server.refusals == []


async def test_a_bill_of_woocommerce_is_an_order_that_waits_for_its_money() -> None:
    async with WooCommerceServer(NOW) as server:
        shop = _woocommerce(server).store
        assert isinstance(shop, woocommerce.store.WooCommerce)
        server.sells(1)
        order = ordered(OutLine("1", "1", 2, Money(333, "EUR")))
        for charges in CHARGES:
            bill = Bill(f"{len(charges)}{charges[-1].included}", replace(order, charges=charges))
            bill = replace(bill, extras=(Extra("1 × Cup", Money(1299, "EUR")),))
            made = await shop.bill(bill)
            assert await shop.bill(bill) == made  # its answer was lost, and it was found
            assert (Decimal(made.total), made.state, made.currency) == (bill.total.decimal, "open", "EUR")
            assert made.url.startswith(f"{server.base}/checkout/order-pay/{made.id}/")
        assert len(server.orders) == len(CHARGES)
        assert await shop.find(order) is None  # nobody has paid any of them: it is no order of ours
        assert server.products[1]["stock_quantity"] == 5
        server.pays(0)
        paid = await shop.billed("700")
        assert paid is not None
        assert (paid.state, paid.order, paid.paid) == ("paid", "700", paid.total)
        with pytest.raises(BadInput):
            await shop.unbill("700")
        for _ in range(2):
            await shop.pay_back("700", Money(100, "EUR"), "refund:1")
        for amount in (Money(10**6, "EUR"), Money(100, "CNY")):
            with pytest.raises(BadInput):
                await shop.pay_back("700", amount, "refund:2")
        assert await shop.paid_back("700", "refund:1") == "1.00"
        assert await shop.paid_back("700", "refund:2") is None
        server.orders[0]["given"][0]["refunded_payment"] = False  # its gateway is still asked, or never answered
        with pytest.raises(StoreUnavailable):
            await shop.paid_back("700", "refund:1")
        await shop.unbill("701")
        gone = await shop.billed("701")
        assert gone is not None
        assert gone.state == "gone"
        server.pays(2, later=True)
        later = await shop.billed("702")
        assert later is not None
        assert (later.state, later.is_reserved) == ("open", True)
        with pytest.raises(BadInput):
            await shop.unbill("702")
        assert len(server.refusals) == 0
        assert await shop.billed("999") is None
        await shop.close()


async def test_an_order_that_waits_for_its_money_is_paid_there_once(case: Case) -> None:
    case.server.sells(1)
    [found], _ = await pages(case.store)
    order = replace(ordered(OutLine("1", found.variants[0].id, 2, Money(650, "EUR"))), is_paid=False)
    made = await case.store.push(order)
    [row] = case.server.orders
    if case.read == "products":
        row["status"] = "pending"  # a rule of the shop's lets it wait
    for _ in range(2):
        await case.store.pay(made.id)
    assert row["status" if case.read == "products" else "displayFinancialStatus"] in ("processing", "PAID")
    with pytest.raises(BadInput):
        await case.store.pay("999")


async def test_what_became_of_an_order_there(case: Case) -> None:
    case.server.sells(1)
    [found], _ = await pages(case.store)
    made = (await case.store.push(ordered(OutLine("1", found.variants[0].id, 2, Money(650, "EUR"))))).id
    assert await case.store.order(made) == ThereOrder(made, is_sent=False, currency="EUR")
    told = case.tells("order", case.server.sends(0, number="SF1", back="6.50"))
    [hint] = case.store.parse(call(told))
    assert (hint.about, hint.id) == ("order", made)
    lines = (SentLine(found.variants[0].id, 2),) if case.read == "graphql" else None  # WooCommerce tells of no part
    sent = Dispatch("801" if lines else "sent", (Sent("SF Express", "SF1"),), lines)
    assert await case.store.order(made) == ThereOrder(
        made, is_sent=True, dispatches=(sent,), refunded="6.50", currency="EUR"
    )
    assert await case.store.order("999") is None


async def test_what_the_shop_gave_up_to_tell_is_asked_for_again(case: Case) -> None:
    case.server.webhooks.append(
        {"id": 1, "topic": "product.updated", "uri": "", "delivery_url": "https://other.example"}
    )
    case.server.webhooks[0]["topic"] = "PRODUCTS_UPDATE" if case.read == "graphql" else "product.updated"
    address = "https://parley.example/hooks/store/x"
    with pytest.raises(BadInput):
        await case.store.subscribe(address.replace("https", "http"))
    await case.store.subscribe(address)
    made = [row for row in case.server.webhooks if address in row.values()]
    assert len(made) == len({row["topic"] for row in made}) >= 3
    await case.store.subscribe(address)
    assert len(case.server.webhooks) == len(made) + 1
    if "status" in made[1]:
        made[1]["status"] = "disabled"
    else:
        case.server.webhooks.remove(made[1])
    await case.store.subscribe(address)
    again = [row for row in case.server.webhooks if address in row.values()]
    assert sorted(row["topic"] for row in again) == sorted(row["topic"] for row in made)
    assert {row.get("status", "active") for row in again} == {"active"}


async def test_the_unsigned_ping_of_woocommerce_does_nothing_and_nothing_else_comes_unsigned() -> None:
    async with WooCommerceServer(NOW) as server:
        store = _woocommerce(server).store
        ping = HookRequest("POST", "/", {}, {}, b"webhook_id=12")
        store.verify(ping)
        assert store.parse(ping) == []
        for body in (b"webhook_id=12&id=5", b"webhook_id=", b'{"webhook_id": 12}', b"webhook_id=1\n"):
            with pytest.raises(Unauthorised):
                store.verify(HookRequest("POST", "/", {}, {}, body))
        await store.close()


async def test_a_product_of_ours_becomes_the_shops_by_the_sku_of_a_variant(case: Case, sqlite_url: str) -> None:
    await open_database(sqlite_url)
    price = products.PriceSpec(products.Money(680, "EUR"))
    made = await products.save(
        products.ProductSpec("ours", {"en": "Ours"}, [products.VariantSpec("SKU-10", [price])]), NOW
    )
    if case.read == "products":
        case.server.varies(1, {"Size": ["S"]}, [{"id": 10, "price": "6.80", "chosen": {"Size": "S"}}], sku="")
    else:
        case.server.sells(1)
    found, _ = await pages(case.store)
    shop = await store_products.known_places(store_products.Shop(case.store.name, "en"), await case.store.places())
    await store_products.take(shop, found, [], NOW)
    assert await Product.all().values_list("id", "store", "external_id") == [(made.id, case.store.name, "1")]
    await close_database()


async def test_a_variation_of_woocommerce_is_its_product_and_a_new_secret_is_told_at_the_start() -> None:
    async with WooCommerceServer(NOW) as server:
        store = _woocommerce(server).store
        server.varies(1, {"Size": ["100 g"]}, [{"id": 11, "price": "6.80", "chosen": {"Size": "100 g"}}])
        said = server.variation(11)
        assert said is not None
        assert [one.id for one in store.parse(call(server.tells("product.updated", said)))] == ["1"]
        found = await store.product("11")
        assert found is not None
        assert (found.id, [one.id for one in found.variants]) == ("1", ["11"])
        address = "https://parley.example/hooks/store/x"
        await store.subscribe(address)
        server.webhooks[0]["secret"] = "before"
        again = _woocommerce(server).store
        for _ in range(2):
            await again.subscribe(address)
        assert {row["secret"] for row in server.webhooks} == {fake_woocommerce.HOOK_SECRET}
        assert server.count("resume") == len(server.webhooks)
        for one in (store, again):
            await one.close()


@pytest.fixture
async def server() -> AsyncIterator[ShopifyServer]:
    async with ShopifyServer(NOW) as server:
        yield server


@pytest.fixture
async def shop(server: ShopifyServer) -> AsyncIterator[Shopify]:
    made = _open(server, old_client_secret=Secret("shpss_before"))
    yield made
    await made.close()


async def test_what_does_not_come_with_a_page_is_asked_for_by_itself(server: ShopifyServer, shop: Shopify) -> None:
    for number in range(2, queries.ALL_LEVELS + 3):
        server.opens(number, f"Place {number}")
    sizes = [{"id": number, "price": "1", "chosen": {"Size": str(number)}} for number in range(100, 160)]
    server.sells(1, variants=sizes)
    server.sells(2, variants=[{"id": 9, "pieces": {number: number for number in server.locations}}])
    [many, wide], _ = await pages(shop)
    assert [one.values for one in many.variants] == [(str(number),) for number in range(100, 160)]
    assert wide.options == ()
    assert wide.variants[0].pieces == {str(number): number for number in server.locations}
    assert max(server.costs) <= MOST_COST
    assert server.refusals == []


async def test_all_pictures_of_a_product_in_their_order(server: ShopifyServer, shop: Shopify) -> None:
    urls = ["https://cdn.shopify.test/b.png?v=1", "", "https://cdn.shopify.test/a.png"]
    media = [{"id": str(at), "preview": {"image": {"url": url}} if url else None} for at, url in enumerate(urls)]
    server.sells(1, media=server.connected(media))
    [there] = (await shop.page("")).products
    assert there.pictures == (urls[0], urls[2])


async def test_pieces_that_nobody_counts(server: ShopifyServer, shop: Shopify) -> None:
    server.sells(1, variants=[
        {"id": 1, "chosen": {"Kind": "counted"}, "pieces": {1: 4}, "compare_at": "9.00"},
        {"id": 2, "chosen": {"Kind": "not tracked"}, "pieces": {1: 0}, "tracked": False},
        {"id": 3, "chosen": {"Kind": "sold on"}, "pieces": {1: -2}, "policy": "CONTINUE"},
        {"id": 4, "chosen": {"Kind": "oversold"}, "pieces": {1: -2}},
    ])  # fmt: skip
    [found], _ = await pages(shop)
    assert [one.pieces for one in found.variants] == [{"1": 4}, {"1": None}, {"1": None}, {"1": -2}]
    assert (found.variants[0].price, found.variants[0].compare_at) == ("6.80", "9.00")


async def test_an_empty_bucket_is_waited_for_and_not_longer_than_it_takes(server: ShopifyServer) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        server.now += timedelta(seconds=seconds)

    settings = shopify.Settings(
        shop=fake_shopify.SHOP, access_token=Secret(fake_shopify.TOKEN), client_secret=Secret("x"), api_base=server.base
    )
    api = AdminApi(settings, sleep, clock=lambda: sum(waited))
    asked = {"first": queries.PAGE, "after": None, "changed": None}
    for number in range(1, 12):
        server.sells(number, variants=[{"id": number * 10 + one, "chosen": {"No": str(one)}} for one in range(5)])
    for _ in range(9):
        before = server.spent
        await api.ask(queries.PRODUCTS, asked)
    assert sum(waited) == pytest.approx((before + server.costs[-1] - fake_shopify.BUCKET) / RATE)
    assert waited
    assert server.refusals == []  # it was never too fast
    server.available = 0.0  # another app of the shop's was there
    await api.ask(queries.PRODUCTS, asked)
    assert server.refusals == ["throttled"]
    await api.close()


async def test_both_spellings_of_the_headers_and_the_secret_before(server: ShopifyServer, shop: Shopify) -> None:
    row = {"id": 1, "admin_graphql_api_id": "gid://shopify/Product/1"}
    for delivery in (
        server.tells("products/update", row), server.tells("products/update", row, prefix=""),
        server.tells("products/update", row, secret="shpss_before"),
    ):  # fmt: skip
        shop.verify(call(delivery))
        assert [one.id for one in shop.parse(call(delivery))] == ["1"]
    both = call(server.tells("products/update", row, prefix=""), **{"x-shopify-hmac-sha256": "forged"})
    shop.verify(both)
    with pytest.raises(Unauthorised):
        shop.verify(call(server.tells("products/update", row, secret="")))
    with pytest.raises(Unauthorised):
        shop.verify(call(server.tells("products/update", row), **{"shopify-hmac-sha256": "forged"}))
    fulfilled: list[Hint] = shop.parse(call(server.tells("fulfillments/create", {"id": 5, "order_id": 77})))
    assert [(one.about, one.id) for one in fulfilled] == [("order", "77")]
    other = call(server.tells("products/update", row), **{"x-shopify-shop-domain": "other.myshopify.com"})
    assert shop.parse(other) == []


async def test_who_it_is_and_what_a_version_that_is_over_means(server: ShopifyServer, shop: Shopify) -> None:
    assert await shop.who() == "Tea (tea.myshopify.com), in EUR"
    old = _open(server, version="2025-01")
    assert "set stores.shopify.version" in await old.who()
    await old.close()
    wrong = _open(server, access_token=Secret("shpat_other"))
    with pytest.raises(Unauthorised, match=r"stores\.shopify\.access_token"):
        await wrong.who()
    await wrong.close()


async def test_what_the_index_finds_late_is_not_overlooked(server: ShopifyServer, shop: Shopify) -> None:
    server.sells(3)
    _, cursor = await pages(shop)
    server.now += timedelta(hours=1)
    server.late[1] = 100
    server.sells(1)
    server.now += timedelta(seconds=10)
    server.sells(2)
    found, cursor = await pages(shop, cursor)
    assert "1" not in {one.id for one in found}
    server.now += timedelta(seconds=100)
    assert "1" in {one.id for one in (await pages(shop, cursor))[0]}


async def test_an_order_with_a_variable_that_does_not_fit_is_refused_for_good(shop: Shopify) -> None:
    with pytest.raises(BadInput):
        await shop.push(ordered(OutLine("1", "10", 1, Money(650, "CHF"))))


async def test_a_part_of_an_order_is_told_with_its_lines(server: ShopifyServer, shop: Shopify) -> None:
    small, large = "gid://shopify/ProductVariant/10", "gid://shopify/ProductVariant/11"
    server.sells(1, variants=[{"id": 10, "chosen": {"Size": "S"}}, {"id": 11, "chosen": {"Size": "L"}}])
    lines = tuple(OutLine("1", id_, 3, Money(650, "EUR")) for id_ in ("10", "11"))
    made = await shop.push(replace(ordered(lines[0]), lines=lines))
    server.sends(0, number="SF1", pieces={small: 2})
    told = await shop.order(made.id)
    first = Dispatch("801", (Sent("SF Express", "SF1"),), (SentLine("10", 2),))
    assert told is not None
    assert (told.is_sent, told.dispatches) == (False, (first,))
    server.sends(0, number="SF2")
    gone = [{"id": f"{at}", "quantity": 1, "lineItem": {"id": "1", "variant": None}} for at in range(60)]
    last = {"id": "60", "quantity": 3, "lineItem": {"id": "2", "variant": {"id": large}}}
    server.orders[0]["fulfillments"][-1]["fulfillmentLineItems"] = server.connected([*gone, last])
    told = await shop.order(made.id)
    assert told is not None
    assert (told.is_sent, told.dispatches) == (
        True, (first, Dispatch("803", (Sent("SF Express", "SF2"),), (SentLine("11", 3),))),
    )  # fmt: skip
    assert server.refusals == []


async def test_an_order_that_left_in_many_parts_is_told_whole(server: ShopifyServer, shop: Shopify) -> None:
    server.sells(1)
    made = await shop.push(ordered(OutLine("1", "10", 30, Money(650, "EUR"))))
    for at in range(30):
        server.sends(0, number=f"SF{at}", pieces={"gid://shopify/ProductVariant/10": 1})
    told = await shop.order(made.id)
    assert told is not None
    assert [one.parcels[0].number for one in told.dispatches] == [f"SF{at}" for at in range(30)]
