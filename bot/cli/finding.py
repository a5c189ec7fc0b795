"""One line of `check`: what was looked at, what is so, and the cure where something is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from bot.cli import terminal

State = Literal["ok", "off", "note", "wrong"]
_MARKS = {
    "ok": ("✓", terminal.GREEN),
    "off": ("·", terminal.DIM),
    "note": ("!", terminal.YELLOW),
    "wrong": ("✗", terminal.RED),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """`cure` says what to do; only a "wrong" one makes `check` fail."""

    section: str
    name: str
    state: State
    detail: str
    cure: str = ""


def render(findings: Sequence[Finding]) -> str:
    """Section by section, the marks in colour on a terminal."""
    return "\n\n".join(_section(name, list(group)) for name, group in groupby(findings, lambda one: one.section))


def _section(name: str, findings: list[Finding]) -> str:
    wide = max(terminal.width(one.name) for one in findings)
    lines = [terminal.colour(name, terminal.BOLD)]
    for one in findings:
        mark, colour = _MARKS[one.state]
        lines.append(f"  {terminal.colour(mark, colour)} {terminal.pad(one.name, wide)}  {one.detail}".rstrip())
        if one.cure:
            lines.append(f"    {' ' * wide}  → {one.cure}")
    return "\n".join(lines)


def verdict(findings: Sequence[Finding]) -> str:
    """The last line."""
    wrong = sum(one.state == "wrong" for one in findings)
    if wrong:
        return terminal.colour(f"{wrong} {'thing is' if wrong == 1 else 'things are'} wrong.", terminal.RED)
    return terminal.colour("Everything is in order.", terminal.GREEN)
