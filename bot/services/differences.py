"""Where a provider's books differ from ours, as staff see it: open until it is gone, or until they explain it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.core.errors import Refused
from bot.core.money import Money
from bot.services import audit
from bot.services.agreement import Disagreement
from bot.services.books_read import oldest
from models import Difference, Payment, Statement
from models.database import transaction

PAGE = 50
#: Books that could not be read so long after their day are told to staff; the slowest come a day and four hours after.
LATE = timedelta(days=2, hours=6)
STATES = ("open", "explained", "gone")


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One of them; `order_id` is None where no payment of ours has that name. A sum that is not there is 0."""

    id: int
    provider: str
    key: str
    side: str  # payment | refund
    kind: str  # missing_here | missing_there | amount | currency
    reference: str
    theirs: Money
    ours: Money
    day: str
    state: str  # open | explained | gone
    note: str
    staff_id: int | None
    order_id: int | None
    order_number: str
    found_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class LateBooks:
    """Books that could not be read for so long that somebody must look."""

    provider: str
    day: str
    error: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Subject:
    """What differs: the payment with this key at a provider, seen in the books of a day."""

    provider: str
    day: date
    key: str
    payment: Payment | None


async def keep(about: Subject, found: Sequence[Disagreement], now: datetime) -> bool:
    """Have the rows of a payment say what differs; True where staff have news."""
    rows = {row.side: row for row in await Difference.filter(provider=about.provider, key=about.key)}
    news = [await _open(rows.pop(one.side, None), about, one, now) for one in found]
    gone = [row.id for row in rows.values() if row.state == "open"]
    if gone:
        await Difference.filter(id__in=gone, state="open").update(state="gone", closed_at=now)
    return any(news) or bool(gone)


async def _open(row: Difference | None, about: Subject, one: Disagreement, now: datetime) -> bool:
    """Make or change its row; one that was explained stays so while nothing about it changes."""
    facts = {
        "kind": one.kind,
        "theirs": one.theirs.amount,
        "theirs_currency": one.theirs.currency,
        "ours": one.ours.amount,
        "ours_currency": one.ours.currency,
    }
    if row is not None and row.state != "gone" and all(getattr(row, name) == value for name, value in facts.items()):
        return False
    told = {"reference": one.reference[:255], "day": about.day.isoformat(), "found_at": now}
    state = {"state": "open", "note": "", "staff_id": None, "closed_at": None}
    if row is None:
        whose = {"provider": about.provider, "key": about.key, "payment": about.payment}
        await Difference.bulk_create(
            [Difference(side=one.side, **whose, **facts, **told, **state)], ignore_conflicts=True
        )
    else:
        await Difference.filter(id=row.id).update(**facts, **told, **state)
    return True


async def explain(id_: int, staff_id: int, note: str, now: datetime) -> DifferenceRow:
    """Staff know why. Raises `Refused`: "no_difference", "overtaken" where it is not open any more."""
    async with transaction():
        if not await Difference.filter(id=id_).exists():
            raise Refused("no_difference")
        told = {"state": "explained", "note": note[:300], "staff_id": staff_id, "closed_at": now}
        if not await Difference.filter(id=id_, state="open").update(**told):
            raise Refused("overtaken")
        await audit.record(staff_id, "difference.explain", f"difference:{id_}", now)
    return _row(await Difference.get(id=id_).select_related("payment__order"))


async def listed(state: str, before: int | None) -> tuple[list[DifferenceRow], int | None]:
    """Of one state, the newest first; where the next page begins, None at the end."""
    wanted = Difference.filter(state=state)
    if before:
        wanted = wanted.filter(id__lt=before)
    found = await wanted.select_related("payment__order").order_by("-id").limit(PAGE + 1)
    return [_row(row) for row in found[:PAGE]], found[PAGE - 1].id if len(found) > PAGE else None


async def late(now: datetime) -> list[LateBooks]:
    """Books that nobody could read, the oldest day first."""
    last = (now - LATE).date() - timedelta(days=1)
    unread = Statement.filter(state="due", attempts__gt=0, day__gte=oldest(now).isoformat(), day__lte=last.isoformat())
    found = await unread.order_by("day", "id").limit(PAGE)
    return [LateBooks(row.provider, row.day, row.error, row.attempts) for row in found]


async def waiting(now: datetime) -> int:
    """How much of this waits for staff."""
    return await Difference.filter(state="open").count() + len(await late(now))


def _row(row: Difference) -> DifferenceRow:
    order = row.payment.order if row.payment else None
    return DifferenceRow(
        id=row.id,
        provider=row.provider,
        key=row.key,
        side=row.side,
        kind=row.kind,
        reference=row.reference,
        theirs=Money(row.theirs, row.theirs_currency),
        ours=Money(row.ours, row.ours_currency),
        day=row.day,
        state=row.state,
        note=row.note,
        staff_id=row.staff_id,
        order_id=order.id if order else None,
        order_number=order.number if order else "",
        found_at=row.found_at,
        closed_at=row.closed_at,
    )
