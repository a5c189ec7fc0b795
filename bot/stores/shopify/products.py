"""A product in Shopify's words: gids, money as decimal texts, pieces by location."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.core.errors import StoreUnavailable
from bot.core.store import StoreProduct, StoreVariant


def number(gid: str) -> str:
    """ "gid://shopify/Product/1" is "1"; so are its webhooks' ids."""
    return gid.rpartition("/")[2].partition("?")[0]


def gid(kind: str, id: str) -> str:  # noqa: A002 - the port's word
    """The other way round."""
    return f"gid://shopify/{kind}/{id}"


def read(row: Mapping[str, Any], variants: Sequence[Mapping[str, Any]], currency: str) -> StoreProduct:
    """A product of the API, or one that is `unread`. Raises `StoreUnavailable` for what has no id or time."""
    try:
        return _product(row, variants, currency)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if not row.get("id"):
            raise StoreUnavailable("Shopify answered with what is no product") from None
        return unread(row, currency, f"{type(error).__name__}: {error}")


def unread(row: Mapping[str, Any], currency: str, why: str) -> StoreProduct:
    """A product that stays as it is here. Raises `StoreUnavailable` for what has no id or time."""
    title = str(row.get("title") or "")
    return StoreProduct(number(str(row["id"])), "", title, (), currency, changed_at(row), unread=why[:200])


def changed_at(row: Mapping[str, Any]) -> datetime:
    """When it was changed last. Raises `StoreUnavailable`."""
    try:
        return datetime.fromisoformat(str(row["updatedAt"]))
    except (KeyError, ValueError):
        raise StoreUnavailable("Shopify answered with a product that has no time") from None


def _product(row: Mapping[str, Any], variants: Sequence[Mapping[str, Any]], currency: str) -> StoreProduct:
    # Every product has a variant; one without options is called "Default Title".
    options = () if row["hasOnlyDefaultVariant"] else tuple(str(one["name"]) for one in row["options"])
    media = (row.get("media") or {}).get("nodes") or []
    images = [((one or {}).get("preview") or {}).get("image") or {} for one in media]
    return StoreProduct(
        id=number(row["id"]),
        sku="",
        title=str(row["title"]),
        variants=tuple(_variant(one, options) for one in variants),
        currency=currency,
        updated_at=changed_at(row),
        description=str(row.get("descriptionHtml") or ""),
        category=str(row.get("productType") or ""),
        options=options,
        pictures=tuple(str(one["url"]) for one in images if one.get("url")),
        active=row["status"] == "ACTIVE",
    )


def _variant(row: Mapping[str, Any], options: Sequence[str]) -> StoreVariant:
    chosen = {str(one["name"]): str(one["value"]) for one in row["selectedOptions"]}
    return StoreVariant(
        id=number(row["id"]),
        sku=str(row.get("sku") or ""),
        price=str(row.get("price") or ""),
        pieces=_pieces(row),
        values=tuple(chosen.get(name, "") for name in options),
        compare_at=str(row.get("compareAtPrice") or ""),
        barcode=str(row.get("barcode") or ""),
    )


def _pieces(row: Mapping[str, Any]) -> dict[str, int | None]:
    """By location; as many as anybody wants where nobody counts, or more is sold than there is."""
    item = row["inventoryItem"]
    is_endless = not item["tracked"] or row["inventoryPolicy"] == "CONTINUE"
    found: dict[str, int | None] = {}
    for level in item["inventoryLevels"]["nodes"]:
        [available] = [one["quantity"] for one in level["quantities"] if one["name"] == "available"]
        found[number(level["location"]["id"])] = None if is_endless else int(available)
    return found
