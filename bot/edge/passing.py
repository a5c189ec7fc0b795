"""Open connections go from one process to the other, with the bytes that have come on them."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable

#: What a connection may have sent before it is passed; one with more stays where it is.
MOST = 64 * 1024

Taken = Callable[[socket.socket, bytes], None]


class Passing:
    """One end of a pair of local sockets that keep messages apart. `taken` gets each connection that comes over."""

    def __init__(self, end: socket.socket, taken: Taken) -> None:
        self._end = end
        self._taken = taken
        end.setblocking(False)
        asyncio.get_running_loop().add_reader(end.fileno(), self._take)

    def give(self, transport: asyncio.Transport, data: bytes) -> bool:
        """Pass the connection on; False when it must stay here."""
        if not 0 < len(data) <= MOST:
            return False
        try:
            socket.send_fds(self._end, [data], [transport.get_extra_info("socket").fileno()])
        except OSError:  # the other end is gone, or has no room for one more
            return False
        transport.abort()  # closes our copy only: the connection itself goes on over there
        return True

    def close(self) -> None:
        """Take no more."""
        asyncio.get_running_loop().remove_reader(self._end.fileno())
        self._end.close()

    def _take(self) -> None:
        try:
            data, handles, _, _ = socket.recv_fds(self._end, MOST, 1)
        except BlockingIOError:
            return
        except OSError:
            data, handles = b"", []
        if not handles:  # the other end is gone
            asyncio.get_running_loop().remove_reader(self._end.fileno())
            return
        for handle in handles[1:]:
            os.close(handle)
        connection = socket.socket(fileno=handles[0])
        connection.setblocking(False)
        self._taken(connection, data)
