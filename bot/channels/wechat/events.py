"""Reads one push of WeChat into what happened; what is no push is `BadInput`, and nothing else ever escapes.

Source: developers.weixin.qq.com, "receiving standard messages" and "receiving event pushes".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b

from bot.channels._reading import MOST_NAME, Json, moment, place, read_one
from bot.channels._weixin import whole, word
from bot.core.errors import BadInput
from bot.core.message import Allowance, FileKind, FileRef, Inbound, InboundKind

MOST_ID = 1024
#: What the key of a command in the account's menu begins with.
COMMAND = "/"
#: A code's scene, as a follow tells it.
_SCENE = "qrscene_"

#: What media messages carry: the kind for us, and the name and type, of which WeChat tells none.
_MEDIA: dict[str, tuple[FileKind, str, str]] = {
    "image": ("image", "photo.jpg", "image/jpeg"),
    "video": ("video", "video.mp4", "video/mp4"),
    "shortvideo": ("video", "video.mp4", "video/mp4"),
}
MOST_ADDRESS = 2000
_VOICES = {"amr": "audio/amr", "mp3": "audio/mpeg", "speex": "audio/speex"}


@dataclass(frozen=True, slots=True)
class Reader:
    """`tapped` is what a follow, a scan or a tap in the account's menu allows us.

    `by_address`: a picture is fetched where it lies, by an account that may not ask for it by its id.
    """

    account: str
    tapped: Allowance
    by_address: bool = False

    def read(self, event: Json) -> list[Inbound]:
        """What a push says: of a kind that we do not handle, or cannot read, it is `unknown` and kept whole.

        Raises `BadInput` for what has no kind.
        """
        if not word(event, "MsgType"):
            raise BadInput("MsgType is missing")
        return read_one(self.account, event, lambda event: [self._read(event)])

    def _read(self, event: Json) -> Inbound:
        kind = word(event, "MsgType", MOST_NAME)
        sender, key = _sender(event), _key(event)
        sent = moment(whole(event, "CreateTime"))
        found = self._event(event) if kind == "event" else _message(kind, event, self.by_address)
        if found is None:
            name = word(event, "Event", MOST_NAME) or kind
            return Inbound(self.account, key, sender, "unknown", data=name, sent_at=sent, native=event)
        return Inbound(
            self.account,
            key,
            sender,
            found.kind,
            text=found.text,
            data=found.data,
            files=found.files,
            sent_at=sent,
            external_id=word(event, "MsgId", MOST_NAME),
            allows=self.tapped if kind == "event" and found.kind != "reach" else None,
        )

    def _event(self, event: Json) -> _Found | None:
        name = word(event, "Event", MOST_NAME)
        if name in _SCANS:
            return _scanned(event)
        read = _EVENTS.get(name)
        return read(word(event, "EventKey", MOST_NAME)) if read else None


@dataclass(frozen=True, slots=True)
class _Found:
    """The parts of an inbound that differ by kind."""

    kind: InboundKind = "message"
    text: str = ""
    data: str = ""
    files: tuple[FileRef, ...] = ()


def _sender(event: Json) -> str:
    sender = word(event, "FromUserName", 128)
    if not sender:
        raise BadInput("FromUserName is missing")
    return sender


def _key(event: Json) -> str:
    """A message's own id; an event has none, and a second one of the same second is the same one."""
    if number := word(event, "MsgId", 64):
        return f"m:{number}"
    told = (word(event, field, MOST_ID) for field in ("FromUserName", "CreateTime", "Event", "EventKey", "MsgID"))
    return "e:" + blake2b("\n".join(told).encode("utf-8", "surrogateescape"), digest_size=20).hexdigest()


def _message(kind: str, event: Json, by_address: bool) -> _Found | None:
    if kind == "text":
        data, text = word(event, "bizmsgmenuid", MOST_NAME), word(event, "Content")
        return _Found("callback" if data else "message", text, data) if data or text else None
    if kind == "voice":
        return _voice(event)
    if kind in _MEDIA:
        file = _file(event, *_MEDIA[kind])
        address = word(event, "PicUrl", MOST_ADDRESS) if by_address else ""
        return _Found(files=(replace(file, ref=address or file.ref),))
    if kind == "location":
        named = word(event, "Label", MOST_NAME)
        # WeChat's map: https://developers.weixin.qq.com/miniprogram/dev/api/location/wx.openLocation.html
        return _Found(text=place(word(event, "Location_X"), word(event, "Location_Y"), named, of_china=True))
    if kind == "link":
        lines = (word(event, field) for field in ("Title", "Description", "Url"))
        return _Found(text="\n".join(filter(None, lines)))
    return None


def _voice(event: Json) -> _Found:
    """With its words, where the account has them recognised."""
    form = word(event, "Format", 16).lower() or "amr"
    named = form if form in _VOICES else "amr"
    return _Found(text=word(event, "Recognition"), files=(_file(event, "audio", f"voice.{named}", _VOICES[named]),))


def _file(event: Json, kind: FileKind, name: str, media_type: str) -> FileRef:
    ref = word(event, "MediaId", MOST_ID)
    if not ref:
        raise BadInput("MediaId is missing")
    return FileRef(kind, ref, name, media_type)


def _scanned(event: Json) -> _Found | None:
    """A code that was scanned by a button of the account's menu is as if its words were typed."""
    scan = event.get("ScanCodeInfo")
    said = word(scan, "ScanResult") if type(scan) is dict else ""
    return _Found(text=said) if said else None


def _clicked(key: str) -> _Found:
    """A command of our own menu is as if it was typed; another's button carries data."""
    return _Found(text=key) if key.startswith(COMMAND) else _Found("callback", data=key)


_SCANS = frozenset({"scancode_push", "scancode_waitmsg"})
_EVENTS: dict[str, Callable[[str], _Found]] = {
    "subscribe": lambda key: _Found("started", data=key.removeprefix(_SCENE)),
    "SCAN": lambda key: _Found("started", data=key),
    "unsubscribe": lambda _key: _Found("reach", data="blocked"),
    "CLICK": _clicked,
}
