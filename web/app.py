"""The web application: every route by name in one table, and what stands around all of them."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime

import socketio  # type: ignore[import-untyped]
from aiohttp import web

from bot.edge.hooks import HookConnection, Hooks
from bot.edge.passing import resume
from bot.edge.process import EdgeProcess
from bot.services import settings as kept
from bot.services.filing import Filing
from web import (
    checkout,
    deletion_page,
    door,
    files,
    health,
    hooks,
    order_page,
    pay,
    product_page,
    shelf,
    shop,
    sitemap,
    static_files,
    store_install,
    uploads,
)
from web.api import document, reading
from web.api import orders as api_orders
from web.api.access import GAUGES, Gauges
from web.catching_up import keep_catching_up
from web.chat import ChatNamespace
from web.desk.live import DeskNamespace
from web.desk.routes import routes as desk_routes
from web.files import LINKS, STORAGE, FileLinks
from web.forgeries import Forgeries
from web.indexing import keep_indexing
from web.keys import CLOCK, RELAY, REPORTS, RUNTIME, SETTINGS
from web.limits import Limiter
from web.live_keys import LIVE
from web.middleware import ERROR_PAGE, observed, security_headers
from web.pages import error_page
from web.ports import Alone, Links, Relay, Reports, Runtime
from web.settings import WebSettings
from web.sockets import attach, make_server
from web.wire import WIRE

__all__ = ["CHAT", "SOCKETS", "WebSettings", "build", "routes", "serve"]

#: Seconds that requests under way may take when we stop: the whole process has ten.
STOPPING = 1.5
SOCKETS: web.AppKey[socketio.AsyncServer] = web.AppKey("sockets")
CHAT = web.AppKey("chat", ChatNamespace)


def utc_now() -> datetime:
    """The clock of everyday use."""
    return datetime.now(UTC)


def build(
    runtime: Runtime,
    settings: WebSettings,
    *,
    links: Links,
    filing: Filing,
    reports: Reports | None = None,
    clock: Callable[[], datetime] = utc_now,
    relay: Relay | None = None,
) -> web.Application:
    """The application; the database must be open when it starts. `links` signs, `filing` takes uploads in."""
    app = web.Application(middlewares=[observed], client_max_size=hooks.LIMIT)
    app[SETTINGS], app[RUNTIME], app[CLOCK], app[RELAY] = settings, runtime, clock, relay or Alone()
    app[STORAGE], app[files.FILING], app[ERROR_PAGE] = runtime.storage, filing, error_page
    app[hooks.FORGERIES], app[GAUGES] = Forgeries(), Gauges(settings)
    app[order_page.TRIES] = Limiter(*order_page.OFTEN, time.monotonic)
    app[door.TRIES] = Limiter(*door.OFTEN, time.monotonic)
    app[shelf.SEARCHES] = Limiter(*shelf.OFTEN, time.monotonic)
    app[shelf.KINDS] = shelf.Kinds(time.monotonic)
    if reports is not None:
        app[REPORTS] = reports
    table = routes()
    app.add_routes(table)
    app[document.DOCUMENT], app[reading.PAGES] = document.Document(table, settings), reading.Pages()
    server = make_server(settings)
    attach(server, app)
    app[SOCKETS] = server
    app.on_response_prepare.append(security_headers(settings))
    app.cleanup_ctx.append(_parts(links))
    app.on_shutdown.append(_hang_up)
    return app


def routes() -> list[web.RouteDef]:
    """Every route; the access matrix of the tests is made from this table."""
    return [*_pages(), *_chat(), *_api(), *_machines(), *desk_routes()]


def _pages() -> Iterator[web.RouteDef]:
    yield web.get("/", shop.home)
    yield web.get("/shop", shelf.show)
    yield web.get("/shop/{sku}", product_page.show)
    yield web.get("/go/{account}", door.go)
    yield web.get("/pictures/{id}/{variant}", files.picture)
    yield web.get("/robots.txt", sitemap.robots)
    yield web.get("/sitemap.xml", sitemap.whole)
    yield web.get("/sitemap/{part}.xml", sitemap.part)
    yield web.get("/privacy", shop.privacy)
    yield web.get("/deletion/{code}", deletion_page.show)
    yield web.get("/theme.css", static_files.theme)
    yield web.get("/public/{path:.+}", static_files.public)
    yield web.get("/static/{path:.+}", static_files.built)
    yield web.get("/widget.js", static_files.widget)
    yield web.get("/desk", static_files.desk)
    yield web.get("/desk/{path:.*}", static_files.desk)
    yield web.get("/pay/{reference}", pay.show)
    yield web.post("/pay/{reference}", pay.act)
    yield web.get("/paid/{key}", pay.returned)
    yield web.get("/checkout/{key}", checkout.show)
    yield web.post("/checkout/{key}", checkout.begin)
    yield web.get("/checkout/{key}/fate", checkout.fate)
    yield web.get("/order/{number}/{mark}", order_page.show)
    yield web.post("/order/{number}/{mark}", order_page.act)
    yield web.get("/files/{token}", files.serve)
    yield web.get("/stores/{name}/install", store_install.begin)
    yield web.get("/stores/{name}/installed", store_install.finish)
    yield web.get("/api/shop/products", shop.products_json)
    yield web.get("/api/shop/reviews", shop.reviews_json)


def _chat() -> Iterator[web.RouteDef]:
    yield web.get("/api/chat/config", uploads.config)
    yield web.post("/api/chat/files", uploads.upload)
    yield web.options("/api/chat/{path:.*}", uploads.preflight)


def _api() -> Iterator[web.RouteDef]:
    yield web.get("/api/openapi.json", document.show)
    yield web.get("/api/docs", reading.show)
    yield web.get("/api/v1/products", api_orders.products)
    yield web.post("/api/v1/orders", api_orders.place)
    yield web.get("/api/v1/orders/{number}", api_orders.order)


def _machines() -> Iterator[web.RouteDef]:
    yield web.post("/hooks/pay/{provider}", hooks.payment_hook)
    yield web.post("/hooks/store/{store}", hooks.store_hook)
    yield web.get("/hooks/{account}", hooks.channel_hook)
    yield web.post("/hooks/{account}", hooks.channel_hook)
    yield web.get("/healthz", health.alive)
    yield web.get("/readyz", health.ready)
    yield web.get("/metrics", health.metrics)


def _parts(links: Links) -> Callable[[web.Application], AsyncIterator[None]]:
    """What needs the database or a running loop: made at start-up, ended at the end."""

    async def parts(app: web.Application) -> AsyncIterator[None]:
        settings, runtime, server = app[SETTINGS], app[RUNTIME], app[SOCKETS]
        secret = await kept.secret("web")
        file_links = FileLinks(links, secret, settings.link_life, time.time)
        app[LINKS], app[uploads.SECRET] = file_links, secret
        app[uploads.UPLOADS] = uploads.limiter(app)
        chat = ChatNamespace(server, runtime, settings, file_links, secret, app[CLOCK])
        app[CHAT] = chat
        desk = DeskNamespace(server, runtime, settings, file_links, app[CLOCK])
        app[LIVE] = desk
        for namespace in (chat, desk):
            server.register_namespace(namespace)
            app[WIRE].rooms[namespace.namespace] = namespace
        subscriptions = [runtime.bus.subscribe("", callback) for callback in (chat.feed.on_events, desk.on_events)]
        beside = [keep_indexing(runtime.bus), keep_catching_up(app[RELAY], settings.look_every, chat.feed, desk)]
        tasks = [asyncio.create_task(work) for work in beside]
        yield
        for subscription in subscriptions:
            await runtime.bus.unsubscribe(subscription)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, chat.stop(), desk.stop(), return_exceptions=True)
        await server.shutdown()

    return parts


async def _hang_up(app: web.Application) -> None:
    """Nobody listens here any more: browsers go to another node, or come back to the next process, and catch up.

    Their sockets would count as requests under way, and use up the time that the work has to end.
    """
    server = app[SOCKETS]
    for sid, connection in [*server.eio.sockets.items()]:
        request = server.environ.get(sid, {}).get("aiohttp.request")
        await connection.close(wait=False, abort=True)
        if request is not None and request.transport is not None:
            request.transport.abort()
    await app[WIRE].close(STOPPING)


class Site(web.BaseSite):
    """Listens: posts to hooks go the short way, through the edge where there is one; the rest to the application."""

    def __init__(self, runner: web.AppRunner, app: web.Application, edge: EdgeProcess | None) -> None:
        super().__init__(runner, backlog=1024)
        self._settings = app[SETTINGS]
        self._edge = edge
        setup, receive = hooks.short_way(app[RUNTIME], self._settings)
        self._hooks = Hooks(setup, receive, self._to_application)
        self._adopt = edge.adopt if edge else None
        self._takes_over: set[asyncio.Task[None]] = set()
        if edge is not None:
            edge.serve(setup, receive, self._returned)

    @property
    def name(self) -> str:
        """Where it listens."""
        return f"http://{self._settings.host}:{self._settings.port}"

    async def start(self) -> None:
        """Raises OSError when the port is taken."""
        await super().start()
        self._server = await asyncio.get_running_loop().create_server(
            lambda: HookConnection(self._hooks, self._adopt),
            self._settings.host,
            self._settings.port,
            backlog=self._backlog,
            reuse_address=True,
        )

    async def stop(self) -> None:
        """Listen no more; what is being kept is kept and answered."""
        await super().stop()
        closing = [self._hooks.close(STOPPING), *([self._edge.refuse_calls(STOPPING)] if self._edge else [])]
        await asyncio.gather(*closing)

    def _to_application(self, transport: asyncio.Transport, data: bytes) -> None:
        server = self._runner.server
        if server is None:  # stopping
            transport.abort()
            return
        protocol = server()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(data)

    def _returned(self, connection: socket.socket, data: bytes) -> None:
        task = asyncio.get_running_loop().create_task(self._take_back(connection, data))
        self._takes_over.add(task)
        task.add_done_callback(self._takes_over.discard)

    async def _take_back(self, connection: socket.socket, data: bytes) -> None:
        """A proxy mixes requests on one connection: what is no hook comes back from the edge."""
        server = self._runner.server
        if server is None:  # stopping
            connection.close()
            return
        await resume(connection, server(), data)


async def serve(app: web.Application, edge: EdgeProcess | None = None) -> web.AppRunner:
    """Listen; `await runner.cleanup()` ends it. OSError when the port is taken."""
    # Bodies stay as they were sent: signatures are over raw bytes, and a small one cannot unpack into a large one.
    runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=STOPPING)
    await runner.setup()
    try:
        await Site(runner, app, edge).start()
    except OSError:
        await runner.cleanup()  # else what `setup` began would go on without a database
        raise
    return runner
