"""The books of the test bank: a SQLite file of its own, and what is written there."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from datetime import date, datetime

from bot.core.errors import Refused
from bot.core.money import Money
from bot.core.payment import Booking, PaymentRequest, PaymentTruth, RefundTruth

BOOKS = """
CREATE TABLE IF NOT EXISTS payment (
    reference TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, order_number TEXT NOT NULL, amount INTEGER NOT NULL,
    currency TEXT NOT NULL, description TEXT NOT NULL, return_url TEXT NOT NULL, locale TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open', paid INTEGER, paid_currency TEXT, paid_at TEXT
);
CREATE TABLE IF NOT EXISTS refund (
    key TEXT PRIMARY KEY, reference TEXT NOT NULL REFERENCES payment (reference), amount INTEGER NOT NULL,
    refunded_at TEXT NOT NULL DEFAULT '', state TEXT NOT NULL DEFAULT 'given'
);
"""
#: What books of an older release have not.
LATER = {
    "refunded_at": "ALTER TABLE refund ADD COLUMN refunded_at TEXT NOT NULL DEFAULT ''",
    "state": "ALTER TABLE refund ADD COLUMN state TEXT NOT NULL DEFAULT 'given'",
}


@dataclass(frozen=True, slots=True)
class PayPage:
    """What the page shows on which the customer pays. `state`: open | paid | failed | refunded."""

    reference: str
    key: str
    order_number: str
    amount: Money
    description: str
    return_url: str
    locale: str
    state: str


def keep_up(books: sqlite3.Connection) -> None:
    """Make the tables, as this release has them."""
    books.executescript(BOOKS)
    known = {row["name"] for row in books.execute("PRAGMA table_info(refund)")}
    for column, statement in LATER.items():
        if column not in known:
            books.execute(statement)


def create(books: sqlite3.Connection, request: PaymentRequest) -> str:
    """Open a payment; the same key has the same reference."""
    known = books.execute("SELECT reference FROM payment WHERE key = ?", (request.key,)).fetchone()
    if known:
        return str(known["reference"])
    reference = secrets.token_hex(12)
    books.execute(
        "INSERT INTO payment (reference, key, order_number, amount, currency, description, return_url, locale) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            reference,
            request.key,
            request.order_number,
            request.amount.amount,
            request.amount.currency,
            request.description,
            request.return_url,
            request.locale,
        ),
    )
    return reference


def payment_row(books: sqlite3.Connection, reference: str) -> sqlite3.Row:
    """One payment. Raises `Refused("no_payment")`."""
    row: sqlite3.Row | None = books.execute("SELECT * FROM payment WHERE reference = ?", (reference,)).fetchone()
    if row is None:
        raise Refused("no_payment", reference=reference)
    return row


def page(books: sqlite3.Connection, reference: str) -> PayPage:
    """What the page of a payment shows."""
    row = payment_row(books, reference)
    return PayPage(
        reference=reference,
        key=row["key"],
        order_number=row["order_number"],
        amount=Money(row["amount"], row["currency"]),
        description=row["description"],
        return_url=row["return_url"],
        locale=row["locale"],
        state=truth(books, reference).state,
    )


def truth(books: sqlite3.Connection, reference: str) -> PaymentTruth:
    """What has become of a payment."""
    row = payment_row(books, reference)
    if row["state"] != "paid":
        return PaymentTruth(reference, "failed" if row["state"] == "void" else row["state"])
    given_back = returned(books, reference)
    return PaymentTruth(
        reference,
        "refunded" if given_back >= row["paid"] else "paid",
        paid=Money(row["paid"], row["paid_currency"]),
        refunded=given_back,
    )


def returned(books: sqlite3.Connection, reference: str) -> int:
    """How much of it was given back, in minor units."""
    sums = books.execute(
        "SELECT COALESCE(SUM(amount), 0) FROM refund WHERE reference = ? AND state = 'given'", (reference,)
    )
    return int(sums.fetchone()[0])


def pay(books: sqlite3.Connection, reference: str, amount: Money | None, paid_at: str) -> None:
    """The customer pays, or pays the wrong `amount`; paying twice is paying once."""
    row = payment_row(books, reference)
    if row["state"] in ("paid", "void"):
        return
    paid = amount or Money(row["amount"], row["currency"])
    books.execute(
        "UPDATE payment SET state = 'paid', paid = ?, paid_currency = ?, paid_at = ? WHERE reference = ?",
        (paid.amount, paid.currency, paid_at, reference),
    )


def decline(books: sqlite3.Connection, reference: str) -> None:
    """The customer does not pay; one who has paid has paid."""
    payment_row(books, reference)
    books.execute("UPDATE payment SET state = 'failed' WHERE reference = ? AND state = 'open'", (reference,))


def booked(books: sqlite3.Connection, day: date) -> list[Booking]:
    """What was taken and given back on a day, UTC."""
    taken = books.execute(
        "SELECT reference, key, paid AS amount, paid_currency, paid_at AS at FROM payment WHERE paid_at LIKE ? "
        "UNION ALL "
        "SELECT p.reference, p.key, -r.amount, p.paid_currency, r.refunded_at FROM refund r "
        "JOIN payment p ON p.reference = r.reference WHERE r.refunded_at LIKE ? AND r.state = 'given' ORDER BY at",
        (f"{day}%", f"{day}%"),
    )
    return [
        Booking(
            row["reference"], Money(row["amount"], row["paid_currency"]), datetime.fromisoformat(row["at"]), row["key"]
        )
        for row in taken
    ]


def refund_of(books: sqlite3.Connection, key: str) -> RefundTruth | None:
    """What has become of a refund; None where there is none."""
    row = books.execute(
        "SELECT r.amount, r.state, p.paid_currency FROM refund r JOIN payment p ON p.reference = r.reference "
        "WHERE r.key = ?",
        (key,),
    ).fetchone()
    if row is None:
        return None
    reason = "the payer's bank did not take it" if row["state"] == "failed" else ""
    return RefundTruth(key, row["state"], Money(row["amount"], row["paid_currency"]), reason)


def refund(books: sqlite3.Connection, reference: str, amount: Money, key: str, at: str) -> RefundTruth:
    """Give money back, once for each key. Raises `Refused`: "no_payment", "not_paid", "too_much"."""
    row = payment_row(books, reference)
    if (known := refund_of(books, key)) is not None:
        return known
    if row["state"] != "paid":
        raise Refused("not_paid", reference=reference)
    left = Money(row["paid"] - returned(books, reference), row["paid_currency"])
    if amount.currency != left.currency or not 0 < amount.amount <= left.amount:
        raise Refused("too_much", reference=reference, left=left)
    refund = (key, reference, amount.amount, at)
    books.execute("INSERT INTO refund (key, reference, amount, refunded_at) VALUES (?, ?, ?, ?)", refund)
    return RefundTruth(key, "given", amount)


def bounce(books: sqlite3.Connection, key: str) -> None:
    """A refund did not reach the payer: the money is the shop's again."""
    books.execute("UPDATE refund SET state = 'failed' WHERE key = ?", (key,))
