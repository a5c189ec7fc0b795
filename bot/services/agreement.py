"""Whether a provider's lines about one payment and our row of it say the same; pure, to the minor unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bot.core.money import Money
from bot.core.payment import Booking

Side = Literal["payment", "refund"]
Kind = Literal["missing_here", "missing_there", "amount", "currency"]


@dataclass(frozen=True, slots=True)
class Ours:
    """What our row says was taken and given back: so much, of which theirs may not have the `young` part yet."""

    captured: int = 0
    refunded: int = 0
    currency: str = ""
    young_captured: int = 0
    young_refunded: int = 0


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Where they differ; a sum that one of them has not is 0 of the other's currency."""

    side: Side
    kind: Kind
    theirs: Money
    ours: Money
    reference: str  # theirs, of the last line about it; "" where there is none


def disagreements(lines: Iterable[Booking], ours: Ours) -> list[Disagreement]:
    """At most one of each side. `lines` are all that were ever read of the payment."""
    taken, given = _Sums(), _Sums()
    begun_by_taking: dict[str, bool] = {}
    for line in sorted(lines, key=lambda one: (one.at, -one.amount.amount)):
        # A refund that comes back is booked again under its own reference, which began by giving.
        of_payment = begun_by_taking.setdefault(line.reference, line.amount.amount > 0)
        if of_payment and line.amount.amount > 0:
            taken.add(line, 1)
        else:
            given.add(line, -1)
    found = [
        _compared("payment", taken, ours.captured, ours.young_captured, ours.currency),
        _compared("refund", given, ours.refunded, ours.young_refunded, ours.currency),
    ]
    return [one for one in found if one is not None]


class _Sums:
    """What lines come to, by currency."""

    def __init__(self) -> None:
        self._by_currency: Counter[str] = Counter()
        self.reference = ""

    def add(self, line: Booking, sign: int) -> None:
        self._by_currency[line.amount.currency] += sign * line.amount.amount
        self.reference = line.reference

    def told(self, currency: str) -> Money | None:
        """One sum: of another currency than ours where there is such a one; None for nothing."""
        sums = [Money(amount, name) for name, amount in sorted(self._by_currency.items()) if amount]
        return next((one for one in sums if one.currency != currency), sums[0] if sums else None)


def _compared(side: Side, sums: _Sums, our: int, young: int, currency: str) -> Disagreement | None:
    theirs = sums.told(currency)
    if theirs is None:
        if young >= our:
            return None
        return Disagreement(side, "missing_there", Money(0, currency), Money(our, currency), "")
    if not our:
        return Disagreement(side, "missing_here", theirs, Money(0, theirs.currency), sums.reference)
    mine = Money(our, currency)
    if theirs.currency != currency:
        return Disagreement(side, "currency", theirs, mine, sums.reference)
    if our - young <= theirs.amount <= our:
        return None
    return Disagreement(side, "amount", theirs, mine, sums.reference)
