"""WooCommerce: a shop on WordPress, by its REST API v3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.stores.woocommerce.settings import Settings

if TYPE_CHECKING:
    from bot.stores.woocommerce.store import WooCommerce

__all__ = ["Settings", "opened"]


def opened(settings: Settings) -> WooCommerce:
    """The shop of these settings."""
    from bot.stores.woocommerce.store import WooCommerce

    return WooCommerce(settings)
