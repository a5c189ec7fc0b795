"""What one WhatsApp message says: its words, its files, and what a tap carried. None for what we do not handle.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bot.channels._meta.keys import MOST_ID
from bot.channels._reading import MOST_NAME, MOST_TEXT, Json, integer, needed, obj, objects, place, text
from bot.core.errors import BadInput
from bot.core.message import FileKind, FileRef, InboundKind

#: The kind for us, and the name where WhatsApp keeps none.
_MEDIA: dict[str, tuple[FileKind, str]] = {
    "image": ("image", "photo"),
    "sticker": ("image", "sticker"),
    "video": ("video", "video"),
    "audio": ("audio", "voice"),
    "document": ("file", ""),
}
#: The longest id of a button or row, characters.
MOST_DATA = 256
#: More than a cart ever holds, and an article ever costs.
MOST_PIECES, MOST_PRICE = 1_000_000, 1e12


@dataclass(frozen=True, slots=True)
class Said:
    """`native` names the parts of the message that handlers may want as they came."""

    text: str = ""
    kind: InboundKind = "message"
    data: str = ""
    files: tuple[FileRef, ...] = ()
    about: str = ""
    native: tuple[str, ...] = ()


def said_in(kind: str, message: Json) -> Said | None:
    """What a message of this type says. Raises `BadInput`."""
    if kind in _MEDIA:
        return _media(kind, obj(message, kind))
    read = _READERS.get(kind)
    return read(message) if read else None


def _media(kind: str, media: Json) -> Said:
    ours, name = _MEDIA[kind]
    media_type = text(media, "mime_type", MOST_NAME).partition(";")[0].strip()
    extension = media_type.partition("/")[2]
    given = text(media, "filename", MOST_NAME)
    file = FileRef(
        kind=ours,
        ref=needed(media, "id", MOST_ID),
        name=given or (f"{name}.{extension}" if name and extension.isalnum() else name),
        media_type=media_type,
    )
    return Said(text(media, "caption"), files=(file,))


def _text(message: Json) -> Said:
    return Said(needed(obj(message, "text"), "body", MOST_TEXT))


def _location(message: Json) -> Said:
    where = obj(message, "location")
    names = (text(where, "name", MOST_NAME), text(where, "address", MOST_NAME))
    return Said(place(where.get("latitude"), where.get("longitude"), *names), native=("location",))


def _contacts(message: Json) -> Said | None:
    lines = []
    for person in objects(message, "contacts"):
        name = text(obj(person, "name"), "formatted_name", MOST_NAME)
        numbers = [text(one, "phone", MOST_NAME) for one in objects(person, "phones")]
        lines.append(" ".join(filter(None, ["👤", name, *numbers])))
    return Said("\n".join(lines), native=("contacts",)) if lines else None


def _interactive(message: Json) -> Said | None:
    """A button of ours, or a row of a list."""
    tapped = obj(message, "interactive")
    kind = text(tapped, "type", MOST_NAME)
    if kind not in ("button_reply", "list_reply"):
        return None
    reply = obj(tapped, kind)
    return Said(text(reply, "title"), "callback", needed(reply, "id", MOST_DATA))


def _button(message: Json) -> Said:
    """A button under a template."""
    tapped = obj(message, "button")
    label = text(tapped, "text")
    return Said(label, "callback", text(tapped, "payload", MOST_DATA) or label)


def _order(message: Json) -> Said | None:
    """A cart of the catalogue, a line for each article."""
    order = obj(message, "order")
    items = [_item(one) for one in objects(order, "product_items")]
    if not items:
        return None
    lines = [text(order, "text"), *(line for line, _, _ in items)]
    currencies = {currency for _, currency, _ in items}
    if len(currencies) == 1:
        total = sum((amount for _, _, amount in items), Decimal(0))
        lines.append(f"= {_written(total)} {currencies.pop()}".rstrip())
    return Said("\n".join(filter(None, lines)), native=("order",))


def _item(item: Json) -> tuple[str, str, Decimal]:
    """The line of an article, its currency, and what all pieces of it cost."""
    pieces = integer(item, "quantity")
    if not 0 < pieces <= MOST_PIECES:
        raise BadInput("quantity must be a number of pieces")
    price: Any = item.get("item_price")
    if type(price) not in (int, float) or not 0 <= price <= MOST_PRICE:
        raise BadInput("item_price must be an amount")
    currency = text(item, "currency", 8)
    amount = Decimal(str(price)) * pieces
    article = needed(item, "product_retailer_id")
    return f"{pieces} × {article}  {_written(amount)} {currency}".rstrip(), currency, amount


def _written(amount: Decimal) -> str:
    return f"{amount:.0f}" if amount == amount.to_integral_value() else f"{amount:.2f}"


def _edit(message: Json) -> Said:
    edit = obj(message, "edit")
    now = obj(edit, "message")
    kind = needed(now, "type")
    words = text(obj(now, "text"), "body") if kind == "text" else text(obj(now, kind), "caption")
    return Said(words, "edited", about=needed(edit, "original_message_id", MOST_ID))


def _revoke(message: Json) -> Said:
    return Said(kind="deleted", about=needed(obj(message, "revoke"), "original_message_id", MOST_ID))


def _welcome(_message: Json) -> Said:
    return Said(kind="started")


_READERS: dict[str, Callable[[Json], Said | None]] = {
    "text": _text,
    "location": _location,
    "contacts": _contacts,
    "interactive": _interactive,
    "button": _button,
    "order": _order,
    "edit": _edit,
    "revoke": _revoke,
    "request_welcome": _welcome,
}
