"""What the shop sells, in the customer's language, with what is free to buy at this moment."""

from __future__ import annotations

from dataclasses import dataclass

from tortoise.queryset import QuerySet

from bot.core.callback import Callback
from bot.core.errors import Refused
from bot.core.message import Attachment
from bot.core.money import Money
from bot.core.registry import reads
from bot.services import stock
from bot.services.attachments import as_core
from bot.services.scope import Scope, words
from models import Product


class AboutProduct(Callback, prefix="about"):
    """Somebody wants to know more about a product: a button of the chat, or of the shop's page."""

    sku: str


@dataclass(frozen=True, slots=True)
class ProductView:
    """One product; `available` is stock minus what open orders hold, never below zero."""

    sku: str
    name: str
    description: str
    price: Money
    available: int
    picture: Attachment | None
    category: str


@reads
async def products(scope: Scope) -> tuple[ProductView, ...]:
    """Everything for sale in the shop's currency, in the shop's order."""
    rows = await _for_sale(scope).order_by("position", "id").prefetch_related("picture")
    free = await stock.available(rows, scope.now)
    return tuple(_view(row, free[row.id], scope.locale) for row in rows)


@reads
async def product(scope: Scope, sku: str) -> ProductView:
    """One product. Raises `Refused("no_product")` when it is not, or no longer, for sale."""
    row = await _for_sale(scope).filter(sku=sku).prefetch_related("picture").first()
    if row is None:
        raise Refused("no_product", sku=sku)
    return _view(row, (await stock.available([row], scope.now))[row.id], scope.locale)


def _for_sale(scope: Scope) -> QuerySet[Product]:
    return Product.filter(active=True, currency=scope.currency)


def _view(row: Product, available: int, locale: str) -> ProductView:
    return ProductView(
        sku=row.sku,
        name=words(row.name, locale),
        description=words(row.description, locale),
        price=Money(row.price, row.currency),
        available=available,
        picture=as_core(row.picture) if row.picture else None,
        category=row.category,
    )
