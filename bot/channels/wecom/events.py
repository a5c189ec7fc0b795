"""Reads what was pulled from a desk: one item may be several things that happened, or says `BadInput`.

Source: developer.work.weixin.qq.com/document/path/94670, "read messages".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b

import orjson
from msgspec.structs import replace

from bot.channels._reading import MOST_NAME, NOBODY, Json, integer, moment, needed, obj, place, text
from bot.core.errors import BadInput
from bot.core.message import Allowance, FileKind, FileRef, Inbound

MOST_KEY = 180
MOST_ID = 1024
CUSTOMER, SYSTEM, STAFF = 3, 4, 5
#: Whoever only opened the conversation may not be written to.
NOTHING = Allowance(0.0, 0)

_FILES: dict[str, tuple[FileKind, str, str]] = {
    "image": ("image", "photo.jpg", "image/jpeg"),
    "voice": ("audio", "voice.amr", "audio/amr"),
    "video": ("video", "video.mp4", "video/mp4"),
    "file": ("file", "", ""),
}
#: Why a message of ours was not delivered, by `fail_type`.
_FAILED = {
    1: "the desk was deleted",
    2: "the app was closed",
    4: "more than 48 hours have passed since the customer wrote",
    5: "the session is over",
    6: "more than 5 messages since the customer wrote",
    7: "the desk has no channels account",
    8: "the company is not verified",
    9: "the company is not verified, and the desk has no channels account",
    10: "the customer refuses messages",
}
_REFUSED = 10
#: A person took the session from the pool, or from another person; it has ended; it was taken up again by a person.
_PERSON_CAME, _ENDED = (1, 2, 4), 3


def address(desk: str, customer: str) -> str:
    """One customer at one desk, as `Inbound.sender` and as recipient."""
    return f"{customer}@{desk}"


@dataclass(frozen=True, slots=True)
class Reader:
    """`welcome` is what an opened conversation with a welcome code allows."""

    account: str
    welcome: Allowance

    def read(self, item: Json) -> list[Inbound]:
        """What one item says; in a shape that we do not know it is `unknown`, so that it does not stop the next."""
        try:
            return self._read(item)
        except BadInput:
            return [Inbound(self.account, _key(item), NOBODY, "unknown", native=item)]

    def _read(self, item: Json) -> list[Inbound]:
        event = obj(item, "event") if item.get("msgtype") == "event" else {}
        desk = text(event or item, "open_kfid", MOST_NAME)
        customer = text(event or item, "external_userid", MOST_NAME)
        base = Inbound(
            self.account,
            _key(item),
            address(desk, customer) if desk and customer else NOBODY,
            "unknown",
            sent_at=moment(integer(item, "send_time")),
        )
        found = self._event(base, event) if event else _said(base, item)
        known = [one for one in found if one.kind != "unknown" and base.sender != NOBODY]
        name = text(event, "event_type", MOST_NAME) or text(item, "msgtype", MOST_NAME)
        return known or [replace(base, data=name, native=item)]

    def _event(self, base: Inbound, event: Json) -> list[Inbound]:
        read = _EVENTS.get(text(event, "event_type", MOST_NAME))
        if read is not None:
            return read(base, event)
        if event.get("event_type") != "enter_session":
            return []
        code = text(event, "welcome_code", MOST_ID)
        scene = text(event, "scene_param", MOST_ID) or text(event, "scene", MOST_NAME)
        allows = self.welcome if code else NOTHING
        return [replace(base, kind="started", data=scene, token=code, allows=allows)]


def _key(item: Json) -> str:
    """WeCom's own id; what has none, or a strange one, is told by all that it says."""
    told = item.get("msgid")
    if type(told) is str and 0 < len(told) <= MOST_KEY and told.isascii():
        return told
    return "h:" + blake2b(orjson.dumps(item), digest_size=20).hexdigest()


def _said(base: Inbound, item: Json) -> list[Inbound]:
    """A message of the customer, or of a person of ours who answered in WeCom."""
    origin, kind = integer(item, "origin"), text(item, "msgtype", MOST_NAME)
    if origin == STAFF:
        return [_answered(replace(base, kind="echo", external_id=base.key), item, kind)]
    if origin != CUSTOMER:
        return []
    base = replace(base, kind="message", external_id=base.key)
    if kind == "text":
        told = obj(item, "text")
        data = text(told, "menu_id", MOST_NAME)
        return [replace(base, kind="callback" if data else "message", text=text(told, "content"), data=data)]
    if kind in _FILES:
        return [replace(base, files=(_file(item, kind),))]
    words = _in_words(kind, item)
    return [replace(base, text=words)] if words else []


def _answered(base: Inbound, item: Json, kind: str) -> Inbound:
    if kind in _FILES:
        return replace(base, files=(_file(item, kind),))
    words = text(obj(item, "text"), "content") if kind == "text" else _in_words(kind, item)
    return replace(base, text=words or f"[{kind}]")


def _file(item: Json, kind: str) -> FileRef:
    form, name, media_type = _FILES[kind]
    return FileRef(form, needed(obj(item, kind), "media_id", MOST_ID), name, media_type)


def _in_words(kind: str, item: Json) -> str:
    """What handlers and staff can read of it; "" for what is not read."""
    if kind == "location":
        told = obj(item, "location")
        names = text(told, "name", MOST_NAME), text(told, "address", MOST_NAME)
        # WeChat's map: https://developers.weixin.qq.com/miniprogram/dev/api/location/wx.openLocation.html
        return place(told.get("latitude"), told.get("longitude"), *names, of_china=True)
    if kind == "link":
        told = obj(item, "link")
        return "\n".join(filter(None, (text(told, field) for field in ("title", "desc", "url"))))
    if kind == "business_card":
        return f"👤 {needed(obj(item, kind), 'userid')}"
    if kind == "miniprogram":
        return f"[{needed(obj(item, kind), 'title')}]"
    return ""


def _failed(base: Inbound, event: Json) -> list[Inbound]:
    kind = integer(event, "fail_type")
    about = needed(event, "fail_msgid")
    failed = replace(base, kind="status", about=about, data="failed", text=_FAILED.get(kind, f"WeCom's reason {kind}"))
    blocked = replace(base, key=f"{base.key}:reach", kind="reach", data="blocked")
    return [failed, blocked] if kind == _REFUSED else [failed]


def _taken_back(base: Inbound, event: Json) -> list[Inbound]:
    return [replace(base, kind="deleted", about=needed(event, "recall_msgid"))]


def _session(base: Inbound, event: Json) -> list[Inbound]:
    """A person who took the session answers from now on, and the bot is silent until they end it."""
    change = integer(event, "change_type")
    if change == _ENDED:
        return [replace(base, kind="returned")]
    if change not in _PERSON_CAME:
        return []
    person = f"👤 {text(event, 'new_servicer_userid', MOST_NAME)}"
    return [replace(base, kind="echo", text=person, external_id=base.key)]


_EVENTS: dict[str, Callable[[Inbound, Json], list[Inbound]]] = {
    "msg_send_fail": _failed,
    "user_recall_msg": _taken_back,
    "servicer_recall_msg": _taken_back,
    "session_status_change": _session,
}
