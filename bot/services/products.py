"""Products as the shop keeps them: with their variants, prices and places. Whoever changes one locks it first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tortoise.exceptions import IntegrityError

from bot.core.errors import Refused
from bot.core.money import Money
from bot.services import categories, product_pictures, product_search, stock
from bot.services.scope import words
from models import Attachment, Place, Price, Product, Variant, locks
from models.catalogue import Words
from models.database import transaction

MOST_OPTIONS, MOST_VARIANTS = 5, 500
#: Characters: of a sku, of what a product and a value are called, and of a description.
SKU, NAME, VALUE, DESCRIPTION = 64, 150, 60, 4000
MOST_PIECES = 1_000_000_000
#: Begins the sku of a variant between its former and its new one.
_MOVING = "\N{RIGHTWARDS ARROW}"


@dataclass(frozen=True, slots=True)
class PriceSpec:
    """What a piece costs in one currency, and what that is compared with."""

    price: Money
    compare_at: Money | None = None


@dataclass(frozen=True, slots=True)
class VariantSpec:
    """A variant as it shall be: a value for each of the product's options, and a price for each currency it is sold in.

    `was` is the sku that it has had so far, where that changes.
    """

    sku: str
    prices: Sequence[PriceSpec]
    values: Sequence[Words] = ()
    barcode: str = ""
    active: bool = True
    was: str = ""


@dataclass(frozen=True, slots=True)
class ProductSpec:
    """A product as it shall be, its variants in the shop's order; `pictures` None keeps those that it has.

    `category_name` is what its category is called from now on, for all its products; None keeps that.
    """

    sku: str
    name: Words
    variants: Sequence[VariantSpec]
    description: Words = field(default_factory=dict)
    category: str = ""
    options: Sequence[Words] = ()
    position: int = 0
    active: bool = True
    pictures: Sequence[int] | None = None
    category_name: Words | None = None


async def save(
    spec: ProductSpec, now: datetime, *, product_id: int | None = None, seen: datetime | None = None
) -> Product:
    """Make a product, or change the one of that id. A variant that is not named any more is no longer active.

    `seen` is when it had been changed last as whoever changes it saw it.
    Raises `Refused`: "no_product", "overtaken", "sku_taken"(sku), "no_file" for a picture that is gone, and "missing",
    "too_long"(most), "too_many"(most), "no_price"(sku), "bad_price"(sku), "bad_values"(sku), "same_values"(sku),
    "sku_twice"(sku) with the field's name.
    """
    check(spec)
    try:
        async with transaction():
            product = await _saved(spec, now, product_id, seen)
            if spec.category_name is not None and spec.category:
                await categories.call(spec.category, spec.category_name)
            await _save_variants(product, spec.variants, now)
            if spec.pictures is not None:
                await product_pictures.choose(product.id, spec.pictures)
            await product_search.write([product.id])
            return product
    except IntegrityError as error:
        raise await _clash(spec, product_id) from error


async def sell(product_id: int, active: bool, now: datetime) -> None:
    """It is for sale from now on, or no longer; all else of it stays. Raises `Refused("no_product")`."""
    row = await _locked(product_id)
    if row is None:
        raise Refused("no_product", sku="")
    row.active, row.updated_at = active, now
    await row.save(update_fields=["active", "updated_at"])
    await product_search.write([row.id])


def check(spec: ProductSpec) -> None:
    """What is wrong with a product. Raises `Refused` as `save` does."""
    for name, value, most in (("sku", spec.sku, SKU), ("category", spec.category, SKU)):
        _check_text(name, value, most, blank=name == "category")
    _check_words("name", spec.name, NAME)
    _check_words("description", spec.description, DESCRIPTION, blank=True)
    _check_words("category_name", spec.category_name or {}, SKU, blank=True)
    _check_count("options", len(spec.options), MOST_OPTIONS)
    for option in spec.options:
        _check_words("options", option, VALUE)
    _check_count("pictures", len(spec.pictures or ()), product_pictures.MOST)
    _check_count("variants", len(spec.variants), MOST_VARIANTS)
    if not spec.variants:
        raise Refused("missing", field="variants")
    for variant in spec.variants:
        _check_variant(variant, len(spec.options))
    _check_apart(spec.variants)


def _check_variant(variant: VariantSpec, options: int) -> None:
    _check_text("sku", variant.sku, SKU)
    _check_text("barcode", variant.barcode, SKU, blank=True)
    if len(variant.values) != options:
        raise Refused("bad_values", field="variants", sku=variant.sku)
    for value in variant.values:
        _check_words("variants", value, VALUE)
    if not variant.prices:
        raise Refused("no_price", field="prices", sku=variant.sku)
    currencies = [one.price.currency for one in variant.prices]
    compared = [one.compare_at for one in variant.prices if one.compare_at is not None]
    wrong = len(set(currencies)) < len(currencies) or min(one.price.amount for one in variant.prices) <= 0
    if wrong or any(one.amount <= 0 for one in compared):
        raise Refused("bad_price", field="prices", sku=variant.sku)


def _check_apart(variants: Sequence[VariantSpec]) -> None:
    """Each is a row of its own, and a choice of its own for the readers of each language."""
    skus, former = set[str](), set[str]()
    shown: dict[str, set[tuple[str, ...]]] = {"en": set(), "zh": set()}
    for one in variants:
        if one.sku in skus or one.was in former:
            raise Refused("sku_twice", field="sku", sku=one.sku)
        skus.add(one.sku)
        former |= {one.was} - {""}
        for language, known in shown.items():
            values = tuple(words(value, language) for value in one.values)
            if values in known:
                raise Refused("same_values", field="variants", sku=one.sku)
            known.add(values)


def _check_words(name: str, texts: Words, most: int, *, blank: bool = False) -> None:
    if not blank and not any(text.strip() for text in texts.values()):
        raise Refused("missing", field=name)
    for text in texts.values():
        _check_text(name, text, most, blank=True)


def _check_text(name: str, value: str, most: int, *, blank: bool = False) -> None:
    if not blank and not value.strip():
        raise Refused("missing", field=name)
    if len(value) > most:
        raise Refused("too_long", field=name, most=most, limit=most)


def _check_count(name: str, count: int, most: int) -> None:
    if count > most:
        raise Refused("too_many", field=name, most=most)


async def _locked(product_id: int) -> Product | None:
    await locks.products([product_id])
    return await Product.get_or_none(id=product_id)


async def _saved(spec: ProductSpec, now: datetime, product_id: int | None, seen: datetime | None) -> Product:
    row = Product() if product_id is None else await _locked(product_id)
    if row is None:
        raise Refused("no_product", sku=spec.sku)
    if seen is not None and row.updated_at != seen:
        raise Refused("overtaken")
    row.sku, row.name, row.description, row.category = spec.sku, spec.name, spec.description, spec.category
    row.options, row.position, row.active, row.updated_at = list(spec.options), spec.position, spec.active, now
    row.currency = ""  # what was changed here, the release before no longer sells
    if product_id is None:
        await row.save()
    else:  # not its pieces, which the release before counts meanwhile
        columns = "sku name description category options position active updated_at currency"
        await row.save(update_fields=columns.split())
    return row


async def _save_variants(product: Product, specs: Sequence[VariantSpec], now: datetime) -> None:
    known = await Variant.filter(product_id=product.id)
    rows = _rows(known, specs)
    wanted, claimed = {spec.sku for spec in specs}, {row.id for row in rows if row is not None}
    if left := [row for row in known if row.id not in claimed and row.sku in wanted]:  # orders name them
        raise Refused("sku_taken", field="sku", sku=left[0].sku)
    for spec, there in zip(specs, rows, strict=True):
        if there is not None and there.sku != spec.sku and there.sku in wanted:  # two of them may change places
            await Variant.filter(id=there.id).update(sku=f"{_MOVING}{there.id}")
    for position, (spec, there) in enumerate(zip(specs, rows, strict=True)):
        row = there or Variant(product_id=product.id)
        row.sku, row.barcode, row.option_values = spec.sku, spec.barcode, list(spec.values)
        row.position, row.active, row.updated_at = position, spec.active, now
        await row.save()
        await _save_prices(row, spec.prices)
    for row in known:
        if row.id not in claimed and row.active:  # orders and carts name it, and its pieces still lie there
            await Variant.filter(id=row.id).update(active=False, updated_at=now)


def _rows(known: Sequence[Variant], specs: Sequence[VariantSpec]) -> list[Variant | None]:
    """Which row each of them has so far: the one of its former sku, else of its sku where that is nobody else's."""
    by_sku = {row.sku: row for row in known}
    rows = [by_sku.pop(spec.was, None) if spec.was else None for spec in specs]
    return [row or by_sku.pop(spec.sku, None) for row, spec in zip(rows, specs, strict=True)]


