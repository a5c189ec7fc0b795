"""What an operator can set for Shopify."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from bot.settings.secret import Secret
from bot.settings.section import Url
from bot.stores._settings import StoreSettings

SHOP = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")


def _domain(shop: str) -> str:
    if shop and not SHOP.fullmatch(shop):
        raise ValueError(f"{shop!r} is not the address of a shop; write it like your-shop.myshopify.com")
    return shop


def _version(version: str) -> str:
    if not re.fullmatch(r"20[0-9]{2}-(01|04|07|10)", version):
        raise ValueError(f"{version!r} is not a version of Shopify's API; write it like 2026-07")
    return version


class Settings(StoreSettings):
    """A shop on Shopify."""

    cure = (
        "set `shop` to its address at myshopify.com; in its admin (Settings, Apps, Develop apps) make an app with "
        "read_products, read_inventory, read_locations, read_orders and write_orders (and, where the shop takes the "
        "money, write_draft_orders), and copy `access_token` and `client_secret` from there; or, with an app of the "
        "developer dashboard, copy `client_id` and `client_secret`, and open /stores/shopify/install as an admin"
    )
    needed = ("shop", "client_secret")

    shop: Annotated[str, AfterValidator(_domain)] = Field(default="", description="your-shop.myshopify.com.")
    access_token: Secret = Field(default=Secret(), description="Of the Admin API: shpat_….")
    client_id: str = Field(
        default="", description="Of the app, where it has no access_token: it is installed by /stores/shopify/install."
    )
    client_secret: Secret = Field(default=Secret(), description="Of the app: webhooks are signed with it.")
    old_client_secret: Secret = Field(
        default=Secret(), description="The one before, as long as webhooks are still signed with it."
    )
    money: Literal["parley", "shop"] = Field(
        default="parley",
        description='Who takes the money for its goods: "parley" by the ways of [payments], or the "shop" by its own '
        "checkout.",
    )
    version: Annotated[str, AfterValidator(_version)] = Field(
        default="2026-07", description="The version of the API that calls are pinned to."
    )
    api_base: Url = Field(default="", description="Another address of the Admin API; empty: that of the shop.")

    @property
    def is_on(self) -> bool:
        """Whether anything that it needs was set; then all of it must be."""
        return bool(super().is_on or self.access_token or self.client_id)

    def missing(self) -> tuple[str, ...]:
        """Keys that it needs, and has not: a token, or what one is bought with."""
        return (*super().missing(), *(() if self.access_token or self.client_id else ("access_token or client_id",)))
