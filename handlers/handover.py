"""Asking for a person."""

from __future__ import annotations

from bot.core.chat import Chat
from bot.core.router import Router
from bot.core.text import Say, _

router = Router("handover")


@router.command(
    "person", "human", "agent", "talk to a person", "talk to a human", "talk to someone", "talk to somebody",
    "speak to a person", "speak to a human", "speak to someone", "speak to an agent", "real person", "customer service",
    "support", "人工", "转人工", "人工客服", "人工服务", "找人工", "找客服", "客服", "真人", "转接人工",
    title=_("Talk to a person"), menu=50,
)  # fmt: skip
async def ask_for_a_person(chat: Chat) -> None:
    """One optional question, so that whoever comes knows what it is about."""
    about = await chat.ask(_("Gladly. What is it about?"), optional=True, most=500, expire="1h")
    await call_a_colleague(chat, about or _("The customer asks for a person."))


async def call_a_colleague(chat: Chat, about: Say) -> None:
    """Staff see that they wait and what it is about; the customer, that somebody will come."""
    await chat.hand_over(about)
    chat.say(_("I have called a colleague, who will answer right here. Until then I am still at your service."))
