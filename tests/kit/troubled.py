"""Handlers that fail on purpose: `/raise` raises, `/hang` never ends, anything else is said again."""

from __future__ import annotations

import asyncio

from bot.core.chat import Chat
from bot.core.router import Router
from bot.core.text import _
from bot.services.scope import Scope

router = Router("troubled")


class Defect(Exception):
    """What a handler with a mistake in it raises."""


async def never(scope: Scope) -> None:
    """A service that waits for what does not come."""
    await asyncio.Event().wait()


@router.command("raise", title=_("Raise"))
async def raises(chat: Chat) -> None:
    """Says something first, which must not leave."""
    chat.say("half an answer")
    raise Defect(f"no such thing: {chat.inbound.text}")


@router.command("hang", title=_("Hang"))
async def hangs(chat: Chat) -> None:
    """Waits for ever."""
    await chat.do(never)


@router.fallback
async def says_again(chat: Chat) -> None:
    """An echo."""
    chat.say(f"You said: {chat.inbound.text}")
