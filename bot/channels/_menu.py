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
    names = [_SIGN] if len(lists) == 1 else [f"{_SIGN} {number}" for number in range(1, len(lists) + 1)]
    return {
        "button": [
            {"name": name, "sub_button": [_button(*command) for command in below]}
            for name, below in zip(names, lists, strict=True)
        ]
    }


def _button(name: str, title: str) -> Json:
    return {"type": "click", "name": title, "key": name}
