"""Reads one Telegram update into one inbound; what is no update is `BadInput`, and nothing else ever escapes.

Read straight from the decoded JSON: it is the hot path of every message. Shapes are those of
https://core.telegram.org/bots/api#update (Bot API 10).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from bot.channels._reading import MOST_DEPTH, MOST_NAME, Json, called, moment, place, refuse_hostile, unread
from bot.channels._reading import integer as _integer
from bot.channels._reading import obj as _object
from bot.channels._reading import text as _text
from bot.channels.telegram import charges
from bot.core.errors import BadInput
from bot.core.message import FileKind, FileRef, Inbound

#: What we ask Telegram for: https://core.telegram.org/bots/api#setwebhook, `allowed_updates`.
ALLOWED = ["message", "edited_message", "callback_query", "my_chat_member", "pre_checkout_query"]


def read_updates(account: str, body: bytes) -> list[Inbound]:
    """The inbound of one webhook body (one `Update` object). Raises `BadInput`."""
    try:
        update = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadInput(f"not JSON: {error}") from None
    if b"\\u0000" in body or body.count(b"[") + body.count(b"{") > MOST_DEPTH:
        refuse_hostile(update)
    return [read_update(account, update)]


def read_update(account: str, update: object) -> Inbound:
    """One decoded `Update`; what we do not handle, or cannot read, becomes kind `unknown`.

    Raises `BadInput` for what has no update's number.
    """
    if type(update) is not dict:
        raise BadInput("an update must be an object")
    key = str(_integer(update, "update_id"))
    for kind, read in _READERS.items():
        event = update.get(kind)
        if event is not None:
            try:
                if type(event) is not dict:
                    raise BadInput(f"{kind} must be an object")
                return read(account, key, event) or _unknown(account, key, kind, update)
            except BadInput as error:
                return unread(account, update, error, key)
    other = next((kind for kind, event in update.items() if type(event) is dict), "")
    return _unknown(account, key, other, update)


def _unknown(account: str, key: str, kind: str, update: Json) -> Inbound:
    """Kept whole under whoever it is about; `data` is Telegram's own word, for `router.native`."""
    event = update.get(kind, {})
    sender = next((found for name in ("chat", "from", "user") if (found := _id_of(event.get(name)))), "0")
    return Inbound(account, key, sender, "unknown", data=kind[:MOST_NAME], native=update)


def _id_of(value: Any) -> str:
    found = value.get("id") if type(value) is dict else None
    return str(found) if type(found) is int else ""


def _message(account: str, key: str, message: Json) -> Inbound | None:
    if (charge := charges.of_message(account, key, message)) is not None:
        return charge
    chat = _object(message, "chat")
    sender = str(_integer(chat, "id"))
    if chat.get("type") != "private":
        return None  # groups and channels: we are a shop's assistant, not a member
    author = _object(message, "from") if "from" in message else chat
    text = _text(message, "text") or _text(message, "caption")
    files = _files(message)
    native: Json = {"message_id": _integer(message, "message_id")}
    if not text and not files:
        text = _in_words(message)
        if not text:
            return None
        native = message
    kind, text, data = _command(text) if text[:1] == "/" else ("message", text, "")
    return Inbound(
        account=account,
        key=key,
        sender=sender,
        kind="started" if kind == "started" else "message",
        text=text,
        data=data,
        files=files,
        group=_text(message, "media_group_id", MOST_NAME),
        name=_name(author),
        locale=called(author, "language_code"),
        sent_at=_date(message),
        native=native,
        external_id=str(_integer(message, "message_id")),
    )


def _command(text: str) -> tuple[str, str, str]:
    """`/review@shop_bot now` is `/review now`; `/start from-flyer` opens the conversation."""
    word, space, rest = text.partition(" ")
    word = word.partition("@")[0]
    if word == "/start":
        return "started", word + space + rest, rest.strip()
    return "message", word + space + rest, ""


def _callback(account: str, key: str, query: Json) -> Inbound | None:
    author = _object(query, "from")
    data = _text(query, "data", MOST_NAME)
    message = _object(query, "message") if query.get("message") is not None else {}
    chat = _object(message, "chat") if message else {"type": "private"}
    if not data or chat.get("type") != "private":
        return None
    return Inbound(
        account=account,
        key=key,
        sender=str(_integer(author, "id")),
        kind="callback",
        text=_label(message, data),
        data=data,
        name=_name(author),
        locale=called(author, "language_code"),
        native={
            "callback_query_id": _text(query, "id", MOST_NAME),
            "message_id": _integer(message, "message_id") if message else None,
        },
    )


