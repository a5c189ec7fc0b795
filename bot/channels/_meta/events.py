"""Reads what Messenger and Instagram post: batches of events of conversations, each of which is one inbound.

A link with a scene is one of its own, before what was said or tapped first by who followed it. A batch that is none is
`BadInput`; one event of it that cannot be read is kept as it came and stops no other.
https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.channels._meta.keys import MOST_ID, Desk, id_of, key_of, key_of_event, person_in, unknown
from bot.channels._meta.parts import content
from bot.channels._reading import (
    MOST_NAME,
    Json,
    integer,
    moment,
    needed,
    obj,
    objects,
    read_beside,
    read_each,
    read_object,
    text,
)
from bot.core.errors import BadInput
from bot.core.message import Inbound, InboundKind

#: What everything that we send carries, so that its echo is known to be ours.
MARK = "parley"
#: The longest payload of a button, and the longest scene of a link, characters.
MOST_DATA, MOST_SCENE = 1000, 2083

_ENVELOPE = frozenset({"sender", "recipient", "timestamp"})


@dataclass(frozen=True, slots=True)
class Own:
    """How our own messages and buttons are told from others."""

    app: str = ""  # the id of our app; "" where only the mark tells
    get_started: str = ""  # the payload of the button that opens a conversation


@dataclass(frozen=True, slots=True)
class _Event:
    account: str
    person: str
    at: datetime
    own: Own
    raw: Json

    def inbound(
        self,
        kind: InboundKind,
        key: str,
        *,
        text: str = "",
        data: str = "",
        about: str = "",
        at: datetime | None = None,
        native: Json | None = None,
    ) -> Inbound:
        return Inbound(
            self.account,
            key,
            self.person,
            kind,
            text=text,
            data=data,
            about=about,
            sent_at=at or self.at,
            native=native or {},
        )

    def unknown(self, kind: str) -> Inbound:
        return unknown(self.account, kind, self.raw, self.person)


def read_events(desk: Desk, wanted: str, own: Own, body: bytes) -> list[Inbound]:
    """The inbounds of one webhook body; `wanted` is the `object` that it is about. Raises `BadInput`."""
    batch = read_object(body)
    if needed(batch, "object") != wanted:
        return [unknown(desk.account, "object", batch)]
    return read_each(desk.account, batch, "entry", lambda entry: _entry(desk, own, entry))


def _entry(desk: Desk, own: Own, entry: Json) -> list[Inbound]:
    known = desk.of(text(entry, "id", MOST_NAME))
    account = known or desk.account
    found = read_beside(account, entry, "messaging", lambda event: _read(desk, known, own, event))
    found += read_beside(account, entry, "standby", lambda event: [_other(desk, known, "standby", event)])
    return found + read_beside(account, entry, "changes", lambda change: [_change(desk, known, change)])


def _other(desk: Desk, account: str, kind: str, event: Json) -> Inbound:
    return unknown(account or desk.account, kind if account else "other_account", event, _person(event))


def _person(event: Json) -> str:
    message = event.get("message")
    is_echo = type(message) is dict and message.get("is_echo") is True
    return person_in(event, "recipient") if is_echo else person_in(event, "sender")


def _change(desk: Desk, account: str, change: Json) -> Inbound:
    """A comment, a rating: something beside the conversations."""
    value = change.get("value")
    person = person_in(value, "from") if type(value) is dict else ""
    field = text(change, "field", MOST_NAME) or "change"
    return unknown(account or desk.account, field if account else "other_account", change, person)


def _read(desk: Desk, account: str, own: Own, event: Json) -> list[Inbound]:
    if not account:
        return [_other(desk, account, "", event)]
    try:
        return _event(account, own, event)
    except BadInput:
        return [unknown(account, "unreadable", event, _person(event))]


def _event(account: str, own: Own, event: Json) -> list[Inbound]:
    """One event; nothing for the echo of what we sent ourselves."""
    message = obj(event, "message") if event.get("message") is not None else {}
    is_echo = message.get("is_echo") is True
    person = id_of(event, "recipient" if is_echo else "sender")
    read = _Event(account, person, moment(integer(event, "timestamp") / 1000), own, event)
    if is_echo:
        echo = _echo(read, message)
        return [] if echo is None else [echo]
    for kind, reader in _READERS.items():
        if event.get(kind) is not None and person:
            told = obj(event, kind)
            return [*_followed(read, told), reader(read, told)]
    return [read.unknown(next((name for name in event if name not in _ENVELOPE), "event"))]


def _followed(event: _Event, said: Json) -> list[Inbound]:
    """The link that somebody followed who then said or tapped this. The button that opens a conversation says nothing.

    https://developers.facebook.com/documentation/business-messaging/instagram-messaging/features/ig-me-links
    """
    scene = "" if _opens(event, said) else _scene(said)
    if not scene:
        return []
    about = _key(event, said)
    return [event.inbound("started", key_of("referral", about), data=scene, about=about, native=said["referral"])]


def _scene(said: Json) -> str:
    """That of the link by which somebody came; "" also for one that cannot be read, since what they said counts."""
    try:
        return text(obj(said, "referral"), "ref", MOST_SCENE)
    except BadInput:
        return ""


def _key(event: _Event, said: Json) -> str:
    """Some taps have no id."""
    mid = text(said, "mid", MOST_ID)
    return key_of(mid) if mid else key_of_event("postback", event.raw)


def _opens(event: _Event, said: Json) -> bool:
    return bool(said.get("payload")) and said.get("payload") == event.own.get_started


def _echo(event: _Event, message: Json) -> Inbound | None:
    """What was sent in the account's name: by us, or by a person in Meta's own inbox."""
    app = message.get("app_id")
    is_ours = bool(event.own.app) and str(app) == event.own.app
    if is_ours or text(message, "metadata", MOST_DATA) == MARK or _is_template(message):
        return None
    if message.get("is_deleted") is True or message.get("is_self") is True or not event.person:
        return event.unknown("echo")
    mid = needed(message, "mid", MOST_ID)
    said = content(message)
    return Inbound(
        event.account,
        key_of("echo", mid),
        event.person,
        "echo",
        text=said.text,
        files=said.files,
        sent_at=event.at,
        external_id=key_of(mid),
    )


def _is_template(message: Json) -> bool:
    """Cards and buttons: no person can send them in Meta's own inbox, other than a product of the catalogue there."""
    payloads = (one.get("payload") for one in objects(message, "attachments") if one.get("type") == "template")
    return any(type(payload) is dict and "product" not in payload for payload in payloads)


