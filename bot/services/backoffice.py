"""Orders and reviews as the desk lists and opens them: few queries, keyset pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from bot.core.errors import Refused
from bot.core.money import Money
from bot.core.postal import Postal
from bot.core.pricing import Charge, Cost
from bot.services import (
    desk_payments,
    order_history,
    order_notes,
    order_parts,
    order_states,
    placing,
    pricing,
    refunds,
    shipments,
)
from bot.services.attachments import FileView
from bot.services.conversations import cursor, read_cursor
from bot.services.order_notes import Note
from bot.services.rows import moment, stamp
from bot.services.shipments import Shipped
from bot.services.threads import FILE_COLUMNS, file_view
from models.database import as_time, fetch, marks

Item = TypeVar("Item")
PAGE = 50
_OF_PERSON = 20
_ORDER = (
    "SELECT o.id, o.number, o.state, o.total, o.currency, o.created_at, o.contact_id, o.name, o.account, o.phone, "
    'o.address, o.country, o.postal, o.note, o.paid_at, o.hold_until, o.conversation_id FROM "order" o'
)
_REVIEW = (
    "SELECT r.id, r.stars, r.text, r.state, r.created_at, r.display_name, r.contact_id, r.conversation_id, "
    'o.number AS order_number, p.name AS product FROM review r LEFT JOIN "order" o ON o.id = r.order_id '
    "LEFT JOIN product p ON p.id = r.product_id"
)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One product of an order; `price` of one piece. Of `quantity` so many are not sent any more."""

    name: str
    sku: str
    quantity: int
    price: Money
    cancelled: int


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as a list shows it."""

    id: int
    number: str
    state: str
    total: Money
    created_at: datetime
    contact_id: int
    name: str
    account: str
    lines: tuple[OrderLine, ...]
    phone: str
    address: str
    country: str  # "" where nobody asked
    postal: Postal  # the address in parts, where it was told so
    note: str  # what the customer wants us to know
    paid_at: datetime | None
    hold_until: datetime | None
    conversation_id: int | None
    refunded: Money | None  # what went back of what was paid


@dataclass(frozen=True, slots=True)
class OrderDetail:
    """An order with all that happened to it."""

    row: OrderRow
    steps: tuple[order_history.Step, ...]
    payments: tuple[desk_payments.PaymentRow, ...]
    shipments: tuple[Shipped, ...]
    left: tuple[order_parts.Left, ...]  # pieces that may be sent or cancelled
    cost: Cost  # by its goods
    kept: int  # goods that were not cancelled, in minor units
    charges: tuple[Charge, ...]
    version: int  # see `order_states.version`
    notes: tuple[Note, ...]  # of staff


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A review as a list shows it; `product` is the JSON of its names."""

    id: int
    stars: int
    text: str
    state: str
    created_at: datetime
    display_name: str
    contact_id: int | None  # of one in a shop: where its writer is known here
    conversation_id: int | None
    order_number: str | None
    product: str | None
    photos: tuple[FileView, ...]
    store: str = ""  # the connected shop in which it was written


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A page; `next` is the cursor of the page behind it, "" at the end."""

    items: tuple[Item, ...]
    next: str


async def orders(state: str = "", query: str = "", before: str = "") -> Page[OrderRow]:
    """Orders newest first, of one state or all; `query` is the beginning of a number. Raises `BadInput`."""
    where, values = ["1 = 1"], list[Any]()
    if state:
        where.append("o.state = ?")
        values.append(state)
    if query:
        where.append("o.number >= ? AND o.number < ?")
        values += [query.upper(), query.upper() + "\U0010ffff"]
    if before:
        at, id_ = read_cursor(before)
        where.append("(o.created_at, o.id) < (?, ?)")
        values += [stamp(at), id_]
    found = await fetch(
        f"{_ORDER} WHERE {' AND '.join(where)} ORDER BY o.created_at DESC, o.id DESC LIMIT ?", [*values, PAGE + 1]
    )
    return paged(await _order_rows(found[:PAGE]), len(found))


async def orders_by_id(ids: Sequence[int]) -> tuple[OrderRow, ...]:
    """Orders by id; those that are gone are left out."""
    if not ids:
        return ()
    return await _order_rows(await fetch(f"{_ORDER} WHERE o.id IN ({marks(len(ids))})", list(ids)))


async def orders_of(contact_ids: Sequence[int]) -> tuple[OrderRow, ...]:
    """A person's newest orders."""
    found = await fetch(
        f"{_ORDER} WHERE o.contact_id IN ({marks(len(contact_ids))}) ORDER BY o.created_at DESC LIMIT ?",
        (*contact_ids, _OF_PERSON),
    )
    return await _order_rows(found)


