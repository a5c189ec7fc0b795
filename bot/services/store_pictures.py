"""Pictures of products of a connected shop: which of them are not here yet, and what becomes of those that came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.store import StoreProduct
from bot.services import attachments, discards, product_pictures
from bot.services.filing import Filed
from bot.services.store_reading import Problem
from models import Attachment, Product, ProductPicture, StoreSeen


@dataclass(frozen=True, slots=True)
class Picture:
    """One of a product's pictures: its bytes are in the store, or why they are not."""

    product: str
    address: str
    filed: Filed | None = None
    problem: Problem | None = None


async def wanted(store: str, page: Sequence[StoreProduct]) -> list[tuple[str, str]]:
    """Products, by the shop's ids, and the addresses of their pictures that are not kept yet."""
    found: list[tuple[str, str]] = []
    for one in page:
        row = await Product.get_or_none(store=store, external_id=one.id)
        kept = await _kept(row, await StoreSeen.get_or_none(store=store, external_id=one.id)) if row else {}
        found += [(one.id, address) for address in _addresses(one) if address not in kept]
    return found


async def take(row: Product, there: StoreProduct, came: Sequence[Picture], seen: StoreSeen, now: datetime) -> bool:
    """The product has the shop's in its order, then ours; whether those that were fetched are its pictures now.

    What the shop has no more goes. Where it has some and none of them can be had, those that are here stay.
    """
    kept, fetched = await _kept(row, seen), {one.address: one.filed for one in came if one.filed is not None}
    theirs: dict[int, str] = {}
    for address in _addresses(there):
        if address in fetched:
            theirs[await attachments.filed(fetched[address], now)] = address
        elif address in kept:
            theirs[kept[address]] = address
    if there.pictures and not theirs:
        return False
    gone = await Attachment.filter(id__in=[one for one in kept.values() if one not in theirs])
    here = (await product_pictures.every([row.id]))[row.id]
    ours = [one for one in here if one not in kept.values()]
    await product_pictures.put(row.id, [*theirs, *ours], theirs)
    await Attachment.filter(id__in=[one.id for one in gone]).delete()
    await discards.later(attachments.keys(gone), now)
    seen.picture = next(iter(theirs.values()), "")
    return bool(fetched)


def _addresses(there: StoreProduct) -> list[str]:
    """Each once, those that there is room for."""
    return list(dict.fromkeys(filter(None, there.pictures)))[: product_pictures.MOST]


async def _kept(row: Product, seen: StoreSeen | None) -> dict[str, int]:
    """What came from there, by its address; the release before notes that of the first one with what it has seen."""
    rows = ProductPicture.filter(product_id=row.id).order_by("position", "id")
    known = dict(await rows.values_list("picture_id", "address"))
    if row.picture_id is not None and row.picture_id not in known and seen is not None:
        known[row.picture_id] = seen.picture
    return {address: picture for picture, address in known.items() if address}
