"""The table of what every platform channel is held to at its wire: cases, accounts, and which of them do not meet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tests.contracts.wire.hall import Account, Hall
from tests.kit.platforms.stages import WIRES, Stage

Play = Callable[[Account], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Case:
    """What may come: its name, its group, and how it is played on one account; an `AssertionError` tells the rest."""

    name: str
    group: str
    play: Play


@dataclass(frozen=True, slots=True)
class Cell:
    """One case on one stage."""

    case: Case
    stage: Stage

    def __str__(self) -> str:
        return f"{self.stage.name}: {self.case.name}"

    async def play(self, hall: Hall) -> None:
        """Raise `AssertionError` unless the account does as it must."""
        account = hall[self.stage.name]
        account.begins()
        await self.case.play(account)


class Cases:
    """The cases of one group, in the order in which they are written down.

    @CALLS.case("a stale call")
    async def is_refused(account: Account) -> None:
        \"\"\"What must come of it.\"\"\"
    """

    def __init__(self, group: str) -> None:
        self.group = group
        self.all: list[Case] = []

    def case(self, name: str) -> Callable[[Play], Play]:
        """Add one."""

        def add(play: Play) -> Play:
            self.all.append(Case(name, self.group, play))
            return play

        return add


def reason(case: Case, stage: Stage) -> str:
    """Why this platform has no such thing; "" where it has."""
    lacks = stage.traits.lacks
    return lacks.get(case.group, "") or lacks.get(case.name, "")


def cells(cases: Sequence[Case]) -> list[Cell]:
    """All that are played."""
    return [Cell(case, stage) for stage in WIRES for case in cases if not reason(case, stage)]
