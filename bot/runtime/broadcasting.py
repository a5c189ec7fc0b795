"""Sends a broadcast: its recipients become rows, and a few of those at a time inbounds of their lanes, each once.

They wait as recipients, not as messages: so what customers are answered never stands behind what many are told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.backends.base.client import BaseDBAsyncClient

from bot.core.message import Inbound
from bot.runtime.inbox import Inbox
from bot.runtime.ledger import Waiting
from bot.runtime.pending import crowded
from bot.runtime.shop import Shop
from bot.services import audiences, broadcasts, reach
from bot.services.audiences import Audience, Chosen, Recipient
from bot.services.broadcasts import Copy
from bot.services.tallies import CLIENT_ID
from models import Broadcast, locks
from models.database import transaction

#: Recipients of one step, over all broadcasts, accounts and nodes, and the time between two steps, seconds: platforms
#: take far more.
STEP, STEP_SECONDS = 40, 2.0
#: With so many messages of its account on their way a recipient waits: what customers are answered goes ahead.
CROWDED = 40
#: A step that is early by no more than this takes its turn, and the next one is not earlier for it; seconds.
_EARLY = 0.2
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


async def preview(audience: Audience, shop: Shop, now: datetime) -> Preview:
    """What would become of a broadcast to these people, sent now."""
    everybody = await audiences.size(audience, shop.speaking("zh"))
    fates: dict[int, str] = {}
    asked, (page, chosen) = 0, await _page(audience, shop, 0, _PAGE, now)
    while page and asked < PREVIEWED:
        fates |= {one.at.person: _fate(one) for one in chosen}
        asked += len(page)
        page, chosen = await _page(audience, shop, page[-1].identity_id, _PAGE, now)
    tally = Counter(fates.values())
    now_, template, later = (tally.pop(fate, 0) for fate in ("now", "template", "later"))
    if not page and everybody > len(fates):
        tally["unwanted"] += everybody - len(fates)
    return Preview(everybody, now_, template, later, dict(tally), bool(page))


async def _page(
    audience: Audience, shop: Shop, after: int, limit: int, now: datetime
) -> tuple[Sequence[Recipient], Sequence[Chosen]]:
    """The next of them behind identity `after`, and at which address each person among them is told."""
    chinese = shop.speaking("zh")
    page = await audiences.recipients(audience, after, limit, chinese)
    return page, await audiences.chosen(page, audience, shop.capabilities, shop.quiet, now, chinese)


def _fate(one: Chosen) -> str:
    if one.staffed:
        return "staffed"
    if one.reach.ok:
        return "template" if one.reach.how == "template" else "now"
    return "later" if one.reach.leaves else one.reach.why


@dataclass(frozen=True, slots=True)
class _Turn:
    """What a broadcast does next: it was looked for before anything is locked, since it may take a while to find."""

    id: int
    reached: int
    chosen: Sequence[Chosen] = ()
    reaches: int = 0  # how far it has come with these
    is_last: bool = False


async def step(inbox: Inbox, shop: Shop, now: datetime) -> list[Waiting]:
    """The next recipients of the broadcast whose turn it is, as inbounds that are kept; nothing where none runs.

    Who they are, their rows and how far it has come are one commit: after a crash the next step begins where the last
    one ended, and of several nodes that do it at once one does it.
    """
    if not (under_way := await broadcasts.running(now)):
        return []
    full = await crowded(shop.capabilities, CROWDED)
    turn = await _next(under_way, shop, full, now)
    if turn is None:
        return []
    async with transaction() as connection:
        if turn.chosen:
            await locks.persons()  # nobody becomes another one between what is planned for them and its row
        rows = {row.id: row for row in await locks.running_broadcasts()}
        row, at = rows.get(turn.id), await _its_time(now)
        if row is None or at is None or row.reached != turn.reached:
            return []
        await _plan(row, turn, now)
        waiting = await _tell(inbox, connection, shop, row.id, full, now)
        row.stepped_at = at
        if row.planned_at and not await broadcasts.is_waited_for(row.id):
            row.state, row.ended_at = "done", now
        await row.save(update_fields=["reached", "planned_at", "stepped_at", "state", "ended_at"])
    return waiting


async def _next(under_way: Sequence[Broadcast], shop: Shop, full: Sequence[str], now: datetime) -> _Turn | None:
    for row in under_way:
        if row.planned_at is None:
            page, chosen = await _page(broadcasts.audience_of(row), shop, row.reached, STEP, now)
            reaches = page[-1].identity_id if page else row.reached
            return _Turn(row.id, row.reached, chosen, reaches, len(page) < STEP)
        if await broadcasts.due(row.id, full, now, 1) or not await broadcasts.is_waited_for(row.id):
            return _Turn(row.id, row.reached)
    return None


async def _its_time(now: datetime) -> datetime | None:
    """The moment that this step has; None where another one was a moment ago, on whichever node.

    A clock that was set back does not make everybody wait for it.
    """
    last = await broadcasts.last_step()
    if last is None:
        return now
    at = last + timedelta(seconds=STEP_SECONDS)
    early = (at - now).total_seconds()
    if _EARLY < early <= STEP_SECONDS + _EARLY:
        return None
    return at if 0 < early <= _EARLY else now


async def _plan(row: Broadcast, turn: _Turn, now: datetime) -> None:
    if row.planned_at is None:
        await broadcasts.plan(row.id, turn.chosen, now)
        row.reached = turn.reaches
        row.planned_at = now if turn.is_last else None


async def _tell(
    inbox: Inbox, connection: BaseDBAsyncClient, shop: Shop, id_: int, full: Sequence[str], now: datetime
) -> list[Waiting]:
    """Those who are due, unless their night has fallen meanwhile, or they can be reached no more."""
    due = await broadcasts.due(id_, full, now, STEP)
    ways = await reach.among([one.conversation_id for one in due], shop.capabilities, now, "news", shop.quiet)
    found = {address.conversation_id: there for address, there in ways}
    copies = [one for one in due if one.conversation_id in found]  # others were erased at this moment
    await broadcasts.settle(connection, {one.id: found[one.conversation_id].morning for one in copies})
    return await inbox.keep_within(connection, [_told(id_, one) for one in copies if found[one.conversation_id].ok])


def _told(broadcast_id: int, one: Copy) -> Inbound:
    name = f"{CLIENT_ID}{broadcast_id}"
    key = f"{name}:{one.conversation_id}"
    return Inbound(one.account, key, one.external_id, "news", data=str(broadcast_id), client_id=name)
