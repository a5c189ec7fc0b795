"""A little bank of our own, so that a shop can be tried without an account: it keeps books, signs notices, pays once.

It stands where a real provider would: its books are a SQLite file of its own, nothing is shared with the shop but
the port. No money moves.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

from bot.core.errors import BadInput, ProviderUnavailable, Refused, Unauthorised
from bot.core.money import Money
from bot.core.payment import Booking, Checkout, Notice, PaymentRequest, PaymentTruth, RefundTruth, Terms
from bot.core.ports import HookAnswer, HookRequest
from bot.core.text import _
from bot.payments import _local_books as ledger
from bot.payments._local_books import PayPage

T = TypeVar("T")

SIGNATURE = "x-parley-signature"
TOLERANCE = 300  # seconds that a signed notice stays good


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
        reference = await self._in_books(lambda books: ledger.create(books, request))
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
        return [Notice(words[0], words[1])]

    def answer(self) -> HookAnswer:
        """Any word will do."""
        return HookAnswer(body=b"success")

    async def fetch(self, reference: str) -> PaymentTruth:
        """What the books say. Raises `Refused("no_payment")`, `ProviderUnavailable`."""
        return await self._in_books(lambda books: ledger.truth(books, reference))

    async def refund(self, reference: str, amount: Money, key: str, notify_url: str = "") -> RefundTruth:  # noqa: ARG002
        """Give money back, once per `key`. Raises `Refused`: "no_payment", "not_paid", "too_much"."""
        at = self._clock().isoformat()
        return await self._in_books(lambda books: ledger.refund(books, reference, amount, key, at))

    async def fetch_refund(self, reference: str, key: str) -> RefundTruth | None:  # noqa: ARG002
        """What the books say. Raises `ProviderUnavailable`."""
        return await self._in_books(lambda books: ledger.refund_of(books, key))

    async def void(self, reference: str) -> PaymentTruth:
        """Nobody can pay it any more. Raises `Refused("no_payment")`, `ProviderUnavailable`."""

        def voided(books: sqlite3.Connection) -> PaymentTruth:
            books.execute("UPDATE payment SET state = 'void' WHERE reference = ? AND state <> 'paid'", (reference,))
            return ledger.truth(books, reference)

        return await self._in_books(voided)

    async def books(self, day: date) -> AsyncIterator[Booking]:
        """What was paid and given back on that day, UTC."""
        for booking in await self._in_books(lambda books: ledger.booked(books, day)):
            yield booking

    async def who(self) -> str:
        """It is nobody's."""
        return "a test bank: no money moves"

    async def page(self, reference: str) -> PayPage:
        """What to show to the customer. Raises `Refused("no_payment")`."""
        return await self._in_books(lambda books: ledger.page(books, reference))

    async def pay(self, reference: str, amount: Money | None = None) -> SignedNotice:
        """The customer pays, or pays the wrong `amount`; paying twice is paying once. Returns the notice to deliver.

        Raises `Refused("no_payment")`.
        """
        paid_at = self._clock().isoformat()
        return await self._change(reference, lambda books: ledger.pay(books, reference, amount, paid_at))

    async def decline(self, reference: str) -> SignedNotice:
        """The customer does not pay; one who has paid has paid. Returns the notice. Raises `Refused("no_payment")`."""
        return await self._change(reference, lambda books: ledger.decline(books, reference))

    async def bounce(self, reference: str, key: str) -> SignedNotice:
        """The payer's own bank does not take a refund, and it comes back. Raises `Refused("no_payment")`."""
        return await self._change(reference, lambda books: ledger.bounce(books, key), f"{key}:failed")

    async def close(self) -> None:
        """Close the books."""
        await asyncio.to_thread(self._close)

    async def _change(
        self, reference: str, change: Callable[[sqlite3.Connection], None], told: str = ""
    ) -> SignedNotice:
        def changed(books: sqlite3.Connection) -> PayPage:
            change(books)
            return ledger.page(books, reference)

        page = await self._in_books(changed)
        notice = {"id": f"{reference}:{told or page.state}", "key": page.key, "reference": reference}
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
            ledger.keep_up(self._connection)
        return self._connection

    def _close(self) -> None:
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def _bytes(header: str) -> bytes:
    """A header back as the bytes that it was: a server may have decoded bad ones into lone surrogates."""
    return header.encode("utf-8", "surrogateescape")
