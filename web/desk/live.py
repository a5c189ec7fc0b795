"""The desk's live namespace: what changed, to every open desk, in its reader's language."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import socketio  # type: ignore[import-untyped]
from aiohttp import web

from bot.core.events import (
    Event,
    FailureCount,
    MessageChanged,
    MessageStored,
    Missed,
    OrderChanged,
    ReviewChanged,
    RowChanged,
    RunChanged,
    Typing,
)
from bot.services import backoffice, conversations, report_desk, sessions, threads
from bot.services.staff import StaffView
from web import views
from web.desk.shapes import Shapes
from web.faults import fault
from web.files import FileLinks
from web.http import Problem
from web.origin import may_open_desk
from web.ports import Runtime
from web.settings import WebSettings
from web.sockets import Namespace, refused
from web.views import Json

log = logging.getLogger(__name__)
_COUNTS_EVERY = 1.0  # seconds
_CHECK_EVERY = 60.0

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
            await self._tell_viewers(socket.viewing)

    async def _view(self, sid: str, body: Any) -> None:
        wanted = body.get("conversation_id") if isinstance(body, dict) else 0
        if wanted is not None and (isinstance(wanted, bool) or not isinstance(wanted, int) or wanted <= 0):
            raise Problem(400, "bad_request")
        socket = self._sockets[sid]
        left, socket.viewing = socket.viewing, wanted
        for conversation_id in {left, wanted} - {None}:
            await self._tell_viewers(conversation_id)

    async def _tell_viewers(self, conversation_id: int | None) -> None:
        looking = [socket for socket in list(self._sockets.values()) if socket.viewing == conversation_id]
        staff = {socket.staff.id: socket.staff.name for socket in looking}
        body = {"conversation_id": conversation_id, "staff": [{"id": id_, "name": name} for id_, name in staff.items()]}
        for socket in looking:
            await self.send(socket.sid, "viewers", body)

    # Sessions end: a password was changed, an account was switched off, somebody logged out, time is over.

    async def end_sessions(self) -> None:
        """Close the sockets of sessions that do not stand any more."""
        now = self._clock()
        for socket in list(self._sockets.values()):
            if not await sessions.is_live(socket.session_id, now, self._settings.lifetime):
                await self.disconnect(socket.sid)

    async def _keep_checking(self) -> None:
        while True:
            await asyncio.sleep(_CHECK_EVERY)
            try:
                await self.end_sessions()
                for session_id in {socket.session_id for socket in list(self._sockets.values())}:
                    await sessions.touch(session_id, self._clock())
            except Exception as error:
                log.error("sessions were not checked", extra={"action": "desk.sessions"} | fault(error))

    # Live events.

    async def on_events(self, events: Sequence[Event]) -> None:
        """The bus: one batch. Nothing is read while no desk is open."""
        if not self._sockets:
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
                counted[who] = await conversations.counts(who)
            await self.send(socket.sid, "counts", counted[who])


def _ids(events: Sequence[Event], kind: type[Event], field: str) -> list[int]:
    return list(dict.fromkeys(getattr(event, field) for event in events if isinstance(event, kind)))
