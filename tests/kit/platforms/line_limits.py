"""What LINE accepts as a message, in its own units: https://developers.line.biz/en/reference/messaging-api/#message-objects"""

from __future__ import annotations

import json
from typing import Any

from tests.kit.platforms.base import Json, Refusal
from tests.kit.platforms.people import ShownButton

MOST_TEXT, MOST_ALT, MOST_ADDRESS = 5000, 400, 2000
MOST_ITEMS, MOST_LABEL, MOST_DATA, MOST_SHOWN = 13, 20, 300, 300
MOST_BUBBLES, BUBBLE, CAROUSEL = 12, 30_000, 50_000


def bad(where: str, words: str) -> Refusal:
    """A 400 in LINE's form."""
    details = [{"message": words, "property": where}]
    return Refusal(400, {"message": "The request body has 1 error(s)", "details": details})


def check(message: Json, where: str) -> None:
    """Raise `Refusal` for a message that LINE would not take."""
    match message.get("type"):
        case "text":
            _within(message.get("text"), MOST_TEXT, f"{where}.text")
        case "audio" | "image" | "video" as kind:
            if kind == "audio" and not (type(message.get("duration")) is int and message["duration"] > 0):
                raise bad(f"{where}.duration", "must be a positive number of milliseconds")
            for name in ("originalContentUrl",) if kind == "audio" else ("originalContentUrl", "previewImageUrl"):
                _address(message.get(name), f"{where}.{name}")
        case "flex":
            _within(message.get("altText"), MOST_ALT, f"{where}.altText")
            _contents(message.get("contents"), f"{where}.contents")
        case _:
            raise bad(f"{where}.type", "must be one of the known types")
    items = message.get("quickReply", {}).get("items", [])
    if len(items) > MOST_ITEMS or ("quickReply" in message and not items):
        raise bad(f"{where}.quickReply.items", "Size must be between 1 and 13")
    for at, item in enumerate(items):
        _action(item["action"], f"{where}.quickReply.items[{at}].action")


def said_by(message: Json) -> str:
    """What a person reads in a message."""
    if message["type"] == "flex":
        return "\n".join(one["text"] for one in _parts(message["contents"]) if one.get("type") == "text")
    return str(message.get("text", ""))


def buttons_of(message: Json) -> tuple[ShownButton, ...]:
    """What a person can tap."""
    found = [one["action"] for one in _parts(message.get("contents", {})) if one.get("type") == "button"]
    found += [item["action"] for item in message.get("quickReply", {}).get("items", [])]
    return tuple(ShownButton(one["label"], one.get("data", ""), one.get("uri", "")) for one in found)


def _contents(contents: Any, where: str) -> None:
    bubbles = contents.get("contents", []) if contents.get("type") == "carousel" else [contents]
    if not 1 <= len(bubbles) <= MOST_BUBBLES or len(json.dumps(contents).encode()) > CAROUSEL:
        raise bad(where, "Size must be between 1 and 12")
    for bubble in bubbles:
        if bubble.get("type") != "bubble" or len(json.dumps(bubble).encode()) > BUBBLE:
            raise bad(where, "invalid bubble")
    for part in _parts(contents):
        match part.get("type"):
            case "text" if not part.get("text"):
                raise bad(f"{where}.text", "must be non-empty text")
            case "box" if not isinstance(part.get("contents"), list):
                raise bad(f"{where}.contents", "must be a list")
            case "button":
                _action(part["action"], f"{where}.action")
            case "image":
                _address(part.get("url"), f"{where}.url")


def _parts(value: Any) -> list[Json]:
    """Every component within, in reading order."""
    if isinstance(value, list):
        return [part for one in value for part in _parts(one)]
    if not isinstance(value, dict):
        return []
    return [value, *(part for name in ("contents", "hero", "body", "footer") for part in _parts(value.get(name)))]


def _action(action: Json, where: str) -> None:
    _within(action.get("label"), MOST_LABEL, f"{where}.label")
    if action.get("type") == "uri":
        _within(action.get("uri"), 1000, f"{where}.uri")
    elif action.get("type") == "postback":
        _within(action.get("data"), MOST_DATA, f"{where}.data")
        _within(action.get("displayText", "-"), MOST_SHOWN, f"{where}.displayText")
    else:
        raise bad(f"{where}.type", "must be one of the known types")


def _address(value: Any, where: str) -> None:
    _within(value, MOST_ADDRESS, where)
    if not str(value).startswith("https://"):
        raise bad(where, "Must be a valid HTTPS URL")


def _within(value: Any, most: int, where: str) -> None:
    if not isinstance(value, str) or not value.strip():
        raise bad(where, "May not be empty")
    if len(value.encode("utf-16-le")) // 2 > most:
        raise bad(where, f"Length must be between 0 and {most}")
