"""Reads what QQ posts: one event a call, kept whole where it cannot be read; everything else is `BadInput`.

A private conversation is its person's openid; a group's is "group:" and the group's openid, whoever of it writes: a
member has another openid in each group, and the answer goes to the group. Shapes: bot.q.qq.com/wiki/develop/api-v2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

from bot.channels._reading import (
    LATEST_DATE,
    MOST_NAME,
    Json,
    called,
    integer,
    moment,
    needed,
    obj,
    objects,
    read_object,
    read_one,
    text,
)
from bot.core.errors import BadInput
from bot.core.message import Allowance, FileKind, FileRef, Inbound, InboundKind

GROUP = "group:"
#: Of the id in `Inbound.token`: a message's, or another event's.
MESSAGE, EVENT = "msg:", "event:"
DISPATCH, HEARTBEAT = 0, 1
MOST_ID = 160
MOST_NUMBER = 240  # with what it is of before it, it is kept as a token
MOST_OPENID = 128
MOST_KEY = 180


@dataclass(frozen=True, slots=True)
class Event:
    """One event: of what account, its id, and what it says. `group` is what a message of a group allows."""

    account: str
    id: str
    kind: str
    d: Json
    group: Allowance
    whole: Json


def op_of(body: bytes) -> int:
    """What a call is about. Raises `BadInput`."""
    return integer(read_object(body), "op")


def read_events(account: str, body: bytes, group: Allowance) -> list[Inbound]:
    """The event of a call; none for a heartbeat and the like. Raises `BadInput`."""
    call = read_object(body)
    if integer(call, "op") != DISPATCH:
        return []
    return read_one(account, call, lambda call: [_dispatched(account, call, group)])


def _dispatched(account: str, call: Json, group: Allowance) -> Inbound:
    event = Event(account, needed(call, "id", MOST_NUMBER), needed(call, "t"), obj(call, "d"), group, call)
    read = _READERS.get(event.kind)
    return (read(event) if read else None) or _unknown(event)


def _private(event: Event) -> Inbound | None:
    author = obj(event.d, "author")
    return _said(event, needed(author, "user_openid", MOST_OPENID), text(event.d, "content"), None)


def _in_group(event: Event) -> Inbound | None:
    sender = GROUP + needed(event.d, "group_openid", MOST_OPENID)
    # The mention of the bot is cut out, and the space behind it stays.
    return _said(event, sender, text(event.d, "content").lstrip(" "), event.group)


def _said(event: Event, sender: str, words: str, allows: Allowance | None) -> Inbound | None:
    files = tuple(_file(one) for one in objects(event.d, "attachments"))
    if not words.strip() and not files:
        return None
    author = obj(event.d, "author")
    number = needed(event.d, "id", MOST_NUMBER)
    return Inbound(
        account=event.account,
        key=_key("m:", number),
        sender=sender,
        text=words,
        files=files,
        name=called(author, "username"),
        sent_at=_when(event.d),
        shared=sender.startswith(GROUP),
        native={"id": number, "member_openid": text(author, "member_openid", MOST_OPENID)},
        external_id=number if len(number) <= MOST_ID else "",
        token=MESSAGE + number,
        allows=allows,
    )


def _tap(event: Event) -> Inbound | None:
    found = obj(obj(event.d, "data"), "resolved")
    # A button of ours has "<number>:<label>" as its id; an entry of the bot's menu has a feature_id alone.
    label = text(found, "button_id", MOST_NAME).partition(":")[2]
    data = text(found, "button_data", MOST_NAME) or text(found, "feature_id", MOST_NAME)
    in_group = text(event.d, "group_openid", MOST_OPENID)
    sender = GROUP + in_group if in_group else text(event.d, "user_openid", MOST_OPENID)
    if not data or not sender:
        return None
    return Inbound(
        account=event.account,
        key=_key("e:", event.id),
        sender=sender,
        shared=bool(in_group),
        kind="callback",
        text=label,
        data=data,
        sent_at=_when(event.d),
        native={"interaction_id": needed(event.d, "id")},
        token=EVENT + event.id,
        allows=event.group if in_group else None,
    )


def _turn(kind: InboundKind, data: str, *, answerable: bool = False) -> Callable[[Event], Inbound]:
    """The reader of an event about the whole conversation. `answerable`: we may answer it."""

    def read(event: Event) -> Inbound:
        in_group = text(event.d, "group_openid", MOST_OPENID)
        return Inbound(
            account=event.account,
            key=_key("e:", event.id),
            sender=GROUP + in_group if in_group else needed(event.d, "openid", MOST_OPENID),
            shared=bool(in_group),
            kind=kind,
            text=event.kind if kind == "reach" else "",
            data=data or text(event.d, "scene_param", MOST_NAME),
            sent_at=_when(event.d),
            token=EVENT + event.id if answerable else "",
            allows=event.group if in_group and answerable else None,
        )

    return read


_READERS: dict[str, Callable[[Event], Inbound | None]] = {
    "C2C_MESSAGE_CREATE": _private,
    "GROUP_AT_MESSAGE_CREATE": _in_group,
    "INTERACTION_CREATE": _tap,
    "FRIEND_ADD": _turn("started", "", answerable=True),
    "GROUP_ADD_ROBOT": _turn("started", "", answerable=True),
    "FRIEND_DEL": _turn("reach", "blocked"),
    "GROUP_DEL_ROBOT": _turn("reach", "blocked"),
    "C2C_MSG_REJECT": _turn("reach", "answers"),
    "GROUP_MSG_REJECT": _turn("reach", "answers"),
    "C2C_MSG_RECEIVE": _turn("reach", "unasked", answerable=True),
    "GROUP_MSG_RECEIVE": _turn("reach", "unasked", answerable=True),
}


def _unknown(event: Event) -> Inbound:
    """Kept whole under whoever it is about; `data` is QQ's own word."""
    return Inbound(event.account, _key("e:", event.id), _about(event.d), "unknown", data=event.kind, native=event.whole)


