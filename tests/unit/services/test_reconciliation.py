"""Night by night the books of a bank beside ours: what had not been heard of is settled, what differs is for staff."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.cli import reconcile
from bot.core.errors import ProviderUnavailable, Refused
from bot.core.events import BooksChanged, Event
from bot.core.message import Inbound
from bot.core.money import Money
from bot.core.payment import Booking
from bot.payments.local import LocalPayments
from bot.runtime.providers import ask
from bot.runtime.reconciling import Reconciling, read
from bot.services import differences, orders, payments, reconciliation, refunds, settlement
from bot.services.payments import Urls
from models import Audit, Difference, Effect, Payment, Statement, StatementLine
from models.database import transaction
from tests.unit.services.shop import NOW, Shop

TODAY = NOW.date()
STRANGER = "f" * 32


class Bank(LocalPayments):
    """The test bank, whose books may be away, or say something else."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        super().__init__(path, "s3cret", "https://shop.example", clock=clock)
        self.away: Exception | None = None
        self.asked: list[date] = []
        self.tells: Callable[[Booking], Booking | None] = lambda one: one
        self.more: list[Booking] = []
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        self.between: Callable[[], Awaitable[object]] | None = None  # two lines
        self.closed: set[date] = set()

    async def books(self, day: date) -> AsyncIterator[Booking]:
        self.asked.append(day)
        if self.meanwhile:
            await self.meanwhile()
        if self.away or day in self.closed:
            raise self.away or ProviderUnavailable("closed")
        async for one in super().books(day):
            if self.between:
                await self.between()
            if (told := self.tells(one)) is not None:
                yield told
        for one in self.more:
            if one.at.date() == day:
                yield one


@dataclass
class Night:
    """A shop, its bank, and the clock of both."""

    shop: Shop
    bank: Bank
    told: list[Event] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)  # keys of inbounds
    mine: Reconciling = field(init=False)

    def __post_init__(self) -> None:
        self.mine = self.node()

    def node(self) -> Reconciling:
        return Reconciling({"local": self.bank}, self.accept, self.told.append, lambda: self.shop.now)

    async def accept(self, inbounds: Sequence[Inbound]) -> None:
        """What the dialog does with a payment's inbound; one that is known is kept once."""
        for one in inbounds:
            assert one.kind == "payment"
            if one.key in self.known:
                continue
            self.known.add(one.key)
            self.hints.append(one.data)
            await self.settles(one.data)

    async def settles(self, key: str) -> None:
        known = await payments.by_key(key)
        assert known is not None
        truth = await ask(self.bank, known, self.shop.now)
        async with transaction():
            await settlement.settle(key, truth, self.shop.now)

    async def opens(self) -> tuple[int, str, str]:
        """The order, our key and the bank's reference of a payment that waits for its customer."""
        scope = self.shop.at(await self.shop.customer())
        order = await self.shop.buys(scope)
        async with transaction():
            begun = await payments.begin(scope, order.number, "local")
        checkout = await self.bank.create(await payments.request(begun.key, Urls("https://shop.example")))
        async with transaction():
            await payments.opened(begun.key, checkout, self.shop.now)
        return order.id, begun.key, checkout.reference

    async def sells(self) -> tuple[int, str, str]:
        order_id, key, reference = await self.opens()
        await self.bank.pay(reference)
        await self.settles(key)
        return order_id, key, reference

    async def passes(self, *, days: int = 1) -> None:
        """The night of each day, and what is due in the minutes after it."""
        for _ in range(days):
            self.shop.now = datetime.combine(self.shop.now.date() + timedelta(days=1), datetime.min.time(), UTC)
            self.shop.later(hours=9)
            await self.goes_on()

    async def goes_on(self) -> None:
        for _ in range(2):
            await self.mine.run()
            self.shop.later(minutes=6)
        await self.mine.run()

    async def differs(self) -> list[str]:
        rows, _ = await differences.listed("open", None)
        return sorted(f"{row.side} {row.kind} {row.theirs.amount} {row.ours.amount}" for row in rows)


async def made(shop: Shop, folder: Path) -> Night:
    night = Night(shop, Bank(folder / "bank.db", lambda: shop.now))
    await shop.product(stock=100)
    await night.node().run()  # the shop is opened: of the day before there is nothing
    return night


@pytest.fixture
async def night(shop: Shop, tmp_path: Path) -> AsyncIterator[Night]:
    one = await made(shop, tmp_path)
    yield one
    await one.bank.close()


@pytest.fixture
async def any_night(any_shop: Shop, tmp_path: Path) -> AsyncIterator[Night]:
    one = await made(any_shop, tmp_path)
    yield one
    await one.bank.close()


