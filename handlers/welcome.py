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


@router.keyword(
    "thanks", "thank you", "thanks a lot", "thank you very much", "thank you so much", "many thanks", "thx", "ty",
    "谢谢", "谢谢你", "谢谢您", "谢谢啦", "谢啦", "多谢", "感谢", "非常感谢", "好的谢谢", "好的，谢谢",
)  # fmt: skip
async def thanked(chat: Chat) -> None:
    """It was a pleasure."""
    chat.say(_("You are welcome."))


@router.keyword(
    "ok", "okay", "all right", "alright", "great", "perfect", "got it", "bye", "goodbye", "see you",
    "好", "好的", "行", "嗯", "嗯嗯", "知道了", "明白", "明白了", "收到", "再见", "拜拜",
)  # fmt: skip
async def rested(chat: Chat) -> None:
    """They want nothing more for now."""
    chat.say(_("All right. Write here whenever you need something."))


@router.command("menu", "菜单", "主菜单")
async def show_menu(chat: Chat) -> None:
    """Everything that can be done here."""
    chat.say(_("What would you like to do?"), buttons=menu(chat))


def menu(chat: Chat) -> list[Button]:
    """One button a command of the main menu."""
    commands = titles(chat.commands, staff=chat.person.is_staff)
    return [Button(chat.words(command.title or command.name), command.button) for command in commands]
