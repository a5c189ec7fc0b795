"""Reads what LINE posts: https://developers.line.biz/en/reference/messaging-api/#webhook-event-objects

An event that cannot be read is kept whole as unknown, so that it takes none of its batch with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.channels._reading import MOST_NAME, Json, integer, moment, needed, obj, place, read_each, read_object, text
from bot.core.errors import BadInput
from bot.core.message import Allowance, FileKind, FileRef, Inbound

#: Between the data of a button and its label, since LINE does not say which button was tapped.
SEPARATOR = "\n"
MOST_KEY = 191
MOST_ADDRESS = 2000
MOST_WORDS = 3

#: Kinds of files, and what they are called where LINE does not say.
_MEDIA: dict[str, tuple[FileKind, str, str]] = {
    "image": ("image", "photo.jpg", "image/jpeg"),
    "video": ("video", "video.mp4", "video/mp4"),
    "audio": ("audio", "voice.m4a", "audio/mp4"),
}


def read_events(account: str, body: bytes, reply_seconds: float) -> list[Inbound]:
    """The inbounds of one body. Raises `BadInput` for what has not the shape of LINE's calls."""
    whole = read_object(body)
    destination = needed(whole, "destination")
    if "events" not in whole:
        raise BadInput("events is missing")
    return read_each(account, whole, "events", lambda event: [_event(account, destination, event, reply_seconds)])


def _event(account: str, destination: str, event: Json, reply_seconds: float) -> Inbound:
    key, source = needed(event, "webhookEventId", MOST_KEY), _source(event)
    sender = next((found for name in ("userId", "groupId", "roomId") if (found := _id(source, name))), destination)
    unknown = Inbound(account, key, sender, "unknown", data=_id(event, "type"), native=event)
    read = _READERS.get(_id(event, "type"))
    if read is None or event.get("mode") != "active" or source.get("type") != "user" or sender != source.get("userId"):
        return unknown  # a group, or another module of the account answers now ("standby")
    try:
        token = text(event, "replyToken", MOST_NAME)
        allows = Allowance(reply_seconds, 1) if token else None
        sent_at = moment(integer(event, "timestamp") / 1000)
        told = read(event)
    except BadInput:
        return unknown
    if told is None:
        return unknown
    return Inbound(account, key, sender, sent_at=sent_at, token=token, allows=allows, **told)


def _source(event: Json) -> Json:
    source = event.get("source")
    return source if type(source) is dict else {}


def _id(parent: Json, field: str) -> str:
    """A text that may be anything else, or far too long."""
    value = parent.get(field)
    return value[:MOST_NAME] if type(value) is str else ""


def _message(event: Json) -> Json | None:
    message = obj(event, "message")
    kind = text(message, "type", MOST_NAME)
    told: Json = {"external_id": needed(message, "id")}
    if kind == "text":
        return told | {"text": needed(message, "text", 65_536)}
    if kind in _MEDIA:
        images = obj(message, "imageSet") if "imageSet" in message else {}
        return told | {"files": (_file(message, *_MEDIA[kind]),), "group": text(images, "id", MOST_NAME)}
    if kind == "file":
        name = text(message, "fileName", 1024)
        size = integer(message, "fileSize") if "fileSize" in message else None
        return told | {"files": (FileRef("file", _reference(message), name, size=size),)}
    words = _WORDS.get(kind)
    return told | {"text": words(message), "native": event} if words else None


def _file(message: Json, kind: FileKind, name: str, media_type: str) -> FileRef:
    return FileRef(kind, _reference(message), name, media_type)


def _reference(message: Json) -> str:
    """The message's id, or the address of a file that LINE itself does not have."""
    provider = obj(message, "contentProvider") if "contentProvider" in message else {}
    if text(provider, "type", MOST_NAME) == "external":
        return needed(provider, "originalContentUrl", MOST_ADDRESS)
    return needed(message, "id")


def _location(message: Json) -> str:
    names = text(message, "title"), text(message, "address")
    return place(message.get("latitude"), message.get("longitude"), *names)


def _sticker(message: Json) -> str:
    """What it says or shows, so that staff and handlers read something."""
    said: Any = text(message, "text") or message.get("keywords")
    words = [word for word in said[:MOST_WORDS] if type(word) is str] if type(said) is list else [said]
    shown = ", ".join(filter(None, words))
    return f"[sticker: {shown}]" if shown else "[sticker]"


_WORDS: dict[str, Callable[[Json], str]] = {"location": _location, "sticker": _sticker}


def _postback(event: Json) -> Json:
    postback = obj(event, "postback")
    data, _, label = needed(postback, "data", 1024).partition(SEPARATOR)
    return {"kind": "callback", "data": data, "text": label, "native": {"params": postback.get("params")}}


def _follow(event: Json) -> Json:
    follow = event.get("follow")
    again = type(follow) is dict and follow.get("isUnblocked") is True
    return {"kind": "reach", "data": "open"} if again else {"kind": "started"}


def _unfollow(_event: Json) -> Json:
    return {"kind": "reach", "data": "blocked"}


def _unsend(event: Json) -> Json:
    return {"kind": "deleted", "about": needed(obj(event, "unsend"), "messageId")}


_READERS: dict[str, Callable[[Json], Json | None]] = {
    "message": _message,
    "postback": _postback,
    "follow": _follow,
    "unfollow": _unfollow,
    "unsend": _unsend,
}
