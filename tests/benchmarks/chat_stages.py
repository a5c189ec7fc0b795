"""What one message of the web chat costs stage by stage, in one process: where the time of an acknowledgement goes.

    python -m tests.benchmarks.chat_stages [--rounds 5] [--total 4800]

Each stage is run for all messages before the next one begins, 32 at a time; a bot answers each. What the system's
calls to receive and send cost is not in it. Microseconds a message. Prints one JSON object.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time

from bot.channels.webchat import WebChat
from bot.core.message import Inbound
from bot.services.visitors import Visit
from bot.storage import links
from models.database import close_database, migrate, open_database
from tests.benchmarks.load.socket_load import frame
from tests.benchmarks.staged import Cost, cost, main
from tests.benchmarks.stages import CHATS, GROUP, Line
from web import packets
from web.chat_feed import ChatFeed, ChatSocket
from web.connection import MAX_PACKET
from web.files import FileLinks
from web.frames import TEXT, FrameReader
from web.frames import frame as frame_out


def sent(number: int) -> bytes:
    """A message as it comes over the wire."""
    return frame(f'42/chat,{number}["message",{{"id":"load-{number}","text":"echo mark-{number}-mark"}}]')


def inbound(number: int, packet: packets.Packet) -> Inbound:
    """What the namespace makes of it."""
    body, visitor = packet.data[1], f"{number % CHATS:032x}"
    return Inbound(
        account="webchat",
        key=f"{visitor}:{body['id']}",
        sender=visitor,
        kind="message",
        text=body["text"],
        locale="en",
        client_id=body["id"],
        sent_at=datetime.now(UTC),
    )


class Screens:
    """Every visitor has one open, which takes what it is told."""

    def __init__(self) -> None:
        self.bytes = 0
        self.feed = ChatFeed(self._send, FileLinks(links, b"secret", timedelta(hours=1), time))
        for number in range(CHATS):
            visit = Visit(f"{number:032x}", "")
            self.feed.join(ChatSocket(str(number), visit, "en", "desktop", known=True, ready=True))

    async def _send(self, _: str, event: str, body: object) -> bool:
        self.bytes += len(frame_out(TEXT, packets.event("/chat", event, body)))
        return True


async def measure(folder: Path, total: int) -> dict[str, Cost]:
    """One round."""
    await open_database(f"sqlite://{folder / 'stages.db'}")
    try:
        await migrate()
        line, screens, reader = Line(WebChat()), Screens(), FrameReader(MAX_PACKET)
        wire = [sent(number) for number in range(total)]
        inbounds: list[list[Inbound]] = []

        async def read() -> None:
            for number, data in enumerate(wire):
                ((_, payload),) = reader.feed(data)
                inbounds.append([inbound(number, packets.read(payload.decode()[1:]))])

        async def acknowledge() -> None:
            for number in range(total):
                frame_out(TEXT, packets.ack("/chat", str(number), {"ok": True, "id": f"load-{number}"}))

        async def show() -> None:
            for start in range(0, len(line.events), GROUP):
                await screens.feed.on_events(line.events[start : start + GROUP])

        found = {"frame and packet: read into an inbound": await cost(read(), total)}
        found["keep: one commit for what arrives together"] = await cost(line.keep(inbounds), total)
        found["acknowledge: write packet and frame"] = await cost(acknowledge(), total)
        found["turn: route, handle, render, commit"] = await cost(line.answer(), total)
        found["show: the message and its answer, packets and frames"] = await cost(show(), total)
        await line.close()
        if not screens.bytes:
            raise SystemExit("nothing was shown")
        return found
    finally:
        await close_database()


if __name__ == "__main__":
    main("chat_stages", __doc__, measure)
