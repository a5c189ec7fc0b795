"""What the tests of turns share: services that write, handlers that fail, and what a turn leaves behind."""

from __future__ import annotations

from bot.core.callback import Callback
from bot.core.chat import Chat
from bot.core.errors import Refused
from bot.core.message import Button
from bot.core.router import Router
from bot.services.scope import Scope
from models import Audit, Message

APOLOGY = "Sorry, something went wrong on our side. A colleague will look at it."


async def mark(scope: Scope, action: str) -> None:
    """A service that writes."""
    await Audit.create(action=action, at=scope.now)


async def mark_and_refuse(scope: Scope, action: str) -> None:
    """A service that says no after it has written."""
    await Audit.create(action=action, at=scope.now)
    raise Refused("no")


class Faulty:
    """Handlers that fail so many times."""

    def __init__(self, failures: int) -> None:
        self.left = failures
        self.router = Router("faulty")
        self.router.fallback(self.router.files(self.answer))

    async def answer(self, chat: Chat) -> None:
        chat.say(f"Before {chat.inbound.text}")
        await chat.do(mark, chat.inbound.text or "file")
        if self.left and not chat.inbound.text.startswith("good"):
            self.left -= 1
            raise ZeroDivisionError("a bug")
        chat.say(f"After {chat.inbound.text}")


async def actions() -> list[str]:
    return [row.action for row in await Audit.all().order_by("id")]


async def thread(lane: str) -> list[tuple[str, str]]:
    """Author and text of everything in a conversation."""
    rows = await Message.filter(conversation__lane=lane).order_by("seq")
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    return [(row.author, row.text) for row in rows]


class Buy(Callback):
    sku: str
    quantity: int = 1


def review() -> Router:
    """A dialog of two questions, one with buttons."""
    router = Router("review")

    @router.command("review", "rate it", menu=1)
    async def leave(chat: Chat) -> None:
        stars = await chat.rate("How many stars?", remind="1h", expire="1d")
        text = await chat.ask("Which words?")
        chat.say(f"Thanks: {stars}, {text}")

    @router.command("menu")
    async def menu(chat: Chat) -> None:
        chat.say("Menu", buttons=[Button("Buy tea", Buy("tea", 2).pack())])

    @router.on(Buy)
    async def buy(chat: Chat, button: Buy) -> None:
        chat.say(f"Bought {button.quantity} {button.sku}")

    @router.fallback
    async def fallback(chat: Chat) -> None:
        chat.say("What?")

    return router
