"""What is told or asked once, and nobody waits for: not used up while a person has the word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.core.capabilities import Capabilities
from bot.core.quiet import QuietHours
from bot.services import reach
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
    """The conversation in which somebody is reached best; `waits` while a person has the word in it."""

    account: str
    external_id: str
    waits: bool


#: Of a conversation's id; None where its person is known nowhere any more.
Find = Callable[[int], Awaitable[Where | None]]


def finding(capabilities: Mapping[str, Capabilities], now: datetime, quiet: QuietHours) -> Find:
    """Where people are reminded best at this moment. To be asked before anything is marked as told."""

    async def find(conversation_id: int) -> Where | None:
        id_ = await reach.best(conversation_id, capabilities, now, "reminders", quiet)
        row = await Conversation.filter(id=id_).select_related("identity").first()
        return Where(row.account, row.identity.external_id, row.is_with_people(now)) if row else None

    return find
