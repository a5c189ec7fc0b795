"""Whether a message may be sent to a customer now, and until when: one answer for the desk, the bot and reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.core.capabilities import Capabilities

Why = Literal["", "unreachable", "no_channel", "window_closed"]


@dataclass(frozen=True, slots=True)
class Reach:
    """`until` is when the reply window closes; None where there is no window, or where it is closed."""

    ok: bool
    why: Why = ""
    until: datetime | None = None


def can_send(
    capabilities: Capabilities | None, *, reachable: bool, last_from_customer: datetime | None, now: datetime
) -> Reach:
    """`capabilities` of the account, None when it is not configured any more."""
    if capabilities is None:
        return Reach(False, "no_channel")
    if not reachable:
        return Reach(False, "unreachable")
    if capabilities.reply_window is None:
        return Reach(True)
    until = last_from_customer + capabilities.reply_window if last_from_customer else None
    if until is not None and now < until:
        return Reach(True, until=until)
    return Reach(True) if capabilities.proactive == "yes" else Reach(False, "window_closed")
