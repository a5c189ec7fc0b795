"""Whether a message may be sent to a customer now, until when, how many, and what is possible instead.

One answer for the desk, the bot, reports and news: the platform's window and quota, consent, and quiet hours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from bot.core.capabilities import Capabilities
from bot.core.quiet import NEVER, QuietHours
from bot.core.registry import reads
from bot.services import consents, openings
from bot.services.openings import Opening
from bot.services.scope import Scope
from models import Identity
from models.database import as_time, fetch, marks

Why = Literal["", "unreachable", "no_channel", "window_closed", "quota_used", "unwanted", "quiet_hours"]
#: How a message leaves: as an answer, outside the window by a template, or by a person after the bot's window.
How = Literal["", "answer", "template", "person"]
#: What is to be said: something that nobody waits for, or words of staff.
Kind = Literal["orders", "reports", "reminders", "news", "staff"]
#: What only goes on with a talk has no template.
_TALK = frozenset({"reminders"})


@dataclass(frozen=True, slots=True)
class Instead:
    """One thing that is possible where a message may not leave now.

    "template": as one of the platform's; "other": in the person's conversation `conversation_id` on `account`;
    "write": once the customer writes; "morning": at `at`, when the quiet hours end.
    """

    kind: Literal["template", "other", "write", "morning"]
    conversation_id: int | None = None
    account: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """`until` is when the reply window closes, and `left` how many messages fit in; None where there is no limit."""

    ok: bool
    why: Why = ""
    until: datetime | None = None
    left: int | None = None
    how: How = "answer"
    instead: tuple[Instead, ...] = ()

    @property
    def leaves(self) -> bool:
        """Whether it leaves by itself, now or when the quiet hours are over."""
        return self.ok or self.why == "quiet_hours"

    @property
    def morning(self) -> datetime | None:
        """When it leaves by itself, where the quiet hours are all that keeps it."""
        return next((one.at for one in self.instead if one.kind == "morning"), None)

    @property
    def may_wait(self) -> bool:
        """Whether it can be left to wait for the customer to write."""
        return any(one.kind == "write" for one in self.instead)


@dataclass(frozen=True, slots=True)
class Address:
    """One address of a person: what they allow there, and where their clock is as far as we know ("": the shop's)."""

    conversation_id: int
    account: str
    reachable: bool
    used_at: datetime | None  # when the person wrote there last
    consents: consents.Consents
    zone: str


def can_send(
    capabilities: Capabilities | None,
    *,
    reachable: bool,
    open_: Sequence[Opening],
    last_act: datetime | None,
    now: datetime,
    kind: Kind = "orders",
    wanted: bool = True,
    morning: datetime | None = None,
) -> Reach:
    """`capabilities` of the account, None when it is not configured any more; `open_` are its acts in force.

    `wanted` is what consent says, and `morning` when the quiet hours end in which `now` lies; for staff neither counts.
    """
    if capabilities is None:
        return Reach(False, "no_channel", how="")
    if not reachable:
        return Reach(False, "unreachable", how="")
    if not wanted:
        return Reach(False, "unwanted", how="")
    found = _by_platform(capabilities, open_, last_act, now, kind)
    if found.ok and morning is not None and not capabilities.stored_delivery:
        return replace(found, ok=False, why="quiet_hours", instead=(Instead("morning", at=morning),))
    return found


def _by_platform(
    capabilities: Capabilities, open_: Sequence[Opening], last_act: datetime | None, now: datetime, kind: Kind
) -> Reach:
    if capabilities.reply_window is None:
        return Reach(True)
    if open_:
        return Reach(True, until=max(one.until for one in open_), left=openings.left(open_))
    return _outside(capabilities, last_act, now, kind)


def _outside(capabilities: Capabilities, last_act: datetime | None, now: datetime, kind: Kind) -> Reach:
    if kind == "staff" and capabilities.staff_window and last_act and now < last_act + capabilities.staff_window:
        return Reach(True, until=last_act + capabilities.staff_window, how="person")
    if capabilities.proactive == "yes":
        return Reach(True)
    if capabilities.proactive == "template" and kind not in _TALK:
        return Reach(True, how="template")
    window = capabilities.reply_window
    is_used_up = last_act is not None and window is not None and now < last_act + window
    return Reach(False, "quota_used" if is_used_up else "window_closed", how="", instead=(Instead("write"),))


async def of(
    conversation_id: int,
    capabilities: Capabilities | None,
    *,
    reachable: bool,
    now: datetime,
    kind: Kind = "orders",
    quiet: QuietHours = NEVER,
) -> Reach:
    """`can_send` for one conversation."""
    open_: tuple[Opening, ...] = ()
    last, wanted, morning = None, True, None
    if capabilities is not None and capabilities.reply_window is not None:
        open_ = (await openings.of([conversation_id], now)).get(conversation_id, ())
        last = None if open_ else await openings.last_act(conversation_id)
    if kind != "staff" and (here := await address(conversation_id)):
        wanted, morning = here.consents.allow(kind), quiet.until(now, here.zone)
    return can_send(
        capabilities, reachable=reachable, open_=open_, last_act=last, now=now, kind=kind, wanted=wanted,
        morning=morning,
    )  # fmt: skip


_ADDRESS = (
    "SELECT c.id, c.account, i.id AS identity_id, i.reachable, i.timezone, s.timezone AS staff_zone, "
    "(SELECT max(o.timezone) FROM identity o WHERE o.contact_id IN (SELECT COALESCE(p.id, k.id) FROM contact k "
    "LEFT JOIN contact p ON p.person_id = k.person_id WHERE k.id = c.contact_id)) AS another_zone, "
    "(SELECT m.at FROM message m WHERE m.conversation_id = c.id AND m.author = 'customer' ORDER BY m.seq DESC LIMIT 1) "
    "AS used_at FROM conversation c JOIN identity i ON i.id = c.identity_id LEFT JOIN staff s ON s.id = i.staff_id "
    "WHERE {where}"
)
_HERE = _ADDRESS.format(where="c.id = ?")
_THERE = (
    "c.contact_id IN (SELECT COALESCE(p.id, k.id) FROM conversation t JOIN contact k ON k.id = t.contact_id "
    "LEFT JOIN contact p ON p.person_id = k.person_id WHERE t.id = ?) ORDER BY c.id LIMIT ?"
)
_PERSON = _ADDRESS.format(where=_THERE)
_MOST = 20


async def address(conversation_id: int) -> Address | None:
    """Of one conversation."""
    found = await _addresses(await fetch(_HERE, (conversation_id,)))
    return found[0] if found else None


async def addresses(conversation_id: int) -> list[Address]:
    """All of the person of one conversation."""
    return await _addresses(await fetch(_PERSON, (conversation_id, _MOST)))


async def _addresses(rows: Sequence[Mapping[str, Any]]) -> list[Address]:
    allowed = await consents.of([row["identity_id"] for row in rows])
    return [
        Address(
            row["id"],
            row["account"],
            bool(row["reachable"]),
            as_time(row["used_at"]),
            allowed[row["identity_id"]],
            row["timezone"] or row["staff_zone"] or row["another_zone"] or "",
        )
        for row in rows
    ]


async def ways(
    conversation_id: int,
    capabilities: Mapping[str, Capabilities],
    now: datetime,
    kind: Kind,
    quiet: QuietHours = NEVER,
) -> list[tuple[Address, Reach]]:
    """Every address of the person of a conversation with its `can_send`, the one that they used last first.

    Behind all others come those that ring no bell: a web chat is read when somebody comes back to it.
    """
    found = await _each(await addresses(conversation_id), capabilities, now, kind, quiet)
    return sorted(found, key=lambda way: _rank(way[0], capabilities))


async def among(
    conversation_ids: Sequence[int],
    capabilities: Mapping[str, Capabilities],
    now: datetime,
    kind: Kind,
    quiet: QuietHours = NEVER,
) -> list[tuple[Address, Reach]]:
    """These conversations as `ways` tells of those of one person, and in its order."""
    if not conversation_ids:
        return []
    where = f"c.id IN ({marks(len(conversation_ids))})"
    there = await _addresses(await fetch(_ADDRESS.format(where=where), [*conversation_ids]))
    found = await _each(there, capabilities, now, kind, quiet)
    return sorted(found, key=lambda way: _rank(way[0], capabilities))


async def _each(
    there: Sequence[Address],
    capabilities: Mapping[str, Capabilities],
    now: datetime,
    kind: Kind,
    quiet: QuietHours,
) -> list[tuple[Address, Reach]]:
    opened = await openings.of([one.conversation_id for one in there], now)
    found = []
    for one in there:
        able, open_ = capabilities.get(one.account), opened.get(one.conversation_id, ())
        closed = able is not None and able.reply_window is not None and not open_
        last = await openings.last_act(one.conversation_id) if closed else None
        asked = kind == "staff"
        reach = can_send(
            able, reachable=one.reachable, open_=open_, last_act=last, now=now, kind=kind,
            wanted=asked or one.consents.allow(kind), morning=None if asked else quiet.until(now, one.zone),
        )  # fmt: skip
        found.append((one, reach))
    return found


def _rank(one: Address, capabilities: Mapping[str, Capabilities]) -> tuple[bool, float, int]:
    """Where they talked last comes first; among equals always the same one, or two pages would tell a person twice."""
    able = capabilities.get(one.account)
    last = one.used_at.timestamp() if one.used_at else 0.0
    return bool(able and able.stored_delivery), -last, one.conversation_id


async def instead(
    conversation_id: int, found: Reach, capabilities: Mapping[str, Capabilities], now: datetime, kind: Kind
) -> Reach:
    """`found` with the person's other addresses that can be written to, ahead of waiting."""
    if found.ok and found.how != "template":
        return found
    others = tuple(
        Instead("other", one.conversation_id, one.account)
        for one, there in await ways(conversation_id, capabilities, now, kind)
        if there.ok and one.conversation_id != conversation_id
    )
    return replace(found, instead=(*others, *found.instead))


def best_of(ways: Sequence[tuple[Address, Reach]]) -> tuple[Address, Reach] | None:
    """The first of them by which it leaves as an answer, else by a template; the night changes nothing about that."""
    for how in "answer", "template":
        for way in ways:
            if way[1].leaves and way[1].how == how:
                return way
    return None


async def best(
    conversation_id: int, capabilities: Mapping[str, Capabilities], now: datetime, kind: Kind, quiet: QuietHours = NEVER
) -> int:
    """Where the person of a conversation is told of something by itself; that conversation where nothing is better."""
    found = best_of(await ways(conversation_id, capabilities, now, kind, quiet))
    return found[0].conversation_id if found else conversation_id


@reads
async def ask(scope: Scope, capabilities: Capabilities, kind: Kind = "orders") -> Reach:
    """`can_send` for the person of a dialog: asked before something is said that nobody waits for.

    The night is not asked about: what is said in it waits for the morning by itself.
    """
    identity = await Identity.get(id=scope.identity_id)
    return await of(scope.conversation_id, capabilities, reachable=identity.reachable, now=scope.now, kind=kind)


async def changed(scope: Scope, reachable: bool) -> None:
    """The platform says that this person blocked us, or lets us write again."""
    await Identity.filter(id=scope.identity_id).update(reachable=reachable)
