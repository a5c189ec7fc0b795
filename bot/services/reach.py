"""Whether a message may be sent to a customer now, and until when: one answer for the desk, the bot and reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.core.capabilities import Capabilities
from bot.core.registry import reads
from bot.services import conversations
from bot.services.scope import Scope
from models import Identity

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


@reads
async def ask(scope: Scope, capabilities: Capabilities) -> Reach:
    """`can_send` for the person of a dialog: asked before something is said that nobody waits for."""
    identity = await Identity.get(id=scope.identity_id)
    last = await conversations.last_from_customer(scope.conversation_id)
    return can_send(capabilities, reachable=identity.reachable, last_from_customer=last, now=scope.now)


async def changed(scope: Scope, reachable: bool) -> None:
    """The platform says that this person blocked us, or lets us write again."""
    await Identity.filter(id=scope.identity_id).update(reachable=reachable)
