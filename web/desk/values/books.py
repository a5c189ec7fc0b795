"""Shapes of the desk: where providers' books differ from ours."""

from __future__ import annotations

from typing import Annotated, TypedDict

from bot.services import differences
from web.values import Cursor, Money, Number, Time, most, one_of

State = Annotated[str, one_of(differences.STATES)]


class OrderName(TypedDict):
    """Which order."""

    id: int
    number: str


class Difference(TypedDict):
    """Where a provider's books differ from ours; null for a sum that is not there."""

    id: int
    provider: str
    key: str
    side: Annotated[str, one_of(("payment", "refund"))]
    kind: Annotated[str, one_of(("missing_here", "missing_there", "amount", "currency"))]
    reference: str
    day: str
    state: State
    note: str
    staff_id: int | None
    theirs: Money | None
    ours: Money | None
    order: OrderName | None
    found_at: Time
    closed_at: Time | None


class LateBooks(TypedDict):
    """Books that could not be read for days."""

    provider: str
    day: str
    error: str


class Differences(TypedDict):
    """A page of differences, and the books that are late."""

    items: list[Difference]
    next: Cursor
    late: list[LateBooks]


class OneDifference(TypedDict):
    """A difference, as it is now."""

    difference: Difference


class ListQuery(TypedDict, total=False):
    """Differences in a state."""

    state: State
    before: Number


class Explanation(TypedDict):
    """Why the books differ."""

    note: Annotated[str, most(300, 1)]
