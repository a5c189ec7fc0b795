"""The composition root: with the command line, the only place where everything meets."""

from __future__ import annotations

import importlib
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType, ModuleType

from aiohttp import web

import handlers
from analytics.settings import SparkSettings
from bot import channels
from bot.app_reports import DeskReports, MakeReport, fill_registry
from bot.channels._account import Around, Commands, no_address
from bot.channels.webchat import WebChat
from bot.config import Config
from bot.core.errors import ConfigError
from bot.core.message import Attachment
from bot.core.ports import Channel, OpenFile, PaymentProvider, Storage
from bot.core.router import Router, Routes, titles
from bot.core.text import Voice
from bot.edge.posting import MakePosts, Poster
from bot.edge.process import EdgePoster, EdgeProcess
from bot.payments.local import LocalPayments
from bot.runtime.carriers import make_relay
from bot.runtime.languages import Languages
from bot.runtime.paying import Paying
from bot.runtime.platforms.notes import SharedNotes
from bot.runtime.platforms.open_calls import AccountCalls, HeldCalls
from bot.runtime.refunds import GiveBack
from bot.runtime.relay import Relay
from bot.runtime.runtime import Parts, Runtime
from bot.runtime.settling import SettleAlone
from bot.runtime.shop import Shop
from bot.services import attachments
from bot.services import settings as kept
from bot.services.filing import Filing
from bot.services.scope import PayWay
from bot.storage import links, media
from bot.storage.keys import new_key
from bot.storage.local import LocalStorage
from models.database import close_database, migrate, open_database
from web import health
from web.app import build as build_web
from web.app import serve
from web.files import FileLinks
from web.settings import MIB, WebSettings

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
#: How keys of pictures end that leave as they are.
JPEG = ".jpg"


def utc_now() -> datetime:
    """The clock of everyday use."""
    return datetime.now(UTC)


@dataclass
class App:
    """A built Parley: `start` to work and listen, `stop` to drain."""

    config: Config
    runtime: Runtime
    site: web.Application
    settings: WebSettings
    storage: Storage
    relay: Relay | None = None
    edge: EdgeProcess | None = None
    runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Work, listen, then receive. OSError when the port is taken, ConfigError when a platform refuses our token."""
        if self.relay is not None:
            self.relay.start()
        if self.edge is not None:
            await self.edge.start()
        await self.runtime.start()
        if "web" in self.config.server.roles:
            self.runner = await serve(self.site, self.edge)
        else:
            self.runner = await health.serve(self.runtime, self.settings, self.relay)
        await self.runtime.start_channels()

    async def stop(self) -> None:
        """Stop listening, finish what is under way, leave the rest on disk."""
        if self.runner is not None:
            await self.runner.cleanup()
        await self.runtime.stop()
        if self.relay is not None:
            await self.relay.stop()
        if self.edge is not None:
            await self.edge.stop()


@asynccontextmanager
async def opened(config: Config, *, lock: bool = True) -> AsyncIterator[list[str]]:
    """The database, open and up to date; yields what was migrated."""
    await open_database(config.database.url.reveal(), lock=lock)
    try:
        yield await migrate()
    finally:
        await close_database()


async def build(config: Config, *, clock: Clock = utc_now, more: Sequence[Channel] = ()) -> App:
    """Everything from the configuration, and `more` channels; the database must be open."""
    fill_registry()
    storage = make_storage(config)
    filing = Filing(storage, media, new_key)
    settings = web_settings(config)
    edge = EdgeProcess() if needs_edge(config) else None
    posts = partial(EdgePoster, edge) if edge else Poster
    calls = HeldCalls()
    routes, languages = make_routes(config), make_languages(config)
    offered = {tag: commands(routes, languages.voice(tag)) for tag in languages.supported}
    accounts = await make_channels(config, opener(storage, filing), calls, posts, offered) | {
        channel.account: channel for channel in more
    }
    providers = await make_providers(config)
    parts = Parts(
        shop=make_shop(config, routes, languages, accounts, providers),
        channels=accounts,
        providers=providers,
        storage=storage,
        filing=filing,
        limits=settings.limits,
        callees=Paying(providers, lambda key: f"{config.server.url}/paid/{key}", clock).callees(),
        most_waiting=config.limits.backlog,
        turn_timeout=config.limits.turn_seconds,
        block_timeout=config.limits.block_seconds,
        clock=clock,
        roles=config.server.roles,
        calls=calls,
    )
    runtime = Runtime(parts)
    runtime.attempts.add("refund", GiveBack(providers, clock))
    runtime.attempts.add("settle", SettleAlone(providers, clock))
    runtime.attempts.add("report", make_reports(config, runtime, clock))
    reports = DeskReports(clock, runtime.wake)
    addresses = config.redis.url.reveal(), config.database.url.reveal()
    relay = await make_relay(runtime.bus, *addresses, lambda: runtime.nodes)
    application = build_web(runtime, settings, links=links, filing=filing, reports=reports, clock=clock, relay=relay)
    return App(config, runtime, application, settings, storage, relay, edge)


def make_routes(config: Config) -> Routes:
    """Everything that the handlers of the configuration answer to."""
    return Routes(load_routers(config.handlers.modules))


def make_languages(config: Config) -> Languages:
    """Those of the shop, the first one first."""
    return Languages(Path(handlers.__file__).parent / "locale", config.shop.languages, config.shop.timezone)


def commands(routes: Routes, voice: Voice) -> Commands:
    """The main menu of customers, as platforms show one."""
    return tuple((f"/{one.name}", voice(one.title)) for one in titles(routes.commands, staff=False) if one.title)


def make_shop(
    config: Config,
    routes: Routes,
    languages: Languages,
    accounts: Mapping[str, Channel],
    providers: Mapping[str, PaymentProvider],
) -> Shop:
    """What handlers and dialogs work with: the routes, the languages, what each channel can show, how to pay."""
    return Shop(
        routes,
        languages,
        {account: channel.capabilities for account, channel in accounts.items()},
        config.shop.currency,
        timedelta(minutes=config.shop.order_hold_minutes),
        ways_to_pay(providers),
    )


def needs_edge(config: Config) -> bool:
    """Whether a process of its own for what comes from platforms and leaves for them has work, and a core to do it."""
    return config.server.edge and bool(config.accounts()) and (os.cpu_count() or 1) > 1


def load_routers(modules: tuple[str, ...]) -> list[Router]:
    """The routers of these modules: each has `routers`, or one `router`."""
    return [router for name in modules for router in _routers_of(_import(name))]


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConfigError(f"handlers.modules: {name!r} cannot be imported ({error}); check the name") from error


def _routers_of(module: ModuleType) -> list[Router]:
    found = getattr(module, "routers", None) or [getattr(module, "router", None)]
    if not all(isinstance(router, Router) for router in found):
        raise ConfigError(f"handlers.modules: {module.__name__} has no `router` and no list `routers`")
    return list(found)


def make_storage(config: Config) -> Storage:
    """The file store of the configuration; S3's client is imported only where it is used."""
    section = config.storage
    if section.kind == "local":
        return LocalStorage(section.path)
    from bot.storage.s3 import S3Storage
    from bot.storage.s3_settings import S3Settings

    return S3Storage(
        S3Settings(
            provider=section.provider,
            bucket=section.bucket,
            region=section.region,
            endpoint=section.endpoint or None,
            access_key=section.access_key.reveal(),
            secret_key=section.secret_key.reveal(),
            prefix=section.prefix,
            bound_domain=section.bound_domain,
        )
    )


