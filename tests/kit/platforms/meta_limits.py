"""What Messenger and Instagram accept as quick replies and templates, and what a person reads and taps there.

https://developers.facebook.com/docs/messenger-platform/send-messages/templates
"""

from __future__ import annotations

from tests.kit.platforms.base import Json
from tests.kit.platforms.graph import assure
from tests.kit.platforms.people import ShownButton


def replies(message: Json) -> tuple[ShownButton, ...]:
    """The quick replies under a message."""
    found = message.get("quick_replies", [])
    assure(len(found) <= 13, "Too many quick replies")
    for reply in found:
        assure(reply["content_type"] == "text" and 0 < len(reply["title"]) <= 20, "Quick reply title")
        assure(0 < len(reply["payload"]) <= 1000, "Quick reply payload")
    return tuple(ShownButton(reply["title"], reply["payload"]) for reply in found)


def template(payload: Json) -> tuple[str, tuple[ShownButton, ...]]:
    """The words of a template, and what hangs on them."""
    kind = payload.get("template_type")
    assure(kind in ("button", "generic"), "Unknown template")
    if kind == "generic":
        return _cards(payload["elements"])
    assure(0 < len(payload["text"]) <= 640, "Template text")
    return payload["text"], _buttons(payload["buttons"])


def _cards(elements: list[Json]) -> tuple[str, tuple[ShownButton, ...]]:
    assure(1 <= len(elements) <= 10, "A generic template has one to ten elements")
    for element in elements:
        assure(set(element) <= {"title", "subtitle", "image_url", "buttons"}, "Unknown field in element")
        assure(0 < len(element["title"]) <= 80, "Element title")
        assure(len(element) > 1, "An element needs more than its title")
        assure(0 < len(element.get("subtitle", "-")) <= 80, "Element subtitle")
        assure(element.get("image_url", "https://").startswith("https://"), "Element image_url")
    told = [line for one in elements for line in (one["title"], one.get("subtitle", "")) if line]
    hung = [button for one in elements if "buttons" in one for button in _buttons(one["buttons"])]
    return "\n".join(told), tuple(hung)


def _buttons(buttons: list[Json]) -> tuple[ShownButton, ...]:
    assure(1 <= len(buttons) <= 3, "A template has one to three buttons")
    shown = []
    for button in buttons:
        assure(0 < len(button["title"]) <= 20, "Button title")
        is_link = button["type"] == "web_url"
        assure(button["url"].startswith("http") if is_link else 0 < len(button["payload"]) <= 1000, "Button")
        shown.append(ShownButton(button["title"], button.get("payload", ""), button.get("url", "")))
    return tuple(shown)
