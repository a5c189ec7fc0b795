"""Mail servers that need no package: SMTP for what leaves, IMAP for what people write, and the wire for who looks on.

async with PostOffice() as office:
    ann = office.person("ann@people.example", "Ann")
    await ann.says("hi")                     # lies in our mailbox
"""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from time import time
from types import TracebackType
from typing import Self

from tests.kit.platforms.exchange import Exchange, Observer, nobody
from tests.kit.platforms.letters import ADDRESS, PASSWORD, USER, EmailPerson, shown_of, wrong_with
from tests.kit.platforms.small_imap import SmallImap

MOST = 64 * 1024 * 1024  # bytes of a mail
#: In `Exchange.status`: both protocols answer in words, and a number is wanted.
DONE, REFUSED = 250, 554
_IN_PLAIN = ("From", "To", "Date", "Subject", "Message-ID", "In-Reply-To", "Auto-Submitted", "List-Unsubscribe")


class PostOffice:
    """Both servers of one mailbox. `unconfirmed` are the mails that the shop has not fetched yet, by Message-ID."""

    def __init__(self) -> None:
        self.mailbox = SmallImap(USER, PASSWORD, self._heard)
        self.port = 0
        self.people: dict[str, EmailPerson] = {}
        self.unconfirmed: set[str] = set()
        self.now = time  # seconds since 1970
        self._sent: dict[bytes, tuple[str, EmailPerson]] = {}
        self._observer: Observer = nobody
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def person(self, address: str, name: str) -> EmailPerson:
        return self.people.setdefault(address, EmailPerson(self, address, name))

    def watched_by(self, observer: Observer) -> None:
        """`observer` is shown every mail on its way, and what is asked of the mailbox about it."""
        self._observer = observer

    def in_plain(self, body: bytes) -> bytes:
        """A mail as people read it; b"" for what is none."""
        mail = message_from_bytes(body, policy=policy.default)
        if not isinstance(mail, EmailMessage) or not mail["Message-ID"]:
            return b""
        lines = [f"{name}: {mail[name]}" for name in _IN_PLAIN if mail[name]]
        words = mail.get_body(("plain",))
        said = str(words.get_content()).replace("\r\n", "\n") if isinstance(words, MIMEPart) else ""
        files = [f"[{part.get_filename()}, {part.get_content_type()}]" for part in mail.iter_attachments()]
        return "\n".join([*lines, "", said.rstrip("\n"), *files]).encode()

    async def takes(self, mail: bytes, message_id: str, person: EmailPerson) -> None:
        """A mail of hers arrives in our mailbox."""
        self._sent[mail] = message_id, person
        self.unconfirmed.add(message_id)
        self.mailbox.put(mail, self.now())
        self._shows(Exchange("parley", "IMAP", f"* {len(self.mailbox.mails)} EXISTS", {}), DONE)

    async def until(self, condition: Callable[[], object], timeout: float = 30.0) -> None:
        """Wait until `condition()` holds; it is asked whenever a mail came."""
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(condition)

    async def tell_waiters(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def __aenter__(self) -> Self:
        await self.mailbox.start()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=MOST)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.mailbox.stop()

    def delivered(self, content: bytes, recipients: list[str], *, in_utf8: bool) -> str:
        """What DATA is answered."""
        wrong = wrong_with(content, recipients, in_utf8=in_utf8)
        answer = f"554 5.6.0 {wrong}" if wrong else "250 2.0.0 queued"
        if not wrong:
            mail = message_from_bytes(content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            shown = shown_of(mail)
            person = self.people[recipients[0]]
            if all(known.id != shown.id for known in person.shown):
                person.show(shown)
        target = f"MAIL FROM:<{ADDRESS}> RCPT TO:<{recipients[0]}> DATA"
        exchange = Exchange("platform", "SMTP", target, {}, content)
        self._shows(exchange, REFUSED if wrong else DONE, answer.encode())
        return answer

    def _heard(self, mail: bytes, command: str, told: bytes) -> None:
        message_id, person = self._sent[mail]
        if told:
            self.unconfirmed.discard(message_id)
        else:
            person.seen.add(message_id)
        self._shows(Exchange("platform", "IMAP", command, {}), DONE, told)

    def _shows(self, exchange: Exchange, status: int, answer: bytes = b"") -> None:
        self._observer(exchange)
        exchange.ends(status, answer)
        self._observer(exchange)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await _Smtp(self, reader, writer).run()
        except (OSError, asyncio.IncompleteReadError):
            pass  # who is gone is gone
        finally:
            self._tasks.discard(task)
            writer.close()


class _Smtp:
    """One connection of SMTP (RFC 5321), which sends for whoever has logged in."""

    def __init__(self, office: PostOffice, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._office = office
        self._reader = reader
        self._writer = writer
        self._may_send = False
        self._begin()

    def _begin(self) -> None:
        self._recipients: list[str] = []
        self._in_utf8 = False

    async def run(self) -> None:
        self._say("220 mail.shop.example ESMTP")
        while line := await self._reader.readline():
            name, _, rest = line.decode().strip().partition(" ")
            for answer in await self._answers(name.upper(), rest):
                self._say(answer)
            await self._writer.drain()
            if name.upper() == "QUIT":
                return

    async def _answers(self, name: str, rest: str) -> list[str]:
        match name:
            case "EHLO" | "HELO":
                return ["250-mail.shop.example", "250-AUTH PLAIN", "250-8BITMIME", "250-SMTPUTF8", f"250 SIZE {MOST}"]
            case "AUTH":
                return [self._logged_in(rest)]
            case "MAIL":
                return [self._from(rest)]
            case "RCPT":
                return [self._to(rest)]
            case "DATA":
                return [await self._data()]
            case "RSET" | "NOOP":
                self._begin()
                return ["250 2.0.0 OK"]
            case "QUIT":
                return ["221 2.0.0 bye"]
        return ["502 5.5.1 there is no such command here"]

    def _logged_in(self, rest: str) -> str:
        mechanism, _, initial = rest.partition(" ")
        if mechanism.upper() != "PLAIN" or not initial:
            return "504 5.5.4 only PLAIN, with its answer in the same line"
        self._may_send = b64decode(initial).split(b"\0")[1:] == [USER.encode(), PASSWORD.encode()]
        return "235 2.7.0 welcome" if self._may_send else "535 5.7.8 wrong name or password"

    def _from(self, rest: str) -> str:
        self._begin()
        if not self._may_send:
            return "530 5.7.0 log in first"
        if f"<{ADDRESS}>" not in rest:
            return "550 5.7.1 not your address"
        self._in_utf8 = "SMTPUTF8" in rest
        return "250 2.1.0 OK"

    def _to(self, rest: str) -> str:
        address = rest.partition("<")[2].partition(">")[0]
        person = self._office.people.get(address)
        if person is None or person.has_blocked:
            return f"550 5.1.1 <{address}>: user unknown"
        self._recipients.append(address)
        return "250 2.1.5 OK"

    async def _data(self) -> str:
        if not self._recipients:
            return "503 5.5.1 to whom?"
        self._say("354 go ahead")
        await self._writer.drain()
        content = await self._reader.readuntil(b"\r\n.\r\n")
        # A point that begins a line is doubled on the way (RFC 5321, 4.5.2).
        content = content[:-3].replace(b"\r\n..", b"\r\n.").removeprefix(b".")
        answer = self._office.delivered(content, self._recipients, in_utf8=self._in_utf8)
        await self._office.tell_waiters()
        return answer

    def _say(self, line: str) -> None:
        self._writer.write(line.encode() + b"\r\n")
