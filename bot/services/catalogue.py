"""What the shop sells, in the customer's language and currency, with what is free to buy at this moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.core.callback import Callback
from bot.core.errors import Refused
from bot.core.message import Attachment
from bot.core.money import Money
from bot.core.registry import reads
from bot.services import categories, listing, stock
from bot.services.attachments import as_core
from bot.services.categories import Kind
from bot.services.listing import Wanted
from bot.services.scope import Scope, words
from bot.services.variants import Priced, priced
from models import Product, Variant
from models.database import fetch, marks

#: Products of one page, where nobody asks for fewer.
MOST = 100
ALL = Wanted()


#: Begins the data of a link from a product's page into a conversation; the product's id follows.
LED = "product-"


class AboutProduct(Callback, prefix="about"):
    """Somebody wants to know more about a product: a button of the chat, or of the shop's page."""

    sku: str


class Add(Callback):
    """Put one of these into the cart."""

    sku: str


class Tell(Callback):
    """Tell them when this is back."""

    sku: str


@dataclass(frozen=True, slots=True)
class ProductView:
    """One product; `price` is that of its cheapest variant, `varies` when others cost more.

    `category` is the code that links have, `category_name` what people read; both "" where it is in none.

    `available` is what is free of all its variants, never below zero. `only` is the sku of its one variant, "" where
    there is something to choose.
    """

    sku: str
    name: str
    description: str
    price: Money
    available: int
    picture: Attachment | None
    category: str
    only: str
    varies: bool = False
    id: int = 0
    category_name: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Some products, and whether there are `more` after them."""

    products: tuple[ProductView, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class VariantView:
    """One variant: a value for each of the product's options."""

    sku: str
    values: tuple[str, ...]
    price: Money
    compare_at: Money | None
    available: int


@dataclass(frozen=True, slots=True)
class Range:
    """A product with what there is to choose: its options' names, and its variants in the shop's order."""

    product: ProductView
    options: tuple[str, ...]
    variants: tuple[VariantView, ...]


_OFFERED = (
    "SELECT v.product_id AS product, MIN(r.amount) AS lowest, MAX(r.amount) AS highest, COUNT(*) AS variants, "
    "MIN(v.sku) AS sku FROM variant v JOIN price r ON r.variant_id = v.id AND r.currency = ? "
    "WHERE v.product_id IN ({ids}) AND v.active GROUP BY v.product_id"
)


@reads
async def products(scope: Scope, first: int = 0, most: int = MOST, wanted: Wanted = ALL) -> Shelf:
    """What is for sale in the customer's currency and is wanted, from the `first` on (0: all)."""
    return await shelf(scope, await listing.ids(scope.currency, wanted, first, most), most)


async def ranges(scope: Scope, first: int, most: int) -> tuple[tuple[Range, ...], bool]:
    """`products` with their variants, and whether there are more after them."""
    ids = await listing.ids(scope.currency, ALL, first, most)
    found = {one.product.id: one for one in await _loaded(scope, ids[:most])}
    return tuple(found[id_].range(scope) for id_ in ids[:most] if id_ in found), len(ids) > most


async def shelf(scope: Scope, ids: Sequence[int], most: int) -> Shelf:
    """These products, in this order; one more than `most` of them says that there are more."""
    there = await _shown(scope, ids[:most])
    return Shelf(tuple(there[id_] for id_ in ids[:most] if id_ in there), len(ids) > most)


@reads
async def product(scope: Scope, sku: str) -> ProductView:
    """One product. Raises `Refused("no_product")` when it is not, or no longer, for sale."""
    row = await Product.get_or_none(sku=sku)
    found = await _shown(scope, [row.id] if row else [])
    if not row or not found:
        raise Refused("no_product", sku=sku)
    return found[row.id]


@reads
async def led_to(scope: Scope, data: str) -> ProductView:
    """The product that a link with this data is of. Raises as `product`."""
    number = data.removeprefix(LED)
    known = number.isascii() and number.isdigit() and len(number) < 19
    found = await _shown(scope, [int(number)] if known else [])
    if not found:
        raise Refused("no_product", sku="")
    return found[int(number)]


