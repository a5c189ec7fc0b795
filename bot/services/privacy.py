"""One person's data: all of it in an export, none of it after an erasure but what the law wants kept.

Kept are the figures of orders and payments (numbers, sums, states, dates, what was bought), without name, phone,
address, notes or links; and the contact's row itself, blank, because the orders hang on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

import msgspec
from tortoise.expressions import Q
from tortoise.models import Model
from tortoise.queryset import QuerySet

from bot.core.events import ContactErased
from bot.core.ports import Storage
from bot.services import attachments, audit, discards, same_person, search, settlement, store_reviews
from bot.services.visitors import ACCOUNT
from models import (
    ApiOrder,
    Attachment,
    BroadcastCopy,
    CartLine,
    Charge,
    Consent,
    Contact,
    Conversation,
    Dialog,
    Difference,
    Effect,
    Errand,
    Identity,
    IdentityAlias,
    Inbound,
    LedgerEntry,
    Message,
    MessagePiece,
    OpenCall,
    Opening,
    Order,
    OrderCharge,
    OrderEvent,
    OrderLine,
    OrderNote,
    Payment,
    PaymentEvent,
    PersonCode,
    PersonLink,
    Receipt,
    Refund,
    ReportDelivery,
    ReportSubscription,
    Review,
    ReviewPhoto,
    Shipment,
    ShipmentLine,
    StatementLine,
    StockAlert,
    StockHold,
    StockPick,
    StockTold,
    Visitor,
    locks,
)
from models.database import transaction

#: An export is for the person, and this opens their chat to whoever reads it.
SECRET = {
    "api_order": ("request_hash", "body_hash", "answer"),
    "visitor": ("token_hash",),
    "person_code": ("code_hash",),
}
KEYS = ("storage_key", "display_key", "thumb_key")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many files were theirs, and the storage keys of those that the store does not delete at the moment."""

    files: int
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Extent:
    """How much there is about somebody: messages and files, which go, and orders, whose figures stay."""

    messages: int
    files: int
    orders: int


@dataclass(frozen=True, slots=True)
class Erased:
    """The contacts that were one person when it was erased, and the storage keys of their files."""

    people: list[int]
    keys: list[str]


@dataclass(frozen=True, slots=True)
class _Person:
    """What a person's rows are found by."""

    contacts: list[int]
    identities: list[int]
    conversations: list[int]
    lanes: list[str]
    visitors: list[str]
    orders: list[int]
    addresses: list[Q]  # where they are reached
    known: list[Q]  # as whom platforms know them


async def export(contact_id: int) -> dict[str, Any]:
    """Every row about a person as JSON-able data, a list for each table, and "files": the storage keys of theirs.

    A person is every contact who proved to be the same one.
    """
    rows = _rows(await _person(await same_person.members(contact_id)))
    data: dict[str, Any] = {table: await _values(table, query) for table, query in rows.items()}
    return data | {"files": _files(data["attachment"])}


async def extent(contact_ids: Sequence[int]) -> Extent:
    """How much there is about these contacts and whoever proved to be the same people."""
    people = {member for id_ in contact_ids for member in await same_person.members(id_)}
    rows = _rows(await _person(sorted(people)))
    return Extent(*[await rows[table].count() for table in ("message", "attachment", "order")])


async def forget(
    contact_id: int,
    staff_id: int | None,
    storage: Storage,
    now: datetime,
    published: Callable[[ContactErased], None] = lambda _: None,
) -> Forgotten:
    """Forget a person for good, in the database and in the file store; `published` hears of it after the commit.

    Nothing of it can be taken back. An order that is paid and not yet sent loses its address: send it first. What is
    left in the store is tried again by itself, also after a crash.
    """
    async with transaction():
        erased = await erase(contact_id, now)
        await discards.later(erased.keys, now)
        for member in erased.people:
            await audit.record(staff_id, "contact.erase", f"contact:{member}", now)
    for member in erased.people:
        published(ContactErased(member))
    left = await discards.at_once(erased.keys, storage)
    await search.forget()
    return Forgotten(len(erased.keys), left)


async def erase(contact_id: int, now: datetime) -> Erased:
    """What `forget` does in its transaction: every table."""
    person = await _person(await same_person.locked([contact_id]))
    rows = _rows(person)
    keys: list[str] = []
    await _follow_payments(person.orders, now)
    await store_reviews.forget(person.contacts)
    for table, query in rows.items():
        if table == "attachment":
            keys = attachments.keys(await locks.files(query))
        if table not in _KEPT:
            await query.delete()
    for table, blank in _KEPT.items():
        if blank:
            await rows[table].update(**blank)
    await Order.filter(id__in=person.orders).update(updated_at=now)
    await Contact.filter(id__in=person.contacts).update(updated_at=now)
    await search.mend()
    return Erased(person.contacts, keys)


async def _follow_payments(orders: list[int], now: datetime) -> None:
    """A notice that waits in the conversation goes with it: the provider is asked once more, without the person."""
    open_ = Payment.filter(order_id__in=orders, state="open").exclude(reference="")
    for payment in await open_.order_by("id"):
        await settlement.ask_later(payment.key, f"forgotten:{payment.key}", now)


