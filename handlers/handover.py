"""Asking for a person."""

from __future__ import annotations

from bot.core.chat import Chat
from bot.core.router import Router
from bot.core.text import _

router = Router("handover")


@router.command(
    "person", "human", "agent", "人工", "转人工", "人工客服", "找客服", title=_("Talk to a person"), menu=50
)
async def ask_for_a_person(chat: Chat) -> None:
    """One optional question, so that whoever comes knows what it is about."""
    about = await chat.ask(_("Gladly. What is it about?"), optional=True, most=500, expire="1h")
    await chat.hand_over(about or _("The customer asks for a person."))
    chat.say(_("I have called a colleague, who will answer right here. Until then I am still at your service."))
