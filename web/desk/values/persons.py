"""Shapes of the desk: customers, their addresses, and all that was said with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NotRequired, TypedDict

from bot.services.consents import KINDS, Kind, Way
from web.desk.values.inbox import CanSend, Question, Row
from web.desk.values.trade import OrderRow, Review
from web.values import Attachment, Cursor, Message, Money, Number, PageKey, Time, most, one_of


class Consent(TypedDict):
    """What somebody allows at one of their addresses; `way` is "" for whoever never said anything."""

    kind: Kind
    given: bool
    way: Way
    said: str
    at: Time | None


class Contact(TypedDict):
    """One line of the list of people."""

    id: int
    name: str
    phone: str
    email: str
    locale: str
    created_at: Time
    channels: list[str]


class Contacts(TypedDict):
    """A page of people."""

    items: list[Contact]
    next: Cursor


class Identity(TypedDict):
    """An address of a person."""

    id: int
    account: str
    channel: str
    external_id: str
    name: str
    reachable: bool
    conversation_id: int | None
    consents: list[Consent]


class Proof(TypedDict):
    """Why two addresses are one person."""

    id: int
    asked_id: int
    entered_id: int
    made_at: Time


class PersonFile(Attachment):
    """A file of somebody's conversations."""

    at: Time
    conversation_id: int | None
    seq: int | None
    author: str
    sender: str


class Totals(TypedDict):
    """All that somebody ordered and said."""

    orders: int
    spent: Money | None
    reviews: int


class Person(Contact):
    """A customer with all their addresses; `members` are the contacts that are this person.

    `timezone` "" is the shop's.
    """

    timezone: str
    members: Sequence[int]
    identities: list[Identity]
    proofs: list[Proof]
    orders: list[OrderRow]
    reviews: list[Review]
    files: list[PersonFile]
    conversations: list[Row]
    totals: Totals


class Conversation(TypedDict):
    """A conversation opened, with its newest messages."""

    row: Row
    messages: list[Message]
    more: bool
    dialog: Question | None
    can_send: CanSend
    contact: Person


class HistoryMessage(Message):
    """A message with where it was said."""

    conversation_id: int
    channel: str


class History(TypedDict):
    """A page of all that was said with a person, the oldest first."""

    items: list[HistoryMessage]
    next: Cursor


class ListQuery(TypedDict, total=False):
    """People with these words."""

    q: str
    before: Number


class HistoryQuery(TypedDict, total=False):
    """`before` is the `next` of the page before."""

    before: PageKey


class PersonChange(TypedDict, total=False):
    """At least one of these."""

    name: Annotated[str, most(200)]
    phone: Annotated[str, most(64)]
    email: Annotated[str, most(254)]
    locale: Annotated[str, most(16)]
    timezone: Annotated[str, most(64)]


class ConsentChange(TypedDict):
    """What somebody told staff; a yes needs how they told it."""

    kind: Annotated[str, one_of(KINDS)]
    given: bool
    why: NotRequired[Annotated[str, most(500)]]


class Confirmation(TypedDict):
    """The name of whoever is forgotten, typed again."""

    confirm: Annotated[str, most(200)]