def _about(d: Json) -> str:
    group = d.get("group_openid")
    if type(group) is str and 0 < len(group) <= MOST_OPENID:
        return GROUP + group
    author = d.get("author")
    people = (d.get("user_openid"), d.get("openid"), author.get("user_openid") if type(author) is dict else None)
    return next((one for one in people if type(one) is str and 0 < len(one) <= MOST_OPENID), "0")


def _key(prefix: str, number: str) -> str:
    whole = prefix + number
    return whole if len(whole) <= MOST_KEY else prefix + blake2b(number.encode(), digest_size=20).hexdigest()


def _file(one: Json) -> FileRef:
    kind, name, media_type = _kind(text(one, "content_type", MOST_NAME))
    # A voice is Silk, which no browser plays, and QQ has it as WAV too.
    playable = text(one, "voice_wav_url", 4096)
    address = playable or needed(one, "url", 4096)
    size = one.get("size")
    return FileRef(
        kind=kind,
        ref=address if "://" in address else "https://" + address.lstrip("/"),
        name="voice.wav" if playable else text(one, "filename", 1024) or name,
        media_type="audio/wav" if playable else media_type,
        size=size if type(size) is int and size > 0 and not playable else None,
    )


def _kind(told: str) -> tuple[FileKind, str, str]:
    """Our word for a file's kind, a name where QQ keeps none, and its media type."""
    if told == "voice" or told.startswith("audio/"):
        return "audio", "voice", told if "/" in told else "audio/silk"
    if told.startswith("image/"):
        return "image", "picture", told
    if told.startswith("video/"):
        return "video", "video", told
    return "file", "", told if "/" in told else ""


def _when(d: Json) -> datetime | None:
    """A time as QQ writes it: with an offset, or in seconds since 1970, also within quotes."""
    told = d.get("timestamp")
    if type(told) is int or (type(told) is str and told.isascii() and told.isdigit() and len(told) < 12):
        return moment(float(told))
    if told is None or told == "":
        return None
    try:
        found = datetime.fromisoformat(told)
        within = found.tzinfo is not None and 0 <= found.timestamp() < LATEST_DATE
    except (TypeError, ValueError, OverflowError):
        within = False
    if not within:
        raise BadInput("timestamp must be a time with its offset")
    return found.astimezone(UTC)
