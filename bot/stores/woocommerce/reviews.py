"""Reviews in WooCommerce's words: comments on a product, of which each has an address and no place for a key.

So the key is in the address: ours lead nowhere, and no address of a customer's goes there.
Source: plugins/woocommerce/includes/rest-api/Controllers/Version3/class-wc-rest-product-reviews-controller.php
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from html import unescape
from typing import Any

from bot.core.reviewing import NOWHERE, OutReview, ShopReview


def address(key: str) -> str:
    """By what one of ours is found."""
    return f"{key}{NOWHERE}"


def content(review: OutReview, *, held: bool) -> dict[str, Any]:
    """What makes it; one without words is refused there, so stars stand for them."""
    return {
        "product_id": int(review.product),
        "review": review.text or "★" * review.stars,
        "reviewer": review.name,
        "reviewer_email": address(review.key),
        "rating": review.stars,
        "status": "hold" if held else "approved",
    }


def read(row: Mapping[str, Any]) -> ShopReview | None:
    """A review of the API; None for one that cannot be read: one without a date, say, is of the year -0001."""
    try:
        return ShopReview(
            id=str(int(row["id"])),
            product=str(int(row["product_id"])),
            stars=min(5, max(0, int(row.get("rating") or 0))),
            text=str(row.get("review") or ""),
            name=unescape(str(row.get("reviewer") or "")),
            email=str(row.get("reviewer_email") or ""),
            shown=row.get("status") == "approved",
            written_at=datetime.fromisoformat(str(row["date_created_gmt"])).replace(tzinfo=UTC),
        )
    except (KeyError, TypeError, ValueError):
        return None