async def test_a_month_of_trade_agrees_and_what_nobody_heard_of_is_settled(any_night: Night) -> None:
    night = any_night
    unheard = []
    for day in range(4):
        await night.sells()
        _, key, reference = await night.opens()
        await night.bank.pay(reference)  # and its notice is lost
        unheard.append(key)
        order_id, paid, its = await night.sells()
        if day % 2:
            await orders.advance(order_id, "refund", "staff:1", night.shop.now)
            [asked] = await refunds.keys_of(paid)
            await night.bank.refund(its, Money(6800, "CNY"), asked)  # and its answer is lost
        await night.passes()
    assert await Payment.filter(key__in=unheard, state="paid").count() == 4
    assert await Payment.filter(state="refunded").count() == 2
    assert await night.differs() == []
    assert await Statement.filter(state="done").count() == 5
    assert (await StatementLine.all().count(), await Difference.all().count(), night.told) == (14, 0, [])


async def test_a_line_is_a_hint_and_never_settles(night: Night) -> None:
    """The books say that it was paid; the bank, when it is asked, does not."""
    _, key, _ = await night.opens()
    night.bank.more = [Booking("b-1", Money(6800, "CNY"), NOW, key)]
    await night.passes()
    row = await Payment.get(key=key)
    assert (night.hints, row.state, row.captured) == ([key], "open", 0)
    assert await night.differs() == ["payment missing_here 6800 0"]
    assert night.told == [BooksChanged(1)]


async def test_what_is_compared_once_more_is_asked_about_once_more(night: Night) -> None:
    """The books of an earlier day were read anew since: what differed then may be settled by now."""
    _, key, _ = await night.opens()
    night.bank.more = [Booking("b-1", Money(6800, "CNY"), NOW, key)]
    await night.passes()
    earlier = (TODAY - timedelta(days=1)).isoformat()
    await Statement.filter(day=earlier).update(state="due", due_at=night.shop.now)
    await night.goes_on()
    asked = [one.split(":")[3] for one in sorted(night.known)]
    assert asked == [earlier, TODAY.isoformat(), TODAY.isoformat()]


async def test_days_before_one_that_was_read_by_hand_are_made_up_for(night: Night) -> None:
    night.shop.later(days=5)
    by_hand = await reconciliation.again("local", night.shop.now.date() - timedelta(days=2), night.shop.now)
    assert await read(night.bank, by_hand, lambda: night.shop.now)
    await night.mine.run()
    days = [(TODAY + timedelta(days=n)).isoformat() for n in range(-1, 5)]
    assert await Statement.all().order_by("day").values_list("day", flat=True) == days


@pytest.mark.parametrize(
    ("tells", "expected"),
    [
        (lambda one: None, "payment missing_there 0 6800"),
        (lambda one: replace(one, amount=Money(6700, "CNY")), "payment amount 6700 6800"),
        (lambda one: replace(one, amount=Money(6800, "USD")), "payment currency 6800 6800"),
    ],
)
async def test_what_differs_is_open_until_the_books_are_mended(
    night: Night, tells: Callable[[Booking], Booking | None], expected: str
) -> None:
    await night.sells()
    night.bank.tells = tells
    await night.passes(days=2)
    assert await night.differs() == [expected]
    night.bank.tells = lambda one: one
    await Statement.filter(day=TODAY.isoformat()).update(state="due", due_at=night.shop.now)
    await night.goes_on()
    assert await night.differs() == []
    assert (await Difference.get()).state == "gone"
    assert night.told[-1] == BooksChanged(0)


async def test_money_of_a_payment_that_we_do_not_have(night: Night) -> None:
    """As after a restore. What has no name of ours is the shop's other business."""
    night.bank.more = [
        Booking("b-1", Money(500, "CNY"), NOW, STRANGER),
        Booking("b-2", Money(900, "CNY"), NOW, "till 7"),
        Booking("b-3", Money(900, "CNY"), NOW, ""),
    ]
    await night.passes()
    assert await night.differs() == ["payment missing_here 500 0"]
    assert (await Statement.get(day=TODAY.isoformat())).others == 2


async def test_many_payments_that_we_do_not_have_are_one_difference_a_day(night: Night) -> None:
    """Another Parley has the same account."""
    night.bank.more = [Booking(f"b-{n}", Money(500, "CNY"), NOW, f"{n:032x}") for n in range(20)]
    await night.passes()
    assert await night.differs() == ["payment missing_here 500 0"] * 20
    night.bank.more += [Booking("b-20", Money(500, "CNY"), NOW, STRANGER)]
    night.bank.more += [replace(one, at=NOW + timedelta(days=1), reference="b") for one in night.bank.more]
    await reconciliation.again("local", TODAY, night.shop.now - reconciliation.LEASE)
    await night.passes(days=2)
    rows, _ = await differences.listed("open", None)
    assert sorted((row.key, row.theirs.amount, row.reference) for row in rows) == [
        (f"unknown:{TODAY + timedelta(days=n)}", 21 * 500, "× 21") for n in range(2)
    ]


