"""Compares the books of every provider with ours, night by night, and has what we had not heard of settled."""

from __future__ import annotations

import itertools
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta

from bot.core.errors import ParleyError, Retryable
from bot.core.events import BooksChanged, Event
from bot.core.payment import Booking, PaymentProvider
from bot.runtime import noticed
from bot.runtime.noticed import Accept
from bot.services import differences, reconciliation
from bot.services.reconciliation import SETTLES, Day

log = logging.getLogger(__name__)

#: How long is waited after the first failure; each next time twice as long, up to the most.
AGAIN, MOST = timedelta(minutes=15), timedelta(hours=6)
#: Seconds; for longer no provider is left alone, whatever it says.
MOST_TOLD = 86400


class NotUnderstood(ParleyError):
    """A line of a provider's books has another form than it had."""


async def read(bank: PaymentProvider, day: Day, clock: Callable[[], datetime]) -> bool:
    """Keep what its books say of a day; False where somebody else has taken the day.

    Raises as `books` does, and `NotUnderstood`.
    """
    found: list[Booking] = []
    async for one in _understood(bank.books(day.day)):
        if not await reconciliation.hold(day, clock()):
            return False
        found.append(one)
    return await reconciliation.keep(day, found, clock)


async def _understood(lines: AsyncIterator[Booking]) -> AsyncIterator[Booking]:
    for number in itertools.count(1):
        try:
            one = await anext(lines)
        except StopAsyncIteration:
            return
        except (ParleyError, TimeoutError):
            raise
        except Exception as error:  # whatever a provider writes, people are told where
            raise NotUnderstood(f"line {number} of them is not understood ({type(error).__name__})") from error
        yield one


class Reconciling:
    """One step after the other, whichever is due; on several nodes each step is one node's."""

    def __init__(
        self,
        providers: Mapping[str, PaymentProvider],
        accept: Accept,
        publish: Callable[[Event], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._providers = providers
        self._accept = accept
        self._publish = publish
        self._clock = clock
        self._waiting = 0

    async def run(self) -> None:
        """Take all steps that are due, and tell open desks how much waits for staff."""
        await reconciliation.plan(self._providers, self._clock())
        while (day := await reconciliation.take(self._providers, self._clock())) is not None:
            await self._step(day)
        waiting = await differences.waiting(self._clock())
        if waiting != self._waiting:
            self._waiting = waiting
            self._publish(BooksChanged(waiting))

    async def _step(self, day: Day) -> None:
        match day.state:
            case "due":
                await self._read(day)
            case "read":
                await self._ask(day)
            case _:
                await self._settle(day)

    async def _read(self, day: Day) -> None:
        try:
            await read(self._providers[day.provider], day, self._clock)
        except NotUnderstood as error:
            log.exception("the books of a provider have a line that is not understood", extra=_facts(day))
            await self._not_read(day, error, f"{error}: see the log")
        except (ParleyError, TimeoutError) as error:
            log.warning("the books of a provider could not be read: %s", error, extra=_facts(day))
            await self._not_read(day, error, str(error) or type(error).__name__)

    async def _not_read(self, day: Day, error: Exception, words: str) -> None:
        await reconciliation.not_read(day, words, self._clock() + _pause(error, day.attempts))

    async def _ask(self, day: Day) -> None:
        """A line of theirs is a hint: what is true of a payment is what the provider says when asked for it."""
        to_ask = await reconciliation.to_ask(day)
        read = await reconciliation.read_last(day)
        for payment in to_ask:
            name = f"books:{day.day}:{day.attempts}:{read}:{payment.key}"
            await noticed.keep(self._accept, payment, name, self._clock())
        await reconciliation.asked(day, self._clock() + (SETTLES if to_ask else timedelta()))

    async def _settle(self, day: Day) -> None:
        if await reconciliation.settle(day, self._clock()):
            facts = {"action": "books.differ", "provider": day.provider, "day": day.day.isoformat()}
            log.warning("the books of a provider differ from ours: see the desk", extra=facts)


def _facts(day: Day) -> dict[str, str]:
    return {"action": "books.unread", "provider": day.provider, "day": day.day.isoformat()}


def _pause(error: Exception, attempts: int) -> timedelta:
    """Longer each time, and no shorter than the provider says."""
    told = error.after if isinstance(error, Retryable) else None
    longer: timedelta = min(MOST, AGAIN * 2 ** min(attempts, 10))
    return max(timedelta(seconds=min(told or 0, MOST_TOLD)), longer)
