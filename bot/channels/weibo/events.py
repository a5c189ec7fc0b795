"""Reads what Weibo posts, as JSON or as XML in WeChat's form; an event has no id, so its key is made of all it says.

Shapes: open.weibo.com/wiki, "Receive General Message", "Receive Event Push" and "微信XML格式兼容".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from hashlib import blake2b
from typing import Any

import orjson

from bot.channels._reading import MOST_NAME, Json, moment, place, read_one
from bot.channels._weixin import read_event, word
from bot.core.errors import BadInput
from bot.core.message import Allowance, FileKind, FileRef, Inbound, InboundKind

#: A mention may have one answer.
MENTIONED = Allowance(48 * 3600, 1)
_NUMBER = re.compile(r"[0-9]{1,20}")
#: "Mon Jul 16 18:09:20 +0800 2012", whatever language this machine speaks.
_DATE = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2}) (\d{4})", re.ASCII
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
#: What Weibo puts before the scene of a QR code.
_SCENE = re.compile(r"^QR_(LIMIT_)?SCENE_", re.IGNORECASE)
#: Types in the form of WeChat that are called otherwise in Weibo's own.
_TYPES = {"location": "position"}
_MEDIA: dict[str, tuple[FileKind, str, str]] = {
    "image": ("image", "picture.jpg", "image/jpeg"),
    "voice": ("audio", "voice.amr", "audio/amr"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One event, whichever its form: `home` is the account's number, `data` is what differs by type."""

    kind: str
    home: str
    sender: str
    created: str
    text: str
    data: Json
    whole: Json


@dataclass(frozen=True, slots=True)
class _Found:
    """The parts of an inbound that differ by type."""

    kind: InboundKind = "message"
    text: str = ""
    data: str = ""
    files: tuple[FileRef, ...] = ()
    allows: Allowance | None = None


def told(body: bytes) -> Told:
    """The event of a call. Raises `BadInput`."""
    event = read_event(body)
    found = _from_xml(event) if body.lstrip()[:1] == b"<" else _from_json(event)
    if not _NUMBER.fullmatch(found.sender) or not _NUMBER.fullmatch(found.home):
        raise BadInput("sender and receiver must be numbers")
    if not found.kind:
        raise BadInput("an event must have a type")
    return found


def read(account: str, body: bytes) -> list[Inbound]:
    """The inbound of a call. Raises `BadInput` for what has no type."""
    whole = read_event(body)
    if not any(whole.get(field) for field in ("type", "MsgType")):
        raise BadInput("an event must have a type")
    return read_one(account, whole, lambda _: [_read(account, told(body))])


def _read(account: str, event: Told) -> Inbound:
    found = _READERS[event.kind](event) if event.kind in _READERS else None
    if found is None:
        subtype = _text(event.data, "subtype")
        return Inbound(account, _key(event), event.sender, "unknown", data=subtype or event.kind, native=event.whole)
    return Inbound(
        account=account,
        key=_key(event),
        sender=event.sender,
        kind=found.kind,
        text=found.text,
        data=found.data,
        files=found.files,
        sent_at=_when(event.created),
        native={"type": event.kind},
        allows=found.allows,
    )


def _from_json(event: Json) -> Told:
    data = event.get("data")
    fields = {name: value for name, value in data.items() if value is not None} if type(data) is dict else {}
    return Told(
        kind=word(event, "type", MOST_NAME),
        home=word(event, "receiver_id", MOST_NAME),
        sender=word(event, "sender_id", MOST_NAME),
        created=word(event, "created_at", MOST_NAME),
        text=word(event, "text"),
        data=fields,
        whole=event,
    )


def _from_xml(event: Json) -> Told:
    kind = word(event, "MsgType", MOST_NAME)
    data = {
        "subtype": word(event, "Event", MOST_NAME).lower(),
        "key": word(event, "EventKey", MOST_NAME),
        "tovfid": word(event, "MediaId", MOST_NAME),
        "latitude": word(event, "Location_X", MOST_NAME),
        "longitude": word(event, "Location_Y", MOST_NAME),
    }
    return Told(
        kind=_TYPES.get(kind, kind),
        home=word(event, "ToUserName", MOST_NAME),
        sender=word(event, "FromUserName", MOST_NAME),
        created=word(event, "CreateTime", MOST_NAME),
        text=word(event, "Content"),
        data={name: value for name, value in data.items() if value},
        whole=event,
    )


def _key(event: Told) -> str:
    """The same for each try of one event; two of one second differ in what they say."""
    parts = [event.sender, event.created, event.kind, event.text, event.data]
    try:
        whole = orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        raise BadInput("the event cannot be written back") from None
    return "wb:" + blake2b(whole, digest_size=20).hexdigest()


def _said(event: Told) -> _Found | None:
    return _Found(text=event.text) if event.text.strip() else None


def _mentioned(event: Told) -> _Found | None:
    """Somebody wrote of the account in public; the answer is private."""
    return _Found(text=event.text, allows=MENTIONED) if event.text.strip() else None


def _position(event: Told) -> _Found:
    return _Found(text=place(event.data.get("latitude"), event.data.get("longitude")))


def _medium(event: Told) -> _Found:
    # `text` is a phrase of Weibo's own here.
    number = _text(event.data, "tovfid")
    if not _NUMBER.fullmatch(number):
        raise BadInput("tovfid must be a number")
    kind, name, media_type = _MEDIA[event.kind]
    return _Found(files=(FileRef(kind, number, name, media_type),))


def _event(event: Told) -> _Found | None:
    subtype, key = _text(event.data, "subtype"), _text(event.data, "key")
    if subtype in ("follow", "subscribe"):
        return _Found("started")
    if subtype in ("scan", "scan_follow"):
        return _Found("started", data=_SCENE.sub("", key))
    if subtype == "unfollow":
        return _Found("reach", data="blocked")
    if subtype == "click" and key:
        # An entry of the menu that we keep is a command; of another one it is what its owner made it.
        return _Found(text=key) if key.startswith("/") else _Found("callback", data=key)
    return _mentioned(event) if subtype == "mention" else None


_READERS: dict[str, Callable[[Told], _Found | None]] = {
    "text": _said,
    "mention": _mentioned,
    "position": _position,
    "image": _medium,
    "voice": _medium,
    "event": _event,
}


def _text(data: Json, field: str) -> str:
    """A text or number; "" when it is missing."""
    value: Any = data.get(field)
    value = str(value) if type(value) is int else value
    if value is None:
        return ""
    if type(value) is not str or len(value) > MOST_NAME:
        raise BadInput(f"{field} must be a short text")
    return value


def _when(created: str) -> datetime:
    if _NUMBER.fullmatch(created):
        return moment(float(created))
    found = _DATE.fullmatch(created)
    if found is None or found[1] not in _MONTHS:
        raise BadInput("created_at must be a time")
    east = timedelta(hours=int(found[7]), minutes=int(found[8])) * (1 if found[6] == "+" else -1)
    try:
        day = (int(found[9]), _MONTHS.index(found[1]) + 1, int(found[2]))
        clock = (int(found[3]), int(found[4]), int(found[5]))
        return datetime(*day, *clock, tzinfo=timezone(east)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadInput("created_at must be a time") from None
