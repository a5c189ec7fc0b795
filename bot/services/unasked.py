"""What is told or asked once, and nobody waits for: not used up while a person has the word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.capabilities import Capabilities
from bot.core.quiet import QuietHours
from bot.services import reach
from bot.services.reach import Address, Reach
from models import Conversation

_OF_PERSON = (
    "SELECT 1 FROM contact k LEFT JOIN contact p ON p.person_id = k.person_id "
    "JOIN {table} {name} ON {name}.contact_id = COALESCE(p.id, k.id) WHERE k.id = {contact}"
)


def theirs(table: str, name: str, contact: str) -> str:
    """SQL, to be asked for with `EXISTS`: the rows of `table` of the person of `contact`, known by `name`.

    One statement with its join: as a list of contacts within another one PostgreSQL reads the whole table for each row.
    """
    return _OF_PERSON.format(table=table, name=name, contact=contact)


def free(contact: str) -> str:
    """SQL: whether the bot has the word in a conversation of the person of `contact`; its one parameter is now.

    Whoever talks with staff everywhere would else be looked at again at each tick, ahead of all others.
    """
    talks = theirs("conversation", "t", contact)
    return f"EXISTS ({talks} AND t.owner_id IS NULL AND (t.elsewhere_until IS NULL OR t.elsewhere_until <= ?))"


@dataclass(frozen=True, slots=True)
class Where:
    """The conversation in which somebody is reached best; `waits` while a person has the word in it.

    `morning` is when what is said now leaves, where the night keeps it.
    """

    account: str
    external_id: str
    waits: bool
    morning: datetime | None = None


#: Of a conversation's id; None where its person is known nowhere any more.
Find = Callable[[int], Awaitable[Where | None]]


def finding(capabilities: Mapping[str, Capabilities], now: datetime, quiet: QuietHours) -> Find:
    """Where people are reminded best at this moment. To be asked before anything is marked as told.

    Where a person has the word nobody is reminded, so the best is looked for among the others: whom `free` names is
    told, and keeps none behind them waiting.
    """

    async def find(conversation_id: int) -> Where | None:
        ways = await reach.ways(conversation_id, capabilities, now, "reminders", quiet)
        ids = [one.conversation_id for one, _ in ways]
        talks = {row.id: row for row in await Conversation.filter(id__in=ids).select_related("identity")}
        there = [way for way in ways if way[0].conversation_id in talks]
        free = [way for way in there if not talks[way[0].conversation_id].is_with_people(now)]
        chosen = _chosen(free or there, conversation_id)
        if chosen is None:
            return None
        row = talks[chosen]
        morning = next(there.morning for one, there in ways if one.conversation_id == chosen)
        return Where(row.account, row.identity.external_id, row.is_with_people(now), morning)

    return find


def _chosen(ways: Sequence[tuple[Address, Reach]], asked: int) -> int | None:
    """The best of these conversations; where nothing can leave now, the one that was asked about, else the first."""
    ids = [one.conversation_id for one, _ in ways]
    if best := reach.best_of(ways):
        return best[0].conversation_id
    return asked if asked in ids else next(iter(ids), None)
