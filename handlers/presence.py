"""Whether a customer lets us write, as the platform tells it: so that nothing is sent in vain."""

from __future__ import annotations

from bot.core.chat import Chat
from bot.core.router import Router
from bot.services import consents, reach

router = Router("presence")


@router.event("reach")
async def reach_changed(chat: Chat) -> None:
    """They blocked us, or let us write again. Nobody is answered: who blocked us cannot, who came back says hello."""
    told = chat.inbound.data
    if told in ("blocked", "open"):
        await chat.do(reach.changed, told == "open")
    elif told in ("no_news", "news"):
        await chat.do(consents.switched, told == "news", chat.inbound.text, ("news",))
    else:
        await chat.do(consents.switched, told == "unasked", chat.inbound.text)
