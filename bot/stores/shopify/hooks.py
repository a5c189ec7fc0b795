"""Shopify's webhooks: signed with the app's secret by the very bytes; their headers come with `X-` and without.

Source: shopify.dev/docs/apps/build/webhooks/verify-deliveries
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import orjson

from bot.core.errors import BadInput, Unauthorised
from bot.core.ports import HookRequest
from bot.core.store import About, Hint
from bot.settings.secret import Secret

#: What it is asked to tell.
TOPICS = (
    "PRODUCTS_CREATE",
    "PRODUCTS_UPDATE",
    "PRODUCTS_DELETE",
    "ORDERS_FULFILLED",
    "ORDERS_UPDATED",  # a part was sent, or its number came later
    "ORDERS_CANCELLED",
    "ORDERS_DELETE",
    "REFUNDS_CREATE",
)
#: The same where it takes the money.
MONEY_TOPICS = (*TOPICS, "DRAFT_ORDERS_UPDATE")
#: Shopify sends these to every app, without being asked.
PRIVACY = ("customers/redact", "customers/data_request", "shop/redact")
#: The same where it was installed by its merchant.
INSTALLED_TOPICS = ("APP_UNINSTALLED",)
UNINSTALLED = "app/uninstalled"
#: By the first word of a topic: what it is about, and where its body has the id.
ABOUT: dict[str, tuple[About, str]] = {
    "products": ("product", "id"),
    "orders": ("order", "id"),
    "draft_orders": ("bill", "id"),
    "fulfillments": ("order", "order_id"),
    "refunds": ("order", "order_id"),
}


def header(request: HookRequest, name: str) -> str:
    """`shopify-…`, or else `x-shopify-…`."""
    return request.headers.get(f"shopify-{name}") or request.headers.get(f"x-shopify-{name}") or ""


def assure_signed(request: HookRequest, secrets: Sequence[Secret]) -> None:
    """Raise `Unauthorised` unless one of the secrets signed the body."""
    given = header(request, "hmac-sha256").encode("utf-8", "surrogateescape")
    for secret in secrets:
        made = hmac.new(secret.reveal().encode(), request.body, hashlib.sha256).digest()
        if secret and hmac.compare_digest(b64encode(made), given):
            return
    raise Unauthorised("the call is not signed by Shopify")


def read(request: HookRequest, shop: str) -> list[Hint]:
    """What it is about. A delivery has the same id at each of its tries."""
    topic = header(request, "topic")
    if topic in PRIVACY and header(request, "shop-domain") in ("", shop):
        return [_private(topic, _body(request))]
    if topic == UNINSTALLED and header(request, "shop-domain") == shop:
        return [Hint(topic, topic, "access", "", {"at": header(request, "triggered-at")})]
    about, name = ABOUT.get(topic.partition("/")[0], (None, ""))
    if about is None or header(request, "shop-domain") not in ("", shop):
        return []
    number = str(_body(request).get(name) or "")
    if not (number.isascii() and number.isdigit()):
        raise BadInput(f"the body of {topic[:64]} has no {name}")
    delivery = header(request, "webhook-id") or header(request, "event-id")
    key = delivery[:60] or hashlib.sha256(topic.encode() + request.body).hexdigest()
    return [Hint(f"{topic[:60]}:{key}", topic[:64], about, number)]


def _private(topic: str, body: dict[str, Any]) -> Hint:
    """Whose data it is about: the shop's number of the customer, and of their orders."""
    customer, orders = body.get("customer"), body.get("orders_to_redact") or body.get("orders_requested") or []
    number = str((customer if isinstance(customer, dict) else {}).get("id") or "")[:32]
    listed = orders if isinstance(orders, list) else []
    return Hint(topic, topic, "privacy", number, {"orders": ",".join(str(one) for one in listed)})


def _body(request: HookRequest) -> dict[str, Any]:
    try:
        found = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise BadInput("the body is no object in JSON")
    return found
