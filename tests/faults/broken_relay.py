"""Nodes that believe too much of what connects them: in hints, in their line, or in what they hear of the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.runtime.relay import Pace, Relay

NEVER = 3600.0


def hints_only() -> None:
    """Whatever nobody tells is not looked for."""
    from bot.runtime import effects, intake

    intake.LOOK_SECONDS = intake.LOOK_ALONE_SECONDS = NEVER
    effects.POLL_SECONDS = NEVER
    Relay.polls = property(lambda _: False)  # type: ignore[method-assign, assignment]


def trusts_its_line() -> None:
    """A node that is connected takes it that it hears: what one does without a word to itself."""
    assert Relay.__init__.__kwdefaults__ is not None
    Relay.__init__.__kwdefaults__["pace"] = Pace(lost=NEVER, deaf=NEVER)


def minds_its_own_line() -> None:
    """A node that hears itself asks no further, though another one that works may have gone silent."""
    begin = Relay.__init__

    def alone(self: Relay, bus: Any, carrier: Any, **named: Any) -> None:
        begin(self, bus, carrier, **{**named, "nodes": lambda: 1})

    Relay.__init__ = alone  # type: ignore[method-assign]


VARIANTS: dict[str, Callable[[], None]] = {
    "hints-only": hints_only,
    "trusts-its-line": trusts_its_line,
    "minds-its-own-line": minds_its_own_line,
}
