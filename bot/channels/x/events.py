"""Reads what X posts, by the Account Activity API and by the X Activity API, which wrap the same direct messages.

Shapes: docs.x.com, "Account Activity" and "X Activity: event payloads". What the account itself sent comes too, and
is left out; so is that somebody types. Encrypted chats come as ciphertext: they are kept as unknown.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec

from bot.channels._reading import (
    MOST_NAME,
    Json,
    called,
    moment,
    needed,
    obj,
    objects,
    place,
    read_beside,
    read_object,
    read_one,
    text,
)
from bot.core.errors import BadInput
from bot.core.message import FileRef, Inbound
from bot.core.place import Place

MESSAGES, READS, TYPING = (
    "direct_message_events",
    "direct_message_mark_read_events",
    "direct_message_indicate_typing_events",
)
MOST_ID = 64
MOST_ADDRESS = 4096
#: X writes these three in texts as HTML does; the last one last, since it begins the others.
_ESCAPED = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def read_events(account: str, own: str, body: bytes) -> list[Inbound]:
    """What happened to the account whose number is `own`. Raises `BadInput`."""
    whole = read_object(body)
    if not whole:
        raise BadInput("an event must have fields")
    if "data" in whole:
        obj(whole, "data")
    return read_one(account, whole, lambda whole: _read(account, own, whole, body))


def _read(account: str, own: str, whole: Json, body: bytes) -> list[Inbound]:
    if "data" in whole:
        event = obj(whole, "data")
        key, payload = "x:" + needed(event, "event_uuid", MOST_ID), event.get("payload")
        inner: Json = payload if type(payload) is dict else {}
        known = text(event, "event_type", MOST_NAME).startswith("dm.")
    else:
        event = inner = whole
        key = "x:" + blake2b(body, digest_size=20).hexdigest()
        known = type(whole.get("for_user_id")) is str
    users = inner.get("users")
    if known and any(name in inner for name in (MESSAGES, READS, TYPING)):
        messages = read_beside(account, inner, MESSAGES, lambda event: _message_of(account, own, event, users))
        return messages + read_beside(account, inner, READS, lambda event: _reading_of(account, own, event))
    sender = inner.get("sender_id")
    about = sender if type(sender) is str and 0 < len(sender) <= MOST_ID else "0"
    if sender == own:
        return []
    told = text(event, "event_type", MOST_NAME) or next((name for name in whole if name != "for_user_id"), "")
    return [Inbound(account, key, about, "unknown", data=told[:MOST_NAME], native=whole)]


def _message_of(account: str, own: str, event: Json, users: Any) -> list[Inbound]:
    """Nothing for what the account itself sent, and for another account that the app serves."""
    if text(event, "type", MOST_NAME) != "message_create":
        return [_unknown(account, event)]
    message = obj(event, "message_create")
    sender = needed(message, "sender_id", MOST_ID)
    if sender == own or text(obj(message, "target"), "recipient_id", MOST_ID) != own:
        return []
    read = _message(account, sender, event, obj(message, "message_data"))
    return [_named(read, users) if read else _unknown(account, event, sender)]


def _message(account: str, sender: str, event: Json, said: Json) -> Inbound | None:
    number = needed(event, "id", MOST_ID)
    words = _words(said)
    files: tuple[FileRef, ...] = ()
    if said.get("attachment") is not None:
        attachment = obj(said, "attachment")
        if attachment.get("type") == "media":
            media = obj(attachment, "media")
            files, words = (_file(media),), _without(words, text(media, "url", MOST_ADDRESS))
        elif attachment.get("type") == "location":
            words = "\n".join(filter(None, (words, _place(obj(attachment, "location")))))
    if not words.strip() and not files:
        return None
    return Inbound(
        account=account,
        key="dm:" + number,
        sender=sender,
        text=words,
        files=files,
        sent_at=_when(event),
        native={"id": number},
        external_id=number,
    )


def _reading_of(account: str, own: str, event: Json) -> list[Inbound]:
    """How far somebody read; nothing for what the account itself read."""
    reader, number = needed(event, "sender_id", MOST_ID), needed(event, "last_read_event_id", MOST_ID)
    if reader == own:
        return []
    key, at = "read:" + blake2b(f"{reader}:{number}".encode(), digest_size=16).hexdigest(), _when(event)
    return [Inbound(account, key, reader, "status", data="read", sent_at=at, about=number, native=event)]


def _unknown(account: str, event: Json, sender: str = "0") -> Inbound:
    """Raises `BadInput` for one without an id."""
    key, kind = "dm:" + needed(event, "id", MOST_ID), event.get("type")
    told = kind[:MOST_NAME] if type(kind) is str else ""
    return Inbound(account, key, sender, "unknown", data=told, native=event)


def _named(inbound: Inbound, users: Any) -> Inbound:
    """With the person's name, which one of the APIs wraps once more."""
    person = users.get(inbound.sender) if type(users) is dict else None
    if type(person) is dict and type(person.get("data")) is dict:
        person = person["data"]
    return msgspec.structs.replace(inbound, name=called(person, "name"))


def _words(said: Json) -> str:
    """The text with the addresses that were written, and not X's short ones."""
    words = text(said, "text")
    entities = said.get("entities")
    for one in objects(entities, "urls") if type(entities) is dict else ():
        short, long = text(one, "url", MOST_ADDRESS), text(one, "expanded_url", MOST_ADDRESS)
        if short and long and "/messages/media/" not in long:
            words = words.replace(short, long)
    for escaped, meant in _ESCAPED:
        words = words.replace(escaped, meant)
    if len(words) > 65_536:
        raise BadInput("text is too long with its addresses")
    return words


def _without(words: str, short: str) -> str:
    """A picture's message ends in the picture's own short address."""
    return words.replace(short, "").rstrip(" ") if short else words


def _file(media: Json) -> FileRef:
    kind = text(media, "type", MOST_NAME)
    if kind in ("video", "animated_gif"):
        found = objects(obj(media, "video_info"), "variants")
        films = [one for one in found if one.get("content_type") == "video/mp4"]
        best = max(films, key=_bitrate, default={})
        return FileRef("video", needed(best, "url", MOST_ADDRESS), "video.mp4", "video/mp4")
    address = needed(media, "media_url_https", MOST_ADDRESS)
    is_png = address.lower().endswith(".png")
    return FileRef("image", address, "photo.png" if is_png else "photo.jpg", "image/png" if is_png else "image/jpeg")


def _bitrate(film: Json) -> int:
    told = film.get("bitrate")
    return told if type(told) is int else 0


def _place(location: Json) -> str:
    shared = location.get("shared_coordinate") or location.get("shared_place")
    if type(shared) is not dict:
        raise BadInput("a location must say where")
    named = shared.get("place")
    names = text(named, "full_name", MOST_NAME) if type(named) is dict else ""
    if "coordinates" not in shared:
        return str(Place(" ".join(names.split()))) if names else ""
    point = obj(shared, "coordinates").get("coordinates")
    if type(point) is not list or len(point) != 2:
        raise BadInput("a point must be two numbers")
    return place(point[1], point[0], *filter(None, (names,)))


def _when(event: Json) -> datetime:
    told = text(event, "created_timestamp", 20)
    if not (told.isascii() and told.isdigit()):
        raise BadInput("created_timestamp must be milliseconds since 1970")
    return moment(int(told) / 1000)
