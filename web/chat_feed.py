"""Live messages to visitors: each socket gets every message of its conversation once, in order, without a gap."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client import Gauge

from bot.core.events import (
    Event,
    MessageChanged,
    MessageSaid,
    MessageStored,
    Missed,
    OrderChanged,
    OwnerChanged,
    TalkMoved,
    Typing,
)
from bot.core.payment import Device
from bot.services import pay_links, threads, visitors
from bot.services.threads import VISIBLE, MessageView, Page
from bot.services.visitors import Place, Room, Visit
from web.files import FileLinks
from web.views import Json, message, messages

Send = Callable[[str, str, object], Awaitable[bool]]
"""`send(sid, event, body)`; False when the socket is gone."""

SOCKETS = Gauge("parley_chat_sockets", "Open sockets of visitors")
CATCH_UP = 200
FIRST = 50


@dataclass(slots=True)
class ChatSocket:
    """One open browser. `sent` is the last seq it was given; before `ready` nothing is pushed to it."""

    sid: str
    visit: Visit
    locale: str
    device: Device  # what its browser says that it is
    known: bool  # the visitor has a row
    conversation_id: int | None = None
    sent: int = 0
    ready: bool = False
    missed: bool = False  # something came before it was ready
    owner: str | None = None  # who it was told looks after it


class ChatFeed:
    """The open sockets by lane, and what goes out to them."""

    def __init__(self, send: Send, links: FileLinks, called: Callable[[str, str], str]) -> None:
        self._send = send
        self._links = links
        self._called = called
        self._lanes: dict[str, list[ChatSocket]] = {}
        # The bus and a look at the database may come at once; what one sends the other must not overtake.
        self._turn = asyncio.Lock()

    def join(self, socket: ChatSocket) -> None:
        """From now on its events are noticed; they are sent once `welcome` is through."""
        self._lanes.setdefault(socket.visit.lane, []).append(socket)
        SOCKETS.inc()

    def leave(self, socket: ChatSocket) -> None:
        """The socket is gone."""
        sockets = self._lanes.get(socket.visit.lane, [])
        if socket in sockets:
            sockets.remove(socket)
            SOCKETS.dec()
        if not sockets:
            self._lanes.pop(socket.visit.lane, None)

    async def welcome(self, socket: ChatSocket, where: Place | None, after: int, session: dict[str, Any]) -> None:
        """Send `session` with what the browser lacks, then whatever came meanwhile, then go live."""
        page = await _first_page(where, after)
        last = page.messages[-1].seq if page.messages else after
        behind = page.more and after > 0
        session |= {
            "owner": {"name": where.owner} if where and where.owner else None,
            "continues": await self._continues(where, socket.locale),
            "messages": messages(page.messages, self._links, staff=False),
            # Not what the browser says: one that has seen more than there is learns that the server was set back.
            "last": max(page.messages[-1].seq if page.messages else 0, where.last_seq if where else 0),
            "more": page.more,
        }
        if not await self._send(socket.sid, "session", session):
            return
        # A browser that is far behind asks for the rest; what comes live from here on does not wait for that.
        socket.sent = where.last_seq if where and behind else last
        socket.conversation_id = where.conversation_id if where else None
        socket.owner = where.owner if where else None
        await self._go_live(socket)

    async def _go_live(self, socket: ChatSocket) -> None:
        while socket.missed:
            socket.missed = False
            await self._push_to([socket], socket.conversation_id)
        socket.ready = True

    async def on_events(self, events: Sequence[Event]) -> None:
        """The bus: one batch. Nothing is looked at while no chat is open."""
        if not self._lanes:
            return
        async with self._turn:
            await self._tell(events)

    async def look(self) -> None:
        """Events may be missing: bring every open socket up to date from the database."""
        async with self._turn:
            await self._push_everything()

    async def _tell(self, events: Sequence[Event]) -> None:
        if any(isinstance(event, Missed) for event in events):
            await self._push_everything()
        await self._push_stored([event for event in events if isinstance(event, MessageStored)])
        changed = [
            (event.lane, event.conversation_id, event.seq) for event in events if isinstance(event, MessageChanged)
        ]
        await self._push_changed([*changed, *await self._offers(events)])
        for event in events:
            if isinstance(event, OwnerChanged | Typing):
                await self._push_state(event)
            elif isinstance(event, TalkMoved):
                await self._push_moved(event)

    async def _push_stored(self, events: Iterable[MessageStored]) -> None:
        behind: dict[int, list[ChatSocket]] = {}
        for event in events:
            fresh: list[ChatSocket] = []
            for socket in self._lanes.get(event.lane, ()):
                socket.conversation_id = event.conversation_id
                if not socket.ready:
                    socket.missed = True
                elif isinstance(event, MessageSaid) and event.seq == socket.sent + 1:
                    fresh.append(socket)
                elif event.seq > socket.sent and socket not in behind.setdefault(event.conversation_id, []):
                    behind[event.conversation_id].append(socket)
            if fresh and isinstance(event, MessageSaid):
                await self._push_said(fresh, event)
        if behind:
            await self._push(behind)

    async def _push_said(self, sockets: Iterable[ChatSocket], event: MessageSaid) -> None:
        """What comes right behind the last one that a socket has needs no look at the database.

        Whoever is behind for another reason is not given this one: it would leave a gap.
        """
        if event.author in VISIBLE:
            bodies = [(event.seq, message(threads.plain(event), self._links, staff=False))]
            for socket in sockets:
                await self._push_bodies(socket, bodies)

    async def _push_everything(self) -> None:
        """One query says which conversations have come further than their sockets."""
        rooms = await visitors.rooms(list(self._lanes))
        behind: dict[int, list[ChatSocket]] = {}
        for room in rooms:
            for socket in self._lanes.get(room.lane, ()):
                socket.conversation_id = room.conversation_id
                if not socket.ready:
                    socket.missed = True
                elif room.last_seq > socket.sent:
                    behind.setdefault(room.conversation_id, []).append(socket)
        await self._push(behind)
        for room in rooms:
            for socket in behind.get(room.conversation_id, ()):
                # A note of staff is the last one, which visitors do not see: it need not be looked for again.
                socket.sent = max(socket.sent, room.last_seq)
            await self._push_owner(room)

    async def _push_owner(self, room: Room) -> None:
        if any(socket.owner != room.owner for socket in self._lanes.get(room.lane, ())):
            await self._push_state(OwnerChanged(room.conversation_id, room.lane, room.owner))

    async def _push_to(self, sockets: list[ChatSocket], conversation_id: int | None) -> None:
        if conversation_id is not None:
            await self._push({conversation_id: sockets})

    async def _push(self, behind: dict[int, list[ChatSocket]]) -> None:
        wanted = {
            conversation: min(socket.sent for socket in sockets) for conversation, sockets in behind.items() if sockets
        }
        found = await threads.since(wanted, staff=False) if wanted else {}
        for conversation, views in found.items():
            bodies = [(view.seq, message(view, self._links, staff=False)) for view in views]
            for socket in behind[conversation]:
                await self._push_bodies(socket, bodies)

    async def _push_bodies(self, socket: ChatSocket, bodies: Iterable[tuple[int, Json]]) -> None:
        for seq, body in bodies:
            if seq <= socket.sent:
                continue
            socket.sent = seq  # before the await: nobody else may send the same one meanwhile
            if not await self._send(socket.sid, "message", body):
                return

    async def _offers(self, events: Sequence[Event]) -> list[tuple[str, int, int]]:
        """Messages that offer to pay an order which is another one now: their link may be used up."""
        orders = list(dict.fromkeys(event.order_id for event in events if isinstance(event, OrderChanged)))
        offers = await pay_links.offers(orders) if orders and self._lanes else []
        return [(offer.lane, offer.conversation_id, offer.seq) for offer in offers]

    async def _push_changed(self, changed: Iterable[tuple[str, int, int]]) -> None:
        """Lane, conversation and seq of messages that read differently now."""
        wanted = {(conversation, seq): lane for lane, conversation, seq in changed if lane in self._lanes}
        for view in await threads.some(wanted) if wanted else ():
            if view.author in VISIBLE:
                await self._update(wanted[view.conversation_id, view.seq], view)

    async def _update(self, lane: str, view: MessageView) -> None:
        body = message(view, self._links, staff=False)
        for socket in list(self._lanes.get(lane, ())):
            if socket.ready and view.seq <= socket.sent:
                await self._send(socket.sid, "update", body)

    async def _continues(self, where: Place | None, locale: str) -> str:
        """The app where the talk goes on until the visitor writes here, as their language calls it; else ""."""
        account = await visitors.account_of(where.continues_in) if where and where.continues_in else ""
        return self._called(account, locale) if account else ""

    async def _push_moved(self, event: TalkMoved) -> None:
        """Other tabs of the visitor's show it as well."""
        for socket in list(self._lanes.get(event.lane, ())):
            if socket.ready:
                body = await self._continues(await visitors.place(socket.visit), socket.locale)
                await self._send(socket.sid, "continues", body)

    async def _push_state(self, event: OwnerChanged | Typing) -> None:
        name, body = _state(event)
        for socket in list(self._lanes.get(event.lane, ())):
            if isinstance(event, OwnerChanged):
                socket.owner = event.name
            if name and socket.ready:
                await self._send(socket.sid, name, body)


def _state(event: OwnerChanged | Typing) -> tuple[str, Any]:
    if isinstance(event, OwnerChanged):
        return "owner", {"name": event.name} if event.name else None
    if event.who == "customer":
        return "", None
    return "typing", {"who": event.who, "name": event.name}


async def _first_page(where: Place | None, after: int) -> Page:
    if where is None:
        return Page((), more=False)
    if after > 0:
        return await threads.later(where.conversation_id, after, CATCH_UP, staff=False)
    return await threads.newest(where.conversation_id, FIRST, staff=False)
