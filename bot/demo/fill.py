"""Fills an empty database with the demo shop, once; a second call changes nothing.

Everything but the order numbers is the same each time, counted back from `now`. Nothing is sent to anybody.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

from bot.core.message import FileRef
from bot.core.money import Money
from bot.core.ports import Storage, StoredFile
from bot.demo.goods import CATEGORIES, GOODS, Good, Kind
from bot.demo.history import CURRENCY, write_history
from bot.services import attachments, products, stock
from bot.services.products import PriceSpec, ProductSpec, VariantSpec
from bot.services.variants import priced
from models import Setting, Variant
from models.catalogue import Words
from models.database import transaction

MARK = "demo"
PICTURES = Path(__file__).parent / "pictures"
SIDE = 800  # pixels of a picture, both ways
LIMIT = 100_000  # bytes of a picture


async def fill(storage: Storage, now: datetime) -> bool:
    """Put the shop into the database and its pictures into the store; false when that was done before.

    Raises `StorageUnavailable`; then nothing was filled, and it can be tried again.
    """
    if await Setting.filter(name=MARK).exists():
        return False
    pictures = {good.sku: await _store(storage, good) for good in GOODS}
    async with transaction():
        _, is_first = await Setting.get_or_create(name=MARK, defaults={"value": now.isoformat()})
        if not is_first:
            return False
        for position, good in enumerate(GOODS):
            await _product(good, position, *pictures[good.sku], now)
        there = await Variant.filter(product__sku__in=list(pictures)).order_by("id").select_related("product")
        sold = await priced(there, CURRENCY)
        await write_history({one.row.sku: one for one in sold.values()}, now)
    return True


async def _store(storage: Storage, good: Good) -> tuple[StoredFile, StoredFile]:
    """The picture and its thumbnail; keys by content, so that a second attempt leaves no second copy."""
    return await _put(storage, f"{good.sku}.webp"), await _put(storage, f"{good.sku}.thumb.webp")


async def _put(storage: Storage, name: str) -> StoredFile:
    data = (PICTURES / name).read_bytes()
    key = f"demo/{hashlib.sha256(data).hexdigest()[:32]}.webp"
    return await storage.put(key, _chunks(data), media_type="image/webp", limit=LIMIT)


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def _product(good: Good, position: int, picture: StoredFile, thumb: StoredFile, now: datetime) -> None:
    file = FileRef("image", "", f"{good.sku}.webp", "image/webp", picture.size)
    row = await attachments.create(file, now, public=True)
    await attachments.stored(row.id, picture, "image", "image/webp", picture.key, thumb.key, SIDE, SIDE)
    spec = ProductSpec(
        sku=good.sku,
        name=_words(good.en, good.zh),
        variants=[_variant(good, kind) for kind in good.kinds],
        description=_words(good.about_en, good.about_zh),
        category=good.category,
        category_name=_words(*CATEGORIES[good.category]),
        options=[_words(*good.option)] if any(good.option) else [],
        position=position,
        pictures=[row.id],
    )
    await products.save(spec, now)
    place = (await stock.main()).code
    for kind in good.kinds:
        await products.count(good.kind_sku(kind), {place: kind.stock})


def _variant(good: Good, kind: Kind) -> VariantSpec:
    values = [_words(kind.en, kind.zh)] if kind.code else []
    return VariantSpec(good.kind_sku(kind), [PriceSpec(Money(kind.price, CURRENCY))], values)


def _words(en: str, zh: str) -> Words:
    return {"en": en, "zh": zh}
