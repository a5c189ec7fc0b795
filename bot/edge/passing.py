"""Open connections go from one process to the other, with the bytes that have come on them.

The connection itself travels over a pair of local sockets of its own, its bytes as a record among the others; whichever
comes first waits for the other.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from itertools import count

import msgspec

NUMBER = 8  # bytes


class Passed(msgspec.Struct, frozen=True, array_like=True, tag="passed"):
    """What had come on the connection of this number."""

    id: int
    data: bytes


Taken = Callable[[socket.socket, bytes], None]


class Passing:
    """One end. `say` sends a record to the other one, `taken` gets each connection that comes over."""

    def __init__(self, end: socket.socket, say: Callable[[Passed], None], taken: Taken) -> None:
        self._end = end
        self._say = say
        self._taken = taken
        self._ids = count(1)
        self._connections: dict[int, socket.socket] = {}  # whose bytes have not come yet
        self._data: dict[int, bytes] = {}  # whose connection has not come yet
        end.setblocking(False)
        asyncio.get_running_loop().add_reader(end.fileno(), self._take)

    def give(self, transport: asyncio.Transport, data: bytes) -> bool:
        """Pass the connection on; False when it must stay here."""
        id_ = next(self._ids)
        try:
            handle = transport.get_extra_info("socket").fileno()
            socket.send_fds(self._end, [id_.to_bytes(NUMBER, "big")], [handle])
        except OSError:  # the other end is gone, or has no room for one more
            return False
        self._say(Passed(id_, data))
        transport.abort()  # closes our copy only: the connection itself goes on over there
        return True

    def heard(self, passed: Passed) -> None:
        """A record of the other end."""
        connection = self._connections.pop(passed.id, None)
        if connection is None:
            self._data[passed.id] = passed.data
        else:
            self._taken(connection, passed.data)

    def close(self) -> None:
        """Take no more."""
        asyncio.get_running_loop().remove_reader(self._end.fileno())
        self._end.close()
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def _take(self) -> None:
        try:
            number, handles, _, _ = socket.recv_fds(self._end, NUMBER, 1)
        except BlockingIOError:
            return
        except OSError:
            number, handles = b"", []
        if not handles:  # the other end is gone
            asyncio.get_running_loop().remove_reader(self._end.fileno())
            return
        for more in handles[1:]:
            os.close(more)
        connection = socket.socket(fileno=handles[0])
        connection.setblocking(False)
        id_ = int.from_bytes(number, "big")
        if id_ in self._data:
            self._taken(connection, self._data.pop(id_))
        else:
            self._connections[id_] = connection


class Resumed(asyncio.Protocol):
    """Feeds a connection's first bytes to `protocol` before it reads any more, then leaves it alone."""

    def __init__(self, protocol: asyncio.Protocol, data: bytes) -> None:
        self._protocol = protocol
        self._data = data

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.set_protocol(self._protocol)
        self._protocol.connection_made(transport)
        self._protocol.data_received(self._data)


async def resume(connection: socket.socket, protocol: asyncio.Protocol, data: bytes) -> None:
    """Go on with a connection that came over."""
    await asyncio.get_running_loop().connect_accepted_socket(lambda: Resumed(protocol, data), connection)