def _message(event: _Event, message: Json) -> Inbound:
    mid = needed(message, "mid", MOST_ID)
    if message.get("is_deleted") is True:
        return event.inbound("deleted", key_of("deleted", mid), about=key_of(mid))
    if message.get("quick_reply") is not None:
        data = needed(obj(message, "quick_reply"), "payload", MOST_DATA)
        return event.inbound("callback", key_of(mid), text=text(message, "text"), data=data)
    said = content(message)
    if not said.text and not said.files:
        return event.unknown("message")
    return Inbound(
        event.account,
        key_of(mid),
        event.person,
        text=said.text,
        files=said.files,
        sent_at=event.at,
        native={name: message[name] for name in ("reply_to", "referral") if name in message},
        external_id=key_of(mid),
    )


def _postback(event: _Event, postback: Json) -> Inbound:
    """A button under a message, of the menu, or the one that opens the conversation."""
    title, data = text(postback, "title"), text(postback, "payload", MOST_DATA)
    key = _key(event, postback)
    if _opens(event, postback):
        native = postback if "referral" in postback else None
        return event.inbound("started", key, text=title, data=_scene(postback), native=native)
    return event.inbound("callback", key, text=title, data=data) if data else event.unknown("postback")


def _referral(event: _Event, referral: Json) -> Inbound:
    """A link with a scene, opened by somebody who has a conversation already."""
    scene = text(referral, "ref", MOST_SCENE)
    return event.inbound("started", key_of_event("referral", event.raw), data=scene, native=referral)


def _optin(event: _Event, optin: Json) -> Inbound:
    scene = text(optin, "ref", MOST_DATA) or text(optin, "payload", MOST_DATA)
    return event.inbound("started", key_of_event("optin", event.raw), data=scene, native=optin)


def _receipt(kind: str, data: str) -> Callable[[_Event, Json], Inbound]:
    """Messenger names the time until which all was received; Instagram the one message."""

    def read(event: _Event, receipt: Json) -> Inbound:
        key = key_of_event(kind, event.raw)
        if receipt.get("watermark") is None:
            return event.inbound("status", key, data=data, about=key_of(needed(receipt, "mid", MOST_ID)))
        until = moment(integer(receipt, "watermark") / 1000)
        return event.inbound("status", key, data=data, at=until)

    return read


def _edit(event: _Event, edit: Json) -> Inbound:
    about = key_of(needed(edit, "mid", MOST_ID))
    return event.inbound("edited", key_of_event("edit", event.raw), text=text(edit, "text"), about=about)


_READERS: dict[str, Callable[[_Event, Json], Inbound]] = {
    "message": _message,
    "postback": _postback,
    "referral": _referral,
    "optin": _optin,
    "delivery": _receipt("delivery", "delivered"),
    "read": _receipt("read", "read"),
    "message_edit": _edit,
}
