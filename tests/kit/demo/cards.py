"""Cards of LINE and of Meta in one form for the page, which is LINE's: bubbles of a picture, words and buttons."""

from __future__ import annotations

from typing import Any

from tests.kit.platforms.base import Json


def cards_of(shown: Any) -> Json | None:
    """None where a message shows none."""
    if shown.raw.get("type") == "flex":
        contents: Json = shown.raw["contents"]
        return contents
    payload = shown.raw.get("attachment", {}).get("payload", {})
    if payload.get("template_type") != "generic":
        return None
    return {"type": "carousel", "contents": [_bubble(element) for element in payload["elements"]]}


def _bubble(element: Json) -> Json:
    words = [{"type": "text", "text": element["title"], "weight": "bold"}]
    words += [{"type": "text", "text": line, "size": "sm"} for line in element.get("subtitle", "").split("\n") if line]
    buttons = [
        {"type": "button", "action": {"label": one["title"], "uri": one.get("url", "")}}
        for one in element.get("buttons", ())
    ]
    hero = {"hero": {"type": "image", "url": element["image_url"]}} if "image_url" in element else {}
    return hero | {"body": _box(words), "footer": _box(buttons)}


def _box(parts: list[Json]) -> Json | None:
    return {"type": "box", "contents": parts} if parts else None
