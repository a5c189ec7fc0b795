"""Decides, purely, by which LINE messages one wire is shown; the buttons are quick replies under the last of them.

https://developers.line.biz/en/reference/messaging-api/#message-objects
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.channels._reading import Json
from bot.channels.line.events import SEPARATOR
from bot.core.errors import BadInput
from bot.core.message import Attachment, Button, Card, Summary, Wire

Link = Callable[[Attachment], str]

MOST_CARDS = 10  # bubbles of one carousel, which has 50 KB
MOST_ALT = 400
MOST_LABEL = 20
#: What buttons hang on when nothing else is said.
NOTHING = "👇"

_GREY = "#666666"


def messages(wire: Wire, link: Link, preview: Link) -> list[Json]:
    """The messages in order; LINE fetches a picture by its `link`, and shows its `preview` before: 1 MB at most.

    Raises `BadInput` for what LINE cannot show, and what `link` raises.
    """
    found: list[Json] = [_text(wire.text)] if wire.text else []
    found += [_image(file, link, preview) for file in wire.files]
    starts = range(0, len(wire.cards), MOST_CARDS)
    found += [_cards(wire.cards[start : start + MOST_CARDS], link) for start in starts]
    found += [_text(_lines(wire.summary))] if wire.summary else []
    buttons = [button for row in wire.rows for button in row]
    links, taps = [one for one in buttons if one.url], [one for one in buttons if not one.url]
    found += [_links(links)] if links else []
    if taps:
        found = found or [_text(NOTHING)]
        found[-1] |= {"quickReply": {"items": [{"type": "action", "action": _action(one)} for one in taps]}}
    if not found:
        raise BadInput("a LINE message needs a text, a picture or a card")
    return found


def _text(said: str) -> Json:
    return {"type": "text", "text": said}


def _image(file: Attachment, link: Link, preview: Link) -> Json:
    if file.kind != "image":
        raise BadInput("LINE shows pictures, and no other files")
    return {"type": "image", "originalContentUrl": link(file), "previewImageUrl": preview(file)}


def _lines(summary: Summary) -> str:
    lines = [f"{line.label}  {line.amount}" for line in summary.lines]
    return "\n".join([summary.title, *lines, f"= {summary.total}"])


def _cards(cards: Sequence[Card], link: Link) -> Json:
    told = "\n".join(" · ".join(filter(None, (card.title, card.price))) for card in cards)
    return _flex(told, [_bubble(card, link) for card in cards])


def _bubble(card: Card, link: Link) -> Json:
    words = [
        {"type": "text", "text": card.title, "weight": "bold", "wrap": True},
        {"type": "text", "text": card.price, "wrap": True},
        {"type": "text", "text": card.text, "wrap": True, "size": "sm", "color": _GREY},
    ]
    bubble: Json = {"type": "bubble", "size": "kilo", "body": _box([one for one in words if one["text"]])}
    if card.image and (address := _address(card.image, link)):
        hero = {"type": "image", "url": address, "size": "full", "aspectRatio": "20:13", "aspectMode": "cover"}
        bubble |= {"hero": hero}
    return bubble | ({"footer": _box([_button(one) for one in card.buttons])} if card.buttons else {})


def _address(image: Attachment, link: Link) -> str:
    """A card without its picture still sells."""
    try:
        return link(image)
    except BadInput:
        return ""


def _links(buttons: Sequence[Button]) -> Json:
    """Addresses stay: a quick reply would be gone with the next message."""
    bubble = {"type": "bubble", "size": "kilo", "body": _box([_button(one) for one in buttons])}
    return _flex("\n".join(f"{one.label}: {one.url}" for one in buttons), [bubble])


def _flex(told: str, bubbles: list[Json]) -> Json:
    contents = bubbles[0] if len(bubbles) == 1 else {"type": "carousel", "contents": bubbles}
    return {"type": "flex", "altText": told[:MOST_ALT] or NOTHING, "contents": contents}


def _box(contents: list[Json]) -> Json:
    return {"type": "box", "layout": "vertical", "spacing": "sm", "contents": contents}


def _button(button: Button) -> Json:
    return {"type": "button", "style": "primary" if button.style == "primary" else "link", "action": _action(button)}


def _action(button: Button) -> Json:
    if button.url:
        return {"type": "uri", "label": button.label, "uri": button.url}
    data = f"{button.data}{SEPARATOR}{button.label}"
    return {"type": "postback", "label": button.label, "data": data, "displayText": button.label}
