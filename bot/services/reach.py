"""Whether a message may be sent to a customer now, until when, and how many: one answer for desk, bot and reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.core.capabilities import Capabilities
from bot.core.registry import reads
from bot.services import openings
from bot.services.openings import Opening
from bot.services.scope import Scope
from models import Identity

Why = Literal["", "unreachable", "no_channel", "window_closed", "quota_used"]
#: How a message leaves: as an answer, outside the window by a template, or by a person after the bot's window.
How = Literal["", "answer", "template", "person"]


#: What is to be said: news that somebody wants wherever they are, what only goes on with a talk, or words of staff.
Kind = Literal["notice", "chat", "staff"]


@dataclass(frozen=True, slots=True)
class Reach:
    """`until` is when the reply window closes, and `left` how many messages fit in; None where there is no limit."""

    ok: bool
    why: Why = ""
    until: datetime | None = None
    left: int | None = None
    how: How = "answer"


def can_send(
    capabilities: Capabilities | None,
    *,
    reachable: bool,
    open_: Sequence[Opening],
    last_act: datetime | None,
    now: datetime,
    kind: Kind = "notice",
) -> Reach:
    """`capabilities` of the account, None when it is not configured any more; `open_` are its acts in force."""
    if capabilities is None:
        return Reach(False, "no_channel", how="")
    if not reachable:
        return Reach(False, "unreachable", how="")
    if capabilities.reply_window is None:
        return Reach(True)
    if open_:
        counts = [one.left for one in open_]
        left = None if None in counts else sum(count for count in counts if count is not None)
        return Reach(True, until=max(one.until for one in open_), left=left)
    return _outside(capabilities, last_act, now, kind)


def _outside(capabilities: Capabilities, last_act: datetime | None, now: datetime, kind: Kind) -> Reach:
    if kind == "staff" and capabilities.staff_window and last_act and now < last_act + capabilities.staff_window:
        return Reach(True, until=last_act + capabilities.staff_window, how="person")
    if capabilities.proactive == "yes":
        return Reach(True)
    if capabilities.proactive == "template" and kind != "chat":
        return Reach(True, how="template")
    window = capabilities.reply_window
    is_used_up = last_act is not None and window is not None and now < last_act + window
    return Reach(False, "quota_used" if is_used_up else "window_closed", how="")


async def of(
    conversation_id: int,
    capabilities: Capabilities | None,
    *,
    reachable: bool,
    now: datetime,
    kind: Kind = "notice",
) -> Reach:
    """`can_send` for one conversation."""
    open_: tuple[Opening, ...] = ()
    last = None
    if capabilities is not None and capabilities.reply_window is not None:
        open_ = (await openings.of([conversation_id], now)).get(conversation_id, ())
        last = None if open_ else await openings.last_act(conversation_id)
    return can_send(capabilities, reachable=reachable, open_=open_, last_act=last, now=now, kind=kind)


@reads
async def ask(scope: Scope, capabilities: Capabilities, kind: Kind = "notice") -> Reach:
    """`can_send` for the person of a dialog: asked before something is said that nobody waits for."""
    identity = await Identity.get(id=scope.identity_id)
    return await of(scope.conversation_id, capabilities, reachable=identity.reachable, now=scope.now, kind=kind)


async def changed(scope: Scope, reachable: bool) -> None:
    """The platform says that this person blocked us, or lets us write again."""
    await Identity.filter(id=scope.identity_id).update(reachable=reachable)
