"""Mail servers for tests, real ones: SMTP (aiosmtpd) that checks what leaves as strictly as providers do, and IMAP.

async with EmailServer() as server:
    ann = server.person()
    await ann.says("hi")                     # lies in our mailbox
    assert (await ann.reads()).text == "Hello, Ann"
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from email import message_from_string, policy
from email.message import EmailMessage
from time import time
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.kit import wire_faults
from tests.kit.platforms.letters import ADDRESS, PASSWORD, USER, EmailPerson, shown_of, wrong_with
from tests.kit.platforms.mailbox import MailboxServer
from tests.kit.wire_faults import Cut, Garbage, Hang, Late, Lost, Reset, Status, TooMany

MOST = 25 * 1024 * 1024  # bytes of a mail


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
        self.now = time  # seconds since 1970
        self.faults = wire_faults.Faults()
        self.says_of_mails = ""  # what DATA is answered
        self.connections = 0  # how many were made
        self.says_to: dict[str, str] = {}  # what RCPT is answered for an address
        self._counts: dict[str, int] = {}
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._connections: list[_Connection] = []

    def person(self, address: str = "ann@people.example", name: str = "Ann") -> EmailPerson:
        return self.people.setdefault(address, EmailPerson(self, address, name))

    def fails(self, method: str, *faults: wire_faults.Fault) -> None:
        """The next of these steps go wrong, one for each fault."""
        self.faults.add(method, *faults)

    def count(self, method: str) -> int:
        """How often this step was asked for, failed ones too."""
        return self._counts.get(method, 0)

    async def until(self, condition: Callable[[], object], timeout: float = 30.0) -> None:
        """Wait until `condition()` holds; it is asked whenever a mail came."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(condition)

    async def tell_waiters(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def takes(self, mail: bytes, message_id: str, person: EmailPerson) -> None:
        """A mail of hers arrives in our mailbox."""
        await self.mailbox.put(mail)

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
        if wrong := wrong_with(content, envelope.rcpt_tos, in_utf8=envelope.smtp_utf8):
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
        mail = message_from_string(content.decode(), policy=policy.default)
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
        case Hang(ends):
            await ends.wait()
            _break(server)
            return "421 gone"
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
