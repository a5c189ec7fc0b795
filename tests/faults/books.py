"""What must be true of a shop's books and its bank's when all is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from models.database import fetch
from tests.faults import oracle
from tests.faults.trade import RECEIPT, Bank
from tests.kit.telegram_user import TelegramUser

T = TypeVar("T")
Rows = list[dict[str, Any]]
RECEIPTS = "SELECT count(*) AS count FROM message WHERE author = 'bot' AND text LIKE ? GROUP BY conversation_id"
UNENDED = (
    "SELECT kind, state, error FROM effect WHERE state IN ('pending', 'parked') UNION ALL "
    "SELECT kind, state, error FROM inbound WHERE state IN ('pending', 'parked')"
)


@dataclass(frozen=True, slots=True)
class Books:
    """All that both sides wrote down, once all is over."""

    bank: Bank
    orders: Rows
    payments: Rows
    entries: Rows  # of the ledger
    settled: Rows  # steps that made an order paid
    receipts: Rows  # how many each conversation has
    unended: Rows  # inbounds and effects that still wait, or are parked
    unknown: Rows  # refunds

    @classmethod
    async def read(cls, url: str, bank: Bank) -> Books:
        """Of a shop that does not run."""
        async with oracle.database(url):
            return cls(
                bank,
                orders=await fetch('SELECT contact_id, state, paid_at, id FROM "order"'),
                payments=await fetch(
                    "SELECT id, order_id, key, state, captured, refunded, amount, currency FROM payment"
                ),
                entries=await fetch("SELECT payment_id, account, amount, currency FROM ledger_entry"),
                settled=await fetch("SELECT order_id FROM order_event WHERE to_state = 'paid'"),
                receipts=await fetch(RECEIPTS, (f"{RECEIPT}%",)),
                unended=await fetch(UNENDED),
                unknown=await fetch("SELECT id FROM refund WHERE state NOT IN ('given', 'failed')"),
            )

    @property
    def paid(self) -> set[int]:
        """The orders that were."""
        return {order["id"] for order in self.orders if order["paid_at"] is not None}

    def took(self) -> Counter[str]:
        """What the bank took, by our key of the payment."""
        paid = [one for one in self.bank.sessions.values() if one["payment_status"] == "paid"]
        return _sums((one["client_reference_id"], one["amount_total"]) for one in paid)

    def gave_back(self) -> Counter[str]:
        """What the bank gave back, by our key of the payment."""
        return _sums((one["metadata"]["key"], one["amount"]) for one in self.bank.refunds)


async def audit(
    url: str, bank: Bank, people: Sequence[TelegramUser], told: int, kills: int
) -> tuple[dict[str, Any], list[str]]:
    """Both sides' books, row by row: figures, and what is wrong.

    `told` are the people who were asked to pay. What leaves for anybody when its process dies leaves again.
    """
    books = await Books.read(url, bank)
    repeated, told_wrong = _receipts(books, people, kills)
    odd = _money(books) | _once(books)
    wrong = [*_zero(books), *told_wrong, *(f"{many} {what}" for what, many in odd.items() if many), *_unended(books)]
    if len(books.orders) != told:
        wrong.append(f"{len(books.orders)} orders of {told} customers")
    figures = {
        "orders": len(books.orders),
        "paid": len(books.paid),
        "mismatched": sum(row["state"] == "mismatch" for row in books.payments),
        "given_back": sum(row["refunded"] > 0 for row in books.payments),
        "captured": sum(row["captured"] for row in books.payments),
        "repeated": repeated,
    }
    return figures, wrong


def _zero(books: Books) -> list[str]:
    """The ledger sums to nothing in each currency."""
    sums = _sums((entry["currency"], entry["amount"]) for entry in books.entries)
    return [f"the ledger of {currency} sums to {amount}" for currency, amount in sums.items() if amount]


def _money(books: Books) -> Counter[str]:
    """Payment by payment: what the bank has, what our row says, and what the ledger says."""
    took, gave_back, odd = books.took(), books.gave_back(), Counter[str]()
    at_bank = [entry for entry in books.entries if entry["account"].startswith("provider:")]
    held = _sums((entry["payment_id"], entry["amount"]) for entry in at_bank)
    for row in books.payments:
        there = took[row["key"]]
        odd["payments whose capture is not the bank's"] += row["captured"] != there
        odd["payments whose refunds are not the bank's"] += row["refunded"] != gave_back[row["key"]]
        kept = row["captured"] - row["refunded"]
        odd["payments whose ledger is not captured less refunded"] += held[row["id"]] != kept
        is_wrong = there not in (0, row["amount"])
        odd["wrong amounts that paid an order"] += is_wrong and row["order_id"] in books.paid
        odd["right amounts that nobody settled"] += row["state"] in ("created", "open") and bool(there)
    return odd


def _once(books: Books) -> Counter[str]:
    """Nothing is there twice, here or at the bank."""
    charged = (one["metadata"]["key"] for one in books.bank.intents.values())
    opened = (one["client_reference_id"] for one in books.bank.sessions.values())
    return Counter(
        {
            "payments that were captured twice": _repeated(charged),
            "payments that were opened twice": _repeated(opened),
            "customers with several orders": _repeated(order["contact_id"] for order in books.orders),
            "orders that became paid twice": _repeated(event["order_id"] for event in books.settled),
            "refunds of which nobody knows what became": len(books.unknown),
            "customers with several receipts": sum(row["count"] > 1 for row in books.receipts),
        }
    )


def _unended(books: Books) -> list[str]:
    """What still waits, or staff would have to look at, by why."""
    found = Counter(f"{row['kind']} {row['state']}: {row['error'][:80]}" for row in books.unended)
    return [f"{many} × {what}" for what, many in found.most_common()]


def _receipts(books: Books, people: Sequence[TelegramUser], kills: int) -> tuple[int, list[str]]:
    """How many were shown again, and what is wrong with all of them."""
    wrong, written = [], sum(row["count"] for row in books.receipts)
    shown = [sum(RECEIPT in one.text for one in person.shown) for person in people]
    repeated = sum(many - 1 for many in shown if many)
    unseen = len(books.receipts) - sum(many > 0 for many in shown)
    if written != len(books.paid):
        wrong.append(f"{written} receipts of {len(books.paid)} paid orders")
    if unseen:
        wrong.append(f"{unseen} receipts that nobody saw")
    if (often := max(shown, default=0)) > 1 + kills:
        wrong.append(f"somebody was shown a receipt {often} times, after {kills} kills")
    return repeated, wrong


def _repeated(things: Iterable[object]) -> int:
    """How many of them are there more than once."""
    return sum(many > 1 for many in Counter(things).values())


def _sums(amounts: Iterable[tuple[T, int]]) -> Counter[T]:
    sums: Counter[T] = Counter()
    for of, amount in amounts:
        sums[of] += amount
    return sums
