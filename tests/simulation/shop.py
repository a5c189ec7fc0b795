"""The conversations of the simulation: an echo, an order with every verb of `chat`, and handlers with mistakes."""

from __future__ import annotations

from typing import Protocol

from bot.core.chat import Call, CallFailed, Chat
from bot.core.errors import Refused
from bot.core.registry import reads
from bot.core.router import Router
from bot.core.text import Say
from bot.services.scope import Scope
from models.database import client, fetch

#: Nothing here is unique, so that what is done twice is there twice.
TABLE = (
    "CREATE TABLE sim_order (number INTEGER PRIMARY KEY, begun_by TEXT NOT NULL, count INTEGER NOT NULL, "
    "finished INTEGER NOT NULL DEFAULT 0, receipt TEXT NOT NULL DEFAULT '', released INTEGER NOT NULL DEFAULT 0)"
)
STAFF = (
    "INSERT INTO staff (id, login, name, role, password_hash, created_at) VALUES "
    "(1, 'mei', 'Mei', 'agent', '', '2026-11-22'), (2, 'tom', 'Tom', 'agent', '', '2026-11-22')"
)
MOST = 5
PAY = Call("pay", str)


class Defect(Exception):
    """What a handler or a service with a mistake in it raises."""


class Fortune(Protocol):
    """What the shop knows of the world that it is in."""

    def number(self) -> int:
        """Another one each time."""

    def stumbles(self) -> bool:
        """Whether a service fails at this moment."""

    async def thinks(self) -> None:
        """A moment, sometimes longer than a turn may take."""


class Stall:
    """The handlers and services of one process."""

    def __init__(self, fortune: Fortune) -> None:
        self._fortune = fortune
        self.router = Router("sim")
        self.router.command("order")(self.order)
        self.router.command("poison")(self.poison)
        self.router.command("three")(self.three)
        self.router.command("write")(self.write)
        self.router.fallback(self.echo)

    # services

    @reads
    async def ticket(self, scope: Scope) -> int:
        """Never the same twice: only the journal can tell what it was."""
        await self._fortune.thinks()
        return self._fortune.number()

    async def place(self, scope: Scope, begun_by: str, count: int) -> int:
        """Write first, and refuse or fail after it: both must take it back."""
        [row] = await fetch(
            "INSERT INTO sim_order (begun_by, count) VALUES (?, ?) RETURNING number", (begun_by, count), client()
        )
        if self._fortune.stumbles():
            raise Defect("the service stumbled")
        if count > MOST:
            raise Refused("too_many")
        number: int = row["number"]
        return number

    async def finish(self, scope: Scope, number: int, receipt: str) -> None:
        """Count how often."""
        await fetch(
            "UPDATE sim_order SET finished = finished + 1, receipt = ? WHERE number = ? RETURNING number",
            (receipt, number),
            client(),
        )
        if self._fortune.stumbles():
            raise Defect("the service stumbled")

    async def release(self, scope: Scope, number: int) -> None:
        """It was not paid."""
        sql = "UPDATE sim_order SET released = released + 1 WHERE number = ? RETURNING number"
        await fetch(sql, (number,), client())

    # handlers

    async def order(self, chat: Chat) -> None:
        """Ask, do, call, ask, do; every value is told, so that the thread says what the journal held."""
        begun_by = chat.inbound.key
        ticket = await chat.do(self.ticket)
        chat.say(f"begun {begun_by} ticket {ticket}")
        count = await chat.ask("How many?", check=_is_count, remind="1m", expire="3m")
        try:
            number = await chat.do(self.place, begun_by, int(count))
        except Refused:
            chat.say(f"too many {begun_by}")
            return
        chat.say(f"placed {begun_by} number {number} count {count}")
        try:
            receipt = await chat.call(PAY, number)
        except CallFailed:
            await chat.do(self.release, number)
            chat.say(f"unpaid {begun_by} number {number}")
            return
        note = await chat.ask("A note?", optional=True, expire="3m")
        await chat.do(self.finish, number, receipt)
        chat.say(f"finished {begun_by} ticket {ticket} number {number} receipt {receipt} note {note}")

    async def poison(self, chat: Chat) -> None:
        """A handler that always fails, after it has spoken."""
        chat.say("this must not leave")
        raise Defect("poison")

    async def write(self, chat: Chat) -> None:
        """A write without a question."""
        number = await chat.do(self.place, chat.inbound.key, 1)
        chat.say(f"placed {chat.inbound.key} number {number} count 1")

    async def three(self, chat: Chat) -> None:
        """Several messages at once, and a moment in which anybody may come between."""
        chat.say(f"echo 0 {chat.inbound.key}")
        ticket = await chat.do(self.ticket)
        chat.say(f"echo 1 {chat.inbound.key}")
        chat.say(f"echo 2 {chat.inbound.key} ticket {ticket}")

    async def echo(self, chat: Chat) -> None:
        """Say it back, after a moment."""
        await chat.do(self.ticket)
        chat.say(f"echo {chat.inbound.key}")


def _is_count(text: str) -> Say | None:
    return None if text.isdecimal() else "A number, please."
