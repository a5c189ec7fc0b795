"""Mail servers for tests, real ones: SMTP (aiosmtpd) that checks what leaves as strictly as providers do, and IMAP.

async with EmailServer() as server:
    ann = server.person()
    await ann.says("hi")                     # lies in our mailbox
    assert (await ann.reads()).text == "Hello, Ann"
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from email.utils import format_datetime, make_msgid
from itertools import count
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.kit import wire_faults
from tests.kit.platforms.mailbox import MailboxServer
from tests.kit.platforms.people import Person, Shown, ShownFile
from tests.kit.wire_faults import Cut, Garbage, Hang, Late, Lost, Reset, Status, TooMany

USER, PASSWORD, ADDRESS = "shop", "the-password-of-the-mailbox", "tea@shop.example"
MOST = 25 * 1024 * 1024  # bytes of a mail
#: RFC 5322: no line is longer.
LONGEST_LINE = 998


class EmailPerson(Person):
    """Somebody with a mail program, which quotes below what is written."""

    _platform: EmailServer

    def __init__(self, platform: EmailServer, address: str, name: str) -> None:
        super().__init__(platform, address, name)

    async def says(self, text: str) -> str:
        return await self.sends(text)

    async def sends_photo(self, content: bytes, caption: str = "") -> str:
        return await self.sends(caption, photo=content)

    async def taps(self, label: str) -> None:
        raise LookupError(f"there is nothing to tap in a mail, and so no {label!r}")

    async def blocks(self) -> None:
        """The mailbox is gone."""
        self.has_blocked = True

    async def sends(self, text: str, photo: bytes = b"", subject: str | None = None, **headers: str) -> str:
        """A mail, in answer to the newest one if there is one; its Message-ID."""
        mail = EmailMessage(policy=policy.SMTP)
        last = self.shown[-1] if self.shown else None
        first = text.split("\n")[0]
        mail["From"] = f"{self.name} <{self.id}>"
        mail["To"] = f"Tea shop <{ADDRESS}>"
        mail["Date"] = format_datetime(datetime.now(UTC))
        mail["Message-ID"] = make_msgid(domain="people.example")
        mail["Subject"] = subject if subject is not None else f"Re: {last.raw['Subject']}" if last else first
        if last and subject is None:
            mail["In-Reply-To"] = mail["References"] = last.id
            text += f"\n\nOn Mon, Nov 3, 2025 at 10:12 AM Tea shop <{ADDRESS}>\nwrote:\n\n"
            text += "\n".join(f"> {line}" for line in last.text.split("\n"))
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        if photo:
            mail.add_attachment(photo, maintype="image", subtype="jpeg", filename="photo.jpg")
        await self._platform.mailbox.put(b"Return-Path: <" + self.id.encode() + b">\r\n" + mail.as_bytes())
        return str(mail["Message-ID"])


class EmailServer:
    """`refusals` are mails that broke a rule; faults are told by the step `DATA`, `RCPT` or `MAIL`. With `tls` both
    servers speak nothing else.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.mailbox = MailboxServer(USER, PASSWORD, tls)
        self.port = 0
        self.refusals: list[str] = []
        self.taken: list[bytes] = []
        self.people: dict[str, EmailPerson] = {}
        self.faults = wire_faults.Faults()
        self.says_of_mails = ""  # what DATA is answered
        self.connections = 0  # how many were made
        self.says_to: dict[str, str] = {}  # what RCPT is answered for an address
        self._counts: dict[str, int] = {}
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._connections: list[_Connection] = []
        self._numbers = count(1)

    def person(self, address: str = "ann@people.example", name: str = "Ann") -> EmailPerson:
        return self.people.setdefault(address, EmailPerson(self, address, name))

    def fails(self, method: str, *faults: wire_faults.Fault) -> None:
        """The next of these steps go wrong, one for each fault."""
        self.faults.add(method, *faults)

    def count(self, method: str) -> int:
        """How often this step was asked for, failed ones too."""
        return self._counts.get(method, 0)

    async def until(self, condition: Callable[[], object], timeout: float = 10.0) -> None:
        """Wait until `condition()` holds; it is asked whenever a mail came."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(condition)

    async def tell_waiters(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        await self.mailbox.__aenter__()
        self._server = await loop.create_server(self._connected, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self.drop()
        await self.mailbox.__aexit__(None, None, None)

    # what aiosmtpd asks

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := await self._fault("MAIL", server):
            return answer
        if not session.authenticated:
            return self._refused("530 5.7.0 log in first")
        if address != ADDRESS:
            return self._refused("550 5.7.1 not your address")
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if answer := await self._fault("RCPT", server):
            return answer
        person = self.people.get(address)
        if address in self.says_to:
            return self.says_to[address]
        if person is None or person.has_blocked:
            return "550 5.1.1 <" + address + ">: user unknown"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self._counts["DATA"] = self.count("DATA") + 1
        fault = self.faults.take("DATA")
        if answer := await _before(fault, server):
            return answer
        if self.says_of_mails:
            return self.says_of_mails
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        if wrong := wrong_with(content, envelope):
            return self._refused(f"554 5.6.0 {wrong}")
        self.taken.append(content)
        self._deliver(content, envelope.rcpt_tos[0])
        await self.tell_waiters()
        return await _after(fault, server)

    async def _fault(self, step: str, server: SMTP) -> str:
        self._counts[step] = self.count(step) + 1
        return await _before(self.faults.take(step), server)

    def _refused(self, answer: str) -> str:
        self.refusals.append(answer)
        return answer

    async def drop(self) -> None:
        """Break off all connections."""
        for connection in self._connections:
            await connection.end()
        self._connections.clear()

    def _connected(self) -> SMTP:
        self.connections += 1
        self._connections.append(_Connection(self))
        return self._connections[-1]

    def _deliver(self, content: bytes, recipient: str) -> None:
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        person = self.people[recipient]
        # A mail that comes twice is shown once: mail programs know it by its id.
        if all(shown.id != mail["Message-ID"] for shown in person.shown):
            person.show(shown_of(mail))


class _Connection(SMTP):
    """One connection to the server, which can be broken off."""

    def __init__(self, platform: EmailServer) -> None:
        def authenticator(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
            right = isinstance(data, LoginPassword) and (data.login, data.password) == (
                USER.encode(),
                PASSWORD.encode(),
            )
            return AuthResult(success=right, handled=False)

        super().__init__(
            platform,
            hostname="mail.shop.example",
            loop=asyncio.get_running_loop(),
            authenticator=authenticator,
            auth_require_tls=False,
            data_size_limit=MOST,
            enable_SMTPUTF8=True,
        )

    async def end(self) -> None:
        _break(self)
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()
            await asyncio.gather(self._handler_coroutine, return_exceptions=True)


def _break(server: SMTP) -> None:
    """As a crashed server does."""
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()


async def _before(fault: wire_faults.Fault | None, server: SMTP) -> str:
    """What a bad day answers instead of the work; "" where the work is done."""
    match fault:
        case Status(code, text):
            return f"554 5.6.0 {text}" if text and code < 500 else "451 4.3.0 try again later"
        case TooMany(after):
            return f"450 4.7.1 you send too many mails, try again in {after} seconds"
        case Reset():
            _break(server)
            return "421 gone"
        case Hang():
            await wire_faults.hang()
    return ""


async def _after(fault: wire_faults.Fault | None, server: SMTP) -> str:
    match fault:
        case Late(seconds):
            await asyncio.sleep(seconds)
        case Lost():
            _break(server)
        case Cut():
            transport = server.transport
            assert isinstance(transport, asyncio.WriteTransport)
            transport.write(b"25")
            transport.close()
        case Garbage():
            return "{{{ what is this"
    return "250 2.0.0 queued"


def shown_of(mail: EmailMessage) -> Shown:
    """A mail as its reader sees it: the plain words, and the files."""
    body = mail.get_body(("plain",))
    assert isinstance(body, MIMEPart)
    files = tuple(
        ShownFile(str(part.get_filename()), _bytes(part), part.get_content_type()) for part in mail.iter_attachments()
    )
    headers = {name: str(value) for name, value in mail.items()}
    return Shown(
        str(mail["Message-ID"]), str(body.get_content()).replace("\r\n", "\n").rstrip("\n"), files=files, raw=headers
    )


def _bytes(part: Any) -> bytes:
    content = part.get_content()
    return content if isinstance(content, bytes) else str(content).encode()


def wrong_with(content: bytes, envelope: Envelope) -> str:
    """Which rule a mail breaks; "" for none."""
    if not content.isascii() and not envelope.smtp_utf8:
        return "8-bit characters in a mail that does not say so"
    if re.search(rb"(?<!\r)\n|\r(?!\n)", content):
        return "a line that does not end with CRLF"
    if any(len(line) > LONGEST_LINE for line in content.split(b"\r\n")):
        return "a line of more than 998 characters"
    mail = message_from_bytes(content, policy=policy.default)
    once = ("From", "To", "Date", "Message-ID", "Subject", "MIME-Version")
    if wrong := next((name for name in once if len(mail.get_all(name, [])) != 1), ""):
        return f"there must be one {wrong}"
    if not re.fullmatch(r"<[^<>\s@]+@[^<>\s@]+>", str(mail["Message-ID"])):
        return "a Message-ID that is none"
    if ADDRESS not in str(mail["From"]) or mail["To"].addresses[0].addr_spec not in envelope.rcpt_tos:
        return "the header names others than the envelope"
    if mail.defects or any(part.defects for part in mail.walk()):
        return "it is not well made"
    assert isinstance(mail, EmailMessage)
    return "" if mail.get_body(("plain",)) and mail.get_body(("html",)) else "no words"
