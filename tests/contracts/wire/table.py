"""Writes the table of cases for docs/reliability.md: what is played where, and what a platform has not, and why."""

from __future__ import annotations

from collections.abc import Iterator

from tests.contracts.channel_contract import ChannelContract
from tests.contracts.wire.answers import ANSWERS
from tests.contracts.wire.calls import CALLS
from tests.contracts.wire.case import Case, cells, reason
from tests.kit.platforms.stages import WIRES

CASES = (*CALLS.all, *ANSWERS.all)

HEAD = """\
## What every channel is held to

Each case is played by the front door: the real application, its webhooks, and a fake platform that is as strict as
the real one (`tests/contracts/wire`). ✓ is played, – is what the platform has not; the reasons stand below, and in
`tests/kit/platforms/traits.py`. {count} cells are played.
"""
ALONE = """\
Of each adapter by itself is asked besides (`tests/contracts/channel_contract.py`; what a channel cannot show, such as
buttons or files, is in [channels](channels.md)):
"""


def text() -> str:
    """The section of the page."""
    head = ("case", *(stage.name for stage in WIRES))
    lines = [head, tuple("---" for _ in head), *map(_row, CASES)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    reasons = "\n".join(f"- {line}" for line in _reasons())
    alone = "\n".join(f"- {line}" for line in _alone())
    return "\n".join([HEAD.format(count=len(cells(CASES))), table, "", reasons, "", ALONE, alone, ""])


def _row(case: Case) -> tuple[str, ...]:
    return case.name, *("–" if reason(case, stage) else "✓" for stage in WIRES)


def _reasons() -> Iterator[str]:
    """Each reason once, with what it is about and of whom."""
    found: dict[tuple[str, str], list[str]] = {}
    for stage in WIRES:
        for about, why in stage.traits.lacks.items():
            found.setdefault((about, why), []).append(stage.name)
    order = {name: number for number, name in enumerate([case.name for case in CASES])}
    for (about, why), names in sorted(found.items(), key=lambda one: (order.get(one[0][0], len(order)), one[0][1])):
        what = f"all {about}" if about in {case.group for case in CASES} else about
        yield f"*{what}*, {', '.join(names)}: {why}."


def _alone() -> Iterator[str]:
    for name in vars(ChannelContract):
        if name.startswith("test_"):
            yield name.removeprefix("test_").replace("_", " ")
