"""Packets through PostgreSQL's own LISTEN and NOTIFY, so that nodes hear each other without a further server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import asyncpg

CHANNEL = "parley"
_MOST = 10_000  # packets that wait to be read
_KEPT = ("host", "port", "target_session_attrs", "passfile", "service")


class PostgresLine:
    """See `Line`: a connection of its own, outside the pool."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._heard: asyncio.Queue[bytes | None] = asyncio.Queue(_MOST)

    async def start(self) -> None:
        """Listen. What it says need not be on disk, so nobody waits for the disk."""
        self._connection.add_termination_listener(self._ended)
        await self._connection.execute("SET synchronous_commit = off")
        await self._connection.add_listener(CHANNEL, self._came)

    async def send(self, packet: bytes) -> None:
        try:
            await self._connection.execute("SELECT pg_notify($1, $2)", CHANNEL, packet.decode())
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise _lost(error) from None

    async def receive(self) -> bytes:
        packet = await self._heard.get()
        if packet is None:
            raise ConnectionError("the connection to PostgreSQL ended")
        return packet

    def _came(self, _connection: object, _pid: int, _channel: str, packet: str) -> None:
        if self._heard.full():
            self._ended()
        else:
            self._heard.put_nowait(packet.encode())

    def _ended(self, _connection: object = None) -> None:
        while self._heard.full():
            self._heard.get_nowait()
        self._heard.put_nowait(None)


class PostgresCarrier:
    """See `Carrier`; every database has its own channel by nature."""

    largest = 7_900  # PostgreSQL takes less than 8,000 bytes

    def __init__(self, url: str) -> None:
        self._url = url

    @asynccontextmanager
    async def open(self) -> AsyncIterator[PostgresLine]:
        """One connection that listens and speaks."""
        try:
            connection = await asyncpg.connect(_address(self._url), timeout=2.0, command_timeout=3.0)
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise _lost(error) from None
        line = PostgresLine(connection)
        try:
            await line.start()
            yield line
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise _lost(error) from None
        finally:
            connection.remove_termination_listener(line._ended)  # noqa: SLF001 - we end it ourselves
            try:
                await connection.close(timeout=1.0)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                connection.terminate()


def _address(url: str) -> str:
    """As the driver takes it: what the URL says to the pool would be a setting that the server does not know."""
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name.startswith("ssl") or name in _KEPT]
    return parts._replace(scheme="postgres", query=urlencode(kept)).geturl()


def _lost(error: Exception) -> ConnectionError:
    return ConnectionError(f"{type(error).__name__}: {error}")
