"""The books of providers beside ours, day by day: what they say is kept, and where it differs from what we say.

The books of one day go through these states; each step may be taken again after a death:

due     they are to be read
read    their lines are here
asked   providers are asked for each payment that differs, which settles what we had not heard of
done    what differs still is kept as a difference, for staff
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from bot.core.money import Money
from bot.core.payment import Booking
from bot.services import books_read, differences
from bot.services.agreement import Disagreement, Ours, disagreements
from bot.services.books_read import DAY, EDGE, MOST_DAYS, REFUND_EDGE, day_of, end_of, newest, oldest
from bot.services.differences import Subject
from bot.services.ledger import held_by
from bot.services.payments import PaymentView, view
from models import Difference, LedgerEntry, Payment, Statement, StatementLine
from models.database import transaction

#: Whoever takes a step has so long for it, or for its next lines; then somebody else takes it.
LEASE = timedelta(minutes=10)
#: Payments that differ are settled meanwhile.
SETTLES = timedelta(minutes=5)
BATCH = 500
#: So many names of a day that no payment of ours has are a difference each; more are one, named by this and the day.
MOST_UNKNOWN, TOGETHER = 20, "unknown:"
#: Names that we give to payments, see `payments.begin`; a line with another one is about business that is not ours.
_KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(slots=True)
class Day:
    """The books of one provider of one day, taken for one step until `until`, which `hold` moves."""

    id: int
    provider: str
    day: date
    state: str
    attempts: int
    until: datetime


async def plan(providers: Collection[str], now: datetime) -> None:
    """Make the rows of all days up to yesterday, of each provider since its first one; a first one is yesterday.

    Nobody waits for the books of one that is not configured any more; if it comes back, its days are made up for, also
    where a later one was read by hand.
    """
    await Statement.filter(state="due").exclude(provider__in=list(providers)).delete()
    last = newest(now)
    for provider in providers:
        known = await Statement.filter(provider=provider).order_by("day").first()
        first = max(day_of(known.day), oldest(now)) if known else last
        window = Statement.filter(provider=provider, day__gte=first.isoformat())
        there = {day_of(str(day)) for day in await window.values_list("day", flat=True)}
        days = [first + n * DAY for n in range((last - first).days + 1)]
        missing = [_new(provider, day, now) for day in days if day not in there]
        await Statement.bulk_create(missing, ignore_conflicts=True)


def _new(provider: str, day: date, now: datetime) -> Statement:
    return Statement(provider=provider, day=day.isoformat(), state="due", due_at=now, created_at=now)


async def again(provider: str, day: date, now: datetime) -> Day:
    """Take a day to read it now, whatever became of it before."""
    row = _new(provider, day, now)
    await Statement.bulk_create([row], ignore_conflicts=True)
    await Statement.filter(provider=provider, day=row.day).update(state="due", due_at=now + LEASE)
    kept = await Statement.get(provider=provider, day=row.day)
    return _day(kept, now + LEASE)


async def take(providers: Collection[str], now: datetime) -> Day | None:
    """The oldest day whose next step is due, for us alone until its lease ends; None when nothing is to be done."""
    young = Q(day__gte=oldest(now).isoformat()) | Q(state__not="due")
    due = Statement.filter(young, provider__in=list(providers), state__in=["due", "read", "asked"], due_at__lte=now)
    for row in await due.order_by("day", "id").limit(20):
        if await Statement.filter(id=row.id, state=row.state, due_at=row.due_at).update(due_at=now + LEASE):
            return _day(row, now + LEASE)
    return None


def _day(row: Statement, until: datetime) -> Day:
    return Day(row.id, row.provider, day_of(row.day), row.state, row.attempts, until)


async def hold(day: Day, now: datetime) -> bool:
    """Have the day for longer once half of the time for it is over; False where somebody else has taken it."""
    if now < day.until - LEASE / 2:
        return True
    held = await _mine(day).update(due_at=now + LEASE)
    day.until = now + LEASE
    return bool(held)


async def not_read(day: Day, error: str, due_at: datetime) -> None:
    """They could not be read: again later."""
    await _mine(day).update(attempts=day.attempts + 1, error=error[:300], due_at=due_at)


async def keep(day: Day, bookings: Sequence[Booking], clock: Callable[[], datetime]) -> bool:
    """Their lines, instead of what was read before; False where somebody else has taken the day meanwhile.

    What was compared without these lines, on days after it, is compared once more.
    """
    ours = [one for one in bookings if _KEY.fullmatch(one.key)]
    batches = [ours[at : at + BATCH] for at in range(0, len(ours), BATCH)]
    if not await _write(day, [], clear=True):
        return False
    for batch in batches:
        if not (await hold(day, clock()) and await _write(day, batch)):
            return False
    others, attempts, now = len(bookings) - len(ours), day.attempts + 1, clock()
    after = Statement.filter(provider=day.provider, state="done", day__gt=day.day.isoformat())
    await after.filter(day__lte=(day.day + MOST_DAYS * DAY).isoformat()).update(state="read", due_at=now)
    told = {"state": "read", "error": "", "others": others, "attempts": attempts, "read_at": now, "due_at": now}
    return bool(await _mine(day).update(**told))


async def _write(day: Day, batch: Sequence[Booking], *, clear: bool = False) -> bool:
    async with transaction():
        if not await _mine(day).select_for_update().first():
            return False
        if clear:
            await StatementLine.filter(statement_id=day.id).delete()
        known = await _known(day.provider, {one.key for one in batch})
        await StatementLine.bulk_create([_line(day, one, known) for one in batch])
    return True


def _line(day: Day, one: Booking, known: Mapping[str, int]) -> StatementLine:
    return StatementLine(
        statement_id=day.id,
        payment_id=known.get(one.key),
        reference=one.reference[:255],
        key=one.key,
        amount=one.amount.amount,
        currency=one.amount.currency,
        at=one.at,
    )


async def _known(provider: str, keys: Collection[str]) -> dict[str, int]:
    rows = await Payment.filter(key__in=list(keys), provider=provider).values_list("key", "id") if keys else []
    return {str(key): int(id_) for key, id_ in rows}


@dataclass(frozen=True, slots=True)
class Compared:
    """One payment of both books, or a name in theirs that no payment of ours has, and what differs."""

    about: Subject
    differs: list[Disagreement]


async def to_ask(day: Day) -> list[PaymentView]:
    """Payments about which the books of a day differ from ours: the provider is to be asked for each."""
    found = [one.about.payment async for one in compared(day) if one.differs]
    return [view(payment, payment.order) for payment in found if payment]


async def read_last(day: Day) -> int:
    """When the newest of the books was read that the day is compared with, its own or an earlier one's, in seconds."""
    up_to = Statement.filter(provider=day.provider, day__lte=day.day.isoformat(), read_at__isnull=False)
    newest_ = await up_to.order_by("-read_at").first()
    return int(newest_.read_at.timestamp()) if newest_ and newest_.read_at else 0


