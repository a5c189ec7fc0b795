"""Shapes of the desk: conversations in the list, what is said in them, and what may be said."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from bot.services.conversations import Filter
from bot.services.reach import How
from web.values import Cursor, Id, Message, Number, PageKey, Time, most


class Owner(TypedDict):
    """Who of the staff has a conversation."""

    id: int
    name: str


class Row(TypedDict):
    """A conversation in the list; of two copies the one with more `version` is later.

    `elsewhere_until`: a person answers in the platform's own app, and until then the bot is silent. `attention` is "",
    what went wrong ("turn", "send", "refund", "restored"), or a sentence if it is old.
    """

    id: int
    name: str
    account: str
    channel: str
    last_text: str
    last_author: str
    last_at: Time
    unread: int
    owner: Owner | None
    waiting_since: Time | None
    elsewhere_until: Time | None
    reason: str
    priority: int
    attention: str
    closed: bool
    contact_id: int
    continues_in: int | None
    version: int


class Match(TypedDict):
    """The newest message with the words: the line of it in three pieces of plain text."""

    seq: int
    author: str
    at: Time
    before: str
    found: str
    after: str


class FoundRow(Row):
    """A conversation; of a search with the message that has the words, null where a name or an order has them."""

    match: NotRequired[Match | None]


class Counts(TypedDict):
    """The marks beside the desk's pages; `books` for managers."""

    mine: int
    waiting: int
    attention: int
    books: NotRequired[int]


class Conversations(TypedDict):
    """A page of conversations."""

    items: list[FoundRow]
    next: Cursor
    counts: Counts


class OneRow(TypedDict):
    """A conversation, as it is now."""

    row: Row


class Instead(TypedDict):
    """What is possible where a message is not: another conversation of the same person, or to wait."""

    kind: Literal["template", "other", "write", "morning"]
    conversation_id: int | None
    account: str
    channel: str


class CanSend(TypedDict):
    """What the channel lets staff send now; `why` is a sentence, "" while ok. It changes with every message.

    `until` is when the window closes and `left` how many messages fit in, null where nothing limits them. `how`: as an
    answer, outside the window by a template, or by people only, after the bot's window. `instead` is what else is
    possible, the best first.
    """

    ok: bool
    why: str
    until: Time | None
    left: int | None
    how: How
    instead: list[Instead]


class Question(TypedDict):
    """What the bot asks at this moment."""

    title: str
    question: str


class Messages(TypedDict):
    """Messages of a conversation in their order; `more` lie on that side."""

    messages: list[Message]
    more: bool


class OneMessage(TypedDict):
    """A message that was said."""

    message: Message


class ListQuery(TypedDict, total=False):
    """Which conversations; with `q` those with any piece of these words."""

    filter: Filter
    q: str
    before: PageKey


class MessagesQuery(TypedDict, total=False):
    """Either of the two: messages before this `seq`, or after it."""

    before: Number
    after: Number


class Taking(TypedDict, total=False):
    """A manager may take a conversation from a colleague."""

    force: bool


class Saying(TypedDict):
    """What staff say, under an id of their own; a `note` is for colleagues, with `wait` it may leave later."""

    id: Annotated[str, most(64, 1)]
    text: NotRequired[str]
    files: NotRequired[list[Id] | None]
    note: NotRequired[bool]
    wait: NotRequired[bool]
