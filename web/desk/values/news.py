"""Shapes of the desk: what is told to many."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from web.values import Attachment, Id, Time, most, one_of


class BroadcastCounts(TypedDict):
    """How many it reached; whoever is `planned` and counted nowhere else was left out, or is about to be told."""

    planned: int
    waiting: int
    sent: int
    delivered: int
    read: int
    failed: int
    unsubscribed: int


class Broadcast(TypedDict):
    """News to many."""

    id: int
    text: str
    picture: Attachment | None
    label: str
    command: str
    accounts: list[str]
    language: str
    bought: Literal["", "yes", "no"]
    state: Annotated[str, one_of(("scheduled", "running", "stopped", "done"))]
    send_at: Time
    created_at: Time
    ended_at: Time | None
    staff: str
    counts: BroadcastCounts


class Account(TypedDict):
    """An account of a channel."""

    account: str
    channel: str


class Command(TypedDict):
    """What a button may start."""

    name: str
    title: str


class Choices(TypedDict):
    """What news may be addressed to, and what their button may start."""

    accounts: list[Account]
    languages: list[str]
    commands: list[Command]


class Broadcasts(TypedDict):
    """The newest news, and what one may choose from."""

    items: list[Broadcast]
    choices: Choices


class OneBroadcast(TypedDict):
    """News, as they are now."""

    broadcast: Broadcast


class NotReached(TypedDict):
    """How many are not reached, and why, as a sentence."""

    code: str
    text: str
    count: int


#: "not" is a word of Python's own.
Preview = TypedDict(
    "Preview", {"all": int, "now": int, "template": int, "later": int, "not": list[NotReached], "more": bool}
)


class Audience(TypedDict, total=False):
    """Who is told; nothing said of it is everybody."""

    accounts: list[str] | None
    language: Annotated[str, most(16)]
    bought: Literal["", "yes", "no"]


class WrittenNews(Audience):
    """News, under an id of the sender's own; `send_at` has its zone."""

    id: Annotated[str, most(64, 1)]
    text: str
    label: NotRequired[Annotated[str, most(64)]]
    command: NotRequired[Annotated[str, most(64)]]
    picture: NotRequired[Id | None]
    send_at: NotRequired[Time | None]
