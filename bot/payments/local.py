"""A little bank of our own, so that a shop can be tried without an account: it keeps books, signs notices, pays once.

It stands where a real provider would: its books are a SQLite file of its own, nothing is shared with the shop but
the port. No money moves.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

from bot.core.errors import BadInput, ProviderUnavailable, Refused, Unauthorised
from bot.core.money import Money
from bot.core.payment import Booking, Checkout, Notice, PaymentRequest, PaymentTruth, Terms
from bot.core.ports import HookAnswer, HookRequest
from bot.core.text import _

T = TypeVar("T")

SIGNATURE = "x-parley-signature"
TOLERANCE = 300  # seconds that a signed notice stays good
BOOKS = """
CREATE TABLE IF NOT EXISTS payment (
    reference TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, order_number TEXT NOT NULL, amount INTEGER NOT NULL,
    currency TEXT NOT NULL, description TEXT NOT NULL, return_url TEXT NOT NULL, locale TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open', paid INTEGER, paid_currency TEXT, paid_at TEXT
);
CREATE TABLE IF NOT EXISTS refund (
    key TEXT PRIMARY KEY, reference TEXT NOT NULL REFERENCES payment (reference), amount INTEGER NOT NULL,
    refunded_at TEXT NOT NULL DEFAULT ''
);
"""


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


@dataclass(frozen=True, slots=True)
class SignedNotice:
    """A notice as the bank sends it: raw body, and headers with lower-case names."""

    body: bytes
    headers: dict[str, str]


class LocalPayments:
    """The test bank. `path` is its own file, `base_url` where the shop's `/pay/<reference>` is reached."""

    name = "local"
    title = _("Test payment page")
    terms = Terms()

    def __init__(
        self, path: Path, secret: str, base_url: str, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._path = path
        self._secret = secret.encode()
        self._base_url = base_url.rstrip("/")
        self._clock = clock
        self._turn = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    async def create(self, request: PaymentRequest) -> Checkout:
        """Open a payment; the same `key` gives the same one.

        Raises `ProviderUnavailable`, `Refused("wrong_amount")` for nothing.
        """
        if not self.terms.takes(request.amount, ""):
            raise Refused("wrong_amount", amount=request.amount)
        reference = await self._in_books(lambda books: _create(books, request))
        return Checkout(reference, f"{self._base_url}/pay/{reference}")

    async def verify(self, request: HookRequest) -> None:
        """Raise `Unauthorised` unless the notice is signed by us, and not more than five minutes ago."""
        stamp, _, given = request.headers.get(SIGNATURE, "").partition(",")
        if not hmac.compare_digest(_bytes(given), self._sign(stamp, request.body).encode()):
            raise Unauthorised("the notice is not signed by the local test bank")
        if abs(self._clock().timestamp() - int(stamp)) > TOLERANCE:
            raise Unauthorised("the notice is too old")

    async def parse(self, request: HookRequest) -> list[Notice]:
        """Raise `BadInput` for what is no notice of ours."""
        try:
            told = json.loads(request.body)
            words = told["id"], told["key"], told["reference"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BadInput("not a notice of the local test bank") from error
        if not all(isinstance(word, str) and word for word in words):
            raise BadInput("a notice has an id, a key and a reference")
        return [Notice(words[0], words[1], {"reference": words[2]})]

    def answer(self) -> HookAnswer:
        """Any word will do."""
        return HookAnswer(body=b"success")

    async def fetch(self, reference: str) -> PaymentTruth:
        """What the books say. Raises `Refused("no_payment")`, `ProviderUnavailable`."""
        return await self._in_books(lambda books: _truth(books, reference))

    async def refund(self, reference: str, amount: Money, key: str) -> PaymentTruth:
        """Give money back, once per `key`. Raises `Refused`: "no_payment", "not_paid", "too_much"."""
        at = self._clock().isoformat()
        return await self._in_books(lambda books: _refund(books, reference, amount, key, at))

    async def void(self, reference: str) -> PaymentTruth:
        """Nobody can pay it any more. Raises `Refused("no_payment")`, `ProviderUnavailable`."""

        def voided(books: sqlite3.Connection) -> PaymentTruth:
            books.execute("UPDATE payment SET state = 'void' WHERE reference = ? AND state <> 'paid'", (reference,))
            return _truth(books, reference)

        return await self._in_books(voided)

    async def books(self, day: date) -> AsyncIterator[Booking]:
        """What was paid and given back on that day, UTC."""
        for booking in await self._in_books(lambda books: _booked(books, day)):
            yield booking

    async def who(self) -> str:
        """It is nobody's."""
        return "a test bank: no money moves"

    async def page(self, reference: str) -> PayPage:
        """What to show to the customer. Raises `Refused("no_payment")`."""
        return await self._in_books(lambda books: _page(books, reference))

    async def pay(self, reference: str, amount: Money | None = None) -> SignedNotice:
        """The customer pays, or pays the wrong `amount`; paying twice is paying once. Returns the notice to deliver.

        Raises `Refused("no_payment")`.
        """
        paid_at = self._clock().isoformat()
        return await self._change(reference, lambda books: _pay(books, reference, amount, paid_at))

    async def decline(self, reference: str) -> SignedNotice:
        """The customer does not pay; one who has paid has paid. Returns the notice. Raises `Refused("no_payment")`."""
        return await self._change(reference, lambda books: _decline(books, reference))

    async def close(self) -> None:
        """Close the books."""
        await asyncio.to_thread(self._close)

    async def _change(self, reference: str, change: Callable[[sqlite3.Connection], None]) -> SignedNotice:
        def changed(books: sqlite3.Connection) -> PayPage:
            change(books)
            return _page(books, reference)

        page = await self._in_books(changed)
        notice = {"id": f"{reference}:{page.state}", "key": page.key, "reference": reference}
        body = json.dumps(notice).encode()
        stamp = str(int(self._clock().timestamp()))
        return SignedNotice(body, {SIGNATURE: f"{stamp},{self._sign(stamp, body)}", "content-type": "application/json"})

    def _sign(self, stamp: str, body: bytes) -> str:
        return hmac.new(self._secret, _bytes(stamp) + b"." + body, hashlib.sha256).hexdigest()

    async def _in_books(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.to_thread(self._do, work)

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """One transaction at a time, in a thread of its own."""
        with self._turn:
            try:
                books = self._open()
                with books:
                    books.execute("BEGIN IMMEDIATE")
                    return work(books)
            except sqlite3.OperationalError as error:
                raise ProviderUnavailable(f"the test bank's books at {self._path} cannot be used: {error}") from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
            self._connection.row_factory = sqlite3.Row
            self._connection.executescript(BOOKS)
            self._keep_up()
        return self._connection

    def _keep_up(self) -> None:
        """Books of an older release have no dates of refunds."""
        assert self._connection is not None  # noqa: S101 - just opened
        if "refunded_at" not in {row["name"] for row in self._connection.execute("PRAGMA table_info(refund)")}:
            self._connection.execute("ALTER TABLE refund ADD COLUMN refunded_at TEXT NOT NULL DEFAULT ''")

    def _close(self) -> None:
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def _bytes(header: str) -> bytes:
    """A header back as the bytes that it was: a server may have decoded bad ones into lone surrogates."""
    return header.encode("utf-8", "surrogateescape")


def _create(books: sqlite3.Connection, request: PaymentRequest) -> str:
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


def _row(books: sqlite3.Connection, reference: str) -> sqlite3.Row:
    row: sqlite3.Row | None = books.execute("SELECT * FROM payment WHERE reference = ?", (reference,)).fetchone()
    if row is None:
        raise Refused("no_payment", reference=reference)
    return row


def _page(books: sqlite3.Connection, reference: str) -> PayPage:
    row = _row(books, reference)
    return PayPage(
        reference=reference,
        key=row["key"],
        order_number=row["order_number"],
        amount=Money(row["amount"], row["currency"]),
        description=row["description"],
        return_url=row["return_url"],
        locale=row["locale"],
        state=_truth(books, reference).state,
    )


def _truth(books: sqlite3.Connection, reference: str) -> PaymentTruth:
    row = _row(books, reference)
    if row["state"] != "paid":
        return PaymentTruth(reference, "failed" if row["state"] == "void" else row["state"])
    given_back = _given_back(books, reference)
    return PaymentTruth(
        reference,
        "refunded" if given_back >= row["paid"] else "paid",
        paid=Money(row["paid"], row["paid_currency"]),
        refunded=given_back,
        paid_at=datetime.fromisoformat(row["paid_at"]),
    )


def _given_back(books: sqlite3.Connection, reference: str) -> int:
    sums = books.execute("SELECT COALESCE(SUM(amount), 0) FROM refund WHERE reference = ?", (reference,))
    return int(sums.fetchone()[0])


def _pay(books: sqlite3.Connection, reference: str, amount: Money | None, paid_at: str) -> None:
    row = _row(books, reference)
    if row["state"] in ("paid", "void"):
        return
    paid = amount or Money(row["amount"], row["currency"])
    books.execute(
        "UPDATE payment SET state = 'paid', paid = ?, paid_currency = ?, paid_at = ? WHERE reference = ?",
        (paid.amount, paid.currency, paid_at, reference),
    )


def _decline(books: sqlite3.Connection, reference: str) -> None:
    _row(books, reference)
    books.execute("UPDATE payment SET state = 'failed' WHERE reference = ? AND state = 'open'", (reference,))


def _booked(books: sqlite3.Connection, day: date) -> list[Booking]:
    taken = books.execute(
        "SELECT reference, key, paid AS amount, paid_currency, paid_at AS at FROM payment WHERE paid_at LIKE ? "
        "UNION ALL "
        "SELECT p.reference, p.key, -r.amount, p.paid_currency, r.refunded_at FROM refund r "
        "JOIN payment p ON p.reference = r.reference WHERE r.refunded_at LIKE ? ORDER BY at",
        (f"{day}%", f"{day}%"),
    )
    return [
        Booking(
            row["reference"], Money(row["amount"], row["paid_currency"]), datetime.fromisoformat(row["at"]), row["key"]
        )
        for row in taken
    ]


def _refund(books: sqlite3.Connection, reference: str, amount: Money, key: str, at: str) -> PaymentTruth:
    row = _row(books, reference)
    if books.execute("SELECT 1 FROM refund WHERE key = ?", (key,)).fetchone():
        return _truth(books, reference)
    if row["state"] != "paid":
        raise Refused("not_paid", reference=reference)
    left = Money(row["paid"] - _given_back(books, reference), row["paid_currency"])
    if amount.currency != left.currency or not 0 < amount.amount <= left.amount:
        raise Refused("too_much", reference=reference, left=left)
    refund = (key, reference, amount.amount, at)
    books.execute("INSERT INTO refund (key, reference, amount, refunded_at) VALUES (?, ?, ?, ?)", refund)
    return _truth(books, reference)
