"""Mails as people write and see them, and the rules that a mail of ours must keep; whichever server carries them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email import message_from_string, policy
from email.message import EmailMessage, MIMEPart
from email.utils import format_datetime, make_msgid
from typing import Any, Protocol

from tests.kit.platforms.people import Person, Shown, ShownFile, Waits

USER, PASSWORD, ADDRESS = "shop", "the-password-of-the-mailbox", "tea@shop.example"
#: RFC 5322: no line is longer.
LONGEST_LINE = 998


class Carrier(Waits, Protocol):
    """Who takes the mails that people write; `now` is seconds since 1970."""

    now: Callable[[], float]

    async def takes(self, mail: bytes, message_id: str, person: EmailPerson) -> None: ...


class EmailPerson(Person):
    """Somebody with a mail program, which quotes below what is written; `subjects` of what was sent, by Message-ID."""

    _platform: Carrier

    def __init__(self, platform: Carrier, address: str, name: str) -> None:
        super().__init__(platform, address, name)
        self.subjects: dict[str, str] = {}
        self.seen: set[str] = set()  # the ids of what the shop has marked as read

    async def says(self, text: str) -> str:
        return await self.sends(text)

    async def sends_photo(self, content: bytes, caption: str = "") -> str:
        return await self.sends(caption, ShownFile("photo.jpg", content, "image/jpeg"))

    async def taps(self, label: str) -> None:
        raise LookupError(f"there is nothing to tap in a mail, and so no {label!r}")

    async def blocks(self) -> None:
        """The mailbox is gone."""
        self.has_blocked = True

    def answer_subject(self) -> str:
        """Of an answer to the newest mail; "" where there is none."""
        subject = self.shown[-1].raw["Subject"] if self.shown else ""
        return subject if not subject or subject.startswith("Re: ") else f"Re: {subject}"

    async def sends(self, text: str, *files: ShownFile, subject: str | None = None, **headers: str) -> str:
        """A mail, in answer to the newest one if there is one and it has no subject of its own; its Message-ID."""
        now = datetime.fromtimestamp(self._platform.now(), UTC)
        mail = EmailMessage(policy=policy.SMTP)
        mail["From"] = f"{self.name} <{self.id}>"
        mail["To"] = f"Tea shop <{ADDRESS}>"
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = make_msgid(domain="people.example")
        mail["Subject"] = (self.answer_subject() or text.split("\n")[0]) if subject is None else subject
        if self.shown and subject is None:
            last = self.shown[-1]
            mail["In-Reply-To"] = mail["References"] = last.id
            text += f"\n\nOn {now:%a, %b} {now.day}, {now:%Y at %I:%M %p} Tea shop <{ADDRESS}>\nwrote:\n\n"
            text += "\n".join(f"> {line}" for line in last.text.split("\n"))
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        for file in files:
            kind, _, subtype = file.media_type.partition("/")
            mail.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name)
        number = str(mail["Message-ID"])
        self.subjects[number] = str(mail["Subject"])
        await self._platform.takes(b"Return-Path: <" + self.id.encode() + b">\r\n" + mail.as_bytes(), number, self)
        return number


def shown_of(mail: EmailMessage) -> Shown:
    """A mail as its reader sees it: the plain words, the pictures beside them, and the files."""
    body = mail.get_body(("plain",))
    assert isinstance(body, MIMEPart)
    beside = [part for part in mail.walk() if part["Content-ID"] and isinstance(part, MIMEPart)]
    files = tuple(
        ShownFile(str(part.get_filename()), _bytes(part), part.get_content_type())
        for part in (*beside, *mail.iter_attachments())
    )
    headers = {name: str(value) for name, value in mail.items()}
    return Shown(
        str(mail["Message-ID"]), str(body.get_content()).replace("\r\n", "\n").rstrip("\n"), files=files, raw=headers
    )


def _bytes(part: Any) -> bytes:
    content = part.get_content()
    return content if isinstance(content, bytes) else str(content).encode()


def wrong_with(content: bytes, recipients: Sequence[str], *, in_utf8: bool) -> str:
    """Which rule a mail breaks; "" for none. `in_utf8`: it was announced as one of SMTPUTF8."""
    if not content.isascii() and not in_utf8:
        return "8-bit characters in a mail that does not say so"
    if re.search(rb"(?<!\r)\n|\r(?!\n)", content):
        return "a line that does not end with CRLF"
    if any(len(line) > LONGEST_LINE for line in content.split(b"\r\n")):
        return "a line of more than 998 characters"
    mail = message_from_string(content.decode(), policy=policy.default)  # a header may be UTF-8 (RFC 6532)
    once = ("From", "To", "Date", "Message-ID", "Subject", "MIME-Version")
    if wrong := next((name for name in once if len(mail.get_all(name, [])) != 1), ""):
        return f"there must be one {wrong}"
    if not re.fullmatch(r"<[^<>\s@]+@[^<>\s@]+>", str(mail["Message-ID"])):
        return "a Message-ID that is none"
    if ADDRESS not in str(mail["From"]) or mail["To"].addresses[0].addr_spec not in recipients:
        return "the header names others than the envelope"
    if mail.defects or any(part.defects for part in mail.walk()):
        return "it is not well made"
    assert isinstance(mail, EmailMessage)
    return "" if mail.get_body(("plain",)) and mail.get_body(("html",)) else "no words"
