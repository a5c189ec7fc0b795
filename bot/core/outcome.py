"""What a dialog wants of the runtime, and what one turn of it leads to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeVar

from bot.core.capabilities import Capabilities
from bot.core.message import Reply
from bot.core.question import Question

R = TypeVar("R")
Priority = Literal["normal", "high"]


@dataclass(frozen=True, slots=True)
class Call(Generic[R]):
    """A kind of effect that a dialog may wait for; `name` finds its executor, `returns` reads its result.

    Where somebody looks at the screen meanwhile it fails after so many `tries`; 0: it is tried for an hour.
    """

    name: str
    returns: type[R]
    tries: int = 0


class CallFailed(Exception):
    """The outside world said no for good; the text is for staff, and `code` is that of a `Refused`, "" of all else."""

    def __init__(self, text: str = "", code: str = "") -> None:
        super().__init__(text)
        self.code = code


class Host(Protocol):
    """What runs a dialog's services: inside the turn's transaction, each in a savepoint of its own."""

    async def run(self, service: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run `service(scope, *args, **kwargs)`."""


@dataclass(frozen=True, slots=True)
class Requested:
    """An effect that the dialog waits for."""

    name: str
    args: list[Any]
    position: int
    tries: int = 0


@dataclass(frozen=True, slots=True)
class HandOver:
    """The dialog wants a person to take this conversation."""

    reason: str
    priority: Priority
    to: int | None = None  # the member of staff who takes it at once, when what is said in this turn has left


@dataclass(frozen=True, slots=True)
class Person:
    """Who we talk to and where, as far as a handler needs to know."""

    name: str
    account: str
    capabilities: Capabilities
    is_staff: bool = False
    waits: bool = False  # a person was asked for and nobody has taken over yet


@dataclass(slots=True)
class Outcome:
    """What one turn of a dialog led to; the runtime makes rows of it."""

    replies: list[Reply] = field(default_factory=list)
    question: Question | None = None
    requested: Requested | None = None
    hand_over: HandOver | None = None
