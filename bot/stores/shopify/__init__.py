"""Shopify, by its Admin API in GraphQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.stores.shopify.settings import Settings

if TYPE_CHECKING:
    from bot.stores.shopify.store import Shopify

__all__ = ["Settings", "opened"]


def opened(settings: Settings) -> Shopify:
    """The shop of these settings."""
    from bot.stores.shopify.store import Shopify

    return Shopify(settings)
