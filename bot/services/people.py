"""People as the desk shows them: a list, and one person with everything that we know on one screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core.errors import Refused
from bot.core.money import Money
from bot.services import audit, backoffice, conversations
from bot.services.attachments import FileView
from bot.services.backoffice import OrderRow, ReviewRow
from bot.services.rows import moment
from bot.services.threads import FILE_COLUMNS, file_view
from models import Contact
from models.database import fetch, marks

PAGE = 50
_FILES = 60


@dataclass(frozen=True, slots=True)
class ContactRow:
    """One line of the list of people."""

    id: int
    name: str
    phone: str
    email: str
    locale: str
    created_at: datetime
    accounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownAs:
    """One address of a person."""

    account: str
    external_id: str
    name: str
    reachable: bool


@dataclass(frozen=True, slots=True)
class PersonFile:
    """A file that a person sent or was sent; `name` is the member of staff who sent it."""

    file: FileView
    at: datetime
    author: str  # customer | bot | staff
    name: str


@dataclass(frozen=True, slots=True)
class Person:
    """Everything about a person that fits on a screen; `spent` is in the currency of the newest order."""

    row: ContactRow
    identities: tuple[KnownAs, ...]
    orders: tuple[OrderRow, ...]
    reviews: tuple[ReviewRow, ...]
    files: tuple[PersonFile, ...]
    conversations: tuple[conversations.Row, ...]
    order_count: int
    review_count: int
    spent: Money | None


async def listed(before: int | None = None, ids: Sequence[int] | None = None) -> tuple[ContactRow, ...]:
    """A page of people, newest first, older than `before`; with `ids` those found by a search."""
    where, values = "1 = 1", list[Any]()
    if ids is not None:
        where, values = f"id IN ({marks(len(ids))})", list(ids)
    if before is not None:
        where, values = f"{where} AND id < ?", [*values, before]
    if ids is not None and not ids:
        return ()
    found = await fetch(
        f"SELECT id, name, phone, email, locale, created_at FROM contact WHERE {where} ORDER BY id DESC LIMIT ?",  # noqa: S608
        [*values, PAGE + 1],
    )
    return await _contact_rows(found)


async def person(contact_id: int) -> Person:
    """One person. Raises `Refused("no_contact")`."""
    found = await _contact_rows(
        await fetch("SELECT id, name, phone, email, locale, created_at FROM contact WHERE id = ?", (contact_id,))
    )
    if not found:
        raise Refused("no_contact")
    orders = await backoffice.orders_of(contact_id)
    order_count, spent = await _totals(contact_id, orders)
    reviewed = await fetch("SELECT count(*) AS n FROM review WHERE contact_id = ?", (contact_id,))
    return Person(
        row=found[0],
        identities=await _identities(contact_id),
        orders=orders,
        reviews=await backoffice.reviews_of(contact_id),
        files=await _files(contact_id),
        conversations=await conversations.of_contact(contact_id),
        order_count=order_count,
        review_count=int(reviewed[0]["n"]),
        spent=spent,
    )


async def change(contact_id: int, values: dict[str, str], staff_id: int, now: datetime) -> None:
    """Correct name, phone, email or locale; inside the caller's transaction. Raises `Refused("no_contact")`."""
    allowed = {name: value for name, value in values.items() if name in ("name", "phone", "email", "locale")}
    if not await Contact.filter(id=contact_id).update(**allowed, updated_at=now):
        raise Refused("no_contact")
    await audit.record(staff_id, "contact.change", f"contact:{contact_id}", now)


async def _contact_rows(found: Sequence[Any]) -> tuple[ContactRow, ...]:
    accounts: dict[int, list[str]] = {}
    if found:
        ids = [row["id"] for row in found]
        known = await fetch(
            f"SELECT contact_id, account FROM identity WHERE contact_id IN ({marks(len(ids))}) ORDER BY id",  # noqa: S608
            ids,
        )
        for row in known:
            accounts.setdefault(row["contact_id"], []).append(row["account"])
    return tuple(
        ContactRow(
            row["id"],
            row["name"],
            row["phone"],
            row["email"],
            row["locale"],
            moment(row["created_at"]),
            tuple(dict.fromkeys(accounts.get(row["id"], ()))),
        )
        for row in found
    )


async def _identities(contact_id: int) -> tuple[KnownAs, ...]:
    found = await fetch(
        "SELECT account, external_id, name, reachable FROM identity WHERE contact_id = ? ORDER BY id LIMIT 50",
        (contact_id,),
    )
    return tuple(KnownAs(row["account"], row["external_id"], row["name"], bool(row["reachable"])) for row in found)


async def _files(contact_id: int) -> tuple[PersonFile, ...]:
    columns = ", ".join(f"a.{column.strip()}" for column in FILE_COLUMNS.split(","))
    found = await fetch(
        f"SELECT {columns}, a.created_at, m.author, s.name AS staff_name FROM attachment a "  # noqa: S608
        "JOIN message m ON m.conversation_id = a.conversation_id AND m.seq = a.message_seq "
        "LEFT JOIN staff s ON s.id = m.staff_id "
        "WHERE a.contact_id = ? AND m.author <> 'note' ORDER BY a.id DESC LIMIT ?",
        (contact_id, _FILES),
    )
    return tuple(
        PersonFile(file_view(row), moment(row["created_at"]), row["author"], row["staff_name"] or "") for row in found
    )


async def _totals(contact_id: int, orders: tuple[OrderRow, ...]) -> tuple[int, Money | None]:
    """How many orders, and what the paid ones came to."""
    if not orders:
        return 0, None
    currency = orders[0].total.currency
    found = await fetch(
        "SELECT count(*) AS n, sum(CASE WHEN currency = ? AND paid_at IS NOT NULL AND state <> 'refunded' "
        'THEN total ELSE 0 END) AS spent FROM "order" WHERE contact_id = ?',
        (currency, contact_id),
    )
    return int(found[0]["n"]), Money(int(found[0]["spent"] or 0), currency)
