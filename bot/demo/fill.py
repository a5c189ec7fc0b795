"""Fills an empty database with the demo shop, once; a second call changes nothing.

Everything but the order numbers is the same each time, counted back from `now`. Nothing is sent to anybody.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

from bot.core.message import FileRef
from bot.core.ports import Storage, StoredFile
from bot.demo.goods import GOODS, Good
from bot.demo.history import write_history
from bot.services import attachments
from models import Product, Setting
from models.database import transaction

MARK = "demo"
PICTURES = Path(__file__).parent / "pictures"
SIDE = 800  # pixels of a picture, both ways
LIMIT = 100_000  # bytes of a picture
CURRENCY = "CNY"


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
        products = {
            good.sku: await _product(good, position, *pictures[good.sku], now) for position, good in enumerate(GOODS)
        }
        await write_history(products, now)
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


async def _product(good: Good, position: int, picture: StoredFile, thumb: StoredFile, now: datetime) -> Product:
    file = FileRef("image", "", f"{good.sku}.webp", "image/webp", picture.size)
    row = await attachments.create(file, now, public=True)
    await attachments.stored(row.id, picture, "image", "image/webp", picture.key, thumb.key, SIDE, SIDE)
    return await Product.create(
        sku=good.sku,
        category=good.category,
        name={"en": good.en, "zh": good.zh},
        description={"en": good.about_en, "zh": good.about_zh},
        price=good.price,
        currency=CURRENCY,
        stock=good.stock,
        picture_id=row.id,
        position=position,
        updated_at=now,
    )
