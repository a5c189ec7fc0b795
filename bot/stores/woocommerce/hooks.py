"""WooCommerce's webhooks: signed by the very bytes, but for the ping with which it tries an address.

Source: plugins/woocommerce/includes/class-wc-webhook.php
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode

import orjson

from bot.core.errors import BadInput, Unauthorised
from bot.core.ports import HookRequest
from bot.core.store import About, Hint
from bot.settings.secret import Secret

_PING = re.compile(rb"webhook_id=[0-9]{1,20}")
#: What it is asked to tell.
TOPICS = (
    "product.created",
    "product.updated",
    "product.deleted",
    "product.restored",
    "order.updated",
    "order.deleted",
)
ABOUT: dict[str, About] = {"product": "product", "order": "order"}


def is_ping(request: HookRequest) -> bool:
    """The one call that is not signed: nothing but the webhook's number, and nothing is done."""
    return bool(_PING.fullmatch(request.body)) and "x-wc-webhook-signature" not in request.headers


def assure_signed(request: HookRequest, secret: Secret) -> None:
    """Raise `Unauthorised` unless the secret signed the body, or it is a ping."""
    if is_ping(request):
        return
    made = hmac.new(secret.reveal().encode(), request.body, hashlib.sha256).digest()
    given = request.headers.get("x-wc-webhook-signature", "")
    if not secret or not hmac.compare_digest(b64encode(made), given.encode("utf-8", "surrogateescape")):
        raise Unauthorised("the call is not signed by WooCommerce")


def read(request: HookRequest, *, bills: bool = False) -> list[Hint]:
    """What it is about. Two deliveries within a second share their id: that of the body is in the key, too.

    With `bills` an order is a bill as well, until it is paid.
    """
    if is_ping(request):
        return []
    topic = request.headers.get("x-wc-webhook-topic", "")
    about = ABOUT.get(topic.partition(".")[0])
    if about is None:
        return []
    try:
        row = orjson.loads(request.body)
        # A variation is told of as if it were a product; what is sold is the product that it is of.
        number = int(row["id"] if row.get("type") != "variation" else row["parent_id"])
    except (AttributeError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        raise BadInput("the body has no id") from None
    delivery = request.headers.get("x-wc-webhook-delivery-id", "")[:60]
    key = f"{delivery}:{hashlib.sha256(topic.encode() + request.body).hexdigest()[:48]}"
    found = [Hint(key, topic[:64], about, str(number))]
    return [*found, Hint(f"{key}:bill", topic[:64], "bill", str(number))] if bills and about == "order" else found
