"""What staff have to look at in a connected shop: what could not be taken, and what was lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models import StoreConflict, StoreProblem


@dataclass(frozen=True, slots=True)
class ProblemView:
    """What is wrong with a product (or an order, or the connection, with neither); docs/shops.md has the cure."""

    code: str
    external_id: str
    title: str
    facts: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class ConflictView:
    """A field of a product that was changed on both sides: `theirs` is sold, `ours` was lost."""

    sku: str
    field: str
    ours: str
    theirs: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Lists:
    """The newest of each, and how many there are."""

    problems: tuple[ProblemView, ...]
    problems_in_all: int
    conflicts: tuple[ConflictView, ...]
    conflicts_in_all: int


async def newest(store: str, most: int) -> Lists:
    """So many of each."""
    problems, conflicts = StoreProblem.filter(store=store), StoreConflict.filter(store=store)
    return Lists(
        tuple([_problem(row) for row in await problems.order_by("-id").limit(most)]),
        await problems.count(),
        tuple([_conflict(row) for row in await conflicts.order_by("-id").limit(most).select_related("product")]),
        await conflicts.count(),
    )


def _problem(row: StoreProblem) -> ProblemView:
    return ProblemView(row.code, row.external_id, row.title, row.facts, row.at)


def _conflict(row: StoreConflict) -> ConflictView:
    return ConflictView(row.product.sku, row.field, row.ours, row.theirs, row.at)
