"""Keys of events: Meta's own ids where an event has one, else a digest of the event, which is the same at every try."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

import orjson

from bot.channels._reading import MOST_NAME, Json, text
from bot.core.errors import BadInput
from bot.core.message import Inbound

#: What a key may have, and the kept id of a message, characters. Instagram's own are longer at times.
MOST_KEY = 191
#: Far above the ids of messages.
MOST_ID = 512
#: What an id of a person may have, characters.
MOST_PERSON = 128


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose events are read: our accounts by their ids at Meta, and the account at whose address they arrive."""

    account: str
    accounts: Mapping[str, str]

    def of(self, id: str) -> str:  # noqa: A002
        """Our account; "" for one that nobody here is told of."""
        return self.accounts.get(id, "")


def key_of(*parts: str) -> str:
    """A key of Meta's ids, or of their digest where they are too long; of one id, what it is kept as."""
    whole = ":".join(parts)
    return whole if len(whole) <= MOST_KEY else f"{parts[0][:32]}:{_digest(whole.encode())}"


def key_of_event(kind: str, event: Json) -> str:
    """A key for an event that has no id of its own; it tells nothing about who it is of."""
    return f"{kind[:32]}:{_digest(orjson.dumps(event, option=orjson.OPT_SORT_KEYS))}"


def unknown(account: str, kind: str, event: Json, person: str = "") -> Inbound:
    """An event that we do not handle: kept whole under whoever it is about; `data` is Meta's own word for it."""
    kind = kind[:MOST_NAME]
    return Inbound(account, key_of_event(kind, event), person or "0", "unknown", data=kind, native=event)


def id_of(parent: Json, field: str) -> str:
    """The id of the person or account in `field`; "" where there is none."""
    inner = parent.get(field)
    if inner is None:
        return ""
    if type(inner) is not dict:
        raise BadInput(f"{field} must be an object")
    return text(inner, "id", MOST_PERSON)


def person_in(parent: Json, *fields: str) -> str:
    """Whoever one of the fields names, for events that cannot be read otherwise; "" for nobody."""
    for field in fields:
        inner = parent.get(field)
        found = inner.get("id") if type(inner) is dict else inner
        if type(found) is str and 0 < len(found) <= MOST_PERSON:
            return found
    return ""


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()
