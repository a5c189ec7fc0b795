"""Reads what mail servers and mail programs report of our mails: not delivered (RFC 3464), or read (RFC 8098)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from itertools import islice
from typing import Any

from bot.channels.email.charsets import as_text
from bot.channels.email.headers import Mail, address, all_of, clean, ids, parameter, people, raw
from bot.channels.email.marks import Marks
from bot.channels.email.writing import OURS

MOST_PARTS = 64  # of a report, and groups of fields of each
#: Ids of ours, and people, that one report tells of; no server names more than one or two.
MOST_NAMED = 16
MOST_FIELDS = 64 * 1024  # characters of a header within the report
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
#: Failures that last: there is no such mailbox, or it takes nothing any more.
_GONE = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4")


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the mail `about` to `recipient`: "failed", "delivered" or "read"."""

    about: str
    recipient: str
    what: str
    status: str = ""  # RFC 3463: "5.1.1"

    @property
    def is_gone(self) -> bool:
        """Whether no mail will ever reach this address."""
        return self.what == "failed" and self.status in _GONE


def told(mail: Mail, marks: Marks) -> Told | None:
    """What a report says of a mail of ours; None where it is about none."""
    kind = parameter(mail, "report-type").lower()
    about = list(islice((one for one in _about(mail) if marks.is_ours(one)), MOST_NAMED))
    people_ = list(islice(filter(None, _recipients(mail)), MOST_NAMED))
    for message_id in about:
        for recipient in people_:
            if marks.is_for(message_id, recipient):
                what, status = _read(mail) if "disposition" in kind else _delivered(mail)
                return Told(message_id, recipient, what, status) if what else None
    return None


def _delivered(mail: Mail) -> tuple[str, str]:
    for fields in _fields(mail, "message/delivery-status"):
        action = clean(raw(fields, "action")).lower()
        found = _STATUS.search(clean(raw(fields, "status")))
        status = found[0] if found else ""
        if action == "failed" or (not action and status.startswith("5")):
            return "failed", status
        if action == "delivered":
            return "delivered", status
    return "", ""


def _read(mail: Mail) -> tuple[str, str]:
    for fields in _fields(mail, "message/disposition-notification"):
        if "displayed" in clean(raw(fields, "disposition")).lower():
            return "read", ""
    return "", ""


def _about(mail: Mail) -> Iterator[str]:
    """Ids of the mail that it is about: of its returned header, and where reports name it."""
    for fields in _fields(mail, "message/disposition-notification"):
        yield from _ids(fields, "original-message-id")
    for part in _parts(mail):
        if part.get_content_type() in ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers"):
            yield from _ids(_returned(part), "message-id", OURS)
    yield from _ids(mail, "references", "in-reply-to")


def _recipients(mail: Mail) -> Iterator[str]:
    """To whom it went: as the returned header says, which is ours, else as the report does."""
    for part in _parts(mail):
        if part.get_content_type() in ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers"):
            yield from (found for _, found in people(_returned(part), "to"))
    for kind in ("message/delivery-status", "message/disposition-notification"):
        for fields in _fields(mail, kind):
            for name in ("original-recipient", "final-recipient"):
                yield address(clean(raw(fields, name)).rpartition(";")[2].strip())
    yield from (found for _, found in people(mail, "from"))


def _fields(mail: Mail, kind: str) -> Iterator[Mail]:
    """The groups of fields of the parts of this type."""
    for part in _parts(mail):
        if part.get_content_type() == kind:
            held: Any = part.get_payload()
            if isinstance(held, list):
                yield from (one for one in held[:MOST_PARTS] if isinstance(one, Message))
            else:
                groups = _words(part).replace("\r", "").split("\n\n", MOST_PARTS)
                yield from (_headers(group) for group in groups[:MOST_PARTS])


def _returned(part: Mail) -> Mail:
    held: Any = part.get_payload()
    if isinstance(held, list) and held and isinstance(held[0], Message):
        return held[0]
    return _headers(_words(part))


def _headers(text: str) -> Mail:
    return BytesHeaderParser().parsebytes(text[:MOST_FIELDS].lstrip().encode("utf-8", "replace"))


def _words(part: Mail) -> str:
    data: Any = part.get_payload(decode=True)
    return as_text(data) if isinstance(data, bytes) else ""


def _parts(mail: Mail) -> list[Mail]:
    """Its parts, without those of the mail that was returned."""
    held: Any = mail.get_payload()
    return [one for one in held if isinstance(one, Message)][:MOST_PARTS] if isinstance(held, list) else []


def _ids(mail: Mail, *names: str) -> Iterator[str]:
    return (one for name in names for value in all_of(mail, name) for one in ids(value))
