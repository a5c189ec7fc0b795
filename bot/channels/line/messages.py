"""Decides, purely, by which LINE messages one wire is shown; the buttons are quick replies under the last of them.

https://developers.line.biz/en/reference/messaging-api/#message-objects
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from bot.channels._reading import Json
from bot.channels.line.events import SEPARATOR
from bot.core.errors import BadInput, Unshown
from bot.core.message import Attachment, Button, Card, Summary, Wire

Link = Callable[[Attachment], str]

MOST_CARDS = 10  # bubbles of one carousel, which has 50 KB
MOST_ALT = 400
MOST_LABEL = 20
#: What is shown as a film, and what is heard.
FILM = "video/mp4"
HEARD = frozenset({"audio/mp4", "audio/mpeg"})
#: What buttons hang on when nothing else is said.
NOTHING = "👇"

_GREY = "#666666"


def messages(wire: Wire, link: Link, preview: Link, playing: Mapping[int, float] = MappingProxyType({})) -> list[Json]:
    """The messages in order; LINE fetches a file by its `link`, and shows its `preview` before: 1 MB at most.

    `playing` are the seconds of recordings, by the ids of their files. Raises `Unshown` for a file that LINE has no
    message for, and what `link` raises.
    """
    found: list[Json] = [_text(wire.text)] if wire.text else []
    found += [_file(file, link, preview, playing) for file in wire.files]
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
        raise BadInput("a LINE message needs a text, a file or a card")
    return found


def _text(said: str) -> Json:
    return {"type": "text", "text": said}


def _file(file: Attachment, link: Link, preview: Link, playing: Mapping[int, float]) -> Json:
    if file.kind == "image":
        return {"type": "image", "originalContentUrl": link(file), "previewImageUrl": preview(file)}
    if file.media_type == FILM:
        return {"type": "video", "originalContentUrl": link(file), "previewImageUrl": preview(file)}
    if seconds := playing.get(file.id):
        return {"type": "audio", "originalContentUrl": link(file), "duration": max(1, round(seconds * 1000))}
    raise Unshown("LINE shows pictures, and plays MP4, M4A and MP3")


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
