"""A stand-in for Telegram that takes every call, and remembers who was sent something."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
BOT = {"message_id": 1, "id": 42, "is_bot": True, "first_name": "Bench", "username": "bench_bot"}


class Telegram:
    """Takes every call, and counts the people who were sent something."""

    def __init__(self) -> None:
        self.chats: set[bytes] = set()
        self.messages = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = LENGTH.search(head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                is_message = b"/sendMessage" in head.partition(b"\r\n")[0]
                self.messages += is_message
                if is_message and (chat := re.search(rb'chat_id"?[:=\s"]+(\d+)', body)):
                    self.chats.add(chat[1])
                method = head.split(b" ", 2)[1]
                plain = any(word in method for word in (b"Webhook", b"Commands", b"ChatAction"))
                told = json.dumps({"ok": True, "result": True if plain else BOT}).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(told)
                )
                writer.write(told)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.close()


@asynccontextmanager
async def telegram() -> AsyncIterator[tuple[Telegram, str]]:
    """The stand-in, and its address."""
    stand_in = Telegram()
    server = await asyncio.start_server(stand_in.serve, "127.0.0.1", 0)
    try:
        yield stand_in, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@contextmanager
def telegram_beside() -> Iterator[str]:
    """The same in a thread, for what has no loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    stand_in = telegram()
    _, address = asyncio.run_coroutine_threadsafe(stand_in.__aenter__(), loop).result()
    try:
        yield address
    finally:
        asyncio.run_coroutine_threadsafe(stand_in.__aexit__(None, None, None), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
