"""Files and places that answer no question."""

from __future__ import annotations

from bot.core.chat import Chat
from bot.core.message import Button
from bot.core.router import RUN, Router
from bot.core.text import _, _n

router = Router("files")


@router.files
async def received(chat: Chat) -> None:
    """Say that they are kept, and offer a person to look at them."""
    chat.say(
        _n("Thank you, I have kept your file.", "Thank you, I have kept your {count} files.", len(chat.attachments)),
        buttons=[Button(chat.words(_("Talk to a person")), f"{RUN}person")],
    )


@router.places
async def placed(chat: Chat) -> None:
    """Say that it is kept where staff see it, and what a place is good for."""
    chat.say(
        _("Thank you, I have kept this place here, where our team sees it. When you order, one can be the address."),
        buttons=[
            Button(chat.words(_("Browse and order")), f"{RUN}shop"),
            Button(chat.words(_("Talk to a person")), f"{RUN}person"),
        ],
    )
