"""What a part of the programme of faults is: a promise, the counts of a run, and the broken variants it must catch."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from tests.servers import Bucket, Valkey

Counts = Mapping[str, float]
WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Findings:
    """What was measured, and in plain sentences what broke the promise; none: it held."""

    figures: Mapping[str, Any]
    wrong: tuple[str, ...] = ()


class Servers(Protocol):
    """Real servers, started when a part first asks."""

    async def bucket(self) -> Bucket:
        """An empty bucket of the S3 server."""

    async def valkey(self) -> Valkey:
        """Empty, and the trial's own: it may be killed and started again."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One run: `variant` is the process under test (`launch.VARIANTS`), `chance` comes from the printed seed."""

    folder: Path
    url: str
    variant: str
    counts: Counts
    chance: random.Random
    servers: Servers

    def count(self, name: str) -> int:
        """A count that is a whole number."""
        return int(self.counts[name])


@dataclass(frozen=True, slots=True)
class Part:
    """`number` is the promise's in the programme. `armed` maps each broken variant to counts of its own.

    `at_length` are databases that it runs on besides at full counts.
    `alone` is a part whose promise is about time or memory: nothing else is under way meanwhile, "at length" only at
    full counts.
    """

    number: int
    name: str
    promise: str
    passes: str
    run: Callable[[Trial], Awaitable[Findings]]
    full: Counts
    quick: Counts
    armed: Mapping[str, Counts]
    databases: tuple[str, ...] = ("sqlite",)
    at_length: tuple[str, ...] = ()
    notes: str = ""
    alone: Literal["", "at length", "always"] = ""
    small: Counts = field(default_factory=dict)  # of an armed run, where `armed` says nothing else

    def armed_counts(self, variant: str) -> Counts:
        """What a run of a broken variant uses: enough to catch it, and no more."""
        return {**self.quick, **self.small, **self.armed[variant]}
