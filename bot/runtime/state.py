"""What a turn starts from: the conversations of a batch with their people and open dialogs, in three queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from bot.core.journal import Journal, load
from bot.core.message import Attachment, Choice, Inbound
from bot.core.question import Question
from models.database import as_time, client, dialect, fetch, fetch_many, marks

_choices = msgspec.json.Decoder(tuple[Choice, ...])
_question = msgspec.json.Decoder(Question)


@dataclass(frozen=True, slots=True)
class Trigger:
    """What started a dialog: kept with it, because every replay starts from it."""

    inbound: Inbound
    files: tuple[Attachment, ...] = ()
    arguments: str = ""
    callback: str = ""


_trigger = msgspec.json.Decoder(Trigger)


@dataclass(slots=True)
class DialogState:
    """One dialog: a row, or a dialog that begins in this turn."""

    token: str
    handler: str
    trigger: Trigger
    state: str = "new"  # new | asking | calling | paused
    background: bool = False
    journal: Journal = field(default_factory=Journal)
    question: Question | None = None
    remind_at: datetime | None = None
    expire_at: datetime | None = None
    created_at: datetime | None = None
    stored: bool = False


@dataclass(slots=True)
class ConversationState:
    """One conversation as the turn finds it, and as the turn leaves it."""

    id: int
    lane: str
    account: str
    external_id: str
    identity_id: int
    contact_id: int
    name: str
    locale: str  # chosen by the contact, else as the platform says, else ""
    staff_id: int | None
    owner_id: int | None
    epoch: int
    last_seq: int
    unread: int
    waiting_since: datetime | None
    reason: str
    priority: int
    attention: str
    choices: tuple[Choice, ...]
    first_response_at: datetime | None
    last_text: str
    last_author: str
    last_at: datetime | None
    closed_at: datetime | None = None
    version: int = 0
    reachable: bool = True
    person_id: int | None = None  # of the contacts that are the same person
    continues_in: int | None = None  # the conversation in which the customer went on
    elsewhere_until: datetime | None = None  # a person answers in the platform's own client
    dialogs: list[DialogState] = field(default_factory=list)

    def is_with_people(self, now: datetime) -> bool:
        """Whether the bot may not speak: a person has the word, here or in the platform's own client."""
        return self.owner_id is not None or (self.elsewhere_until is not None and self.elsewhere_until > now)

    @property
    def foreground(self) -> DialogState | None:
        """The dialog that has the word: it asks, or (where none does) waits for the outside world."""
        open_ = [one for one in self.dialogs if one.state in ("asking", "calling") and not one.background]
        return next((one for one in open_ if one.state == "asking"), open_[0] if open_ else None)

    def dialog(self, token: str) -> DialogState | None:
        """The open dialog called `token`."""
        return next((one for one in self.dialogs if one.token == token), None)


_CONVERSATIONS = (
    "SELECT c.id, c.version, c.lane, c.account, i.external_id, c.identity_id, c.contact_id, t.person_id, t.name, "
    "i.name AS identity_name, t.locale AS chosen_locale, i.locale AS platform_locale, i.staff_id, c.continues_in, "
    # What somebody told in another app of theirs holds here, too, until they tell something else here; of several what
    # they told last.
    "CASE WHEN t.person_id IS NULL OR t.name <> '' OR i.name <> '' THEN '' ELSE COALESCE((SELECT "
    "COALESCE(NULLIF(o.name, ''), oi.name) FROM contact o JOIN identity oi ON oi.contact_id = o.id "
    "WHERE o.person_id = t.person_id AND (o.name <> '' OR oi.name <> '') "
    "ORDER BY COALESCE(o.name_at, o.created_at) DESC, o.id DESC LIMIT 1), '') END AS other_name, "
    "CASE WHEN t.person_id IS NULL OR t.locale <> '' THEN '' ELSE COALESCE((SELECT o.locale FROM contact o "
    "WHERE o.person_id = t.person_id AND o.locale <> '' "
    "ORDER BY COALESCE(o.locale_at, o.created_at) DESC, o.id DESC LIMIT 1), '') END AS other_locale, "
    "c.owner_id, c.epoch, c.last_seq, c.unread, c.waiting_since, c.reason, c.priority, c.attention, c.choices, "
    "c.first_response_at, c.last_text, c.last_author, c.last_at, c.closed_at, c.elsewhere_until, "
    "i.reachable "
    "FROM conversation c JOIN identity i ON i.id = c.identity_id JOIN contact t ON t.id = c.contact_id "
    "WHERE c.lane IN ({marks}) ORDER BY c.id"
)
_LOCK = "SELECT id FROM conversation WHERE lane IN ({marks}) ORDER BY id FOR UPDATE"
_DIALOGS = (
    "SELECT conversation_id, token, handler, state, background, trigger, journal, question, remind_at, expire_at, "
    "created_at FROM dialog WHERE conversation_id IN "
    "(SELECT id FROM conversation WHERE lane IN ({marks})) "
    "AND state IN ('asking', 'calling', 'paused') AND moved_to_id IS NULL ORDER BY id"
)


