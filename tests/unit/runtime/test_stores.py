"""A connected shop is read into the catalogue: whole, again from where it stopped, and with what is wrong listed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tortoise.exceptions import OperationalError

from bot.core.errors import StorageUnavailable, StoreUnavailable, Unauthorised
from bot.core.events import OrderChanged
from bot.core.store import Hint, StorePlace, StoreProduct, StoreVariant, ThereOrder
from bot.runtime import store_syncing
from bot.runtime.lease import WholeDatabase
from bot.runtime.order_steps import Stepped
from bot.runtime.store_sending import Steps
from bot.runtime.store_syncing import Connected, Rest, Syncing
from bot.services import (
    product_pictures,
    products,
    store_following,
    store_hints,
    store_privacy,
    store_products,
    store_states,
)
from bot.services.filing import Filing, Limits
from bot.services.payments import PaymentView
from bot.services.store_states import SyncView
from bot.settings.secret import Secret
from bot.storage import media
from bot.storage.keys import new_key
from bot.storage.local import LocalStorage
from bot.stores.woocommerce import Settings
from bot.stores.woocommerce.store import PAGE, WooCommerce
from bot.strangers import Strangers
from models import (
    Attachment,
    Category,
    Effect,
    Place,
    Price,
    Product,
    ProductPicture,
    Stock,
    StoreConflict,
    StoreProblem,
    StoreSeen,
    Variant,
)
from models.database import close_database, open_database
from tests.kit.platforms.woocommerce import HOOK_SECRET, KEY, SECRET, WooCommerceServer
from tests.kit.wire_faults import Cut, Garbage, Status, TooMany
from tests.unit.pictures import png

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Reader:
    """A connected shop, and who reads it."""

    def __init__(self, server: WooCommerceServer, folder: Path, **settings: Any) -> None:
        self.server = server
        told: dict[str, Any] = {
            "url": server.base, "consumer_key": Secret(KEY), "consumer_secret": Secret(SECRET),
            "webhook_secret": Secret(HOOK_SECRET), "timeout": 5.0,
        }  # fmt: skip
        self.store = WooCommerce(Settings(**(told | settings)))
        self.store._pictures = Strangers(lambda _: True, fails=StoreUnavailable)
        self.now = NOW
        storage = LocalStorage(folder)
        filing = Filing(storage, media, new_key)
        limits = Limits(image=200_000, file=200_000)
        self.stepped: list[Stepped] = []
        self.noticed: list[tuple[str, str]] = []
        steps = Steps(self._follow, self.stepped.append, storage, lambda _: None, self._notice)
        connected = Connected(self.store, "en", 60)
        self.syncing = Syncing(connected, WholeDatabase(), filing, limits, lambda: self.now, steps)

    async def _follow(self, store: str, there: ThereOrder, now: datetime) -> Stepped:
        """As `order_steps.follow`, with nobody who is told."""
        moved = await store_following.take(store, there, now)
        return Stepped([], [OrderChanged(one.order.id) for one in moved[-1:]])

    async def _notice(self, payment: PaymentView, name: str) -> None:
        self.noticed.append((payment.key, name))

    async def reads(self) -> SyncView:
        """One round."""
        await self.syncing.round()
        return await store_states.view("woocommerce")


@pytest.fixture
async def server() -> AsyncIterator[WooCommerceServer]:
    async with WooCommerceServer(NOW - timedelta(days=1)) as server:
        yield server


@pytest.fixture
async def reader(server: WooCommerceServer, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Reader]:
    await open_database(sqlite_url)
    reader = Reader(server, tmp_path)
    yield reader
    await reader.store.close()
    await close_database()


@pytest.fixture
async def any_reader(server: WooCommerceServer, database: str, tmp_path: Path) -> AsyncIterator[Reader]:
    """On each engine."""
    reader = Reader(server, tmp_path)
    yield reader
    await reader.store.close()


async def problems() -> set[tuple[str, str]]:
    return {(row.external_id, row.code) for row in await StoreProblem.all()}


async def pieces(sku: str) -> dict[str, int]:
    return {row.place.code: row.pieces for row in await Stock.filter(variant__sku=sku).prefetch_related("place")}


async def test_a_product_with_variations_comes_with_prices_stock_and_picture(
    any_reader: Reader, server: WooCommerceServer
) -> None:
    server.pictures["tea.png"] = png()
    images = [{"src": f"{server.base}/wp-content/tea.png"}]
    rows = [
        {"id": 11, "price": "6.8000", "stock_quantity": 3, "chosen": {"Size": "100 g"}},
        {"id": 12, "price": "12", "regular_price": "15.00", "manage_stock": False, "chosen": {"Size": "200 g"}},
    ]
    server.varies(
        1, {"Size": ["100 g", "200 g"]}, rows, name="Longjing &amp; friends", images=images,
        description="<p>Green.</p><script>x()</script><p>Fresh &amp; mild.</p>", categories=[{"name": "Green"}],
    )  # fmt: skip
    view = await any_reader.reads()
    assert (view.state, view.done, view.total, view.error) == ("idle", 1, 1, "")
    row = await Product.get(store="woocommerce", external_id="1").prefetch_related("picture")
    assert (row.name, row.description, row.category) == (
        {"en": "Longjing & friends"}, {"en": "Green.\nFresh & mild."}, "Green",
    )  # fmt: skip
    assert row.options == [{"en": "Size"}]
    assert row.active
    assert row.picture is not None
    assert (row.picture.kind, row.picture.state, row.picture.public) == ("image", "stored", True)
    found = await Variant.filter(product_id=row.id).order_by("position")
    assert [(one.sku, one.external_id, one.option_values) for one in found] == [
        ("SKU-11", "11", [{"en": "100 g"}]),
        ("SKU-12", "12", [{"en": "200 g"}]),
    ]
    prices = await Price.filter(variant__product_id=row.id).order_by("variant_id")
    assert [(one.amount, one.compare_at, one.currency) for one in prices] == [(680, None, "EUR"), (1200, 1500, "EUR")]
    assert await pieces("SKU-11") == {"woocommerce-shop": 3}
    assert (await pieces("SKU-12"))["woocommerce-shop"] >= 1_000_000
    assert await problems() == set()
    assert server.refusals == []


async def test_what_is_wrong_is_listed_and_the_rest_goes_on(reader: Reader, server: WooCommerceServer) -> None:
    server.pictures |= {"huge.png": b"\x89PNG" + bytes(300_000), "words.txt": b"no picture"}
    server.sells(1, price="")
    server.sells(2, stock_quantity=-3)
    server.sells(3, images=[{"src": f"{server.base}/wp-content/huge.png"}])
    server.sells(4, name="<script>alert(1)</script>")
    server.sells(5, price="6.805")
    server.sells(6, type="external")
    server.sells(7, sku="SKU-2")
    server.sells(8, images=[{"src": f"{server.base}/wp-content/words.txt"}])
    server.sells(9)
    assert (await reader.reads()).state == "idle"
    assert await problems() == {
        ("1", "no_price"), ("2", "negative_stock"), ("3", "large_picture"), ("4", "markup"), ("5", "bad_price"),
        ("6", "not_by_piece"), ("7", "sku_taken"), ("8", "no_picture"),
    }  # fmt: skip
    assert set(await Product.all().values_list("external_id", flat=True)) == {"2", "3", "8", "9"}
    assert await pieces("SKU-2") == {"woocommerce-shop": 0}
    assert await Attachment.all().count() == 0
    server.sells(1, price="3.00")
    server.sells(2, stock_quantity=4)
    await reader.reads()
    assert {"1", "2"} & {id_ for id_, _ in await problems()} == set()
    assert await pieces("SKU-2") == {"woocommerce-shop": 4}


@pytest.mark.parametrize("fault", [Status(502), Garbage(), Cut(), TooMany(7)], ids=lambda one: type(one).__name__)
async def test_half_a_page_is_read_again_where_it_stopped(
    reader: Reader, server: WooCommerceServer, fault: Any
) -> None:
    for number in range(1, 2 * PAGE + 2):
        server.sells(number)
    await reader.store.who()
    server.fails("products", fault)
    rest = await reader.syncing.attempt()
    assert rest == Rest(7.0 if isinstance(fault, TooMany) else 2.0, is_quiet=True)
    view = await store_states.view("woocommerce")
    assert view.state == "waiting"
    assert view.error
    assert await reader.syncing.attempt() == Rest(60)
    assert (await store_states.view("woocommerce")).state == "idle"
    assert await Product.all().count() == 2 * PAGE + 1


def pages_of(server: WooCommerceServer) -> int:
    """How many pages of what was changed it was asked for."""
    return sum(call.query["orderby"] == "modified" for call in server.named("products"))


async def test_a_sync_that_ends_in_the_middle_goes_on_there(reader: Reader, server: WooCommerceServer) -> None:
    for number in range(1, 3 * PAGE + 1):
        server.sells(number)
    asked = reader.store.page

    async def breaks(cursor: str) -> Any:
        if await Product.all().count() >= 2 * PAGE - 1:
            raise StoreUnavailable("it went away")
        return await asked(cursor)

    reader.store.page = breaks  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        await reader.reads()
    before = await Product.all().count()
    asked_before = pages_of(server)
    assert PAGE < before < 3 * PAGE
    reader.store.page = asked  # type: ignore[method-assign]
    assert (await reader.reads()).state == "idle"
    assert await Product.all().count() == 3 * PAGE
    assert pages_of(server) - asked_before == 2  # not from the beginning


async def test_many_that_were_changed_within_a_second_are_all_read(reader: Reader, server: WooCommerceServer) -> None:
    for number in range(1, 2 * PAGE + 5):
        server.sells(number)["date_modified_gmt"] = "2026-11-22T08:00:00"
    assert (await reader.reads()).done >= 2 * PAGE + 4
    assert await Product.all().count() == 2 * PAGE + 4
    server.now += timedelta(hours=1)
    await reader.reads()
    calls = server.count("products")
    server.sells(3, price="9.99")
    await reader.reads()
    assert server.count("products") == calls + 1  # what is old is not read again
    assert (await Price.get(variant__sku="SKU-3")).amount == 999


async def test_a_category_of_ours_that_is_called_so_takes_what_is_new(
    any_reader: Reader, server: WooCommerceServer
) -> None:
    await Category.create(code="greens", name={"en": "green tea"})
    for id_, category in enumerate(("Green Tea", "Oolong"), 1):
        server.sells(id_, category, "6.80", categories=[{"name": category}])
    await any_reader.reads()
    assert await Product.all().order_by("external_id").values_list("category", flat=True) == ["greens", "Oolong"]


async def test_what_was_changed_here_too_is_shown_and_theirs_wins(
    any_reader: Reader, server: WooCommerceServer
) -> None:
    server.sells(1, "Longjing", "6.80")
    await any_reader.reads()
    row = await Product.get(external_id="1")
    row.name = {"en": "Dragon Well", "zh": "龙井"}
    row.category = "green"
    await row.save()
    variant = await Variant.get(product_id=row.id)
    await Price.filter(variant_id=variant.id).update(amount=700)
    await Price.create(variant_id=variant.id, currency="CNY", amount=5000)
    server.sells(1, "Longjing", "7.20")
    await any_reader.reads()
    await row.refresh_from_db()
    assert (row.name, row.category) == ({"en": "Longjing", "zh": "龙井"}, "green")
    assert dict(await Price.all().values_list("currency", "amount")) == {"EUR": 720, "CNY": 5000}
    found = {(one.field, one.ours, one.theirs) for one in await StoreConflict.all()}
    assert found == {("name", "Dragon Well", "Longjing"), ("price:1", "700", "720")}


async def test_a_product_of_ours_with_the_same_sku_becomes_the_shops(reader: Reader, server: WooCommerceServer) -> None:
    spec = products.ProductSpec(
        "SKU-1", {"en": "Ours", "zh": "我们的"},
        [products.VariantSpec("SKU-1", [products.PriceSpec(products.Money(500, "EUR"))])],
    )  # fmt: skip
    made = await products.save(spec, NOW)
    await Place.create(code="main", name={"en": "Shop"})
    await products.count("SKU-1", {"main": 9})
    server.sells(1, "Theirs", "5.00", stock_quantity=2)
    await reader.reads()
    row = await Product.get()
    assert (row.id, row.name, row.store) == (made.id, {"en": "Theirs", "zh": "我们的"}, "woocommerce")
    assert await pieces("SKU-1") == {"main": 0, "woocommerce-shop": 2}
    assert [one.ours for one in await StoreConflict.all()] == ["Ours"]


async def test_a_shop_gives_a_variants_sku_to_another(reader: Reader, server: WooCommerceServer) -> None:
    def sells(skus: dict[int, str]) -> None:
        options = {"Size": [f"{id_} g" for id_ in skus]}
        rows = [{"id": id_, "sku": sku, "price": "5", "chosen": {"Size": f"{id_} g"}} for id_, sku in skus.items()]
        server.varies(1, options, rows, sku="tea")
        server.touch(1)

    async def here() -> dict[str | None, tuple[int, str]]:
        return {one.external_id: (one.id, one.sku) for one in await Variant.filter(active=True)}

    sells({11: "A", 12: "B"})
    await reader.reads()
    first, second = (await here())["11"][0], (await here())["12"][0]
    sells({13: "A", 11: "B", 12: "C"})
    server.sells(2)
    assert (await reader.reads()).state == "idle"
    after = await here()
    assert (after["11"], after["12"], after["13"][1]) == ((first, "B"), (second, "C"), "A")
    assert after["13"][0] not in (first, second)
    sells({13: "B", 11: "B", 12: "C"})
    await reader.reads()
    assert (await problems(), await here()) == ({("1", "sku_twice")}, after | {"2": (await here())["2"]})
    sells({12: "B", 11: "C", 13: "A"})
    await reader.reads()
    assert (await problems(), (await here())["12"], (await here())["11"]) == (set(), (second, "B"), (first, "C"))
    sells({14: "B", 11: "C", 13: "A"})  # deleted there, and made again
    await reader.reads()
    assert ((await here())["14"], "12" in await here()) == ((second, "B"), False)


async def test_what_was_only_touched_is_not_written(reader: Reader, server: WooCommerceServer) -> None:
    server.sells(1)
    await reader.reads()
    before = (await Product.get()).updated_at
    reader.now += timedelta(hours=1)
    server.touch(1)
    assert (await reader.reads()).done == 1
    assert (await Product.get()).updated_at == before
    assert (await StoreSeen.get()).digest


async def test_a_key_that_is_refused_is_said_and_tried_again_later(server: WooCommerceServer, reader: Reader) -> None:
    server.fails("currency", Status(401, "no such key"))
    server.sells(1)
    assert await reader.syncing.attempt() == Rest(300, is_quiet=True)
    view = await store_states.view("woocommerce")
    assert (view.state, "stores.woocommerce" in view.error) == ("stopped", True)
    server.fails("currency", Status(401, "no such key"))
    with pytest.raises(Unauthorised):
        await reader.store.who()


async def test_once_a_day_all_is_compared_and_what_differs_is_mended(reader: Reader, server: WooCommerceServer) -> None:
    for number in range(1, 5):
        server.sells(number)
    server.sells(5, sku="SKU-1")
    server.sells(6)
    await reader.reads()
    assert await problems() == {("5", "sku_taken")}
    server.products[2] |= {"price": "9.99", "date_modified_gmt": "2026-11-20T00:00:00"}  # a clock that was set back
    server.bins(3)
    server.products[5]["sku"] = "SKU-5"
    asked = server.count("product")
    reader.now += timedelta(hours=23)
    await reader.reads()
    assert server.count("product") == asked
    reader.now += timedelta(hours=1)
    await reader.reads()
    assert (await Price.get(variant__sku="SKU-2")).amount == 999
    assert {row.external_id: row.active for row in await Product.all()} == {
        "1": True, "2": True, "3": False, "4": True, "5": True, "6": True,
    }  # fmt: skip
    assert await problems() == set()
    assert server.count("product") == asked + 3


async def test_a_database_that_is_away_for_a_moment_ends_no_reader(
    reader: Reader, server: WooCommerceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_syncing, "DELAYS", (0.01,))
    asked = store_states.tries
    away = [OperationalError("the server closed the connection")]

    async def tries(store: str) -> int:
        if away:
            raise away.pop()
        return await asked(store)

    monkeypatch.setattr(store_states, "tries", tries)
    server.sells(1)
    server.fails("products", Status(502))
    reader.syncing.start()
    try:
        async with asyncio.timeout(30):
            while not await Product.exists():
                await asyncio.sleep(0.01)
    finally:
        await reader.syncing.stop()
    assert not away


async def test_pieces_lie_no_more_where_the_shop_no_longer_says_so(reader: Reader) -> None:
    def tea(**pieces: int) -> StoreProduct:
        return StoreProduct("1", "", "Tea", (StoreVariant("1", "SKU-1", "6.80", pieces),), "EUR", NOW)

    shop = await store_products.known_places(
        store_products.Shop("shopify", "en"), [StorePlace("1", "Berlin"), StorePlace("2", "Bonn")]
    )
    await store_products.take(shop, [tea(**{"1": 4, "2": 3})], [], NOW)
    await store_products.take(shop, [tea(**{"1": 4})], [], NOW)
    assert await pieces("SKU-1") == {"shopify-1": 4, "shopify-2": 0}


async def test_a_shop_that_left_can_be_connected_again(reader: Reader, server: WooCommerceServer) -> None:
    server.sells(1)
    await reader.reads()
    await store_privacy.untie("woocommerce", NOW)
    assert (await reader.reads()).state == "idle"
    assert await pieces("SKU-1") == {"woocommerce-shop": 5}
    assert (await Product.get()).store == "woocommerce"


async def test_what_cannot_be_read_is_listed_stays_as_it_was_and_stops_nothing(
    reader: Reader, server: WooCommerceServer
) -> None:
    for number in range(1, 4):
        server.sells(number)
    await reader.reads()
    server.products[1] |= {"images": None}
    server.touch(1)
    server.sells(2, stock_quantity=3_000_000_000)
    server.sells(3)["date_modified_gmt"] = None
    server.sells(4)
    assert (await reader.reads()).state == "idle"
    assert await problems() == {("1", "unreadable")}
    assert await Product.filter(active=True).count() == 4
    assert await pieces("SKU-2") == {"woocommerce-shop": 1_000_000_000}


async def test_what_cannot_be_asked_for_waits_by_itself(reader: Reader, server: WooCommerceServer) -> None:
    for number in (1, 2, 3):
        server.sells(number)
    await reader.reads()
    for number in (1, 2):
        server.products[number]["price"] = "9.99"  # only its webhook tells of it
    server.products[3] |= {"date_modified_gmt": "2026-11-20T00:00:00", "price": "9.99"}
    told = [Hint(f"told:{number}", "product.updated", "product", str(number)) for number in (1, 2)]
    await store_hints.keep("woocommerce", told, NOW)
    server.fails("product", Status(500))
    assert await reader.syncing.attempt() == Rest(60)
    assert await Price.filter(amount=999).values_list("variant__sku", flat=True) == ["SKU-2"]
    reader.now += timedelta(days=1)
    server.fails("product", Status(500), Status(500))  # of what was told, and of what the daily look finds
    assert await reader.syncing.attempt() == Rest(60)
    assert (await store_states.view("woocommerce")).compared_at == reader.now
    assert not await store_hints.any_waiting("woocommerce", reader.now)
    reader.now += timedelta(minutes=2)
    await reader.syncing.attempt()
    assert await Price.filter(amount=999).count() == 3


async def test_a_product_that_the_shop_breaks_at_holds_up_no_page(reader: Reader, server: WooCommerceServer) -> None:
    rows = [{"id": 11, "price": "6.80", "stock_quantity": 3, "chosen": {"Size": "100 g"}}]
    server.varies(1, {"Size": ["100 g"]}, rows)
    server.sells(2)
    server.fails("variations", *[Status(500)] * 2)
    assert (await reader.reads()).state == "idle"
    assert await Product.all().values_list("external_id", flat=True) == ["2"]
    assert await problems() == {("1", "unreadable")}
    for seconds in (31, 31, 121):
        reader.now += timedelta(seconds=seconds)
        await reader.reads()
    assert await problems() == set()
    assert await pieces("SKU-11") == {"woocommerce-shop": 3}
    server.varies(1, {"Size": ["100 g"]}, rows)
    server.fails("variations", Status(500))
    server.fails("currency", Status(500))  # it is the shop
    with pytest.raises(StoreUnavailable):
        await reader.reads()
    assert await problems() == set()


async def test_pictures_that_were_fetched_beside_one_that_cannot_be_kept_are_kept_by_nobody(
    reader: Reader, server: WooCommerceServer, tmp_path: Path
) -> None:
    server.pictures["tea.png"] = png()
    for number in range(1, 5):
        server.sells(number, images=[{"src": f"{server.base}/wp-content/tea.png?{number}"}])
    filing, kept = reader.syncing._taking._pictures._filing, 0
    keep = filing.keep

    async def fails(*told: Any, **more: Any) -> Any:
        nonlocal kept
        kept += 1
        if kept == 3:
            raise StorageUnavailable("the disk is full")
        return await keep(*told, **more)

    object.__setattr__(filing, "keep", fails)
    with pytest.raises(StorageUnavailable):
        await reader.reads()
    assert (kept, [one for one in tmp_path.rglob("*.png*") if one.is_file()]) == (4, [])
    await reader.reads()
    assert (await Attachment.all().count(), len([*tmp_path.rglob("*.png")])) == (4, 4)


async def test_a_shop_that_answers_nothing_at_all_is_left_alone(reader: Reader, server: WooCommerceServer) -> None:
    told = [Hint(f"told:{number}", "product.updated", "product", str(number)) for number in range(1, 9)]
    server.sells(1)
    await reader.reads()
    for seconds in (2.0, 10.0):
        await store_hints.keep("woocommerce", told, NOW)
        server.fails("product", *[Status(500)] * 3)
        assert await reader.syncing.attempt() == Rest(seconds, is_quiet=True)
    assert await reader.syncing.attempt() == Rest(60)


async def test_what_is_told_meanwhile_does_not_wait_for_all_pages(reader: Reader, server: WooCommerceServer) -> None:
    for number in range(1, 3 * PAGE + 1):
        server.sells(number)
    asked, left = reader.store.page, []

    async def told(cursor: str) -> Any:
        left.append(await store_hints.any_waiting("woocommerce", NOW))
        await store_hints.keep("woocommerce", [Hint(f"told:{len(left)}", "order.updated", "order", "9")], NOW)
        return await asked(cursor)

    reader.store.page = told  # type: ignore[method-assign]
    await reader.reads()
    assert len(left) > 2
    assert not any(left)


async def test_each_product_has_a_picture_of_its_own_as_long_as_the_shop_has_one(
    reader: Reader, server: WooCommerceServer, tmp_path: Path
) -> None:
    def files() -> int:
        return sum(path.suffix in (".jpg", ".png") for path in tmp_path.rglob("*"))

    server.pictures["tea.png"] = png()
    images = [{"src": f"{server.base}/wp-content/tea.png"}]
    server.sells(1, images=images)
    server.sells(2, images=images)
    await reader.reads()
    one = files() // 2
    assert len({row.storage_key for row in await Attachment.all()}) == 2
    server.sells(3, sku="SKU-1", images=images)
    for _ in range(2):
        server.touch(3)
        await reader.reads()
    assert await problems() == {("3", "sku_taken")}
    assert files() == 2 * one
    server.sells(1, images=[])
    await reader.reads()
    assert await Product.filter(picture_id__isnull=False).values_list("external_id", flat=True) == ["2"]
    gone = {msgspec.json.decode(one.payload)["key"] for one in await Effect.filter(kind="discard")}
    [left] = await Attachment.all()
    assert len(gone) == one
    assert not gone & {left.storage_key, left.display_key, left.thumb_key}


async def test_all_pictures_come_in_the_shops_order_and_ours_stand_behind(
    any_reader: Reader, server: WooCommerceServer
) -> None:
    async def addresses() -> list[str]:
        row = await Product.get(external_id="1")
        found = (await product_pictures.of([row.id]))[row.id]
        assert row.picture_id == (found[0] if found else None)
        known = dict(await ProductPicture.all().values_list("picture_id", "address"))
        return [known[one].rpartition("/")[2] for one in found]

    def sells(*names: str) -> None:
        server.sells(1, images=[{"src": f"{server.base}/wp-content/{name}"} for name in names])

    many = [f"{number}.png" for number in range(12)]
    server.pictures |= dict.fromkeys([*many, "a.png", "b.png", "c.png"], png())
    sells("a.png", "b.png", "a.png", "lost.png")
    await any_reader.reads()
    assert (await addresses(), await problems()) == (["a.png", "b.png"], {("1", "missing_picture")})
    row = await Product.get(external_id="1")
    ours = await Attachment.create(kind="image", state="stored", created_at=NOW, public=True)
    await product_pictures.put(row.id, [*(await product_pictures.of([row.id]))[row.id], ours.id])
    before = dict(await ProductPicture.all().values_list("address", "picture_id"))
    sells("c.png", "a.png")
    await any_reader.reads()
    assert (await addresses(), await problems()) == (["c.png", "a.png", ""], set())
    after = dict(await ProductPicture.all().values_list("address", "picture_id"))
    assert {name for name in before if after.get(name) == before[name]} == {f"{server.base}/wp-content/a.png", ""}
    sells("lost.png")
    await any_reader.reads()
    assert await addresses() == ["c.png", "a.png", ""]
    sells(*many)
    await any_reader.reads()
    assert await addresses() == many[: product_pictures.MOST]
    shown = (await product_pictures.of([row.id]))[row.id]
    await product_pictures.choose(row.id, shown[1:])  # staff take one off: ours has room again
    assert await addresses() == [*many[1 : product_pictures.MOST], ""]
    sells()
    await any_reader.reads()
    assert (await addresses(), await ProductPicture.all().count()) == ([""], 1)


async def test_the_picture_that_the_release_before_took_is_known(reader: Reader, server: WooCommerceServer) -> None:
    server.pictures |= {"a.png": png(), "b.png": png()}
    images = [{"src": f"{server.base}/wp-content/{name}.png"} for name in "ab"]
    server.sells(1, images=images[:1])
    await reader.reads()
    row = await Product.get(external_id="1")
    await ProductPicture.all().delete()
    server.sells(1, images=images)
    await reader.reads()
    assert (await product_pictures.of([row.id]))[row.id][0] == row.picture_id
    assert await Attachment.all().count() == 2


async def test_a_product_of_ours_is_known_by_the_sku_of_a_variant(reader: Reader) -> None:
    spec = products.ProductSpec("tea", {"en": "Tea"}, [
        products.VariantSpec(sku, [products.PriceSpec(products.Money(500, "EUR"))], values=[{"en": sku}])
        for sku in ("tea-100", "tea-200")
    ], options=[{"en": "Size"}])  # fmt: skip
    made = await products.save(spec, NOW)
    sizes = [StoreVariant(sku, sku, "5.00", {"1": 4}, (sku,)) for sku in ("tea-100", "tea-200")]
    there = StoreProduct("7", "", "Tea", tuple(sizes), "EUR", NOW, options=("Size",))
    shop = await store_products.known_places(store_products.Shop("shopify", "en"), [StorePlace("1", "Berlin")])
    await store_products.take(shop, [there], [], NOW)
    assert await problems() == set()
    row = await Product.get()
    assert (row.id, row.sku, row.external_id) == (made.id, "tea", "7")
    assert await pieces("tea-200") == {"shopify-1": 4}