def _label(message: Json, data: str) -> str:
    """What the tapped button said, so that staff read "Green tea" and not `buy:7`."""
    try:
        rows = message["reply_markup"]["inline_keyboard"]
        label = next(b["text"] for row in rows for b in row if b.get("callback_data") == data)
    except (KeyError, TypeError, AttributeError, StopIteration):
        return ""  # an inaccessible or older message has no keyboard any more
    return label if type(label) is str else ""


#: A private chat's states that matter: https://core.telegram.org/bots/api#chatmemberupdated
_REACH = {"kicked": "blocked", "member": "open"}


def _membership(account: str, key: str, event: Json) -> Inbound | None:
    chat, author = _object(event, "chat"), _object(event, "from")
    data = _REACH.get(_text(_object(event, "new_chat_member"), "status", MOST_NAME), "")
    if chat.get("type") != "private" or not data:
        return None
    return Inbound(
        account=account,
        key=key,
        sender=str(_integer(chat, "id")),
        kind="reach",
        data=data,
        name=_name(author),
        locale=called(author, "language_code"),
        sent_at=_date(event),
    )


def _edited(account: str, key: str, message: Json) -> Inbound | None:
    """How a message reads now; None for a change of what has no words, such as a place that moves."""
    chat = _object(message, "chat")
    words = _text(message, "text") or _text(message, "caption")
    if chat.get("type") != "private" or not words:
        return None
    return Inbound(
        account=account,
        key=key,
        sender=str(_integer(chat, "id")),
        kind="edited",
        text=words,
        about=str(_integer(message, "message_id")),
        sent_at=_date(message),
    )


_READERS: dict[str, Callable[[str, str, Json], Inbound | None]] = {
    "message": _message,
    "callback_query": _callback,
    "edited_message": _edited,
    "my_chat_member": _membership,
    "pre_checkout_query": charges.question,
}

#: Media of a message: the kind for us, and the name and type where Telegram keeps none.
_MEDIA: dict[str, tuple[FileKind, str, str]] = {
    # An animation also comes as `document`, so it stands first.
    "animation": ("video", "animation.mp4", "video/mp4"),
    "document": ("file", "", ""),
    "voice": ("audio", "voice.ogg", "audio/ogg"),
    "audio": ("audio", "audio.mp3", "audio/mpeg"),
    "video": ("video", "video.mp4", "video/mp4"),
    "video_note": ("video", "video.mp4", "video/mp4"),
}


def _files(message: Json) -> tuple[FileRef, ...]:
    sizes = message.get("photo")
    if sizes:
        if type(sizes) is not list:
            raise BadInput("photo must be a list of sizes")
        return (_photo(sizes),)
    for field, (kind, name, media_type) in _MEDIA.items():
        if field in message:
            return (_file(_object(message, field), kind, name, media_type),)
    return (_sticker(_object(message, "sticker")),) if "sticker" in message else ()


def _photo(sizes: list[Any]) -> FileRef:
    """Telegram sends a photo in several sizes; the largest one is the photo."""
    if not all(type(size) is dict for size in sizes):
        raise BadInput("photo must be a list of sizes")
    largest = max(sizes, key=lambda size: _integer(size, "width") * _integer(size, "height"))
    return _file(largest, "image", "photo.jpg", "image/jpeg")


def _sticker(sticker: Json) -> FileRef:
    if sticker.get("is_video"):
        return _file(sticker, "video", "sticker.webm", "video/webm")
    if sticker.get("is_animated"):
        return _file(sticker, "file", "sticker.tgs", "application/x-tgsticker")
    return _file(sticker, "image", "sticker.webp", "image/webp")


def _file(media: Json, kind: FileKind, name: str, media_type: str) -> FileRef:
    ref = _text(media, "file_id", 1024)
    if not ref:
        raise BadInput("a file has no file_id")
    stated = _text(media, "mime_type", MOST_NAME)
    if kind == "file" and stated.startswith("image/"):
        kind = "image"  # a picture sent "as a file", to keep its quality
    return FileRef(
        kind=kind,
        ref=ref,
        name=_text(media, "file_name", 1024) or name,
        media_type=stated or media_type,
        size=_integer(media, "file_size") if media.get("file_size") is not None else None,
    )


def _in_words(message: Json) -> str:
    """A place or a contact as text, so that handlers and staff can read it; empty for the rest."""
    if "location" in message:
        where = _object(message, "location")
        venue = _object(message, "venue") if "venue" in message else {}
        names = [_text(venue, "title"), _text(venue, "address")]
        return place(where.get("latitude"), where.get("longitude"), *names)
    if "contact" in message:
        person = _object(message, "contact")
        return f"👤 {_name(person)} {_text(person, 'phone_number', MOST_NAME)}"
    return ""


def _name(person: Json) -> str:
    first, last = called(person, "first_name"), called(person, "last_name")
    return f"{first} {last}" if first and last else first or last


def _date(message: Json) -> datetime:
    return moment(_integer(message, "date"))