async def asked(day: Day, due_at: datetime) -> None:
    """Its payments are being asked for; what differs at `due_at` is for staff."""
    await _mine(day).update(state="asked", due_at=due_at)


async def settle(day: Day, now: datetime) -> bool:
    """Keep what differs, and end what does not any more; True where staff have news. The day is done."""
    news = [await differences.keep(one.about, one.differs, now) async for one in compared(day)]
    await _mine(day).update(state="done")
    return any(news)


async def compared(day: Day) -> AsyncIterator[Compared]:
    """Whatever moved on a day in their books or in ours, and what differed before, with what differs now."""
    open_ = Difference.filter(provider=day.provider, state="open")
    lines = StatementLine.filter(statement_id=day.id)
    ids = await _moved(day)
    for rows in (lines, open_):
        ids |= {row.payment_id for row in await rows if row.payment_id is not None}
    wanted = sorted(ids)
    for at in range(0, len(wanted), BATCH):
        async for one in _batch(day, wanted[at : at + BATCH]):
            yield one
    async for one in _strange(day):
        yield one


async def _strange(day: Day) -> AsyncIterator[Compared]:
    """Names in their books that no payment of ours has: of this day, and what differed before."""
    lines = [_booking(line) for line in await StatementLine.filter(statement_id=day.id, payment_id__isnull=True)]
    names = {one.key for one in lines}
    open_ = Difference.filter(provider=day.provider, state="open", payment_id__isnull=True)
    before = {row.key for row in await open_.exclude(key__startswith=TOGETHER)}
    are_many = len(names) > MOST_UNKNOWN
    yield _together(day, lines if are_many else [])
    for key in sorted(before & names) if are_many else ():
        yield Compared(Subject(day.provider, day.day, key, None), [])
    unknown = sorted(before - names if are_many else before | names)
    for at in range(0, len(unknown), BATCH):
        async for one in _unknown(day, unknown[at : at + BATCH]):
            yield one


def _together(day: Day, lines: Sequence[Booking]) -> Compared:
    """Many unknown names are one difference of their day: another Parley has this account, too, or we lost much."""
    reference = f"× {len({one.key for one in lines})}"
    told = [replace(one, reference=reference) for one in disagreements(lines, Ours())]
    return Compared(Subject(day.provider, day.day, f"{TOGETHER}{day.day}", None), told)


async def _unknown(day: Day, keys: Collection[str]) -> AsyncIterator[Compared]:
    found = defaultdict[str, list[Booking]](list)
    for line in await _read(day).filter(payment_id__isnull=True, key__in=list(keys)):
        found[line.key].append(_booking(line))
    for key in keys:
        yield Compared(Subject(day.provider, day.day, key, None), disagreements(found[key], Ours()))


async def _batch(day: Day, ids: Sequence[int]) -> AsyncIterator[Compared]:
    theirs, entries = defaultdict[int, list[Booking]](list), defaultdict[int, list[LedgerEntry]](list)
    for line in await _read(day).filter(payment_id__in=ids):
        theirs[line.payment_id or 0].append(_booking(line))
    for entry in await LedgerEntry.filter(payment_id__in=ids, account=held_by(day.provider)):
        entries[entry.payment_id].append(entry)
    read = await books_read.up_to(day.provider, day.day)
    for payment in await Payment.filter(id__in=ids).select_related("order").order_by("id"):
        ours = read.ours(payment, entries[payment.id])
        about = Subject(day.provider, day.day, payment.key, payment)
        yield Compared(about, disagreements(theirs[payment.id], ours))


async def _moved(day: Day) -> set[int]:
    """Payments that our own books say were paid, or given back, early enough for theirs to have it."""
    moved = LedgerEntry.filter(account=held_by(day.provider))
    end = end_of(day.day)
    taken = moved.filter(amount__gt=0, at__gte=end - DAY - EDGE, at__lt=end - EDGE)
    given = moved.filter(amount__lt=0, at__gte=end - DAY - REFUND_EDGE, at__lt=end - REFUND_EDGE)
    return {row.payment_id for rows in (taken, given) for row in await rows}


def _read(day: Day) -> QuerySet[StatementLine]:
    """All lines of the provider that were read whole."""
    return StatementLine.filter(statement__provider=day.provider, statement__state__not="due")


def _mine(day: Day) -> QuerySet[Statement]:
    """The row, as long as nobody else took it."""
    return Statement.filter(id=day.id, due_at=day.until)


def _booking(line: StatementLine) -> Booking:
    return Booking(line.reference, Money(line.amount, line.currency), line.at, line.key)
