"""The demo shop fills an empty database once, and everything it says about itself is true."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

import models
from bot.core.errors import StorageUnavailable
from bot.core.ports import StoredFile
from bot.demo import fill
from bot.demo.fill import PICTURES
from bot.demo.goods import GOODS
from bot.services import catalogue, reviews
from bot.services.scope import Scope
from bot.storage.local import LocalStorage
from models import Attachment, Effect, Inbound, Order, OrderLine, Payment, Product, Review
from models.database import close_database, migrate, open_database

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SHOPPER = Scope(1, 1, 1, "webchat", "zh", NOW, "CNY")


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[LocalStorage]:
    await open_database(f"sqlite://{tmp_path / 'demo.db'}?synchronous=OFF")
    await migrate()
    made = LocalStorage(tmp_path / "files")
    yield made
    await made.close()
    await close_database()


async def counts() -> dict[str, int]:
    """Rows in every table."""
    return {name: await getattr(models, name).all().count() for name in models.__all__}


async def test_it_fills_once(storage: LocalStorage) -> None:
    assert await fill(storage, NOW) is True
    first = await counts()
    assert await fill(storage, NOW + timedelta(days=1)) is False
    assert await counts() == first
    assert (first["Product"], first["Review"], first["Contact"]) == (10, 10, 13)


async def test_it_sends_nothing(storage: LocalStorage) -> None:
    await fill(storage, NOW)
    assert (await Effect.all().count(), await Inbound.all().count()) == (0, 0)


async def test_the_shelves_are_full_in_both_languages(storage: LocalStorage) -> None:
    await fill(storage, NOW)
    shown = (await catalogue.products(SHOPPER)).products
    assert [product.sku for product in shown] == [good.sku for good in GOODS]
    for product, good in zip(shown, GOODS, strict=True):
        pieces = sum(kind.stock for kind in good.kinds)
        assert (product.name, product.description, product.available) == (good.zh, good.about_zh, pieces)
        assert product.picture is not None
    row = await Product.get(sku="longjing")
    assert set(row.name) == set(row.description) == {"en", "zh"}


async def test_some_have_options_and_some_are_sold_out(storage: LocalStorage) -> None:
    await fill(storage, NOW)
    tea, cup = [await catalogue.variants(SHOPPER, sku) for sku in ("tieguanyin", "cups")]
    assert (tea.options, [one.values for one in tea.variants]) == (("重量",), [("50 克",), ("250 克",)])
    assert (tea.product.price.decimal, tea.product.varies, tea.product.only) == (Decimal("48.00"), True, "")
    assert [(one.values, one.available) for one in cup.variants] == [(("天青",), 16), (("梅子青",), 0), (("月白",), 9)]
    shown = (await catalogue.products(SHOPPER)).products
    assert [product.sku for product in shown if not product.available] == ["silver-needle"]


async def test_every_picture_can_be_seen(storage: LocalStorage) -> None:
    await fill(storage, NOW)
    rows = await Attachment.all()
    assert len(rows) == len(GOODS)
    for row in rows:
        assert (row.state, row.public, row.conversation_id) == ("stored", True, None)
        for key, side in ((row.display_key, 800), (row.thumb_key, 320)):
            data = b"".join([chunk async for chunk in storage.open(key)])
            assert Image.open(BytesIO(data)).size == (side, side)
            assert len(data) < 60_000


def test_no_two_pictures_are_the_same() -> None:
    assert {path.name for path in PICTURES.glob("*.webp")} == {
        f"{good.sku}{suffix}.webp" for good in GOODS for suffix in ("", ".thumb")
    }
    assert len({path.read_bytes() for path in PICTURES.iterdir()}) == 2 * len(GOODS)


async def test_reviews_are_in_both_languages_and_hide_the_surname(storage: LocalStorage) -> None:
    await fill(storage, NOW)
    shown = await reviews.public("en", None, 20)
    assert {review.locale for review in shown} == {"en", "zh"}
    assert [review.display_name for review in shown if review.locale == "zh"] == ["王**", "李**", "陈**", "孙**"]
    assert await Review.filter(state="pending").count() == 2
    for review in await Review.all().select_related("order"):
        assert review.order is not None
        assert review.order.state == "completed"
        assert review.order.updated_at < review.created_at


async def test_the_books_add_up(storage: LocalStorage) -> None:
    await fill(storage, NOW)
    orders = await Order.all()
    assert len(orders) > 90
    assert {order.account for order in orders} == {"webchat", "telegram"}
    assert {order.state for order in orders} >= {"completed", "shipped", "expired", "refunded"}
    assert all(order.created_at <= order.updated_at < NOW for order in orders)
    for order in orders:
        lines = await OrderLine.filter(order_id=order.id)
        assert order.total == sum(line.price * line.quantity for line in lines)
        paid = await Payment.filter(order_id=order.id)
        assert sum(payment.captured for payment in paid) == (order.total if order.paid_at else 0)
        assert sum(payment.refunded for payment in paid) == (order.total if order.state == "refunded" else 0)


async def test_it_is_the_same_each_time_but_for_the_numbers(storage: LocalStorage, tmp_path: Path) -> None:
    await fill(storage, NOW)
    first = await Order.all().order_by("id").values("total", "account", "state", "created_at", "contact_id")
    await close_database()
    await open_database(f"sqlite://{tmp_path / 'again.db'}?synchronous=OFF")
    await migrate()
    await fill(storage, NOW)
    again = await Order.all().order_by("id").values("total", "account", "state", "created_at", "contact_id")
    assert again == first


class FullDisk(LocalStorage):
    """A store that takes three files."""

    taken = 0

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, media_type: str, limit: int) -> StoredFile:
        self.taken += 1
        if self.taken > 3:
            raise StorageUnavailable("full")
        return await super().put(key, chunks, media_type=media_type, limit=limit)


async def test_a_full_disk_leaves_nothing_half_filled(storage: LocalStorage, tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable):
        await fill(FullDisk(tmp_path / "full"), NOW)
    assert set((await counts()).values()) == {0}
    assert await fill(storage, NOW) is True


async def test_it_is_quick(storage: LocalStorage) -> None:
    start = time.process_time()
    await fill(storage, NOW)
    assert time.process_time() - start < 2.0