def opener(storage: Storage, filing: Filing) -> OpenFile:
    """How a channel reads the bytes of one of our files: pictures as JPEG, see `as_sent`, others as they came."""

    async def open_file(attachment: Attachment) -> AsyncIterator[bytes]:
        file = await attachments.details(attachment.id)
        if file is None:
            return
        key = file.display_key or file.storage_key
        if file.kind == "image" and not key.endswith(JPEG):
            yield await filing.as_jpeg(key)
            return
        async for chunk in storage.open(key):
            yield chunk

    return open_file


async def file_link(config: Config) -> Callable[[Attachment], str]:
    """Where a platform can fetch one of our files for a while: only an https address will do for any of them."""
    if not config.server.url.startswith("https://"):
        return no_address
    signed = FileLinks(links, await kept.secret("web"), web_settings(config).link_life, time.time)
    return lambda file: f"{config.server.url}{signed.url(file.id, 'p' if file.kind == 'image' else 'o')}"


async def make_channels(
    config: Config,
    open_file: OpenFile,
    calls: HeldCalls,
    posts: MakePosts = Poster,
    offered: Mapping[str, Commands] = MappingProxyType({}),
) -> dict[str, Channel]:
    """The channel accounts of the configuration, by name; what one needs is imported only where there is one."""
    found: dict[str, Channel] = {"webchat": WebChat()}
    notes, link = SharedNotes(), await file_link(config)
    for account, settings in config.accounts().items():
        around = Around(
            account=account,
            hook=config.server.hook(account),
            open_file=open_file,
            posts=posts,
            notes=notes,
            calls=AccountCalls(calls, account),
            link=link,
            commands=next(iter(offered.values()), ()),
            commands_in=offered,
            # Other things of ours have secrets by their names, too; that of the first bot keeps its own.
            secret=(await kept.secret(account if account == "telegram" else f"channel {account}")).hex(),
        )
        found[account] = channels.of(settings).opened(settings, around)
    return found


def ways_to_pay(providers: Mapping[str, PaymentProvider]) -> tuple[PayWay, ...]:
    """What customers may pay by, in the order of the configuration."""
    return tuple(PayWay(name, provider.title.id) for name, provider in providers.items())


async def make_providers(config: Config) -> dict[str, PaymentProvider]:
    """The payment providers of the configuration, by name."""
    if not config.payments.local.enabled:
        return {}
    secret = (await kept.secret("local payments")).hex()
    bank = LocalPayments(config.server.data / "test-bank.db", secret, config.server.url)
    return {bank.name: bank}


def make_reports(config: Config, runtime: Runtime, clock: Clock) -> MakeReport:
    """What makes a report and brings it to its conversation."""
    return MakeReport(
        database_url=config.database.url.reveal(),
        lake=config.reports.lake,
        spark=spark_settings(config),
        storage=runtime.storage,
        clock=clock,
        accept=runtime.accept,
        published=runtime.bus.publish,
    )


def spark_settings(config: Config) -> SparkSettings:
    """How reports run."""
    section = config.reports
    return SparkSettings(
        master=section.master, memory=section.memory, timeout=section.timeout, java_home=section.java_home
    )


def web_settings(config: Config) -> WebSettings:
    """What the web side needs to know."""
    limits, server, shop = config.limits, config.server, config.shop
    return WebSettings(
        host=server.host,
        port=server.port,
        public_url=server.url,
        shop_name=shop.name,
        shop_color=shop.color,
        currency=shop.currency,
        languages=tuple(shop.languages),
        text_limit=limits.text,
        files_per_message=limits.files_per_message,
        image_bytes=limits.image_mb * MIB,
        file_bytes=limits.file_mb * MIB,
        chat_rate=(limits.messages_per_10s, 10.0),
        widget_origins=tuple(server.widget_origins),
        trusted_proxies=tuple(server.trusted_proxies),
        metrics_token=server.metrics_token.reveal(),
        sockets=server.sockets,
    )
