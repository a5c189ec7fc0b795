"""The composition root: with the command line, the only place where everything meets."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from aiohttp import web

from analytics.settings import SparkSettings
from bot.app_channels import make_channels, opener
from bot.app_payments import make_providers
from bot.app_reports import DeskReports, MakeReport, fill_registry
from bot.app_shop import commands, make_languages, make_routes, make_shop
from bot.app_stores import make_stores
from bot.app_web import given_links, web_settings
from bot.config import Config
from bot.core.ports import Channel, Storage
from bot.edge.posting import Poster
from bot.edge.process import EdgePoster, EdgeProcess
from bot.runtime.carriers import make_relay
from bot.runtime.parts import Parts
from bot.runtime.paying import Paying
from bot.runtime.platforms.open_calls import HeldCalls
from bot.runtime.refunds import GiveBack
from bot.runtime.relay import Relay
from bot.runtime.runtime import Runtime
from bot.runtime.settling import SettleAlone
from bot.runtime.voiding import VoidPayment
from bot.services.filing import Filing
from bot.services.payments import Urls
from bot.storage import links, media
from bot.storage.keys import new_key
from bot.storage.local import LocalStorage
from bot.webhooks import WebhookCalls
from models.database import close_database, migrate, open_database
from web import health
from web.app import build as build_web
from web.app import serve
from web.settings import WebSettings

Clock = Callable[[], datetime]


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
        for provider in self.runtime.providers.values():
            await provider.close()
        await self.runtime.stores.close()
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
    connected = make_stores(config)
    providers = await make_providers(config, clock, connected)
    paying = Paying(providers, Urls(config.server.url), clock)
    parts = Parts(
        shop=make_shop(config, routes, languages, accounts, providers),
        channels=accounts,
        providers=providers,
        storage=storage,
        filing=filing,
        limits=settings.limits,
        callees=paying.callees(),
        opens=paying.open,
        most_waiting=config.limits.backlog,
        turn_timeout=config.limits.turn_seconds,
        block_timeout=config.limits.block_seconds,
        clock=clock,
        roles=config.server.roles,
        calls=calls,
        stores=connected,
        address=await given_links(config),
        post=WebhookCalls(config.webhooks.networks),
    )
    runtime = Runtime(parts)
    give_back = GiveBack(providers, Urls(config.server.url), runtime.accept, clock)
    for kind in ("give_back", "refund"):
        runtime.attempts.add(kind, give_back)
    runtime.attempts.add("void", VoidPayment(providers, runtime.accept, clock))
    runtime.attempts.add("settle", SettleAlone(providers, clock))
    runtime.attempts.add("report", make_reports(config, runtime, clock))
    reports = DeskReports(clock, runtime.wake)
    addresses = config.redis.url.reveal(), config.database.url.reveal()
    relay = await make_relay(runtime.bus, *addresses, lambda: runtime.nodes)
    application = build_web(runtime, settings, links=links, filing=filing, reports=reports, clock=clock, relay=relay)
    return App(config, runtime, application, settings, storage, relay, edge)


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


def needs_edge(config: Config) -> bool:
    """Whether a process of its own for what comes from platforms and leaves for them has work, and a core to do it."""
    return config.server.edge and bool(config.accounts()) and (os.cpu_count() or 1) > 1


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
