"""What an operator can set for WooCommerce."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from bot.settings import checks
from bot.settings.secret import Secret
from bot.settings.section import Url
from bot.stores._settings import StoreSettings

#: WordPress reads these as HTML where it keeps a secret, and signs with what comes of that.
UNSAFE = frozenset("&<>\"'")


def _private(url: str) -> str:
    """Keys and customers' addresses go there: over TLS, or within this machine."""
    if url and not checks.is_https(url) and urlsplit(url).hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError(f"{url!r} is called with a key, and told who buys: it must begin with https://")
    return url


def _plain(secret: Secret) -> Secret:
    if UNSAFE & set(secret.reveal()):
        raise ValueError("must have none of & < > \" ' (WordPress would sign with another one)")
    return secret


class Settings(StoreSettings):
    """A shop on WordPress with WooCommerce."""

    cure = (
        "set `url` to the site's address, make a key with read and write in WooCommerce, Settings, Advanced, REST API "
        "(`consumer_key`, `consumer_secret`), and think up a `webhook_secret`"
    )
    needed = ("url", "consumer_key", "consumer_secret", "webhook_secret")

    url: Annotated[Url, AfterValidator(_private)] = Field(default="", description="The site's address.")
    consumer_key: Secret = Field(default=Secret(), description="Of the REST API: ck_….")
    consumer_secret: Secret = Field(default=Secret(), description="Of the REST API: cs_….")
    webhook_secret: Annotated[Secret, AfterValidator(_plain)] = Field(
        default=Secret(), description="What its webhooks are signed with: any long word of letters and digits."
    )
    money: Literal["parley", "shop"] = Field(
        default="parley",
        description='Who takes the money for its goods: "parley" by the ways of [payments], or the "shop" by its own '
        "checkout.",
    )
    reviews: Literal["held", "shown", "off"] = Field(
        default="held",
        description='Reviews that were accepted here go to its products, "held" for its own approval or "shown" at '
        'once, and those that were written there are read; "off": neither.',
    )
