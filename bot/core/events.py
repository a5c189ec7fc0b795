"""What live screens want to hear of: told after the commit, lost at will, and the database stays the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True)
class MessageStored:
    """A new message in a thread."""

    topic: ClassVar[str] = "message.stored"
    conversation_id: int
    lane: str
    seq: int


@dataclass(frozen=True, slots=True)
class MessageChanged:
    """A message that was there before reads differently now: a file was stored, a delivery failed."""

    topic: ClassVar[str] = "message.changed"
    conversation_id: int
    lane: str
    seq: int


@dataclass(frozen=True, slots=True)
class RowChanged:
    """A line of the desk's conversation list reads differently now."""

    topic: ClassVar[str] = "row"
    conversation_id: int


@dataclass(frozen=True, slots=True)
class OwnerChanged:
    """A person took over (`name`), or gave the conversation back to the bot (None)."""

    topic: ClassVar[str] = "owner"
    conversation_id: int
    lane: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Typing:
    """Somebody writes at this moment; `name` is empty for bot and customer."""

    topic: ClassVar[str] = "typing"
    conversation_id: int
    lane: str
    who: Literal["bot", "staff", "customer"]
    name: str


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order was placed, paid, or took another step."""

    topic: ClassVar[str] = "order"
    order_id: int


@dataclass(frozen=True, slots=True)
class ReviewChanged:
    """A review was written or decided."""

    topic: ClassVar[str] = "review"
    review_id: int


@dataclass(frozen=True, slots=True)
class RunChanged:
    """A report's run started, went on or ended."""

    topic: ClassVar[str] = "run"
    run_id: int


@dataclass(frozen=True, slots=True)
class FailureCount:
    """So many effects and inbounds are parked now."""

    topic: ClassVar[str] = "failure"
    n: int


@dataclass(frozen=True, slots=True)
class Missed:
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
    | ReviewChanged
    | RunChanged
    | FailureCount
    | Missed
)
