"""Plays of one node and of two, and many of them at once: each process plays seeds of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from tests.simulation import node_variants, variants
from tests.simulation.nodes import two_nodes
from tests.simulation.play import Played, stage

#: Seeds that a process plays before it tells, and red ones after which no more are played.
CHUNK, MOST_RED = 50, 5


@dataclass(frozen=True, slots=True)
class Cast:
    """`stage` opens what is needed to play a seed; `variants` are those that its plays must notice, and "whole"."""

    stage: Callable[[], AbstractContextManager[Callable[..., Played]]]
    variants: Mapping[str, Callable[[], AbstractContextManager[None]]]


CASTS = {1: Cast(stage, variants.VARIANTS), 2: Cast(two_nodes, node_variants.VARIANTS)}

#: Where the first seeds notice nothing of a variant: they are left out. Whoever changes the runtime shuffles the plays.
NOTICED = {
    1: {"marks-done-apart": 3, "no-hold": 6, "void-once": 87, "fresh-first": 376, "result-in-memory": 16,
        "no-second-look": 48},
    2: {"no-fence": 23, "no-lease-end": 184, "afar": 54, "no-hold": 87, "buries-the-living": 8, "leaves-first": 168,
        "dies-of-a-refusal": 57, "no-abandon": 7},
}  # fmt: skip


@dataclass
class Many:
    """What was found: red seeds with their problems, and what happened in all plays."""

    played: int = 0
    red: list[tuple[int, str]] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)

    def add(self, plays: Iterable[Played]) -> None:
        """Some more."""
        for one in plays:
            self.played += 1
            self.happened.update({"steps": one.steps} | one.happened)
            if one.problem:
                self.red.append((one.seed, one.problem))

    def told(self) -> dict[str, Any]:
        """For JSON."""
        return {"played": self.played, "red": sorted(self.red), "happened": dict(sorted(self.happened.items()))}


def many(nodes: int, variant: str, first: int, last: int, processes: int = 1) -> Many:
    """Play the seeds from `first` to `last`, until some are red; of a broken variant one is enough."""
    found = Many()
    if variant != "whole":
        found.add(_until_red(nodes, variant, range(first, last + 1)))
        return found
    starts = range(first, last + 1, CHUNK)
    chunks = [(nodes, variant, start, min(start + CHUNK, last + 1)) for start in starts]
    for plays in _spread(chunks, processes):
        found.add(plays)
        if len(found.red) >= MOST_RED:
            break
    return found


Chunk = tuple[int, str, int, int]


def _spread(chunks: Iterable[Chunk], processes: int) -> Iterator[list[Played]]:
    if processes == 1:
        yield from map(_play, chunks)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(_play, chunks)


def _until_red(nodes: int, variant: str, seeds: Iterable[int]) -> Iterator[Played]:
    with CASTS[nodes].stage() as play:
        for seed in seeds:
            played = play(seed, variant)
            yield played
            if played.problem:
                break


def _play(chunk: Chunk) -> list[Played]:
    nodes, variant, start, end = chunk
    with CASTS[nodes].stage() as play:
        return [play(seed, variant).without_story() for seed in range(start, end)]