async def order(order_id: int) -> OrderDetail:
    """One order. Raises `Refused("no_order")`."""
    version = await order_states.version(order_id)  # first: what happens while the rest is read makes it old
    found = await orders_by_id([order_id])
    if not found:
        raise Refused("no_order")
    [row] = found
    sent = (await shipments.of_orders([order_id])).get(order_id, ())
    left = await order_parts.left(order_id, row.total.currency) if row.state in order_states.UNSENT else ()
    charges = (await pricing.charges({order_id: row.total.currency}))[order_id]
    cost, kept = await order_parts.cost(order_id, row.total.currency)
    notes = await order_notes.of_order(order_id)
    payments = await desk_payments.of_order(order_id)
    return OrderDetail(
        row,
        await order_history.steps(row.id, row.number, row.contact_id),
        payments,
        sent,
        left,
        cost,
        kept,
        charges,
        version,
        notes,
    )


async def reviews(state: str, before: str = "") -> Page[ReviewRow]:
    """Reviews of a state, newest first. Raises `BadInput` for a cursor that is not ours."""
    values: list[Any] = [state]
    keyset = ""
    if before:
        at, id_ = read_cursor(before)
        keyset = "AND (r.created_at, r.id) < (?, ?)"
        values += [stamp(at), id_]
    found = await fetch(
        f"{_REVIEW} WHERE r.state = ? {keyset} ORDER BY r.created_at DESC, r.id DESC LIMIT ?", [*values, PAGE + 1]
    )
    return paged(await _review_rows(found[:PAGE]), len(found))


async def reviews_by_id(ids: Sequence[int]) -> tuple[ReviewRow, ...]:
    """Reviews by id; those that are gone are left out."""
    if not ids:
        return ()
    return await _review_rows(await fetch(f"{_REVIEW} WHERE r.id IN ({marks(len(ids))})", list(ids)))


async def reviews_of(contact_ids: Sequence[int]) -> tuple[ReviewRow, ...]:
    """A person's newest reviews."""
    found = await fetch(
        f"{_REVIEW} WHERE r.contact_id IN ({marks(len(contact_ids))}) ORDER BY r.created_at DESC LIMIT ?",
        (*contact_ids, _OF_PERSON),
    )
    return await _review_rows(found)


def paged(items: tuple[Any, ...], found: int) -> Page[Any]:
    """So many of the rows that were found: one more than a page shows that there are more."""
    return Page(items, cursor(items[-1].created_at, items[-1].id) if found > PAGE else "")


async def _order_rows(found: Sequence[Any]) -> tuple[OrderRow, ...]:
    lines: dict[int, list[OrderLine]] = {}
    if found:
        currencies = {row["id"]: row["currency"] for row in found}
        sold = await fetch(
            "SELECT order_id, name, sku, quantity, price, cancelled FROM order_line "  # noqa: S608 - only marks
            f"WHERE order_id IN ({marks(len(found))}) ORDER BY id",
            list(currencies),
        )
        for line in sold:
            price = Money(line["price"], currencies[line["order_id"]])
            one = OrderLine(line["name"], line["sku"], line["quantity"], price, line["cancelled"])
            lines.setdefault(line["order_id"], []).append(one)
    back = await refunds.given_back(row["id"] for row in found) if found else {}
    return tuple(_order_row(row, tuple(lines.get(row["id"], ())), back.get(row["id"])) for row in found)


def _order_row(row: Any, lines: tuple[OrderLine, ...], refunded: Money | None) -> OrderRow:
    return OrderRow(
        id=row["id"],
        number=row["number"],
        state=row["state"],
        total=Money(row["total"], row["currency"]),
        created_at=moment(row["created_at"]),
        contact_id=row["contact_id"],
        name=row["name"],
        account=row["account"],
        lines=lines,
        phone=row["phone"],
        address=row["address"],
        country=row["country"],
        postal=placing.of_parts(row["postal"]),
        note=row["note"],
        paid_at=as_time(row["paid_at"]),
        hold_until=as_time(row["hold_until"]),
        conversation_id=row["conversation_id"],
        refunded=refunded,
    )


async def _review_rows(found: Sequence[Any]) -> tuple[ReviewRow, ...]:
    photos: dict[int, list[FileView]] = {}
    if found:
        columns = ", ".join(f"a.{name}" for name in FILE_COLUMNS.split(", "))
        shown = await fetch(
            f"SELECT v.review_id, {columns} FROM review_photo v JOIN attachment a ON a.id = v.attachment_id "  # noqa: S608
            f"WHERE v.review_id IN ({marks(len(found))}) ORDER BY v.position, v.id",
            [row["id"] for row in found],
        )
        for row in shown:
            photos.setdefault(row["review_id"], []).append(file_view(row))
    return tuple(_review_row(row, tuple(photos.get(row["id"], ()))) for row in found)


def _review_row(row: Any, photos: tuple[FileView, ...]) -> ReviewRow:
    return ReviewRow(
        id=row["id"],
        stars=row["stars"],
        text=row["text"],
        state=row["state"],
        created_at=moment(row["created_at"]),
        display_name=row["display_name"],
        contact_id=row["contact_id"],
        conversation_id=row["conversation_id"],
        order_number=row["order_number"],
        product=row["product"],
        photos=photos,
    )
