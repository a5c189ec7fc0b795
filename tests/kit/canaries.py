"""Servers that nobody must call, and hundreds of ways in which an address can name them or another inner place.

async with Canaries() as canaries:
    for address in canaries.addresses(): ...  # give it to the program, wherever a stranger could
    assert await canaries.callers() == []
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType

from tests.servers import free_port

LISTEN = ("127.0.0.1", "::1")
#: This machine, its neighbours and the one that tells clouds their secrets, as they are written and as they can be.
HOSTS = (
    "127.0.0.1", "127.1", "127.0.0.1.", "2130706433", "0x7f000001", "0x7f.0.0.1", "017700000001", "0177.0.0.1",
    "0.0.0.0", "0", "localhost", "LocalHost.", "\uff11\uff12\uff17.\uff10.\uff10.\uff11",
    "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460", "127\u30020\u30020\u30021", "\u24db\u24de\u24d2alhost",
    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]", "[::1%25lo]", "api.telegram.org@127.0.0.1", "api.telegram.org:x@[::1]",
    "169.254.169.254", "100.64.0.1", "[fd00::1]", "canary.invalid",
)  # fmt: skip
SHAPES = (
    "http://{}/x", "https://{}/x", "HTTP:////{}/x", "http:\\\\{}\\x", "//{}/x", "\\\\{}\\x", "/\\{}/x", "@{}/x",
    "?@{}/x", "../..//{}/x", " http://{}/x", "\r\nHost: {}\r\n\r\n", "ftp://{}/x", "gopher://{}/_x", "ws://{}/x",
)  # fmt: skip


class Canaries:
    """One port on each loopback address. Whoever connects gets a page, and is remembered."""

    def __init__(self) -> None:
        self.port = free_port()
        self._callers: list[tuple[str, int]] = []
        self._servers: dict[str, asyncio.Server] = {}

    async def __aenter__(self) -> Canaries:
        for host in LISTEN:
            with suppress(OSError):  # a machine without IPv6
                self._servers[host] = await asyncio.start_server(self._answer, host, self.port)
        assert LISTEN[0] in self._servers
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers.values():
            server.close()
            await server.wait_closed()

    def addresses(self) -> list[str]:
        """Every host in every shape."""
        return [shape.format(self.at(host)) for shape in SHAPES for host in HOSTS]

    def at(self, host: str) -> str:
        """Host and port."""
        return f"{host}:{self.port}"

    async def callers(self) -> list[tuple[str, int]]:
        """Who has connected since this was asked last, but for this call itself, which waits its turn behind them."""
        own = set()
        for host in self._servers:
            reader, writer = await asyncio.open_connection(host, self.port)
            own.add(writer.get_extra_info("sockname")[:2])
            assert (await reader.read()).endswith(b"canary")
            writer.close()
            await writer.wait_closed()
        found, self._callers = self._callers, []
        return [caller for caller in found if caller not in own]

    async def _answer(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._callers.append(writer.get_extra_info("peername")[:2])
        with suppress(OSError):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\ncanary")
            await writer.drain()
            writer.close()
            await writer.wait_closed()
