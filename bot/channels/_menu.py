"""An account's own menu, made of the bot's commands, as WeChat has it, and Weibo the same.

Source: developers.weixin.qq.com, "create a custom menu": three buttons, five below each, names of 16 and of 60 bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.channels._reading import Json

TOP, BELOW = 3, 5
TOP_BYTES, BELOW_BYTES = 16, 60
_SIGN = "☰"


def menu(commands: Sequence[tuple[str, str]]) -> Json:
    """The body of `menu/create`: the commands themselves where they fit, else lists of them; past 15 they are typed."""
    fitting = [(name, title) for name, title in commands if len(title.encode()) <= BELOW_BYTES][: TOP * BELOW]
    if len(fitting) <= TOP and all(len(title.encode()) <= TOP_BYTES for _, title in fitting):
        return {"button": [_button(name, title) for name, title in fitting]}
    lists = [fitting[start : start + BELOW] for start in range(0, len(fitting), BELOW)]
    return {
        "button": [
            {"name": _name(below[0][1], number), "sub_button": [_button(*one) for one in below]}
            for number, below in enumerate(lists, 1)
        ]
    }


def _name(first: str, number: int) -> str:
    """A list is called as its first command; by a sign where that is too long."""
    if len(first.encode()) <= TOP_BYTES:
        return first
    return _SIGN if number == 1 else f"{_SIGN} {number}"


def _button(name: str, title: str) -> Json:
    return {"type": "click", "name": title, "key": name}
