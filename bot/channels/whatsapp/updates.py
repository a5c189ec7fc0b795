"""Reads what WhatsApp posts: messages, what became of ours, and whatever else happens to the account.

A batch that is none is `BadInput`; one event of it that cannot be read is kept as it came and stops no other.
https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference
"""

from __future__ import annotations

import msgspec

from bot.channels._meta.keys import MOST_ID, MOST_PERSON, Desk, key_of, key_of_event, person_in, unknown
from bot.channels._reading import (
    MOST_NAME,
    Json,
    called,
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
from bot.channels.whatsapp.messages import Said, said_in
from bot.core.errors import BadInput
from bot.core.message import FROM_CUSTOMER, Inbound

#: Where an update carries what happened, and whether people want what the shop tells many.
_LISTS = ("messages", "statuses", "message_echoes", "user_preferences")
_NEWS = {"stop": "no_news", "resume": "news"}
#: The code of a message that was not delivered as its person wants no advertising.
_STOPPED = 131050
#: What we hear of our messages; "sent" tells nothing that the call had not told.
_STATES = {"delivered": "delivered", "read": "read", "played": "read", "failed": "failed"}


def read_updates(desk: Desk, body: bytes) -> list[Inbound]:
    """The inbounds of one webhook body. Raises `BadInput`."""
    batch = read_object(body)
    if needed(batch, "object") != "whatsapp_business_account":
        return [unknown(desk.account, "object", batch)]
    return read_each(desk.account, batch, "entry", lambda entry: _entry(desk, entry))


def _entry(desk: Desk, entry: Json) -> list[Inbound]:
    return read_each(desk.account, entry, "changes", lambda change: _change(desk, change))


def _change(desk: Desk, change: Json) -> list[Inbound]:
    field, value = text(change, "field", MOST_NAME), obj(change, "value")
    number = value.get("metadata")
    account = desk.of(text(number, "phone_number_id", MOST_NAME)) if type(number) is dict else desk.account
    if not account:
        return [unknown(desk.account, "other_account", change)]
    people = _People(_contacts(value))
    if not any(value.get(name) for name in _LISTS):
        return [unknown(account, field or "change", change)]
    found = read_beside(account, value, "messages", lambda one: [_message(account, people, one)])
    found += read_beside(account, value, "statuses", lambda one: _status(account, one))
    found += read_beside(account, value, "user_preferences", lambda one: [_preference(account, people, one)])
    return found + read_beside(account, value, "message_echoes", lambda one: [_echo(account, one)])


def _contacts(value: Json) -> list[Json]:
    """Those that can be read: a message says by itself, too, whom it is from."""
    told = value.get("contacts")
    return [one for one in told if type(one) is dict] if type(told) is list else []


class _People:
    """The `contacts` of an update: who is known by a number, by an id within the business, or by both."""

    def __init__(self, contacts: list[Json]) -> None:
        self._contacts = contacts

    def of(self, message: Json) -> Json:
        """Whoever sent the message; the only one there is where nothing tells them apart."""
        for contact in self._contacts:
            for field, other in (("from", "wa_id"), ("from_user_id", "user_id")):
                if message.get(field) is not None and message.get(field) == contact.get(other):
                    return contact
        return self._contacts[0] if len(self._contacts) == 1 else {}


def _sender(message: Json, contact: Json) -> str:
    """The number, or the id within the business where WhatsApp keeps the number to itself."""
    told = [text(contact, "wa_id", MOST_PERSON), text(message, "from", MOST_PERSON)]
    told += [text(contact, "user_id", MOST_PERSON), text(message, "from_user_id", MOST_PERSON)]
    return next(filter(None, told), "")


def _message(account: str, people: _People, message: Json) -> Inbound:
    contact = people.of(message)
    try:
        return _read(account, message, contact)
    except BadInput:
        person = person_in(contact, "wa_id", "user_id") or person_in(message, "from", "from_user_id")
        return unknown(account, "unreadable", message, person)


def _read(account: str, message: Json, contact: Json) -> Inbound:
    kind, person = needed(message, "type"), _sender(message, contact)
    said = said_in(kind, message) if person and message.get("group_id") is None else None
    if said is None:
        return unknown(account, kind, message, person)
    mid = needed(message, "id", MOST_ID)
    return Inbound(
        account=account,
        key=key_of(mid),
        sender=person,
        kind=said.kind,
        text=said.text,
        data=said.data,
        files=said.files,
        name=called(contact.get("profile"), "name"),
        sent_at=moment(_seconds(message)),
        native=_native(message, contact, said),
        alias=_user(message, contact),
        external_id=key_of(mid) if said.kind in FROM_CUSTOMER else "",
        about=key_of(said.about) if said.about else "",
    )


def _user(message: Json, contact: Json) -> str:
    """The id within the business, which WhatsApp tells alone once somebody hides the number."""
    return text(message, "from_user_id", MOST_PERSON) or text(contact, "user_id", MOST_PERSON)


def _native(message: Json, contact: Json, said: Said) -> Json:
    """The person's other id, and what handlers may want besides the words."""
    user = _user(message, contact)
    wanted = {*said.native, "context", "referral"}
    return ({"user_id": user} if user else {}) | {name: message[name] for name in sorted(wanted) if name in message}


def _status(account: str, status: Json) -> list[Inbound]:
    """What became of a message of ours; nothing for what is no news."""
    person = person_in(status, "recipient_id", "recipient_user_id")
    try:
        state, mid = needed(status, "status"), needed(status, "id", MOST_ID)
        if state == "sent":
            return []
        opaque = text(status, "biz_opaque_callback_data", MOST_ID)
        if state not in _STATES or not person:
            return [unknown(account, "status", status, person)]
        told = Inbound(
            account,
            key_of(state, mid),
            person,
            "status",
            text=_reason(status),
            data=_STATES[state],
            about=key_of(mid),
            sent_at=moment(_seconds(status)),
            native={"key": opaque} if opaque else {},
            alias=text(status, "recipient_user_id", MOST_PERSON),
        )
    except BadInput:
        return [unknown(account, "unreadable", status, person)]
    if _STOPPED in (one.get("code") for one in objects(status, "errors")):
        return [told, _no_news(told, mid)]
    return [told]


def _no_news(told: Inbound, mid: str) -> Inbound:
    """Who stopped advertising before anybody told us so, as before events were subscribed."""
    word, key = "the platform says that they stopped it", key_of("no_news", mid)
    return msgspec.structs.replace(told, key=key, kind="reach", text=word, data="no_news", about="", native={})


def _reason(status: Json) -> str:
    """Why it failed, by its code and in WhatsApp's own title."""
    reasons = [f"{one.get('code', '')} {text(one, 'title')}".strip() for one in objects(status, "errors")]
    return "; ".join(reasons)


def _preference(account: str, people: _People, told: Json) -> Inbound:
    """Somebody wants no advertising of this business any more, or wants it again."""
    contact = people.of({"from": told.get("wa_id")})
    person = person_in(told, "wa_id") or person_in(contact, "wa_id", "user_id")
    try:
        wants = _NEWS.get(text(told, "value", MOST_NAME), "")
        if not (person and wants) or told.get("category") != "marketing_messages":
            return unknown(account, "user_preferences", told, person)
        at, word = moment(integer(told, "timestamp")), text(told, "detail", MOST_NAME)
        user = text(contact, "user_id", MOST_PERSON)
    except BadInput:
        return unknown(account, "unreadable", told, person)
    key = key_of_event(wants, told)
    return Inbound(account, key, person, "reach", text=word, data=wants, sent_at=at, alias=user)


def _echo(account: str, message: Json) -> Inbound:
    """What a person answered in the WhatsApp Business app on the same number."""
    person = person_in(message, "to", "to_user_id")
    try:
        said = said_in(needed(message, "type"), message) if person else None
        if said is None or said.kind != "message":
            return unknown(account, "echo", message, person)
        mid = needed(message, "id", MOST_ID)
        at = moment(_seconds(message))
        key = key_of("echo", mid)
        return Inbound(
            account,
            key,
            person,
            "echo",
            text=said.text,
            files=said.files,
            sent_at=at,
            external_id=key_of(mid),
            alias=text(message, "to_user_id", MOST_PERSON),
        )
    except BadInput:
        return unknown(account, "unreadable", message, person)


def _seconds(event: Json) -> int:
    told = needed(event, "timestamp", MOST_NAME)
    if not (told.isascii() and told.isdigit()):
        raise BadInput("timestamp must be seconds since 1970")
    return int(told)
