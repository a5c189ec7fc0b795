"""Hello, and the menu."""

from __future__ import annotations

from bot.core.chat import Chat
from bot.core.message import Button
from bot.core.router import Router, titles
from bot.core.text import _

router = Router("welcome")


@router.keyword("hello", "hi", "hey", "good morning", "good evening", "你好", "您好", "嗨", "哈喽", "在吗", "有人吗")
@router.event("started")
async def welcome(chat: Chat) -> None:
    """The first thing a customer reads."""
    if chat.person.name:
        chat.say(_("Hello {name}, good to see you. What can I do for you?", name=chat.person.name), buttons=menu(chat))
    else:
        chat.say(_("Hello, good to see you. What can I do for you?"), buttons=menu(chat))


@router.command("menu", "菜单", "主菜单")
async def show_menu(chat: Chat) -> None:
    """Everything that can be done here."""
    chat.say(_("What would you like to do?"), buttons=menu(chat))


def menu(chat: Chat) -> list[Button]:
    """One button a command of the main menu."""
    commands = titles(chat.commands, staff=chat.person.is_staff)
    return [Button(chat.words(command.title or command.name), command.button) for command in commands]