@reads
async def variants(scope: Scope, sku: str) -> Range:
    """A product with its variants. Raises as `product`."""
    return (await _of(scope, sku)).range(scope)


async def _of(scope: Scope, sku: str) -> _Loaded:
    row = await Product.get_or_none(sku=sku)
    found = await _loaded(scope, [row.id] if row else [])
    if not found:
        raise Refused("no_product", sku=sku)
    return found[0]


async def _shown(scope: Scope, ids: Sequence[int]) -> dict[int, ProductView]:
    """Of these products those that are for sale to this customer, however many variants they have."""
    if not ids:
        return {}
    offered = await fetch(_OFFERED.format(ids=marks(len(ids))), [scope.currency, *ids])
    free = await stock.of_products(ids, scope.currency, scope.now)
    of = {int(row["product"]): row for row in offered}
    rows = await Product.filter(id__in=list(of), active=True).prefetch_related("picture")
    kinds = await categories.named(row.category for row in rows)
    return {row.id: _offer(scope, row, kinds.get(row.category), of[row.id], free.get(row.id, 0)) for row in rows}


def _offer(scope: Scope, row: Product, kind: Kind | None, offered: Mapping[str, Any], free: int) -> ProductView:
    lowest, highest = (Money(int(offered[name]), scope.currency) for name in ("lowest", "highest"))
    only = offered["sku"] if int(offered["variants"]) == 1 else ""
    return _view(scope, row, kind, (lowest, highest), only, free)


def _view(
    scope: Scope, row: Product, kind: Kind | None, prices: tuple[Money, Money], only: str, available: int
) -> ProductView:
    lowest, highest = prices
    return ProductView(
        sku=row.sku,
        name=words(row.name, scope.locale),
        description=words(row.description, scope.locale),
        price=lowest,
        available=available,
        picture=as_core(row.picture) if row.picture else None,
        category=row.category,
        only=only,
        varies=lowest != highest,
        id=row.id,
        category_name=kind.called(scope.locale) if kind else "",
    )


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A product with the variants of it that are sold, at least one, and what is free of each."""

    product: Product
    kind: Kind | None
    sold: Sequence[Priced]
    free: Mapping[int, int]

    def view(self, scope: Scope) -> ProductView:
        prices = [one.price for one in self.sold]
        only = self.sold[0].row.sku if len(self.sold) == 1 else ""
        free = sum(self.free[one.row.id] for one in self.sold)
        return _view(scope, self.product, self.kind, (min(prices), max(prices)), only, free)

    def range(self, scope: Scope) -> Range:
        views = tuple(self.variant(one, scope.locale) for one in self.sold)
        return Range(self.view(scope), tuple(words(name, scope.locale) for name in self.product.options), views)

    def variant(self, one: Priced, locale: str) -> VariantView:
        return VariantView(
            sku=one.row.sku,
            values=tuple(words(value, locale) for value in one.row.option_values),
            price=one.price,
            compare_at=one.compare_at,
            available=self.free[one.row.id],
        )


async def _loaded(scope: Scope, ids: Sequence[int]) -> list[_Loaded]:
    """Of these products those that are for sale to this customer."""
    rows = await Product.filter(id__in=list(ids), active=True).order_by("position", "id").prefetch_related("picture")
    of = Variant.filter(product_id__in=[row.id for row in rows], active=True)
    there = await of.order_by("position", "id").prefetch_related("product")
    sold: dict[int, list[Priced]] = {}
    for one in (await priced(there, scope.currency)).values():
        if one.is_sold:
            sold.setdefault(one.row.product_id, []).append(one)
    free = await stock.available([one.row.id for group in sold.values() for one in group], scope.now)
    kinds = await categories.named(row.category for row in rows)
    return [_Loaded(row, kinds.get(row.category), sold[row.id], free) for row in rows if row.id in sold]
