"""Orders that another site places for its customers: each request once, and each customer somebody new.

Who typed an e-mail address has not proved that it is theirs, so nobody is found by it: the order belongs to a contact
of its own with a conversation in the web chat, which its customer may prove to be theirs by going on in another app.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tortoise.exceptions import IntegrityError

from bot.core.errors import Refused
from bot.core.postal import NOWHERE, Postal
from bot.services import cart, contacts, order_numbers, orders, placing, pricing
from bot.services.contacts import Address
from bot.services.orders import OrderView
from bot.services.scope import Scope
from bot.services.visitors import ACCOUNT
from models import ApiOrder, Contact, Conversation, Identity
from models.database import transaction


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants what: skus of variants with how many; `phone` and `email` may be empty.

    `address` is one text, or "" where it is told in parts, `postal`, which are checked by the country.
    `country`, `method` and `code` are as for `orders.place`: "" is what the shop decides.
    """

    lines: Sequence[tuple[str, int]]
    name: str
    email: str
    phone: str
    address: str
    country: str = ""
    method: str = ""
    code: str = ""
    postal: Postal = NOWHERE
    note: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """Which key asks, by which Idempotency-Key, and the bytes of what it asks."""

    key_id: int
    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """What the request is answered, and the order that it has made just now; None where it had been made before."""

    answer: str
    order_id: int | None


async def place(scope: Scope, request: Request, wish: Wish, answer: Callable[[OrderView], str]) -> Answered:
    """Place the order, or give what the same request was answered. `scope` is of nobody yet.

    Of several at once, one places it and the others wait for its answer; one that is refused may be sent again.
    Raises `Refused`: "other_body", "forgotten", "code_personal", and as `cart.add` and `orders.place` do.
    """
    if known := await _known(request):
        return Answered(known, None)
    try:
        async with transaction():
            # First of all: a second one waits here for the first one's commit, and then has the same key.
            row = await ApiOrder.create(
                key_id=request.key_id, request_hash=_hashed(request.name.encode()), created_at=scope.now
            )
            order = await _placed(await _somebody(scope, wish), wish)
            row.order_id, row.body_hash, row.answer = order.id, _hashed(request.body), answer(order)
            await row.save()
    except IntegrityError:
        if known := await _known(request):
            return Answered(known, None)
        raise
    return Answered(row.answer, order.id)


async def find(number: str, key_id: int) -> tuple[OrderView, bool] | None:
    """An order that came by the API, however its number was written, and whether this key placed it."""
    made = await ApiOrder.filter(order__number=order_numbers.normalise(number)).select_related("order").first()
    return (await orders.view(made.order), made.key_id == key_id) if made and made.order else None


async def _known(request: Request) -> str:
    """What this request was answered; "" for one that is new."""
    row = await ApiOrder.get_or_none(key_id=request.key_id, request_hash=_hashed(request.name.encode()))
    if row is None:
        return ""
    if not row.answer:
        raise Refused("forgotten")
    if row.body_hash != _hashed(request.body):
        raise Refused("other_body")
    return row.answer


async def _somebody(scope: Scope, wish: Wish) -> Scope:
    """A contact with a conversation in which the shop tells how the order goes on."""
    now, who = scope.now, secrets.token_hex(16)
    contact = await Contact.create(
        name=wish.name[:200], email=wish.email, phone=wish.phone, locale=scope.locale, created_at=now, updated_at=now
    )
    identity = await Identity.create(
        contact_id=contact.id, account=ACCOUNT, external_id=who, name=wish.name[:200], locale=scope.locale,
        created_at=now,
    )  # fmt: skip
    talk = await Conversation.create(
        lane=f"{ACCOUNT}:{who}", identity_id=identity.id, contact_id=contact.id, account=ACCOUNT,
        last_at=now, created_at=now, updated_at=now,
    )  # fmt: skip
    return replace(scope, conversation_id=talk.id, contact_id=contact.id, identity_id=identity.id)


async def _placed(scope: Scope, wish: Wish) -> OrderView:
    if pricing.is_personal(scope, wish.code):
        raise Refused("code_personal")
    await cart.fill(scope, wish.lines)
    told = Address(wish.name, wish.phone, wish.address, wish.country, wish.postal)
    to = placing.person(told, pricing.destination(scope, wish.country))
    await contacts.remember(scope, to.name, to.phone, to.address, to.country, to.postal)
    return await orders.place(scope, to, wish.method, wish.code, note=wish.note)


def _hashed(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()