async def test_what_staff_explained_stays_so_until_the_sums_change(night: Night) -> None:
    await night.sells()
    night.bank.tells = lambda one: replace(one, amount=Money(6700, "CNY"))
    await night.passes()
    row = await differences.explain((await Difference.get()).id, 7, "a rebate of theirs", night.shop.now)
    assert (row.state, row.note, row.staff_id, row.order_number != "") == ("explained", "a rebate of theirs", 7, True)
    assert (await Audit.get()).action == "difference.explain"
    with pytest.raises(Refused, match="overtaken"):
        await differences.explain(row.id, 8, "another word", night.shop.now)
    with pytest.raises(Refused, match="no_difference"):
        await differences.explain(99, 7, "which?", night.shop.now)
    for amount, state in ((6700, "explained"), (6600, "open")):
        night.bank.tells = lambda one, amount=amount: replace(one, amount=Money(amount, "CNY"))  # type: ignore[misc]
        await Statement.filter(day=TODAY.isoformat()).update(state="due", due_at=night.shop.now)
        await night.goes_on()
        assert (await Difference.get()).state == state


async def test_days_that_were_missed_are_made_up_for(night: Night) -> None:
    await night.sells()
    night.shop.later(days=5)
    await night.goes_on()
    assert night.bank.asked == [TODAY + timedelta(days=n) for n in range(-1, 5)]
    night.shop.later(days=300)
    await night.goes_on()
    assert len(night.bank.asked) == 6 + 31
    assert await night.differs() == []


async def test_books_that_are_away_are_asked_for_again_and_staff_are_told_after_a_day(night: Night) -> None:
    night.bank.away = ProviderUnavailable("the bank is closed")
    for _ in range(75):
        night.shop.later(hours=1)
        await night.mine.run()
    [late, *_] = await differences.late(night.shop.now)
    assert (late.provider, late.day, late.error) == ("local", TODAY.isoformat(), "the bank is closed")
    assert BooksChanged(1) in night.told
    assert 8 < night.bank.asked.count(TODAY) < 20  # less and less often
    night.bank.away = None
    night.shop.later(hours=7)
    await night.goes_on()
    assert (await differences.late(night.shop.now), night.told[-1]) == ([], BooksChanged(0))


async def test_who_says_when_the_books_are_there_is_asked_then(night: Night) -> None:
    night.bank.away = ProviderUnavailable("later", after=5400)
    await night.passes()
    night.bank.away = None
    for minutes, state in ((70, "due"), (20, "done")):
        night.shop.later(minutes=minutes)
        await night.node().run()
        assert (await Statement.get(day=TODAY.isoformat())).state == state


async def test_two_nodes_read_each_day_once(any_night: Night) -> None:
    night = any_night
    await night.sells()
    night.shop.later(days=2)
    night.bank.meanwhile = night.node().run  # another node comes while this one reads
    await night.goes_on()
    assert sorted(night.bank.asked) == [TODAY + timedelta(days=n) for n in range(-1, 2)]
    assert (await StatementLine.all().count(), await night.differs()) == (1, [])


async def test_a_node_that_was_too_slow_keeps_nothing(night: Night) -> None:
    """Its lease ends while it reads: another one reads the day, and each line is there once."""
    await night.sells()
    night.shop.later(days=1)

    async def slow() -> None:
        night.bank.meanwhile = None
        night.shop.later(minutes=11)
        await night.goes_on()

    night.bank.meanwhile = slow
    await night.node().run()
    assert (await StatementLine.all().count(), await night.differs()) == (1, [])
    assert {row.state for row in await Statement.all()} == {"done"}


async def test_a_death_between_two_steps_leaves_no_step_out(night: Night) -> None:
    """Who read the books has died, and then who wanted to ask: the next one goes on there."""
    _, key, reference = await night.opens()
    await night.bank.pay(reference)
    night.shop.later(days=1)
    dying = Reconciling({"local": night.bank}, _dies, night.told.append, lambda: night.shop.now)
    with pytest.raises(SystemError):
        await dying.run()
    assert (await Payment.get(key=key)).state == "open"
    night.shop.later(minutes=11)
    await night.goes_on()
    assert ((await Payment.get(key=key)).state, await night.differs()) == ("paid", [])


async def _dies(_: object) -> None:
    raise SystemError


