"""Reads what a platform posts: every field is checked on the way, and whatever is wrong is `BadInput`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import orjson

from bot.core.errors import BadInput
from bot.core.message import Inbound
from bot.core.place import at

log = logging.getLogger(__name__)

Json = dict[str, Any]
Read = Callable[[Json], Iterable[Inbound]]

#: Whoever an event is of that is about no customer, or does not tell whom.
NOBODY = "0"
#: Our word for an event that its reader cannot make out.
UNREADABLE = "unreadable"

MOST_TEXT = 65_536  # no platform lets a person write more at once
MOST_NAME = 256
MOST_DEPTH = 64
LATEST_DATE = 1 << 33  # the year 2242


def read_object(body: bytes) -> Json:
    """A body as a JSON object that can be kept. Raises `BadInput`."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadInput(f"not JSON: {error}") from None
    if type(found) is not dict:
        raise BadInput("the body must be an object")
    if b"\\u0000" in body or body.count(b"[") + body.count(b"{") > MOST_DEPTH:
        refuse_hostile(found)
    return found


def refuse_hostile(value: Any) -> None:
    """NUL cannot be kept in a text column, and what is nested too deep cannot be written back."""
    layer, depth = [value], 0
    while layer:
        below: list[Any] = []
        for item in layer:
            if type(item) is str and "\0" in item:
                raise BadInput("a text contains NUL")
            if type(item) is dict:
                below += item.keys()
                below += item.values()
            elif type(item) is list:
                below += item
        layer, depth = below, depth + 1
        if depth > MOST_DEPTH:
            raise BadInput(f"nested deeper than {MOST_DEPTH}")


def read_each(account: str, parent: Json, field: str, read: Read) -> list[Inbound]:
    """What `read` says of each event in the list at `field`, none when it is missing: see `read_one`.

    Raises `BadInput` where no list is.
    """
    events = parent.get(field)
    if events is None:
        return []
    if type(events) is not list:
        raise BadInput(f"{field} must be a list")
    return [inbound for event in events for inbound in read_one(account, event, read)]


def read_beside(account: str, parent: Json, field: str, read: Read) -> list[Inbound]:
    """As `read_each`, of one list among others: what is no list is kept as it came, and takes none of the others."""
    try:
        return read_each(account, parent, field, read)
    except BadInput as error:
        return [unread(account, {field: parent[field]}, error)]


def read_one(account: str, event: Any, read: Read) -> list[Inbound]:
    """What `read` says of an event; one that it cannot read is kept whole, and takes no other with it."""
    try:
        if type(event) is not dict:
            raise BadInput("an event must be an object")
        return list(read(event))
    except BadInput as error:
        return [unread(account, event, error)]


def unread(account: str, event: Any, error: BadInput, key: str = "") -> Inbound:
    """An event whose envelope is the platform's and whose inside is not what its pages say: kept as it came.

    To refuse it would have the platform post it again, and switch our address off in the end. `key` is the platform's
    id of it; without one it is the event's digest, which is the same at every try.
    """
    facts = {"action": "channel.unreadable", "account": account, "error": str(error)}
    log.warning("an event could not be read, and is kept as unknown", extra=facts)
    native: Json = event if type(event) is dict else {"event": event}
    if not key:
        try:
            key = "u:" + blake2b(orjson.dumps(native, option=orjson.OPT_SORT_KEYS), digest_size=20).hexdigest()
        except TypeError:
            raise BadInput("the event cannot be written back") from None
    return Inbound(account, key, NOBODY, "unknown", data=UNREADABLE, native=native)


def obj(parent: Json, field: str) -> Json:
    """An object that must be there."""
    value = parent.get(field)
    if type(value) is not dict:
        raise BadInput(f"{field} must be an object")
    return value


def objects(parent: Json, field: str) -> list[Json]:
    """A list of objects; none when it is missing."""
    value = parent.get(field)
    if value is None:
        return []
    if type(value) is not list or not all(type(one) is dict for one in value):
        raise BadInput(f"{field} must be a list of objects")
    return value


def integer(parent: Json, field: str) -> int:
    """A whole number that must be there."""
    value = parent.get(field)
    if type(value) is not int:
        raise BadInput(f"{field} must be an integer")
    return value


def text(parent: Json, field: str, most: int = MOST_TEXT) -> str:
    """A text of at most so many characters; "" when it is missing."""
    value = parent.get(field)
    if value is None:
        return ""
    if type(value) is not str:
        raise BadInput(f"{field} must be a string")
    if len(value) > most:
        raise BadInput(f"{field} is longer than {most} characters")
    return value


def needed(parent: Json, field: str, most: int = MOST_NAME) -> str:
    """A text that must be there and say something."""
    value = text(parent, field, most)
    if not value:
        raise BadInput(f"{field} is missing")
    return value


def called(person: Any, field: str) -> str:
    """What somebody is called, cut to `MOST_NAME`; "" for what is no text: an odd name costs no message."""
    value = person.get(field) if type(person) is dict else None
    return value[:MOST_NAME] if type(value) is str else ""


def moment(seconds: float) -> datetime:
    """Seconds since 1970 as a time."""
    if not 0 <= seconds < LATEST_DATE:
        raise BadInput("a date must be seconds since 1970")
    return datetime.fromtimestamp(seconds, UTC)


def place(latitude: Any, longitude: Any, *names: str, of_china: bool = False) -> str:
    """A place in words that handlers and staff can read: degrees, GCJ-02 if `of_china`, and what it is called."""
    return str(at(_degrees(latitude, 90), _degrees(longitude, 180), *names, of_china=of_china))


def _degrees(value: Any, most: int) -> float:
    try:
        degrees = float(value)
    except (TypeError, ValueError):
        degrees = most + 1.0
    if not -most <= degrees <= most:
        raise BadInput("a place must be in degrees")
    return degrees
