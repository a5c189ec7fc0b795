"""Sends a broadcast: a few recipients at a time become inbounds of their lanes, each once, whoever begins and dies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.core.capabilities import Capabilities
from bot.core.message import Inbound
from bot.core.quiet import QuietHours
from bot.runtime.inbox import Inbox
from bot.runtime.ledger import Waiting
from bot.runtime.shop import Shop
from bot.services import broadcasts, reach
from bot.services.broadcasts import CLIENT_ID, Audience, Recipient
from models import Broadcast, locks
from models.database import transaction

#: Recipients of one step, over all accounts, and the time between two steps, seconds: platforms take far more.
STEP, STEP_SECONDS = 40, 2.0
#: Of so many who want news a preview asks how they can be reached.
PREVIEWED, _PAGE = 5_000, 500


@dataclass(frozen=True, slots=True)
class Preview:
    """How many of `all` get it now, by a template, when their night ends, or not and why; `more` than were asked."""

    all: int
    now: int
    template: int
    later: int
    why: Mapping[str, int]
    more: bool


async def preview(
    audience: Audience, capabilities: Mapping[str, Capabilities], quiet: QuietHours, now: datetime
) -> Preview:
    """What would become of a broadcast to these people, sent now."""
    everybody = await broadcasts.size(audience)
    tally = {"now": 0, "template": 0, "later": 0}
    why: dict[str, int] = {}
    asked, after = 0, 0
    while asked < PREVIEWED and (page := await broadcasts.recipients(audience, after, _PAGE)):
        ids = [one.conversation_id for one in page]
        found = await reach.of_many(ids, capabilities, now, "news", quiet)
        for one in page:
            fate = _fate(one, found[one.conversation_id], now)
            counts = tally if fate in tally else why
            counts[fate] = counts.get(fate, 0) + 1
        asked, after = asked + len(page), ids[-1]
    more = bool(asked >= PREVIEWED and await broadcasts.recipients(audience, after, 1))
    if not more and everybody > asked:
        why["unwanted"] = everybody - asked
    return Preview(everybody, tally["now"], tally["template"], tally["later"], why, more)


def _fate(one: Recipient, found: reach.Reach, now: datetime) -> str:
    if one.is_with_people(now):
        return "staffed"
    if found.ok:
        return "template" if found.how == "template" else "now"
    return "later" if found.leaves else found.why


async def step(inbox: Inbox, shop: Shop, now: datetime) -> list[Waiting]:
    """The next recipients of the broadcast whose turn it is, as inbounds that are kept; nothing where none runs.

    Who they are, their rows and how far it has come are one commit: after a crash the next step begins where the last
    one ended, and of two nodes that do it at once one waits.
    """
    await Broadcast.filter(state="scheduled", send_at__lte=now).update(state="running")
    if not await Broadcast.filter(state="running").exists():
        return []
    async with transaction() as connection:
        row = await locks.running_broadcast()
        if row is None:
            return []
        audience = broadcasts.audience_of(row)
        page = await broadcasts.recipients(audience, row.reached, STEP)
        chosen = [one for one in page if await _is_chosen(one, audience, shop, now)]
        await broadcasts.plan(row, chosen)
        waiting = await inbox.keep_within(connection, [_told(row.id, one) for one in chosen])
        row.reached = page[-1].conversation_id if page else row.reached
        if len(page) < STEP:
            row.state, row.ended_at = "done", now
        await row.save()
    return waiting


def _told(broadcast_id: int, one: Recipient) -> Inbound:
    name = f"{CLIENT_ID}{broadcast_id}"
    key = f"{name}:{one.conversation_id}"
    return Inbound(one.account, key, one.external_id, "news", data=str(broadcast_id), client_id=name)


async def _is_chosen(one: Recipient, audience: Audience, shop: Shop, now: datetime) -> bool:
    """Nobody who talks to a person is told, and whoever has several addresses hears it at the best of them."""
    if one.is_with_people(now):
        return False
    if one.person_id is None:
        return True
    there = [
        way
        for way, found in await reach.ways(one.conversation_id, shop.capabilities, now, "news", shop.quiet)
        if found.leaves and way.account in (audience.accounts or (way.account,))
    ]
    return not there or there[0].conversation_id == one.conversation_id