async def test_midnight_and_what_is_older_than_the_first_books_differ_from_nothing(night: Night) -> None:
    """Paid a moment before midnight there and settled after it here, and the other way round; older than all books."""
    await Statement.all().delete()
    _, _, old = await night.sells()
    night.shop.later(days=1)
    await night.node().run()
    await StatementLine.all().delete()  # as if the first books were of this day
    first = (TODAY + timedelta(days=1)).isoformat()
    await Statement.all().update(day=first, state="due", due_at=night.shop.now)
    night.shop.now = datetime.combine(TODAY + timedelta(days=1), datetime.max.time(), UTC)
    await night.sells()
    _, key, reference = await night.opens()
    await night.bank.pay(reference)
    night.shop.later(seconds=5)
    await night.settles(key)
    known = await Payment.get(reference=old)
    await night.bank.refund(old, Money(800, "CNY"), "by the bank's own desk")
    await night.settles(known.key)
    night.bank.tells = lambda one: one
    await night.passes(days=3)
    assert (await night.differs(), await Effect.all().count()) == ([], 0)


@pytest.mark.parametrize("after", [0.0, 5.0])
async def test_who_wants_to_be_asked_at_once_is_left_alone_for_a_while(night: Night, after: float) -> None:
    async def enough() -> None:
        assert night.bank.asked.count(TODAY) < 5

    night.bank.away, night.bank.meanwhile = ProviderUnavailable("busy", after=after), enough
    await night.passes()
    assert night.bank.asked.count(TODAY) == 1


async def test_a_line_that_is_not_understood_is_told_and_read_again(
    night: Night, capsys: pytest.CaptureFixture[str]
) -> None:
    await night.sells()
    night.bank.tells = lambda one: replace(one, key={}["id"])
    await night.passes()
    row = await Statement.get(day=TODAY.isoformat())
    assert (row.state, row.attempts) == ("due", 1)
    assert row.error == "line 1 of them is not understood (KeyError): see the log"
    assert await reconcile.tell(night.bank, TODAY, lambda: night.shop.now) is False  # by hand
    assert "line 1 of them is not understood" in capsys.readouterr().err
    night.bank.tells = lambda one: one
    night.shop.later(minutes=15)
    await night.goes_on()
    assert (await StatementLine.all().count(), await night.differs()) == (1, [])


async def test_an_old_day_that_was_asked_for_by_hand_is_not_waited_for(night: Night) -> None:
    old = await reconciliation.again("local", TODAY - timedelta(days=40), night.shop.now)
    await reconciliation.not_read(old, "no books of that day any more", night.shop.now)
    await night.passes(days=3)
    assert (old.day in night.bank.asked, await differences.late(night.shop.now)) == (False, [])


async def test_an_old_day_that_was_read_by_hand_says_nothing_of_the_days_after_it(night: Night) -> None:
    """Of what was paid on a day in between the books were never read."""
    await Statement.all().delete()
    _, key, reference = await night.sells()
    night.shop.later(days=2)
    await night.goes_on()
    old = await reconciliation.again("local", TODAY - timedelta(days=40), night.shop.now)
    assert await read(night.bank, old, lambda: night.shop.now)
    await night.bank.refund(reference, Money(800, "CNY"), "by the bank's own desk")
    await night.settles(key)
    await night.passes(days=6)
    assert await night.differs() == []


async def test_what_lies_on_a_day_that_is_read_again_is_not_missed_meanwhile(night: Night) -> None:
    """Paid on that day and heard of on the next; and what is missing on the next is found once the day was read."""
    _, unheard, reference = await night.opens()
    await night.bank.pay(reference)
    _, lost, lost_reference = await night.opens()
    await night.passes()
    assert (await Payment.get(key=unheard)).state == "paid"
    await night.bank.pay(lost_reference)
    await night.settles(lost)
    night.bank.tells = lambda one: None if one.key == lost else one
    night.bank.closed = {TODAY}
    await reconciliation.again("local", TODAY, night.shop.now)
    await night.passes()
    assert await night.differs() == []
    night.bank.closed = set()
    night.shop.later(hours=1)
    await night.goes_on()
    assert await night.differs() == ["payment missing_there 0 6800"]


async def test_books_that_take_long_are_read_by_one_node(night: Night) -> None:
    for _ in range(3):
        await night.sells()

    async def slow() -> None:
        night.shop.later(minutes=6)
        if night.bank.asked.count(TODAY) < 3:
            await night.node().run()

    night.bank.between = slow
    night.shop.later(days=1)
    await night.goes_on()
    assert (night.bank.asked.count(TODAY), await StatementLine.all().count()) == (1, 3)


async def test_nobody_waits_for_the_books_of_one_that_is_switched_off(night: Night) -> None:
    night.bank.away = ProviderUnavailable("the bank is closed")
    await night.passes(days=4)
    assert night.told[-1] == BooksChanged(2)
    await Reconciling({}, night.accept, night.told.append, lambda: night.shop.now).run()
    assert await differences.waiting(night.shop.now) == 0
    night.bank.away = None
    await night.goes_on()  # it is back
    assert {row.state for row in await Statement.all()} == {"done"}
    assert await Statement.all().count() == 5
