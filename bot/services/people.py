"""People as the desk shows them: a list, and one person with everything that we know on one screen.

A person is every contact who proved to be the same one; the id of any of them names the person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core.errors import BadInput, Refused
from bot.core.money import Money
from bot.core.period import zone
from bot.services import audit, backoffice, consents, conversations, same_person
from bot.services.attachments import FileView
from bot.services.backoffice import OrderRow, ReviewRow
from bot.services.consents import Consents
from bot.services.conversations import Address
from bot.services.rows import moment
from bot.services.same_person import Proof
from bot.services.threads import FILE_COLUMNS, file_view
from models import Contact, Identity
from models.database import fetch, marks

PAGE = 50
_FILES = 60
_COLUMNS = "SELECT id, person_id, name, phone, email, locale, created_at FROM contact"
FIELDS = ("name", "phone", "email", "locale")


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
    external_id: str  # the first of their addresses


@dataclass(frozen=True, slots=True)
class KnownAs:
    """One address of a person; `conversation_id` is the thread with it, `timezone` is "" while nobody knows it."""

    id: int
    account: str
    external_id: str
    name: str
    reachable: bool
    timezone: str
    consents: Consents
    conversation_id: int | None


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
    members: tuple[int, ...]  # the contacts that are this person
    identities: tuple[KnownAs, ...]
    proofs: tuple[Proof, ...]
    orders: tuple[OrderRow, ...]
    reviews: tuple[ReviewRow, ...]
    files: tuple[PersonFile, ...]
    conversations: tuple[conversations.Row, ...]
    order_count: int
    review_count: int
    spent: Money | None


async def listed(before: int | None = None, ids: Sequence[int] | None = None) -> tuple[ContactRow, ...]:
    """A page of people, newest first, older than `before`; with `ids` those found by a search."""
    if ids is not None and not ids:
        return ()
    where, values = "(person_id IS NULL OR person_id = id)", list[Any]()
    if ids is not None:
        where = f"id IN (SELECT COALESCE(person_id, id) FROM contact WHERE id IN ({marks(len(ids))}))"  # noqa: S608
        values = list(ids)
    if before is not None:
        where, values = f"{where} AND id < ?", [*values, before]
    found = await fetch(f"{_COLUMNS} WHERE {where} ORDER BY id DESC LIMIT ?", [*values, PAGE + 1])
    return await _contact_rows(found)


async def person(contact_id: int) -> Person:
    """One person. Raises `Refused("no_contact")`."""
    members = await same_person.members(contact_id)
    found = await _contact_rows(await fetch(f"{_COLUMNS} WHERE id = ?", (members[0],)))
    if not found:
        raise Refused("no_contact")
    orders = await backoffice.orders_of(members)
    order_count, spent = await _totals(members, orders)
    reviewed = await fetch(
        f"SELECT count(*) AS n FROM review WHERE contact_id IN ({marks(len(members))})",  # noqa: S608
        members,
    )
    return Person(
        row=found[0],
        members=tuple(members),
        identities=await _identities(members),
        proofs=await same_person.proofs(members),
        orders=orders,
        reviews=await backoffice.reviews_of(members),
        files=await _files(members),
        conversations=await conversations.of_contacts(members),
        order_count=order_count,
        review_count=int(reviewed[0]["n"]),
        spent=spent,
    )


async def change(contact_id: int, values: dict[str, str], staff_id: int, now: datetime) -> None:
    """Correct name, phone, email, locale or timezone; inside the caller's transaction.

    Each is put right where it is shown from, and what reads as before is left alone, so that parting two people later
    leaves nothing of one with the other; what is cleared is cleared for all of the person's addresses, since it would
    else be shown from the next one. A time zone is put right at each address that has one: a night is that of the
    address. Raises `Refused`: "no_contact", "bad_timezone".
    """
    ids = await same_person.members(contact_id)
    members = await Contact.filter(id__in=ids).order_by("id")
    if not members:
        raise Refused("no_contact")
    for field, value in ((field, values[field]) for field in FIELDS if field in values):
        where = _told_at(members, field, value)
        told = {f"{field}_at": now} if field in ("name", "locale") else {}
        await Contact.filter(id__in=where).update(**{field: value}, **told, updated_at=now)
    if "timezone" in values:
        zone_, known = _zone(values["timezone"]), await Identity.filter(contact_id__in=ids).order_by("id")
        there = [row.id for row in known if row.timezone] or _told_at(known, "timezone", zone_)
        await Identity.filter(id__in=there).update(timezone=zone_)
    await audit.record(staff_id, "contact.change", f"contact:{contact_id}", now)


def _told_at(rows: Sequence[Contact] | Sequence[Identity], field: str, value: str) -> list[int]:
    """The ids of those in which `field` changes so that the person's reads `value`."""
    told = [row for row in rows if getattr(row, field)]
    if not value:
        return [row.id for row in told]
    return [row.id for row in (told or rows)[:1] if getattr(row, field) != value]


