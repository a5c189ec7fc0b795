"""Choosing the language."""

from __future__ import annotations

from bot.core.chat import Chat
from bot.core.router import Router
from bot.core.text import _
from bot.services import contacts

router = Router("language")

NAMES = {"en": "English", "zh": "中文"}


@router.command("language", "lang", "语言", "english", "中文", title=_("Language · 语言"), menu=90)
async def choose_language(chat: Chat) -> None:
    """From now on the bot speaks this one."""
    chosen = await chat.choose(_("Which language do you prefer?"), chat.languages, label=name)
    await chat.do(contacts.choose_locale, chosen)
    chat.switch(chosen)
    chat.say(_("All right, I speak English with you from now on."))


def name(tag: str) -> str:
    """A language by its own name."""
    return NAMES.get(tag, tag)
