"""Takes products of a connected shop into the catalogue. Which side wins a field: docs/shops.md.

What cannot be taken becomes a problem with its cure, and the rest goes on; what was changed here and there becomes a
conflict that keeps the value that lost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from bot.core.errors import Refused
from bot.core.store import Brief, StorePlace, StoreProduct
from bot.services import categories, product_search, products, stock, store_bills, store_orders, store_pictures
from bot.services.order_states import UNSENT
from bot.services.store_pictures import Picture
from bot.services.store_reading import Problem, Reading, read
from models import Place, Price, Product, Stock, StoreConflict, StoreProblem, StoreSeen, Variant, locks
from models.database import transaction

#: Pieces of what nobody counts in the shop.
PLENTY = 1_000_000
TEXT = 2000  # characters of a value that lost
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Shop:
    """A connected shop, the language of its texts, and its places by their ids there."""

    store: str
    language: str
    places: Mapping[str, int] = field(default_factory=dict)


async def known_places(shop: Shop, there: Iterable[StorePlace]) -> Shop:
    """The shop with its places, each made or changed as it is there; one that is gone is closed."""
    found = {place.external_id or "": place for place in await Place.filter(store=shop.store)}
    places = {}
    for position, one in enumerate(sorted(there, key=lambda one: not one.active)):  # pieces are kept at the first one
        row = found.pop(one.id, None) or await _place(f"{shop.store}-{one.id}"[:64])
        row.store, row.external_id = shop.store, one.id
        row.name = {**(row.name or {}), shop.language: one.name[: products.VALUE]}
        row.active, row.position = one.active, row.position or position
        await row.save()
        places[one.id] = row.id
    await Place.filter(id__in=[row.id for row in found.values()]).update(active=False)
    return replace(shop, places=places)


async def _place(code: str) -> Place:
    """A new one; or that of a shop which was untied, and is connected again."""
    return await Place.get_or_none(code=code, store=None) or Place(code=code)


async def changed(shop: Shop, page: Sequence[StoreProduct]) -> list[StoreProduct]:
    """Those of a page that are not as they were taken last."""
    seen = StoreSeen.filter(store=shop.store, external_id__in=[one.id for one in page])
    digests = dict(await seen.values_list("external_id", "digest"))
    return [one for one in page if digests.get(one.id) != _digest(shop, one)]


async def differing(shop: Shop, some: Sequence[Brief]) -> list[str]:
    """Those that are not here as they are there, or could not be taken."""
    seen = StoreSeen.filter(store=shop.store, external_id__in=[one.id for one in some])
    known = {row.external_id: row for row in await seen}
    return [one.id for one in some if not _is_same(known.get(one.id), one)]


def _is_same(seen: StoreSeen | None, there: Brief) -> bool:
    return seen is not None and bool(seen.digest) and seen.changed_at == there.updated_at


async def missing(shop: Shop, there: Collection[str]) -> list[str]:
    """Those of the shop's that are sold here, and are not among what is there."""
    here = await Product.filter(store=shop.store, active=True).only("id", "external_id")
    return [row.external_id for row in here if row.external_id and row.external_id not in there]


async def take(shop: Shop, page: Sequence[StoreProduct], pictures: Iterable[Picture], now: datetime) -> frozenset[str]:
    """These are in the shop as they are here from now on. Inside the caller's transaction.

    Returns the products whose fetched pictures are theirs now: nobody wants the others.
    """
    known = Product.filter(store=shop.store, external_id__in=[one.id for one in page])
    await locks.products([row.id for row in await known])
    came: dict[str, list[Picture]] = {}
    for one in pictures:
        came.setdefault(one.product, []).append(one)
    kinds = await categories.codes_of(shop.language)
    takings = [_Taking(shop, there, came.get(there.id, []), kinds, now) for there in page]
    for taking in takings:
        await taking.run()
    return frozenset([taking.there.id for taking in takings if taking.are_pictures_used])


async def gone(shop: Shop, id: str, now: datetime) -> None:  # noqa: A002
    """The shop has it no more: it is not sold, and orders that name it stay as they are."""
    row = await Product.get_or_none(store=shop.store, external_id=id)
    if row is not None and row.id in await locks.products([row.id]):
        await Product.filter(id=row.id).update(active=False, updated_at=now)
        await product_search.write([row.id])
    await StoreSeen.filter(store=shop.store, external_id=id).delete()
    await StoreProblem.filter(store=shop.store, external_id=id).delete()


async def trouble(store: str, code: str, problem: Problem | None, now: datetime) -> None:
    """What is wrong with the connection itself, of this kind, or nothing any more."""
    known = StoreProblem.filter(store=store, external_id="", code=code)
    if problem is None:
        await known.delete()
    elif not await known.update(facts=dict(problem.facts)):
        await StoreProblem.get_or_create(
            {"facts": dict(problem.facts), "at": now}, store=store, external_id="", code=code
        )