_NEW_CONTACTS = "INSERT INTO contact (name, created_at, updated_at) VALUES {values} RETURNING id, name"
_NEW_IDENTITIES = (
    "INSERT INTO identity (contact_id, account, external_id, name, locale, reachable, created_at) VALUES {values} "
    "RETURNING id, account, external_id"
)
_NEW_CONVERSATIONS = (
    "INSERT INTO conversation (lane, identity_id, contact_id, account, last_at, created_at, updated_at) "
    "VALUES {values} RETURNING id"
)


async def load_states(
    connection: BaseDBAsyncClient, first: Sequence[Inbound], now: datetime, meets: Callable[[Inbound], bool]
) -> dict[str, ConversationState]:
    """The conversations of these inbounds by lane, locked, with their dialogs; those of people we meet are made."""
    lanes = [inbound.lane for inbound in first]
    states = await _load(connection, lanes, lock=True)
    missing = [inbound for inbound in first if inbound.lane not in states and meets(inbound)]
    if missing:
        await _create(connection, missing, now)
        states |= await _load(connection, [inbound.lane for inbound in missing], lock=True)
    return states


async def find_states(lanes: Sequence[str]) -> dict[str, ConversationState]:
    """Those of these conversations that exist, by lane, as they are now; `version` tells whether they still are."""
    return await _load(client(), lanes, lock=False)


async def _load(connection: BaseDBAsyncClient, lanes: Sequence[str], *, lock: bool) -> dict[str, ConversationState]:
    conversations_sql = _CONVERSATIONS + (" FOR UPDATE OF c" if lock and dialect() == "postgres" else "")
    # MariaDB knows no OF: it would lock the people as well. The one more query goes in the same step.
    texts = [*([_LOCK] if lock and dialect() == "mysql" else []), conversations_sql, _DIALOGS]
    asked = marks(len(lanes))
    *_, conversations, dialogs = await fetch_many([(text.format(marks=asked), lanes) for text in texts], connection)
    states = {row["id"]: _conversation(row) for row in conversations}
    for row in dialogs:
        states[row["conversation_id"]].dialogs.append(_dialog(row))
    return {state.lane: state for state in states.values()}


async def _create(connection: BaseDBAsyncClient, inbounds: Sequence[Inbound], now: datetime) -> None:
    """A new contact for each, with one identity and its conversation, in three statements."""
    people = [(one.name[:200], one.locale[:16], one.account, one.sender, one.lane) for one in inbounds]
    found = await _insert(connection, _NEW_CONTACTS, [(name, now, now) for name, *_ in people])
    # An engine may return the rows in any order; contacts of one name are alike so far.
    contacts = defaultdict(list)
    for row in found:
        contacts[row["name"]].append(row["id"])
    owners = {(account, sender): contacts[name].pop() for name, _, account, sender, _ in people}
    rows = [
        (owners[account, sender], account, sender, name, locale, True, now)
        for name, locale, account, sender, _ in people
    ]
    identities = {
        (row["account"], row["external_id"]): row["id"] for row in await _insert(connection, _NEW_IDENTITIES, rows)
    }
    talks = [
        (lane, identities[account, sender], owners[account, sender], account, now, now, now)
        for _, _, account, sender, lane in people
    ]
    await _insert(connection, _NEW_CONVERSATIONS, talks)


async def _insert(connection: BaseDBAsyncClient, sql: str, rows: Sequence[tuple[object, ...]]) -> list[dict[str, Any]]:
    """What `sql` returns for all rows in one statement."""
    values = ",".join([f"({marks(len(rows[0]))})"] * len(rows))
    return await fetch(sql.format(values=values), [value for row in rows for value in row], connection)


def _conversation(row: dict[str, Any]) -> ConversationState:
    return ConversationState(
        id=row["id"],
        version=row["version"],
        lane=row["lane"],
        account=row["account"],
        external_id=row["external_id"],
        identity_id=row["identity_id"],
        contact_id=row["contact_id"],
        person_id=row["person_id"],
        continues_in=row["continues_in"],
        name=row["name"] or row["identity_name"] or row["other_name"],
        locale=row["chosen_locale"] or row["other_locale"] or row["platform_locale"],
        staff_id=row["staff_id"],
        owner_id=row["owner_id"],
        epoch=row["epoch"],
        last_seq=row["last_seq"],
        unread=row["unread"],
        waiting_since=as_time(row["waiting_since"]),
        reason=row["reason"],
        priority=row["priority"],
        attention=row["attention"],
        choices=_choices.decode(row["choices"]) if row["choices"] != "[]" else (),
        first_response_at=as_time(row["first_response_at"]),
        last_text=row["last_text"],
        last_author=row["last_author"],
        last_at=as_time(row["last_at"]),
        closed_at=as_time(row["closed_at"]),
        elsewhere_until=as_time(row["elsewhere_until"]),
        reachable=bool(row["reachable"]),
    )


def _dialog(row: dict[str, Any]) -> DialogState:
    return DialogState(
        token=row["token"],
        handler=row["handler"],
        trigger=_trigger.decode(row["trigger"]),
        state=row["state"],
        background=bool(row["background"]),
        journal=load(row["journal"]),
        question=_question.decode(row["question"]) if row["question"] else None,
        remind_at=as_time(row["remind_at"]),
        expire_at=as_time(row["expire_at"]),
        created_at=as_time(row["created_at"]),
        stored=True,
    )