#: Tables whose rows stay, and what is blanked in them.
_KEPT: Mapping[str, Mapping[str, Any]] = {
    "contact": {"name": "", "locale": "", "phone": "", "email": "", "delivery": "", "person_id": None},
    "order": {"name": "", "phone": "", "address": "", "postal": "", "note": "", "conversation_id": None},
    "order_line": {},
    "order_charge": {},
    "order_event": {"note": ""},
    "shipment": {"carrier": "", "number": "", "url": "", "told_as": ""},
    "shipment_line": {},
    "stock_hold": {},
    "stock_pick": {},
    "payment": {"url": "", "code": "", "conversation_id": None},
    "payment_event": {"note": ""},
    "refund": {"reason": "", "error": ""},
    "receipt": {"note": ""},
    "ledger_entry": {},
    "charge": {},
    "api_order": {"answer": "", "body_hash": ""},
    "statement_line": {},
    "difference": {"note": ""},
}


async def _person(contact_ids: list[int]) -> _Person:
    identities = await Identity.filter(contact_id__in=contact_ids)
    conversations = await Conversation.filter(contact_id__in=contact_ids)
    lanes = {row.lane for row in conversations} | {f"{row.account}:{row.external_id}" for row in identities}
    orders = await Order.filter(contact_id__in=contact_ids)
    return _Person(
        contacts=contact_ids,
        identities=[row.id for row in identities],
        conversations=[row.id for row in conversations],
        lanes=sorted(lanes),
        visitors=[row.external_id for row in identities if row.account == ACCOUNT],
        orders=[row.id for row in orders],
        addresses=[Q(account=row.account, recipient=row.external_id) for row in identities],
        known=[Q(account=row.account, external_id=row.external_id) for row in identities],
    )


def _rows(person: _Person) -> dict[str, QuerySet[Any]]:
    """A person's rows by table; whoever points at others comes before them, so that this is the order to delete in."""
    talks, orders, contacts, identities = person.conversations, person.orders, person.contacts, person.identities
    of_talks = Q(conversation_id__in=talks)
    return {
        "review_photo": ReviewPhoto.filter(review__contact_id__in=contacts),
        "review": Review.filter(contact_id__in=contacts),
        "attachment": Attachment.filter(Q(contact_id__in=contacts) | of_talks),
        "cart_line": CartLine.filter(contact_id__in=contacts),
        "stock_alert": StockAlert.filter(contact_id__in=contacts),
        "stock_told": StockTold.filter(contact_id__in=contacts),
        "effect": Effect.filter(of_talks),
        "errand": Errand.filter(of_talks),
        "inbound": Inbound.filter(reduce(or_, map(_keyed, person.visitors), Q(lane__in=person.lanes))),
        "report_delivery": ReportDelivery.filter(of_talks),
        "report_subscription": ReportSubscription.filter(of_talks),
        "open_call": OpenCall.filter(reduce(or_, person.addresses or [Q(id=0)])),
        "opening": Opening.filter(of_talks),
        "broadcast_copy": BroadcastCopy.filter(of_talks),
        "dialog": Dialog.filter(of_talks),
        "message_piece": MessagePiece.filter(of_talks),
        "message": Message.filter(of_talks),
        "conversation": Conversation.filter(id__in=talks),
        "visitor": Visitor.filter(external_id__in=person.visitors),
        "consent": Consent.filter(identity_id__in=identities),
        "person_code": PersonCode.filter(Q(identity_id__in=identities) | Q(entered_id__in=identities)),
        "person_link": PersonLink.filter(Q(asked_id__in=identities) | Q(entered_id__in=identities)),
        "identity_alias": IdentityAlias.filter(reduce(or_, person.known or [Q(id=0)])),
        "identity": Identity.filter(id__in=identities),
        "payment_event": PaymentEvent.filter(payment__order_id__in=orders),
        "refund": Refund.filter(payment__order_id__in=orders),
        "receipt": Receipt.filter(payment__order_id__in=orders),
        "ledger_entry": LedgerEntry.filter(payment__order_id__in=orders),
        "charge": Charge.filter(payment__order_id__in=orders),
        "statement_line": StatementLine.filter(payment__order_id__in=orders),
        "difference": Difference.filter(payment__order_id__in=orders),
        "payment": Payment.filter(order_id__in=orders),
        "stock_hold": StockHold.filter(order_id__in=orders),
        "stock_pick": StockPick.filter(order_id__in=orders),
        "shipment_line": ShipmentLine.filter(shipment__order_id__in=orders),
        "shipment": Shipment.filter(order_id__in=orders),
        "order_note": OrderNote.filter(order_id__in=orders),
        "order_event": OrderEvent.filter(order_id__in=orders),
        "order_charge": OrderCharge.filter(order_id__in=orders),
        "order_line": OrderLine.filter(order_id__in=orders),
        "api_order": ApiOrder.filter(order_id__in=orders),
        "order": Order.filter(id__in=orders),
        "contact": Contact.filter(id__in=contacts),
    }


def _keyed(visitor: str) -> Q:
    """What is settled keeps its key, and a visitor's begins with who they are. A semicolon follows the colon."""
    return Q(account=ACCOUNT, key__gte=f"{visitor}:", key__lt=f"{visitor};")


async def _values(table: str, query: QuerySet[Model]) -> list[dict[str, Any]]:
    secret = SECRET.get(table, ())
    rows = await query.order_by("id").values()
    plain: list[dict[str, Any]] = msgspec.to_builtins(
        [{name: value for name, value in row.items() if name not in secret} for row in rows]
    )
    return plain


def _files(attachments: list[dict[str, Any]]) -> list[str]:
    return sorted({row[key] for row in attachments for key in KEYS if row[key]})
