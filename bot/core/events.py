"""What live screens want to hear of: told after the commit, lost at will, and the database stays the truth."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

import msgspec


class MessageStored(msgspec.Struct, frozen=True):
    """A new message in a thread."""

    topic: ClassVar[str] = "message.stored"
    conversation_id: int
    lane: str
    seq: int


class MessageSaid(MessageStored, frozen=True):
    """The same with what it says, where that is words alone, so that a screen need not read it back.

    It stays in this process: what people write does not travel between nodes.
    """

    author: str
    text: str
    client_id: str
    delivery: str
    at: datetime

    def bare(self) -> MessageStored:
        """What other nodes may hear."""
        return MessageStored(self.conversation_id, self.lane, self.seq)


class MessageChanged(msgspec.Struct, frozen=True):
    """A message that was there before reads differently now: a file was stored, a delivery failed."""

    topic: ClassVar[str] = "message.changed"
    conversation_id: int
    lane: str
    seq: int


class RowChanged(msgspec.Struct, frozen=True):
    """A line of the desk's conversation list reads differently now."""

    topic: ClassVar[str] = "row"
    conversation_id: int


class OwnerChanged(msgspec.Struct, frozen=True):
    """A person took over (`name`), or gave the conversation back to the bot (None)."""

    topic: ClassVar[str] = "owner"
    conversation_id: int
    lane: str
    name: str | None


class Typing(msgspec.Struct, frozen=True):
    """Somebody writes at this moment; `name` is empty for bot and customer."""

    topic: ClassVar[str] = "typing"
    conversation_id: int
    lane: str
    who: Literal["bot", "staff", "customer"]
    name: str


class OrderChanged(msgspec.Struct, frozen=True):
    """An order was placed, paid, or took another step."""

    topic: ClassVar[str] = "order"
    order_id: int


class ReviewChanged(msgspec.Struct, frozen=True):
    """A review was written or decided."""

    topic: ClassVar[str] = "review"
    review_id: int


class TalkMoved(msgspec.Struct, frozen=True):
    """The customer goes on in another app, or does not any more: the chat box says so."""

    topic: ClassVar[str] = "moved"
    conversation_id: int
    lane: str


class ViewersChanged(msgspec.Struct, frozen=True):
    """Who of the staff looks at a conversation through one process; `asks`: who does through others?"""

    topic: ClassVar[str] = "viewers"
    conversation_id: int
    process: str
    staff: tuple[tuple[int, str], ...]  # id and name
    asks: bool


class SessionsEnded(msgspec.Struct, frozen=True):
    """Somebody logged out, changed a password, or lost an account: open desks must show that they still may."""

    topic: ClassVar[str] = "sessions"


class RunChanged(msgspec.Struct, frozen=True):
    """A report's run started, went on or ended."""

    topic: ClassVar[str] = "run"
    run_id: int


class FailureCount(msgspec.Struct, frozen=True):
    """So many effects and inbounds are parked now."""

    topic: ClassVar[str] = "failure"
    n: int


class BooksChanged(msgspec.Struct, frozen=True):
    """So many differences with the books of providers wait for staff now."""

    topic: ClassVar[str] = "books"
    n: int


class ContactErased(msgspec.Struct, frozen=True):
    """A person was forgotten: what a process has of them in its memory goes, too."""

    topic: ClassVar[str] = "erased"
    contact_id: int


class WorkArrived(msgspec.Struct, frozen=True):
    """Inbounds or effects of these shards are on disk, and whoever works on them may not know it."""

    topic: ClassVar[str] = "work"
    shards: tuple[int, ...]


class NodesChanged(msgspec.Struct, frozen=True):
    """A node came, went, or gave shards away: who waits for that need not wait longer."""

    topic: ClassVar[str] = "nodes"
    node: int


class ErrandChanged(msgspec.Struct, frozen=True):
    """Somebody asks a lane's node to do something, or it is done."""

    topic: ClassVar[str] = "errand"
    errand: int


class Missed(msgspec.Struct, frozen=True):
    """This subscriber was too slow and `n` events are gone: it must look at the database again."""

    topic: ClassVar[str] = "missed"
    n: int


Event = (
    MessageStored
    | MessageChanged
    | RowChanged
    | OwnerChanged
    | Typing
    | OrderChanged
    | TalkMoved
    | ViewersChanged
    | SessionsEnded
    | ReviewChanged
    | RunChanged
    | FailureCount
    | BooksChanged
    | ContactErased
    | WorkArrived
    | NodesChanged
    | ErrandChanged
    | Missed
)