async def _save_prices(row: Variant, wanted: Sequence[PriceSpec]) -> None:
    known = {price.currency: price for price in await Price.filter(variant_id=row.id)}
    for one in wanted:
        price = known.pop(one.price.currency, None) or Price(variant_id=row.id, currency=one.price.currency)
        price.amount, price.compare_at = one.price.amount, one.compare_at.amount if one.compare_at else None
        await price.save()
    await Price.filter(id__in=[price.id for price in known.values()]).delete()


async def _clash(spec: ProductSpec, product_id: int | None) -> Refused:
    """What the database takes it ill for: a picture that was deleted since it was chosen, or else a sku."""
    wanted = set(spec.pictures or ())
    if wanted and len(await locks.files(Attachment.filter(id__in=list(wanted)))) < len(wanted):
        return Refused("no_file", field="pictures")
    return Refused("sku_taken", field="sku", sku=await _taken(spec, product_id))


async def _taken(spec: ProductSpec, product_id: int | None) -> str:
    """Which of its skus another product has."""
    if await Product.filter(sku=spec.sku).exclude(id=product_id or 0).exists():
        return spec.sku
    others = Variant.filter(sku__in=[one.sku for one in spec.variants]).exclude(product_id=product_id or 0)
    found = await others.first()
    return found.sku if found else spec.sku


