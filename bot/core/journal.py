"""What a dialog was told so far. Replaying it brings the dialog back to where it was, on any node, after any deploy.

An entry is `{"k": kind, "n": name, "v": value}`: the kind of verb, which question or service it was (so that a changed
dialog is noticed, not guessed at), and the plain value that the verb returned. `"x"` holds a refusal or failure instead
of a value; `"r"` marks what a dialog may step back across.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, get_type_hints

import msgspec

from bot.core.errors import Refused
from bot.core.money import Money

Kind = Literal["ask", "do", "call"]


class JournalMismatch(Exception):
    """The dialog's code does not ask what the journal answers: it was changed since."""


class Suspended(BaseException):
    """Ends the coroutine's turn; no handler's `except Exception` may catch it."""


@dataclass(slots=True)
class Entry:
    """One verb's result."""

    k: Kind
    n: str
    v: Any = None
    x: dict[str, Any] | None = None
    r: bool = False


@dataclass(slots=True)
class Journal:
    """The entries, and how far this replay has come."""

    entries: list[Entry] = field(default_factory=list)
    cursor: int = 0

    @property
    def replaying(self) -> bool:
        """Whether what the dialog does now was done in an earlier turn."""
        return self.cursor < len(self.entries)

    def next(self, kind: Kind, name: str) -> Entry | None:
        """The entry for this verb, or None when the dialog has arrived at the present."""
        if not self.replaying:
            return None
        entry = self.entries[self.cursor]
        if (entry.k, entry.n) != (kind, name):
            raise JournalMismatch(f"journal has {entry.k} {entry.n!r}, the dialog does {kind} {name!r}")
        self.cursor += 1
        return entry

    def append(self, entry: Entry) -> None:
        """Write what happened just now."""
        self.entries.append(entry)
        self.cursor += 1

    def step_back(self) -> bool:
        """Forget the last answer and what was read since; False where something was done that cannot be undone."""
        for index in range(len(self.entries) - 1, -1, -1):
            entry = self.entries[index]
            if entry.k == "ask":
                del self.entries[index:]
                return True
            if not entry.r:
                return False
        return False


def dump(journal: Journal) -> str:
    """As stored."""
    return msgspec.json.encode(journal.entries).decode()


def load(text: str) -> Journal:
    """As stored, ready to replay from the start."""
    return Journal(msgspec.json.decode(text.encode(), type=list[Entry]))


def plain(value: Any) -> Any:
    """`value` (frozen dataclasses, tuples, datetimes …) as JSON values."""
    return msgspec.to_builtins(value)


def revive(value: Any, kind: Any) -> Any:
    """The inverse of `plain` for a known type; a journal that no longer fits the type is a mismatch."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise JournalMismatch(str(error)) from error


@lru_cache(maxsize=1024)
def returns(service: Callable[..., Any]) -> Any:
    """The return type of a service, by which its journaled value is read."""
    return get_type_hints(inspect.unwrap(service)).get("return", Any)


def name_of(service: Callable[..., Any]) -> str:
    """`orders.place`: stable while the function keeps its module and name."""
    return f"{service.__module__.rpartition('.')[2]}.{service.__qualname__}"


def refusal(error: Refused) -> dict[str, Any]:
    """A refusal as JSON values; facts may be Money."""
    facts = {
        key: {"$money": [fact.amount, fact.currency]} if isinstance(fact, Money) else fact
        for key, fact in error.facts.items()
    }
    return {"code": error.code, "facts": facts}


def refused(stored: dict[str, Any]) -> Refused:
    """The inverse of `refusal`."""
    facts = {
        key: Money(*fact["$money"]) if isinstance(fact, dict) and "$money" in fact else fact
        for key, fact in stored["facts"].items()
    }
    return Refused(stored["code"], **facts)
