"""Decides, purely, with which messages one wire is sent on WhatsApp; most wires are one.

https://developers.facebook.com/documentation/business-messaging/whatsapp/messages
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.channels._reading import Json
from bot.channels.whatsapp.settings import Template
from bot.core.errors import BadInput, WindowClosed
from bot.core.message import Attachment, Button, Wire

#: Reply buttons under one text, and the longest title of each; with more or longer ones it is a list.
MOST_REPLIES, MOST_TITLE = 3, 20
#: The longest text over buttons or a list, and the longest variable of a template, characters.
MOST_BODY = 1024
#: Stands over buttons whose words went before them.
ABOVE = "⬆️"
#: Opens a list that nobody has named.
LIST = "☰"

#: What WhatsApp shows as what it is, and how large it may be; all else is a document.
_SHOWN = {
    "image/jpeg": "image",
    "image/png": "image",
    "video/mp4": "video",
    "video/3gpp": "video",
    "audio/aac": "audio",
    "audio/amr": "audio",
    "audio/mpeg": "audio",
    "audio/mp4": "audio",
    "audio/ogg": "audio",
}
_LARGEST = {"image": 5 * 1024 * 1024, "video": 16 * 1024 * 1024, "audio": 16 * 1024 * 1024}


@dataclass(frozen=True, slots=True)
class Media:
    """A file with the words under it; `kind` is WhatsApp's."""

    file: Attachment
    kind: str
    caption: str = ""


Piece = Json | Media
"""The type and content of one message, or a file that must be uploaded for it."""


def plan(wire: Wire, list_button: str = "") -> list[Piece]:
    """The messages in order, for a customer who wrote within the last 24 hours.

    `list_button` is what the shop calls the button of a list, in place of the word in the customer's language.
    """
    buttons = [button for row in wire.rows for button in row]
    media = [Media(file, kind_of(file)) for file in wire.files]
    words = wire.text if wire.text.strip() else ""
    if words and not buttons and len(words) <= MOST_BODY and media and media[-1].kind != "audio":
        media[-1] = Media(media[-1].file, media[-1].kind, words)
        return [*media]
    pieces: list[Piece] = [*media, *_words(words, buttons, list_button or _opens(wire))]
    if not pieces:
        raise BadInput("a WhatsApp message needs a text or a file")
    return pieces


def _opens(wire: Wire) -> str:
    """Without a word that fits, as that of another catalogue may not, a sign is still a list."""
    return wire.opens if 0 < len(wire.opens) <= MOST_TITLE else LIST


def kind_of(file: Attachment) -> str:
    """As what WhatsApp takes a file."""
    kind = _SHOWN.get(file.media_type, "document")
    return kind if file.size <= _LARGEST.get(kind, file.size) else "document"


def by_template(wire: Wire, template: Template | None) -> Json:
    """The one message that may go out at any time. Raises `WindowClosed` where there is none for this wire."""
    if template is None or wire.files or not wire.text.strip():
        raise WindowClosed("the customer has not written for 24 hours")
    variable = {"type": "text", "text": _one_line(wire)}
    content = {
        "name": template.name,
        "language": {"code": template.language},
        "components": [{"type": "body", "parameters": [variable]}],
    }
    return {"type": "template", "template": content}


def _one_line(wire: Wire) -> str:
    """A variable has no line breaks; choices are words here, which can be typed."""
    choices = [f"{button.label}: {button.url}" if button.url else button.label for row in wire.rows for button in row]
    line = " ".join(" — ".join([wire.text, *choices]).split())
    return line if len(line) <= MOST_BODY else line[: MOST_BODY - 1] + "…"


def _words(text: str, buttons: Sequence[Button], list_button: str) -> list[Piece]:
    links = [button for button in buttons if button.url]
    choices = [button for button in buttons if not button.url]
    if not buttons:
        return [_text(text)] if text else []
    pieces: list[Piece] = []
    if len(text) > MOST_BODY:
        pieces.append(_text(text))
        text = ABOVE
    if choices:
        pieces.append(_choices(text or ABOVE, choices, list_button))
        text = ""
    for link in links:
        pieces.append(_link(text, link))
        text = ""
    return pieces


def _text(body: str) -> Json:
    return {"type": "text", "text": {"body": body, "preview_url": False}}


def _choices(body: str, choices: Sequence[Button], list_button: str) -> Json:
    titles = [choice.label for choice in choices]
    are_short = max(map(len, titles)) <= MOST_TITLE and len(set(titles)) == len(titles)
    if len(choices) <= MOST_REPLIES and are_short:
        replies = [{"type": "reply", "reply": {"id": one.data, "title": one.label}} for one in choices]
        return _interactive("button", body, {"buttons": replies})
    rows = [{"id": choice.data, "title": choice.label} for choice in choices]
    return _interactive("list", body, {"button": list_button, "sections": [{"rows": rows}]})


def _link(text: str, link: Button) -> Json:
    if len(link.label) > MOST_TITLE:
        return _text("\n".join(filter(None, [text, f"{link.label}: {link.url}"])))
    parameters = {"display_text": link.label, "url": link.url}
    return _interactive("cta_url", text or link.label, {"name": "cta_url", "parameters": parameters})


def _interactive(kind: str, body: str, action: Json) -> Json:
    return {"type": "interactive", "interactive": {"type": kind, "body": {"text": body}, "action": action}}
