"""What was read of a provider's books up to a day, and which of our money they may therefore lack yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.services.agreement import Ours
from models import LedgerEntry, Payment, Statement

DAY = timedelta(days=1)
#: So long after a day its books are asked for.
NIGHT = timedelta(hours=3)
#: Days that are made up for, after a shop stood still; books of an older one that cannot be read are let be.
MOST_DAYS = 31
#: Our clock and theirs may put the same moment on two days, and some book a refund only when it has arrived.
EDGE, REFUND_EDGE = timedelta(hours=1), timedelta(days=4)


def day_of(words: str) -> date:
    """That of a row. Raises ValueError."""
    return date.fromisoformat(words)


def end_of(day: date) -> datetime:
    """When it is over."""
    return datetime.combine(day, time(), UTC) + DAY


def newest(now: datetime) -> date:
    """The last day whose books are asked for."""
    return (now - NIGHT).date() - DAY


def oldest(now: datetime) -> date:
    """The first one that is still waited for."""
    return newest(now) - (MOST_DAYS - 1) * DAY


@dataclass(frozen=True, slots=True)
class Read:
    """All days from `begin` to `end`, but the `unread` ones."""

    begin: datetime
    end: datetime
    unread: frozenset[date]

    def ours(self, payment: Payment, entries: Iterable[LedgerEntry]) -> Ours:
        """What our row says, and how much of it they may lack.

        Of a payment that is older than the first day, all may be in books that nobody reads.
        """
        young = [0, 0]
        for entry in entries:
            given = entry.amount < 0
            if self._may_lack(payment.created_at - EDGE, entry.at + (REFUND_EDGE if given else EDGE)):
                young[given] += abs(entry.amount)
        if payment.created_at < self.begin:
            young = [payment.captured, payment.refunded]
        return Ours(payment.captured, payment.refunded, payment.captured_currency, *young)

    def _may_lack(self, since: datetime, until: datetime) -> bool:
        """Whether a line of this time may be in books that were not read: we may have heard of it days after it."""
        first, last = since.astimezone(UTC).date(), until.astimezone(UTC).date()
        return until >= self.end or any(first <= day <= last for day in self.unread)


async def up_to(provider: str, day: date) -> Read:
    """The days that follow each other without a gap up to this one."""
    rows = Statement.filter(provider=provider, day__lte=day.isoformat()).order_by("-day")
    first, unread = day, set[date]()
    for words, state in await rows.values_list("day", "state"):
        if first - (one := day_of(str(words))) > DAY:
            break
        first = one
        if state == "due":
            unread.add(one)
    return Read(end_of(first) - DAY, end_of(day), frozenset(unread))
