"""The desk's live namespace: what changed, to every open desk, in its reader's language."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, TypeVar

import socketio  # type: ignore[import-untyped]
from aiohttp import web

from bot.core.events import (
    BooksChanged,
    Event,
    FailureCount,
    MessageChanged,
    MessageStored,
    Missed,
    OrderChanged,
    ReviewChanged,
    RowChanged,
    RunChanged,
    SessionsEnded,
    Typing,
    ViewersChanged,
)
from bot.core.faults import fault
from bot.services import backoffice, conversations, report_desk, sessions, threads
from bot.services.conversations import State
from bot.services.staff import StaffView
from web import views
from web.desk.counts import counts
from web.desk.shapes import Shapes
from web.desk.viewers import AGAIN, Elsewhere
from web.files import FileLinks
from web.http import Problem
from web.origin import may_open_desk
from web.ports import Runtime
from web.settings import WebSettings
from web.sockets import Namespace, refused
from web.views import Json

log = logging.getLogger(__name__)
_COUNTS_EVERY = 1.0  # seconds
_MOST_NEW = 50  # messages of one conversation between two looks; more are read when it is opened

Thing = TypeVar("Thing")


@dataclass(slots=True)
class DeskSocket:
    """One open desk."""

    sid: str
    session_id: int
    staff: StaffView
    viewing: int | None = None


class DeskNamespace(Namespace):
    """See docs/web-api.md, "The desk"."""

    def __init__(
        self,
        server: socketio.AsyncServer,
        runtime: Runtime,
        settings: WebSettings,
        links: FileLinks,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__("/desk", server, settings.socket_budget)
        self._runtime = runtime
        self._settings = settings
        self._links = links
        self._clock = clock
        self._sockets: dict[str, DeskSocket] = {}
        self._counts_due = asyncio.Event()
        self._process = secrets.token_hex(4)
        self._elsewhere = Elsewhere()
        self._seen: Mapping[int, State] = {}  # at the last look at the database
        self._tasks = [asyncio.create_task(self._keep_counts()), asyncio.create_task(self._keep_checking())]
        self.events = {"view": self._view}

    async def stop(self) -> None:
        """End the background tasks."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def locale_of(self, sid: str) -> str:
        """The reader's language."""
        socket = self._sockets.get(sid)
        return socket.staff.locale if socket else "en"

    async def opened(self, sid: str, request: web.Request, _: Any) -> None:
        """Only our own pages, only with a session."""
        token = request.cookies.get(self._settings.cookie, "")
        if not may_open_desk(request, self._settings):
            raise refused("forbidden")
        session = await sessions.find(token, self._clock(), self._settings.lifetime) if token else None
        if session is None or session.staff.must_change_password:
            raise refused("unauthorised")
        self._sockets[sid] = DeskSocket(sid, session.id, session.staff)

    async def closed(self, sid: str) -> None:
        """Forget the socket, and tell those who look at the same conversation."""
        socket = self._sockets.pop(sid, None)
        if socket and socket.viewing is not None:
            await self._viewers_changed(socket.viewing)

    async def _view(self, sid: str, body: Any) -> None:
        wanted = body.get("conversation_id") if isinstance(body, dict) else 0
        if wanted is not None and (isinstance(wanted, bool) or not isinstance(wanted, int) or wanted <= 0):
            raise Problem(400, "bad_request")
        socket = self._sockets[sid]
        left, socket.viewing = socket.viewing, wanted
        for conversation_id in {id_ for id_ in (left, wanted) if id_ is not None}:
            await self._viewers_changed(conversation_id, asks=conversation_id == wanted)

    def _viewers(self, conversation_id: int) -> dict[int, str]:
        looking = [socket for socket in list(self._sockets.values()) if socket.viewing == conversation_id]
        return {socket.staff.id: socket.staff.name for socket in looking}

    async def _viewers_changed(self, conversation_id: int, *, asks: bool = False) -> None:
        await self._tell_viewers(conversation_id)
        self._say_viewers(conversation_id, asks=asks)

    def _say_viewers(self, conversation_id: int, *, asks: bool = False) -> None:
        staff = tuple(self._viewers(conversation_id).items())
        self._runtime.bus.publish(ViewersChanged(conversation_id, self._process, staff, asks))

    async def _tell_viewers(self, conversation_id: int) -> None:
        staff = self._viewers(conversation_id) | self._elsewhere.of(conversation_id)
        body = {"conversation_id": conversation_id, "staff": [{"id": id_, "name": name} for id_, name in staff.items()]}
        for socket in list(self._sockets.values()):
            if socket.viewing == conversation_id:
                await self.send(socket.sid, "viewers", body)

    async def _hear_viewers(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, ViewersChanged) and event.process != self._process:
                self._elsewhere.note(event, monotonic())
                await self._tell_viewers(event.conversation_id)
                if event.asks and self._viewers(event.conversation_id):
                    self._say_viewers(event.conversation_id)

    # Sessions end: a password was changed, an account was switched off, somebody logged out, time is over.

    async def end_sessions(self) -> None:
        """Close the sockets of sessions that do not stand any more, on every node."""
        await self._end_sessions()
        self._runtime.bus.publish(SessionsEnded())

    async def _end_sessions(self) -> None:
        now = self._clock()
        for socket in list(self._sockets.values()):
            if not await sessions.is_live(socket.session_id, now, self._settings.lifetime):
                await self.part(socket.sid)

    async def _keep_checking(self) -> None:
        while True:
            await asyncio.sleep(AGAIN)
            self._elsewhere.forget_old(monotonic())
            for conversation_id in {socket.viewing for socket in list(self._sockets.values()) if socket.viewing}:
                self._say_viewers(conversation_id)
            try:
                await self._end_sessions()
                for session_id in {socket.session_id for socket in list(self._sockets.values())}:
                    await sessions.touch(session_id, self._clock())
            except Exception as error:
                log.error("sessions were not checked", extra={"action": "desk.sessions"} | fault(error))

    # Live events.

    async def on_events(self, events: Sequence[Event]) -> None:
        """The bus: one batch. Nothing is read while no desk is open."""
        if not self._sockets:
            self._elsewhere.clear()
            return
        if any(isinstance(event, Missed) for event in events):
            # A browser that comes back asks for everything anew.
            for sid in list(self._sockets):
                await self.cut(sid)
            return
        await self._push_rows([event.conversation_id for event in events if isinstance(event, RowChanged)])
        for kind, name in ((MessageStored, "message"), (MessageChanged, "update")):
            names = [(event.conversation_id, event.seq) for event in events if isinstance(event, kind)]
            await self._push_messages(name, names)
        await self._push_things(events)
        for event in events:
            await self._push_small(event)
        await self._hear_viewers(events)
        if any(isinstance(event, SessionsEnded) for event in events):
            await self._end_sessions()

    async def look(self, *, anew: bool) -> None:
        """Events may be missing: tell what the newest conversations show differently since the last look.

        `anew`: nobody looked before, so the desks must. Orders, reviews and runs wait until the events are back.
        """
        viewed = {socket.viewing for socket in list(self._sockets.values())} - {None}
        before, self._seen = self._seen, await conversations.states(sorted(id_ for id_ in viewed if id_))
        await self.on_events([Missed(1)] if anew else _changes(before, self._seen))

    async def _push_rows(self, ids: Sequence[int]) -> None:
        rows = await conversations.rows(list(dict.fromkeys(ids)))
        for row in rows.values():
            await self._each_language("row", Shapes.row, row)
        if rows:
            self._counts_due.set()

    async def _push_messages(self, name: str, names: Sequence[tuple[int, int]]) -> None:
        for view in await threads.some(names) if names else ():
            shown = views.message(view, self._links, staff=True)
            await self._everyone(name, {"conversation_id": view.conversation_id, "message": shown})

    async def _push_things(self, events: Sequence[Event]) -> None:
        for order in await backoffice.orders_by_id(_ids(events, OrderChanged, "order_id")):
            await self._each_language("order", Shapes.order, order)
        for review in await backoffice.reviews_by_id(_ids(events, ReviewChanged, "review_id")):
            await self._each_language("review", Shapes.review, review)
        for run in await report_desk.runs_by_id(_ids(events, RunChanged, "run_id")):
            await self._each_language("run", Shapes.run, run, role="manager")

    async def _push_small(self, event: Event) -> None:
        if isinstance(event, FailureCount):
            await self._everyone("failure", {"count": event.n})
        elif isinstance(event, BooksChanged):
            self._counts_due.set()
        elif isinstance(event, Typing) and event.who != "bot":
            await self._everyone("typing", {"conversation_id": event.conversation_id, "who": event.who})

    async def _everyone(self, event: str, body: Json) -> None:
        for socket in list(self._sockets.values()):
            await self.send(socket.sid, event, body)

    async def _each_language(
        self, event: str, make: Callable[[Shapes, Thing], Json], thing: Thing, *, role: str = "agent"
    ) -> None:
        made: dict[str, Json] = {}
        for socket in list(self._sockets.values()):
            locale = socket.staff.locale
            if socket.staff.may(role):
                body = made.get(locale) or made.setdefault(locale, make(self._shapes(locale), thing))
                await self.send(socket.sid, event, body)

    def _shapes(self, locale: str) -> Shapes:
        return Shapes(locale, self._links, self._runtime.channels)

    async def _keep_counts(self) -> None:
        while True:
            await self._counts_due.wait()
            self._counts_due.clear()
            try:
                await self._push_counts()
            except Exception as error:
                log.error("counts were not sent", extra={"action": "desk.counts"} | fault(error))
            await asyncio.sleep(_COUNTS_EVERY)

    async def _push_counts(self) -> None:
        counted: dict[int, Mapping[str, int]] = {}
        for socket in list(self._sockets.values()):
            who = socket.staff.id
            if who not in counted:
                counted[who] = await counts(socket.staff, self._clock())
            await self.send(socket.sid, "counts", counted[who])


def _changes(before: Mapping[int, State], now: Mapping[int, State]) -> list[Event]:
    """What the bus would have told, as far as two looks show it."""
    told: list[Event] = []
    for id_, state in now.items():
        known = before.get(id_)
        if known == state:
            continue
        told.append(RowChanged(id_))
        first = max(known.last_seq, state.last_seq - _MOST_NEW) + 1 if known else state.last_seq
        told += [MessageStored(id_, state.lane, seq) for seq in range(first, state.last_seq + 1)]
    return told


def _ids(events: Sequence[Event], kind: type[Event], field: str) -> list[int]:
    return list(dict.fromkeys(getattr(event, field) for event in events if isinstance(event, kind)))
