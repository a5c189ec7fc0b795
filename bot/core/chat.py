"""`Chat` is all that a handler sees: it speaks, asks, does and calls, and is replayed from its journal.

Four verbs, and nothing else may be awaited in `handlers/`:

    chat.say and kin                     a reply, in the transaction of the rows; skipped on replay
    chat.ask/choose/rate/confirm/files   a question; the coroutine ends here until the answer comes
    chat.do(service, *args)              read or change rows, in this transaction; journaled
    chat.call(effect, *args)             the outside world, after commit; suspends until its result is an inbound
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from bot.core.asking import Asking
from bot.core.errors import Refused
from bot.core.journal import Entry, JournalMismatch, Suspended, name_of, plain, refusal, refused, returns, revive
from bot.core.outcome import Call, CallFailed, HandOver, Host, Outcome, Person, Priority, Requested
from bot.core.text import Say

__all__ = ["Call", "CallFailed", "Chat", "HandOver", "Host", "Outcome", "Person", "Requested"]

P = ParamSpec("P")
R = TypeVar("R")


class Chat(Asking):
    """One dialog in one conversation, for one turn: it speaks (`telling`), asks (`asking`), does and calls."""

    async def do(self, service: Callable[Concatenate[Any, P], Awaitable[R]], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a service in this turn's transaction. A `Refused` undoes what the service did, and is raised here."""
        name = name_of(service)
        entry = self._journal.next("do", name)
        if entry is not None:
            if entry.x is not None:
                raise refused(entry.x)
            value: R = revive(entry.v, returns(service))
            return value
        self._at_present(name)
        reads = bool(getattr(service, "__reads__", False))
        try:
            result: R = await self._host.run(service, args, kwargs)
        except Refused as error:
            self._journal.append(Entry("do", name, x=refusal(error), r=True))
            raise
        self._journal.append(Entry("do", name, plain(result), r=reads))
        return result

    def _at_present(self, name: str) -> None:
        """An answer waits, but the dialog does something new before it asks: its code was changed since."""
        self._again = False
        if self._incoming is not None:
            raise JournalMismatch(f"an answer waits, the dialog does {name!r} first")

    async def call(self, effect: Call[R], /, *args: Any) -> R:
        """Have the outside world do something after the commit; the dialog goes on when its result is back."""
        entry = self._journal.next("call", effect.name)
        if entry is None and self._incoming is not None and self._incoming.inbound.kind == "result":
            result, self._incoming = self._incoming.inbound.native, None
            entry = Entry("call", effect.name, result.get("value"), result.get("error"))
            self._journal.append(entry)
        if entry is None:
            self._at_present(effect.name)
            self.outcome.requested = Requested(effect.name, plain(list(args)), self._position, effect.tries)
            raise Suspended
        if entry.x is not None:
            raise CallFailed(entry.x.get("text", ""), entry.x.get("code", ""))
        value: R = revive(entry.v, effect.returns)
        return value

    async def hand_over(self, reason: Say = "", *, priority: Priority = "normal", to: int | None = None) -> None:
        """Ask for a person: the desk shows the conversation as waiting; the bot goes on until one takes over.

        `to` is the member of staff who has it from here on, as soon as what is said in this turn has left.
        """
        if not self._replaying:
            self.outcome.hand_over = HandOver(self._voice(reason), priority, to)