async def count(sku: str, pieces: Mapping[str, int], was: Mapping[str, int] | None = None) -> dict[str, int]:
    """So many pieces of a variant lie at each place, by its code; returns how many lay there before.

    `was` is what whoever counted had seen there: a sale meanwhile makes it another number, and nothing is written.
    Raises `Refused`: "no_product", "no_place"(place), "bad_quantity", "stock_moved"(place, pieces).
    """
    await locks.products_of([sku])
    row = await Variant.get_or_none(sku=sku)
    if row is None:
        raise Refused("no_product", sku=sku)
    places = {place.code: place.id for place in await Place.filter(code__in=list(pieces))}
    before = {}
    for code, many in pieces.items():
        if code not in places:
            raise Refused("no_place", place=code)
        if not 0 <= many <= MOST_PIECES:
            raise Refused("bad_quantity", quantity=many)
        before[code] = await stock.put(row.id, places[code], many)
        if was is not None and was.get(code, 0) != before[code]:
            raise Refused("stock_moved", place=code, pieces=before[code])
    return before


async def place(code: str, name: Words, *, active: bool = True, position: int = 0) -> Place:
    """A warehouse or a shop: make it, or change the one of that code. Raises `Refused`: "missing", "too_long"."""
    _check_text("code", code, SKU)
    _check_words("name", name, VALUE)
    row, _ = await Place.get_or_create({"name": name}, code=code)
    row.name, row.active, row.position = name, active, position
    await row.save()
    return row


async def places() -> list[Place]:
    """All of them, in the shop's order; there is one at least."""
    await stock.main()
    return await Place.all().order_by("position", "id")
