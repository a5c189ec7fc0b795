"""A product in WooCommerce's words: one row, and one more for each of its variations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape
from typing import Any

from bot.core.errors import StoreUnavailable
from bot.core.store import StoreProduct, StoreVariant

#: Where everything lies: it knows of one place.
PLACE = "shop"
#: Kinds that are not sold by the piece.
UNSOLD = ("grouped", "external")
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
#: What reading raises of what is not as it is documented.
ODD = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError)


def read(row: Mapping[str, Any], variations: Sequence[Mapping[str, Any]], currency: str) -> StoreProduct:
    """A product of the API, or one that is `unread`: a plugin stands in the way. Raises `StoreUnavailable`."""
    try:
        return _product(row, variations, currency)
    except ODD as error:
        if not isinstance(row.get("id"), int):
            raise StoreUnavailable("WooCommerce answered with what is no product") from None
        return unread(row, currency, f"{type(error).__name__}: {error}")


def unread(row: Mapping[str, Any], currency: str, why: str) -> StoreProduct:
    """A product that stays as it is here."""
    title = str(row.get("name") or "")
    return StoreProduct(str(row["id"]), "", title, (), currency, changed_at(row), unread=why[:200])


def changed_at(row: Mapping[str, Any]) -> datetime:
    """When it was changed last; long ago where it does not tell, as of a draft."""
    told = row.get("date_modified_gmt") or row.get("date_created_gmt") or ""
    try:
        return datetime.fromisoformat(str(told)).replace(tzinfo=UTC)
    except ValueError:
        return NEVER


def _product(row: Mapping[str, Any], variations: Sequence[Mapping[str, Any]], currency: str) -> StoreProduct:
    axes = [one for one in row.get("attributes", ()) if one.get("variation")] if row["type"] == "variable" else []
    names = tuple(unescape(str(one["name"])) for one in axes)
    variants = [_variant(one, names, row) for one in variations] if row["type"] == "variable" else [_variant(row)]
    categories = [unescape(str(one["name"])) for one in row.get("categories", ())]
    return StoreProduct(
        id=str(row["id"]),
        sku=str(row.get("sku") or ""),
        title=unescape(str(row["name"])),
        variants=tuple(variants),
        currency=currency,
        updated_at=changed_at(row),
        description=str(row.get("short_description") or row.get("description") or ""),
        category=categories[0] if categories else "",
        options=names,
        pictures=tuple(str(one["src"]) for one in row.get("images", ())),
        active=row.get("status") == "publish" and row.get("catalog_visibility") != "hidden",
        unsold=row["type"] if row["type"] in UNSOLD else "",
    )


def _variant(
    row: Mapping[str, Any], names: Sequence[str] = (), parent: Mapping[str, Any] | None = None
) -> StoreVariant:
    chosen = {unescape(str(one["name"])): unescape(str(one["option"])) for one in row["attributes"]} if names else {}
    price, usual = str(row.get("price") or ""), str(row.get("regular_price") or "")
    return StoreVariant(
        id=str(row["id"]),
        # A variation without a sku of its own shows that of its product.
        sku=str(row.get("sku") or "") if parent is None or row.get("sku") != parent.get("sku") else "",
        price=price,
        pieces={PLACE: _pieces(row)},
        values=tuple(chosen.get(name, "") for name in names),
        compare_at=usual if usual != price else "",
        barcode=str(row.get("global_unique_id") or ""),
        active=parent is None or row.get("status", "publish") == "publish",
    )


def _pieces(row: Mapping[str, Any]) -> int | None:
    """None where nobody counts them; `manage_stock` may be "parent", whose number is then here, too."""
    if row.get("manage_stock") and row.get("stock_quantity") is not None:
        return int(Decimal(str(row["stock_quantity"])))
    return 0 if row.get("stock_status") == "outofstock" else None
