"""The conversations of the fault tests: an echo, and handlers that sleep, fail, hang or block on purpose."""

from __future__ import annotations

import asyncio
import time

from bot.core.chat import Chat
from bot.core.registry import reads
from bot.core.router import Router
from bot.core.text import _
from bot.services import audit
from bot.services.scope import Scope

router = Router("faults")


class Poison(Exception):
    """What the handler with a mistake in it raises, always."""


@reads
async def nap(scope: Scope, milliseconds: int) -> None:
    """A service that is slow and writes nothing."""
    await asyncio.sleep(milliseconds / 1000)


async def never(scope: Scope) -> None:
    """A service that may write, and waits for what does not come."""
    await asyncio.Event().wait()


async def noted(scope: Scope, words: str) -> None:
    """A service that writes: one row for each message that it is told."""
    await audit.record(None, "fault.noted", f"{scope.conversation_id} {words}", scope.now)


@router.command("note", title=_("Note"))
async def notes(chat: Chat) -> None:
    """`/note m7`: writes it down inside its transaction, and says it back."""
    await chat.do(noted, chat.inbound.text)
    chat.say(f"echo {chat.inbound.text}")


@router.command("nap", title=_("Nap"))
async def naps(chat: Chat) -> None:
    """`/nap 300 m7`: answers after so many milliseconds."""
    await chat.do(nap, int((chat.arguments or "0").split()[0]))
    chat.say(f"echo {chat.inbound.text}")


@router.command("many", title=_("Many"))
async def many(chat: Chat) -> None:
    """`/many 20`: thinks for so many milliseconds, then says a dozen things."""
    await chat.do(nap, int(chat.arguments or 0))
    for number in range(12):
        chat.say(f"part {number}")


@router.command("long", title=_("Long"))
async def long(chat: Chat) -> None:
    """`/long 1500`: asks so many letters, which are "x", for one of two."""
    await chat.choose("x" * int(chat.arguments or 0), ["Green", "Black"])


@router.command("raise", title=_("Raise"))
async def raises(chat: Chat) -> None:
    """Always fails, after it has said something that must not leave."""
    chat.say("half an answer")
    raise Poison


@router.command("hang", title=_("Hang"))
async def hangs(chat: Chat) -> None:
    """Never returns, and holds nothing."""
    await chat.do(nap, 10**9)


@router.command("hold", title=_("Hold"))
async def holds(chat: Chat) -> None:
    """Never returns, inside a service that may write."""
    await chat.do(never)


@router.command("block", title=_("Block"))
async def blocks(chat: Chat) -> None:
    """`/block 3000`: keeps the whole process for so many milliseconds."""
    time.sleep(int(chat.arguments or 0) / 1000)


@router.command("spin", title=_("Spin"))
async def spins(chat: Chat) -> None:
    """`/spin 3000`: the same without a pause, so that no other thread gets much done either."""
    ends = time.monotonic() + int(chat.arguments or 0) / 1000
    while time.monotonic() < ends:
        pass


@router.scene("flyer-")
async def came(chat: Chat) -> None:
    """Say which link brought somebody."""
    chat.say(f"came by {chat.arguments}")


@router.fallback
async def echo(chat: Chat) -> None:
    """Say it back."""
    chat.say(f"echo {chat.inbound.text}")
