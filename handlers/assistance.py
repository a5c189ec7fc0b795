"""What the bot can do."""

from __future__ import annotations

from bot.core.chat import Chat
from bot.core.router import Router, titles
from bot.core.text import _
from handlers.welcome import menu

router = Router("assistance")


@router.command("help", "帮助", "怎么用", title=_("Help"), menu=100)
async def show_help(chat: Chat) -> None:
    """Every command, and the words that work everywhere."""
    commands = titles(chat.commands, staff=chat.person.is_staff)
    lines = [f"/{command.name} · {chat.words(command.title or '')}" for command in commands]
    chat.say("\n".join([chat.words(_("This is what I can do:")), *lines]))
    chat.say(_("In the middle of a question you can say “back”, “later” or “cancel”."), buttons=menu(chat))
