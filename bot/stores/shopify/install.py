"""How an app is installed in a shop: its merchant is asked, comes back with a signed code, and that buys a token.

Source: shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from bot.core.errors import BadInput, StoreUnavailable, Unauthorised
from bot.core.installing import Grant
from bot.http import Answer
from bot.settings.secret import Secret
from bot.stores.shopify.settings import SHOP, Settings

SCOPES = ("read_products", "read_inventory", "read_locations", "read_orders", "write_orders")
MONEY = ("write_draft_orders",)
#: Who comes back later than this is to begin again.
LIFE = timedelta(minutes=10)


def scopes(settings: Settings) -> tuple[str, ...]:
    """What the app has to be allowed."""
    return (*SCOPES, *(MONEY if settings.money == "shop" else ()))


def address(settings: Settings, back: str, state: str) -> str:
    """Where the merchant is asked."""
    asked = {
        "client_id": settings.client_id,
        "scope": ",".join(scopes(settings)),
        "redirect_uri": back,
        "state": state,
    }
    return f"https://{settings.shop}/admin/oauth/authorize?{urlencode(asked)}"


def signed(query: Mapping[str, str], secret: Secret) -> str:
    """The signature that a query must have."""
    pairs = sorted(_pair(name, value) for name, value in query.items() if name != "hmac")
    return hmac.new(secret.reveal().encode(), "&".join(pairs).encode(), hashlib.sha256).hexdigest()


def _pair(name: str, value: str) -> str:
    """What would join or part pairs is escaped, so that no two queries are signed alike."""
    name, value = name.replace("%", "%25").replace("=", "%3D"), value.replace("%", "%25")
    return f"{name}={value}".replace("&", "%26")


def code(query: Mapping[str, str], settings: Settings, secrets: Sequence[Secret], now: datetime) -> str:
    """The code that the merchant came back with. Raises `Unauthorised` and `BadInput`."""
    given = query.get("hmac", "").encode("utf-8", "surrogateescape")
    if not any(secret and hmac.compare_digest(signed(query, secret).encode(), given) for secret in secrets):
        raise Unauthorised("the way back is not signed by Shopify")
    try:
        at = datetime.fromtimestamp(int(query.get("timestamp", "")), UTC)
    except (ValueError, OverflowError, OSError):
        raise BadInput("the way back has no time") from None
    if abs(now - at) > LIFE:
        raise Unauthorised("the way back was signed too long ago: begin again")
    if not SHOP.fullmatch(query.get("shop", "")) or query["shop"] != settings.shop:
        raise BadInput("another shop was chosen than stores.shopify.shop names")
    if not query.get("code"):
        raise BadInput("the way back has no code")
    return query["code"]


def grant(answer: Answer, settings: Settings) -> Grant:
    """What the code bought. Raises `BadInput`, `StoreUnavailable`."""
    if answer.status in (400, 401, 403):
        raise BadInput("Shopify does not take the code: begin again, and compare client_id and client_secret")
    if answer.status >= 400:
        raise StoreUnavailable(f"Shopify answered {answer.status}")
    said = answer.json()
    token, allowed = said.get("access_token"), tuple(str(said.get("scope") or "").split(","))
    if not isinstance(token, str) or not token:
        raise StoreUnavailable("Shopify answered with no token")
    # Who may write something may read it: Shopify leaves the weaker one out.
    missing = [one for one in scopes(settings) if not {one, one.replace("read_", "write_")} & set(allowed)]
    if missing:
        raise BadInput(f"the app was not allowed {', '.join(missing)}: add these scopes to it, and begin again")
    return Grant(token, allowed)
