"""The chat box's namespace: a visitor reads and writes one conversation, and an ack means that it is on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import Context
from datetime import datetime
from time import monotonic
from typing import Any

import socketio  # type: ignore[import-untyped]
from aiohttp import web
from prometheus_client import Histogram

from bot.core.errors import DatabaseBusy
from bot.core.events import Typing
from bot.core.message import Inbound
from bot.services import threads, visitors
from bot.services.threads import Page
from bot.services.visitors import ACCOUNT, Place, Visit
from models.database import transaction
from web.chat_bodies import client_id_of, fields_of, number_of, read_auth, read_zone
from web.chat_feed import CATCH_UP, FIRST, ChatFeed, ChatSocket
from web.checkout import device_of
from web.files import FileLinks
from web.going_on import GoingOn
from web.http import Problem, error_body, ids_of, text_of
from web.limits import Limiter, VisitorLimiter
from web.pay_codes import PayCodes
from web.ports import Runtime
from web.settings import WebSettings
from web.sockets import Namespace, refused
from web.texts import choose_language
from web.views import Json, messages

ACK = Histogram(
    "parley_chat_ack_seconds",
    "From a visitor's message to its acknowledgement",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2),
)
_ANYTHING = (60, 5.0)  # events of all kinds from one socket
_DATA = 256
_GATHER = 0.2  # seconds


class ChatNamespace(Namespace):
    """See docs/web-api.md, "The chat box"."""

    def __init__(
        self,
        server: socketio.AsyncServer,
        runtime: Runtime,
        settings: WebSettings,
        links: FileLinks,
        secret: bytes,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__("/chat", server, settings.socket_budget)
        self._runtime = runtime
        self._settings = settings
        self._links = links
        self._secret = secret
        self._clock = clock
        self._sockets: dict[str, ChatSocket] = {}
        self._messages = VisitorLimiter(*settings.chat_rate, monotonic, visitors.recent_messages, clock)
        self._events = Limiter(max(_ANYTHING[0], settings.chat_rate[0] * 2), _ANYTHING[1], monotonic)
        self._tasks: set[asyncio.Task[None]] = set()
        self._met: list[ChatSocket] = []
        self._going_on = GoingOn(runtime, ACCOUNT, monotonic)
        self._pay_codes = PayCodes(runtime, settings, clock, monotonic)
        self.feed = ChatFeed(self.send, links, self._going_on.called)
        self.events = {
            "message": self._message,
            "sync": self._sync,
            "read": self._read,
            "typing": self._typing,
            "lang": self._lang,
            "apps": self._apps,
            "go_on": self._go_on,
            "pay_code": self._pay_code,
        }
        self.beside = frozenset({"go_on", "pay_code"})

    def locale_of(self, sid: str) -> str:
        """The visitor's language."""
        socket = self._sockets.get(sid)
        return socket.locale if socket else "en"

    async def opened(self, sid: str, request: web.Request, auth: Any) -> None:
        """Who is it, where is their conversation; the `session` event follows the library's own answer."""
        token, after, lang = read_auth(auth)
        fresh = token is None
        token = token or visitors.issue(self._secret)
        visit = visitors.read(self._secret, token)
        if visit is None:
            raise refused("unauthorised")
        socket = ChatSocket(sid, visit, "en", device_of(request.headers.get("User-Agent", "")), known=False)
        self._sockets[sid] = socket
        self.feed.join(socket)  # before the look-up: a conversation that starts meanwhile is noticed
        where = None if fresh else await visitors.place(visit)
        known = lang in self._settings.languages
        socket.locale = lang if known else await self._language(visit, where, fresh, request)
        session = {"token": token, "lang": socket.locale, "shop": self._shop()}
        self._later(self._welcome(socket, where, after, session))
        if where and not where.zone and (zone := read_zone(auth)):
            self._later(visitors.learn_zone(visit, zone))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        # A clean context: whoever calls may be inside a transaction, and its connection must not be inherited.
        task = asyncio.create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _welcome(self, socket: ChatSocket, where: Place | None, after: int, session: dict[str, Any]) -> None:
        # The library answers the connect right after `opened`; nothing may overtake that answer.
        for _ in range(100):
            if self.is_in(socket.sid):
                break
            await asyncio.sleep(0)
        await self.feed.welcome(socket, where, after, session)

    async def closed(self, sid: str) -> None:
        """Forget the socket."""
        socket = self._sockets.pop(sid, None)
        if socket:
            self.feed.leave(socket)

    async def hear(self, event: str, sid: str, body: Any) -> Any:
        """A flood of events of any kind is answered without touching the database."""
        socket = self._sockets.get(sid)
        if socket and (wait := self._events.wait(sid)) and not await self.cut_if_slow(sid):
            return {"ok": False, "error": self._too_fast(wait, socket.locale)}
        return await super().hear(event, sid, body)

    async def _language(self, visit: Visit, where: Place | None, fresh: bool, request: web.Request) -> str:
        chosen = (where and where.locale) or ("" if fresh else await visitors.locale_of(visit))
        if chosen:
            return "zh" if chosen.startswith("zh") else "en"
        return choose_language(request.headers.get("Accept-Language", ""), self._settings.languages)

    def _shop(self) -> Json:
        return {"name": self._settings.shop_name, "logo": self._settings.shop_logo}

    async def _message(self, sid: str, body: Any) -> Json:
        socket, started = self._sockets[sid], monotonic()
        fields = fields_of(body)
        if wait := await self._messages.wait_among(self._runtime.nodes, socket.visit):
            raise Problem(429, "rate_limited", retry=max(1, round(wait)))
        inbound = await self._inbound(socket, fields)
        await self._runtime.accept([inbound])
        if not socket.known:
            # Not before the ack: the message is what must be on disk, and the token needs no row to be known.
            socket.known = True
            self._meet(socket)
        ACK.observe(monotonic() - started)
        return {"id": inbound.client_id}

    async def stop(self) -> None:
        """End what runs behind the sockets, and write what it would have written."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._remember_met()

    def _meet(self, socket: ChatSocket) -> None:
        """Make the visitor's row, together with those of all who come meanwhile: a row each would be a commit each."""
        self._met.append(socket)
        if len(self._met) == 1:
            self._later(self._remember_all())

    async def _remember_all(self) -> None:
        await asyncio.sleep(_GATHER)
        await self._remember_met()

    async def _remember_met(self) -> None:
        met, self._met = self._met, []
        if not met:
            return
        try:
            async with transaction():
                await visitors.remember([(socket.visit, socket.locale) for socket in met], self._clock())
        except asyncio.CancelledError:
            self._met = met + self._met  # the end of the process cut it off, and writes them itself
            raise
        except DatabaseBusy:
            for socket in met:
                socket.known = False  # the next message tries again

    async def _inbound(self, socket: ChatSocket, body: Json) -> Inbound:
        data = text_of(body, "data", _DATA, default="")
        text = text_of(body, "text", self._settings.text_limit, default="")
        label = text_of(body, "label", _DATA, default="")
        ids = ids_of(body, "files", self._settings.files_per_message)
        if not (text.strip() or data or ids):
            raise Problem(400, "empty")
        client_id = client_id_of(body)
        return Inbound(
            account=ACCOUNT,
            # Another visitor may use the same client id: theirs is another message.
            key=f"{socket.visit.external_id}:{client_id}",
            sender=socket.visit.external_id,
            kind="callback" if data else "message",
            text=text or label,
            data=data,
            files=await visitors.uploads(socket.visit, ids) if ids else (),
            locale=socket.locale,
            client_id=client_id,
            sent_at=self._clock(),
        )

    async def _sync(self, sid: str, body: Any) -> Json:
        fields = fields_of(body)
        after, before = number_of(fields, "after"), number_of(fields, "before")
        if (after is None) == (before is None):
            raise Problem(400, "bad_request")
        page = await self._page(await self._conversation(self._sockets[sid]), after, before)
        return {"messages": messages(page.messages, self._links, staff=False), "more": page.more}

    async def _page(self, conversation_id: int | None, after: int | None, before: int | None) -> Page:
        if conversation_id is None:
            return Page((), more=False)
        if after is not None:
            return await threads.later(conversation_id, after, CATCH_UP, staff=False)
        return await threads.newest(conversation_id, FIRST, staff=False, before=before)

    async def _conversation(self, socket: ChatSocket) -> int | None:
        if socket.conversation_id is None:
            where = await visitors.place(socket.visit)
            socket.conversation_id = where.conversation_id if where else None
        return socket.conversation_id

    async def _read(self, sid: str, body: Any) -> None:
        if number_of(fields_of(body), "seq") is None:
            raise Problem(400, "bad_request")
        async with transaction():
            await visitors.seen(self._sockets[sid].visit, self._clock())

    async def _apps(self, sid: str, _: Any) -> Json:
        return {"apps": self._going_on.apps(self.locale_of(sid))}

    async def _go_on(self, sid: str, body: Any) -> Json:
        account = text_of(fields_of(body), "account", 64, default="")
        return await self._going_on.way(self._sockets[sid].visit, account, self.locale_of(sid))

    async def _pay_code(self, sid: str, body: Any) -> Json:
        url = text_of(fields_of(body), "url", 500, default="")
        return await self._pay_codes.of(self._sockets[sid], url)

    async def _typing(self, sid: str, _: Any) -> None:
        socket = self._sockets[sid]
        if socket.conversation_id is not None:
            self._runtime.bus.publish(Typing(socket.conversation_id, socket.visit.lane, "customer", ""))

    async def _lang(self, sid: str, body: Any) -> None:
        lang = fields_of(body).get("lang")
        if lang not in self._settings.languages:
            raise Problem(400, "bad_request")
        socket = self._sockets[sid]
        socket.locale = lang
        async with transaction():
            await visitors.choose_locale(socket.visit, lang, self._clock())

    def _too_fast(self, wait: float, locale: str) -> Json:
        return error_body(Problem(429, "rate_limited", retry=max(1, round(wait))), locale)