class _Taking:
    """One product on its way."""

    def __init__(
        self, shop: Shop, there: StoreProduct, pictures: Sequence[Picture], kinds: Mapping[str, str], now: datetime
    ) -> None:
        self._shop, self.there, self._pictures, self._kinds, self._now = shop, there, pictures, kinds, now
        self.are_pictures_used = False

    async def run(self) -> None:
        shop, there = self._shop, self.there
        seen = await StoreSeen.get_or_none(store=shop.store, external_id=there.id)
        seen = seen or StoreSeen(store=shop.store, external_id=there.id, said={})
        row = await self._row()
        reading = read(there)
        problems = list(reading.problems)
        try:
            async with transaction():
                row = await self._save(row, reading, seen)
        except Refused as error:
            problems.append(Problem.of(error))
        if row is not None and not reading.is_sold and not there.unread:
            await self._close(row)
        problems += [one.problem for one in self._pictures if one.problem is not None]
        seen.product_id = row.id if row else None
        seen.digest = "" if problems else _digest(shop, there)
        seen.changed_at = there.updated_at
        await seen.save()
        await self._tell(problems)

    async def _row(self) -> Product | None:
        """The product here: the one that was taken from there, or one of ours with its sku, or a variant's."""
        row = await Product.get_or_none(store=self._shop.store, external_id=self.there.id)
        if row is None and self.there.sku:
            row = await Product.get_or_none(sku=self.there.sku, store=None)
        if row is None:
            skus = [one.sku for one in self.there.variants if one.sku]
            found = await Product.filter(variants__sku__in=skus, store=None).distinct().limit(2) if skus else []
            row = found[0] if len(found) == 1 else None
        return row

    async def _save(self, row: Product | None, reading: Reading, seen: StoreSeen) -> Product | None:
        if not reading.is_sold:
            return row
        shop, is_ours = self._shop, row is not None and row.store is None
        variants = await Variant.filter(product_id=row.id) if row else []
        prices = await Price.filter(variant_id__in=[one.id for one in variants])
        if row is not None:
            ours = _ours(row, variants, prices, shop, reading)
            await self._note_conflicts(row, ours, seen.said or {}, reading)
        category = row.category if row else self._kinds.get(self.there.category.casefold(), self.there.category)
        spec = reading.spec(shop.language, shop.store, row, variants, prices, category)
        row = await products.save(spec, self._now, product_id=row.id if row else None)
        linked = {"store": shop.store, "external_updated_at": self.there.updated_at}
        await Product.filter(id=row.id).update(external_id=self.there.id, **linked)
        rows = {one.sku: one for one in await Variant.filter(product_id=row.id)}
        ids = [one.id for one in rows.values()]
        owed = await store_orders.owed(shop.store, ids, UNSENT)
        kept = await store_bills.kept(shop.store, ids, self._now)
        for one, made in zip(reading.variants, spec.variants, strict=True):
            variant = rows[made.sku]
            await Variant.filter(id=variant.id).update(external_id=one.id, **linked)
            await self._count(variant.id, one.pieces, owed, kept.get(variant.id, 0))
        if is_ours:  # what lay elsewhere was counted before the shop was connected
            other = Stock.filter(variant__product_id=row.id).exclude(place_id__in=list(shop.places.values()))
            await other.update(pieces=0)
        seen.said = reading.said()
        self.are_pictures_used = await store_pictures.take(row, self.there, self._pictures, seen, self._now)
        return row

    async def _count(
        self, variant: int, pieces: Mapping[str, int | None], owed: Mapping[tuple[int, int], int], kept: int
    ) -> None:
        """Its pieces by place; none lie any more where the shop does not say that it is.

        So many are `kept` there for bills of orders that hold them here: the shop has taken them off what it says.
        """
        for there, place in self._shop.places.items():
            if there not in pieces:
                continue
            said, lying = pieces[there], PLENTY
            if said is not None:
                lying, kept = max(0, said + kept - owed.get((variant, place), 0)), 0
            await stock.put(variant, place, lying)
        left = [place for there, place in self._shop.places.items() if there not in pieces]
        await Stock.filter(variant_id=variant, place_id__in=left, pieces__gt=0).update(pieces=0)

    async def _close(self, row: Product) -> None:
        if row.store is not None and row.active:
            await Product.filter(id=row.id).update(active=False, updated_at=self._now)
            await product_search.write([row.id])

    async def _note_conflicts(
        self, row: Product, ours: Mapping[str, Any], before: Mapping[str, Any], reading: Reading
    ) -> None:
        """What was changed here since the shop said it last is lost now: it is kept where staff see it."""
        for name, theirs in reading.said().items():
            mine = ours.get(name)
            if mine is None or mine in (theirs, before.get(name)):
                continue
            lost = {"ours": str(mine)[:TEXT], "theirs": str(theirs)[:TEXT], "at": self._now, "store": self._shop.store}
            await StoreConflict.update_or_create(lost, product_id=row.id, field=name[:100])

    async def _tell(self, problems: Sequence[Problem]) -> None:
        there = StoreProblem.filter(store=self._shop.store, external_id=self.there.id)
        await there.exclude(code__in=[one.code for one in problems]).delete()
        for one in problems:
            told = {"title": self.there.title[:200], "facts": dict(one.facts), "at": self._now}
            await StoreProblem.update_or_create(told, store=self._shop.store, external_id=self.there.id, code=one.code)


def _ours(
    row: Product, variants: Sequence[Variant], prices: Sequence[Price], shop: Shop, reading: Reading
) -> dict[str, Any]:
    """What stands here of the fields that the shop wins."""
    here = {one.id: one for one in variants}
    found: dict[str, Any] = {
        "name": row.name.get(shop.language),
        "description": row.description.get(shop.language),
        "active": row.active,
    }
    for price in prices:
        if price.currency == reading.currency:
            found[f"price:{here[price.variant_id].external_id or here[price.variant_id].sku}"] = price.amount
    return found


def _digest(shop: Shop, one: StoreProduct) -> str:
    """Of all that is taken, but for when it was changed: a product that was only touched is not written."""
    said = msgspec.json.encode((shop.language, replace(one, updated_at=_NEVER)))
    return hashlib.sha256(said).hexdigest()
