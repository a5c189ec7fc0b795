"""Hands mails to an SMTP server over a few connections that are kept for a moment."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiosmtplib import SMTP, SMTPException

from bot.channels.email.headers import mailbox
from bot.channels.email.mailbox import Untrusted
from bot.channels.email.meanings import meant
from bot.channels.email.settings import Settings
from bot.core import deadline

#: Connections at once; providers refuse more.
MOST_CONNECTIONS = 3
#: Seconds; servers close what is quiet for longer.
LONGEST_IDLE = 10.0
#: A large mail may take so many times as long as a step.
SLOWEST = 5


class Sender:
    """One account's way out."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._free: list[tuple[SMTP, float]] = []
        self._places = asyncio.Semaphore(MOST_CONNECTIONS)

    async def send(self, mail: bytes, sender: str, recipient: str) -> None:
        """Returns once the server has taken it. Raises as `Channel.send`, and `Untrusted`."""
        async with self._connection() as client:
            deadline.assure()
            options = [] if recipient.isascii() else ["SMTPUTF8", "BODY=8BITMIME"]
            await client.sendmail(sender, [mailbox(recipient)], mail, mail_options=options)

    async def look(self) -> None:
        """See that the server takes us. Raises as `send`."""
        async with self._connection():
            pass

    async def close(self) -> None:
        """Close connections; a later mail opens new ones."""
        free, self._free = self._free, []
        for client, _ in free:
            await _leave(client)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[SMTP]:
        """One that works; after an error it is broken off, since nobody knows what state it is in."""
        host, patience = self._settings.smtp_host, self._settings.timeout * SLOWEST
        async with self._places:
            client = None
            try:
                async with asyncio.timeout(patience):
                    client = await self._reused() or await self._opened()
                    yield client
            except (SMTPException, OSError, ValueError) as error:
                if client is not None:
                    client.close()
                raise meant(error, host) from None
            except BaseException:
                if client is not None:
                    client.close()
                raise
            self._free.append((client, asyncio.get_running_loop().time()))

    async def _reused(self) -> SMTP | None:
        now = asyncio.get_running_loop().time()
        while self._free:
            client, since = self._free.pop()
            if now - since < LONGEST_IDLE and client.is_connected:
                with suppress(SMTPException, OSError):
                    await client.noop()
                    return client
            client.close()
        return None

    async def _opened(self) -> SMTP:
        settings = self._settings
        security = settings.smtp_security
        client = SMTP(
            hostname=settings.smtp_host,
            port=settings.port("smtp"),
            timeout=settings.timeout,
            use_tls=security == "tls",
            start_tls=security == "starttls",
            tls_context=None if security == "none" else settings.tls(),
            local_hostname=settings.address.rpartition("@")[2],
        )
        try:
            await client.connect()
            await client.ehlo()
            if client.supports_extension("auth"):  # a server of one's own may know us by our address
                await client.login(*settings.login("smtp"))
        except BaseException as error:
            client.close()
            raise self._untrusted(error) or error from None
        return client

    def _untrusted(self, error: BaseException) -> Untrusted | None:
        """What is wrong with TLS here, if that is it; the library packs it into its own errors."""
        settings, cause = self._settings, error.__cause__ or error
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Untrusted(f"the certificate of {settings.smtp_host} is not believed: {cause.verify_message}")
        if isinstance(cause, ssl.SSLError) or (isinstance(error, SMTPException) and "STARTTLS" in error.message):
            where = f"{settings.smtp_host} speaks no {settings.smtp_security} at port {settings.port('smtp')}"
            return Untrusted(where)
        return None


async def _leave(client: SMTP) -> None:
    with suppress(SMTPException, OSError, TimeoutError):
        await client.quit()
    client.close()
