"""A real IMAP server (pymap) on a free port, with one user; mails are put into it as a mail server would."""

from __future__ import annotations

import asyncio
import ssl
from argparse import Namespace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from proxyprotocol.reader import ProxyProtocolReader
from pymap.backend.dict import DictBackend
from pymap.backend.dict.mailbox import MailboxData
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pysasl.hashing import Cleartext

INBOX = "INBOX"


async def _update_selected(self: MailboxData, selected: Any, *, wait_on: Any = None) -> Any:
    """As servers do (RFC 2177): who begins to wait hears at once of what came before; pymap waits for the next."""
    is_behind = selected.mod_sequence is not None and selected.mod_sequence < self._mod_sequences.highest
    return await _waits(self, selected, wait_on=None if is_behind else wait_on)


_waits = MailboxData.update_selected
MailboxData.update_selected = _update_selected  # type: ignore[method-assign]


class MailboxServer:
    """`user` and `password` open it; everything is in memory. `number_anew` is what a rebuilt server does."""

    def __init__(self, user: str, password: str, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.user = user
        self.password = password
        self.port = 0
        self.mails: list[tuple[bytes, datetime]] = []
        self._server: asyncio.Server | None = None
        self._backend: DictBackend | None = None
        self._connections: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}

    async def __aenter__(self) -> Self:
        told = {"host": "127.0.0.1", "port": "0", "tls": False, "cert": None, "key": None, "debug": False}
        more = {
            "insecure_login": True,
            "reject_insecure_auth": False,
            "proxy_protocol": None,
            "inherited_sockets": None,
        }
        demo = {"demo_data": False, "demo_user": self.user, "demo_password": self.password, "passlib_cfg": None}
        self._backend, config = await DictBackend.init(Namespace(**told, **more, **demo), hash_context=Cleartext())
        config.apply_context()
        server = IMAPServer(self._backend.login, config)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, info: Any) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._connections[task] = writer
            try:
                await server(reader, writer, info)
            finally:
                del self._connections[task]

        connected = ProxyProtocolReader(config.proxy_protocol).get_callback(serve)
        self._server = await asyncio.start_server(connected, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self.drop()

    async def drop(self) -> None:
        """Break off all connections."""
        tasks = [*self._connections]
        for writer in self._connections.values():
            writer.transport.abort()
        if tasks:
            await asyncio.wait(tasks, timeout=5)

    async def put(self, mail: bytes, at: datetime | None = None) -> None:
        """Deliver a mail."""
        self.mails.append((mail, at or datetime.now(UTC)))
        await self._put(*self.mails[-1])

    async def number_anew(self, *lost: int) -> None:
        """Start over with the same mails, in another order, without those at these places."""
        await self.__aexit__(None, None, None)
        await self.__aenter__()
        self.mails = [one for place, one in enumerate(self.mails) if place not in lost]
        for mail, at in reversed(self.mails):
            await self._put(mail, at)

    async def flags(self, folder: str = INBOX) -> list[set[str]]:
        """The flags of each mail of a folder, in order."""
        box = await self._folder(folder)
        return [{str(flag) for flag in message.permanent_flags} async for message in box.messages()]

    async def add_folder(self, name: str) -> None:
        async with self._session() as session:
            await session.mailbox_set.add_mailbox(name)

    async def _put(self, mail: bytes, at: datetime) -> None:
        box = await self._folder(INBOX)
        await box.append(AppendMessage(mail, at, frozenset()))

    async def _folder(self, name: str) -> Any:
        async with self._session() as session:
            return await session.mailbox_set.get_mailbox(name)

    def _session(self) -> Any:
        assert self._backend is not None
        return self._backend.login.demo_user_identity.new_session()