def _zone(name: str) -> str:
    try:
        return zone(name).key if name else ""
    except BadInput as error:
        raise Refused("bad_timezone") from error


async def _contact_rows(found: Sequence[Any]) -> tuple[ContactRow, ...]:
    """These contacts, each with what is known of the same person elsewhere: what they lack, and all accounts."""
    if not found:
        return ()
    ids = [row["id"] for row in found]
    same = f"id IN ({marks(len(ids))}) OR person_id IN ({marks(len(ids))})"
    members: dict[int, list[Any]] = {}
    for row in await fetch(f"{_COLUMNS} WHERE {same} ORDER BY id", [*ids, *ids]):
        members.setdefault(row["person_id"] or row["id"], []).append(row)
    addresses = await _addresses([row["id"] for rows in members.values() for row in rows])
    return tuple(_contact_row(row, members[row["person_id"] or row["id"]], addresses) for row in found)


async def _addresses(contact_ids: Sequence[int]) -> dict[int, list[Address]]:
    known = await fetch(
        "SELECT contact_id, account, external_id FROM identity "  # noqa: S608
        f"WHERE contact_id IN ({marks(len(contact_ids))}) ORDER BY id",
        contact_ids,
    )
    addresses: dict[int, list[Address]] = {}
    for row in known:
        addresses.setdefault(row["contact_id"], []).append(Address(row["account"], row["external_id"]))
    return addresses


def _contact_row(row: Any, members: Sequence[Any], addresses: Mapping[int, list[Address]]) -> ContactRow:
    told = {field: next((one[field] for one in members if one[field]), "") for field in FIELDS}
    known = [address for one in members for address in addresses.get(one["id"], ())]
    return ContactRow(
        id=row["id"],
        created_at=moment(row["created_at"]),
        accounts=tuple(dict.fromkeys(one.account for one in known)),
        external_id=known[0].external_id if known else "",
        **told,
    )


async def _identities(contact_ids: Sequence[int]) -> tuple[KnownAs, ...]:
    found = await fetch(
        "SELECT i.id, i.account, i.external_id, i.name, i.reachable, i.timezone, c.id AS conversation_id "  # noqa: S608
        "FROM identity i "
        f"LEFT JOIN conversation c ON c.identity_id = i.id WHERE i.contact_id IN ({marks(len(contact_ids))}) "
        "ORDER BY i.id LIMIT 50",
        contact_ids,
    )
    allowed = await consents.of([row["id"] for row in found])
    return tuple(_known_as(row, allowed[row["id"]]) for row in found)


def _known_as(row: Any, allowed: Consents) -> KnownAs:
    return KnownAs(
        id=row["id"],
        account=row["account"],
        external_id=row["external_id"],
        name=row["name"],
        reachable=bool(row["reachable"]),
        timezone=row["timezone"],
        consents=allowed,
        conversation_id=row["conversation_id"],
    )


async def _files(contact_ids: Sequence[int]) -> tuple[PersonFile, ...]:
    columns = ", ".join(f"a.{column.strip()}" for column in FILE_COLUMNS.split(","))
    found = await fetch(
        f"SELECT {columns}, a.created_at, m.author, s.name AS staff_name FROM attachment a "  # noqa: S608
        "JOIN message m ON m.conversation_id = a.conversation_id AND m.seq = a.message_seq "
        "LEFT JOIN staff s ON s.id = m.staff_id "
        f"WHERE a.contact_id IN ({marks(len(contact_ids))}) AND m.author <> 'note' ORDER BY a.id DESC LIMIT ?",
        (*contact_ids, _FILES),
    )
    return tuple(
        PersonFile(file_view(row), moment(row["created_at"]), row["author"], row["staff_name"] or "") for row in found
    )


async def _totals(contact_ids: Sequence[int], orders: tuple[OrderRow, ...]) -> tuple[int, Money | None]:
    """How many orders, and what the paid ones came to."""
    if not orders:
        return 0, None
    currency = orders[0].total.currency
    found = await fetch(
        "SELECT count(*) AS n, sum(CASE WHEN currency = ? AND paid_at IS NOT NULL AND state <> 'refunded' "  # noqa: S608
        f'THEN total ELSE 0 END) AS spent FROM "order" WHERE contact_id IN ({marks(len(contact_ids))})',
        (currency, *contact_ids),
    )
    return int(found[0]["n"]), Money(int(found[0]["spent"] or 0), currency)
