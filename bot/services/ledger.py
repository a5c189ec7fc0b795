"""The books of the money, double-entry: what one account gets another one gives, so that all of them sum to zero.

`provider:<name>` is what a provider holds for us, `sales` what orders earned, and `owed` money that fits no order and
is to be given back. A posting is written in the transaction that changes its payment: the two cannot disagree.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.money import Money
from bot.core.registry import reads
from models import LedgerEntry, Payment
from models.database import Statement, fetch
from models.rows import every, insertion

SALES, OWED = "sales", "owed"
#: Payments that were changed since then are compared with the books, at first and from then on.
LOOKED_AT, LATELY = timedelta(days=30), timedelta(hours=1)
_BEHIND = (
    "SELECT pay.key FROM payment pay WHERE pay.updated_at >= ? AND pay.captured > 0 AND pay.captured - pay.refunded <> "
    "(SELECT COALESCE(SUM(e.amount), 0) FROM ledger_entry e WHERE e.payment_id = pay.id AND e.account LIKE ?) "
    "ORDER BY pay.updated_at, pay.id LIMIT 200"
)


@dataclass(frozen=True, slots=True)
class Balance:
    """What stands on an account, in one currency; what it gave is negative."""

    account: str
    amount: Money


def held_by(provider: str) -> str:
    """The account of what a provider holds for us."""
    return f"provider:{provider}"


async def missing(payment: Payment, now: datetime) -> Statement:
    """What posts all that the books lack to say what the locked payment's row says; once it is written, nothing."""
    entries = await every(LedgerEntry, "WHERE payment_id = ?", (payment.id,))
    lacking = _wanted(payment)
    lacking.subtract(_sums(entries))
    cause = f"{payment.key}:{len({entry.cause for entry in entries}) + 1}"
    return insertion(
        LedgerEntry(payment_id=payment.id, cause=cause, account=account, currency=currency, amount=amount, at=now)
        for (account, currency), amount in sorted(lacking.items())
        if amount
    )


@reads
async def behind(since: datetime) -> tuple[str, ...]:
    """The keys of payments that were changed since then and whose money is not booked as it is.

    A node of a release without books settled them.
    """
    rows = await fetch(_BEHIND, (since, held_by("%")))
    return tuple(row["key"] for row in rows)


def _wanted(payment: Payment) -> Counter[tuple[str, str]]:
    """What the accounts must hold of this payment."""
    kept, into = payment.captured - payment.refunded, OWED if payment.state == "mismatch" else SALES
    currency = payment.captured_currency
    return Counter({(held_by(payment.provider), currency): kept, (into, currency): -kept})


def _sums(entries: list[LedgerEntry]) -> Counter[tuple[str, str]]:
    sums: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        sums[entry.account, entry.currency] += entry.amount
    return sums


@reads
async def balances() -> tuple[Balance, ...]:
    """Every account's balance by currency, also those that are even."""
    rows = await fetch(
        "SELECT account, currency, SUM(amount) AS amount FROM ledger_entry GROUP BY account, currency "
        "ORDER BY account, currency",
        (),
    )
    return tuple(Balance(row["account"], Money(int(row["amount"]), row["currency"])) for row in rows)
