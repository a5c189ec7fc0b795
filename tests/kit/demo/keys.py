"""How each platform draws what can be tapped below a message: chips, rows, a stack, lines of words, or a list.

A group is `{"style": "chips", "title": "", "rows": [[{"label": "Yes", "url": "", "at": 0}]]}`; `at` counts through all
buttons of the message.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.kit.demo.cards import cards_of
from tests.kit.platforms.base import Json

#: The style of a platform that has only one.
STYLES = {"telegram": "rows", "qq": "rows", "wechat": "lines", "wecom": "lines"}


def keys_of(channel: str, shown: Any) -> list[Json]:
    """The groups of one message, from its top."""
    if channel == "telegram":
        return _groups(("rows", "", row) for row in _counted(shown.rows))
    keys = [_key(button, at) for at, button in enumerate(shown.buttons)]
    if channel == "qq":
        return _groups(("rows", "", row) for row in _in_rows(keys, shown.raw))
    if channel in STYLES:
        return _groups(("lines", "", [key]) for key in keys)
    if channel == "whatsapp":
        return _of_whatsapp(keys, shown.raw.get("interactive", {}))
    chips = len(shown.raw.get("quick_replies", ())) or len(shown.raw.get("quickReply", {}).get("items", ()))
    hung, quick = keys[: len(keys) - chips], keys[len(keys) - chips :]
    if cards_of(shown):
        hung = []  # the page draws them within their card
    return [*_groups(("stack", "", [key]) for key in hung), *_groups([("chips", "", quick)] if quick else [])]


def _of_whatsapp(keys: list[Json], interactive: Json) -> list[Json]:
    if interactive.get("type") != "list":
        return _groups(("stack", "", [key]) for key in keys)
    return _groups(("list", str(interactive["action"]["button"]), [key]) for key in keys)


def _counted(rows: Any) -> list[list[Json]]:
    found: list[list[Json]] = []
    for row in rows:
        before = sum(map(len, found))
        found.append([_key(button, before + at) for at, button in enumerate(row)])
    return found


def _in_rows(keys: list[Json], raw: Json) -> list[list[Json]]:
    rest, found = list(keys), []
    for row in raw.get("keyboard", {}).get("content", {}).get("rows", []):
        found.append(rest[: len(row["buttons"])])
        del rest[: len(row["buttons"])]
    return found


def _groups(rows: Iterable[tuple[str, str, list[Json]]]) -> list[Json]:
    """Rows of the same style stand in one group."""
    found: list[Json] = []
    for style, title, row in rows:
        if not found or found[-1]["style"] != style:
            found.append({"style": style, "title": title, "rows": []})
        found[-1]["rows"].append(row)
    return found


def _key(button: Any, at: int) -> Json:
    return {"label": button.label, "url": button.url, "at": at}
