"""Looks at one part of an installation each; what goes wrong is a finding, not an error."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.cli.finding import Finding
from bot.core.errors import ConfigError, ParleyError
from bot.core.period import zone
from bot.core.router import Routes

if TYPE_CHECKING:
    from bot.config import Config

CONFIGURATION, DATABASE, STORAGE = "Configuration", "Database", "Files"
COMMANDS, REPORTS, MACHINE = "Commands", "Reports", "This machine"


def configuration(config: Config, file: Path | None) -> Iterator[Finding]:
    """Where it came from, and what is allowed but unwise."""
    yield Finding(CONFIGURATION, "source", "ok", str(file) if file else "all defaults: no config.toml here")
    public = urlsplit(config.server.url)
    yield Finding(CONFIGURATION, "address", "ok", config.server.url)
    if public.scheme == "https" and config.payments.local.enabled:
        cure = "set payments.local.enabled = false before real customers come"
        yield Finding(
            CONFIGURATION, "payments", "note", "the test bank is on: orders count as paid, no money moves", cure
        )
    if public.scheme == "https" and not config.server.trusted_proxies:
        cure = "set server.trusted_proxies to the address from which the proxy asks this server"
        words = "no proxy is trusted: all visitors seem to have its address, and share their limits"
        yield Finding(CONFIGURATION, "proxy", "note", words, cure)
    if config.server.host not in ("127.0.0.1", "::1", "localhost") and public.scheme != "https":
        cure = "put a reverse proxy with TLS before it and set server.public_url, see docs/operations.md"
        yield Finding(CONFIGURATION, "TLS", "note", f"listens on {config.server.host} without TLS", cure)


async def database(config: Config) -> AsyncIterator[Finding]:
    """Whether it can be opened, and whether its schema is this version's."""
    from models.database import client, close_database, dialect, notes, open_database
    from models.engines.sqlite import sqlite_path
    from models.migrate import pending

    url = config.database.url.reveal()
    if url.startswith("sqlite:") and not sqlite_path(url).exists():
        yield _new_sqlite(sqlite_path(url))
        return
    try:
        await open_database(url, lock=False)
    except ParleyError as error:
        yield Finding(DATABASE, "open", "wrong", str(error), "start it, or mend database.url")
        return
    try:
        yield Finding(DATABASE, "open", "ok", str(sqlite_path(url)) if dialect() == "sqlite" else without_password(url))
        for note in notes():
            yield Finding(DATABASE, "settings", "note", *note.split("; "))
        waiting = await pending(client(), dialect())
        named = ", ".join(migration.name for migration in waiting)
        cure = "the next start applies it, or `python -m bot migrate`" if waiting else ""
        yield Finding(
            DATABASE, "schema", "note" if waiting else "ok", f"to apply: {named}" if waiting else "up to date", cure
        )
    except ConfigError as error:
        yield Finding(DATABASE, "schema", "wrong", str(error))
    finally:
        await close_database()


def _new_sqlite(path: Path) -> Finding:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if folder.is_dir() and os.access(folder, os.W_OK):
        return Finding(DATABASE, "open", "ok", f"{path} will be made at the first start")
    return Finding(
        DATABASE,
        "open",
        "wrong",
        f"{path} cannot be made",
        f"make {folder} a folder that can be written, or mend database.url",
    )


def without_password(url: str) -> str:
    """An address as it may be shown."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"


async def files(config: Config) -> Finding:
    """Whether the store takes and gives files."""
    from bot.app import make_storage

    told = config.storage
    where = str(told.path) if told.kind == "local" else f"{told.provider}: {told.bucket}"
    try:
        storage = make_storage(config)
    except ConfigError as error:
        return Finding(STORAGE, told.kind, "wrong", str(error))
    try:
        await storage.check()
    except ParleyError as error:
        return Finding(STORAGE, told.kind, "wrong", str(error))
    finally:
        await storage.close()
    return Finding(STORAGE, told.kind, "ok", where)


def commands(config: Config) -> Iterator[Finding]:
    """Every command with the handler that answers it."""
    from bot.app_shop import load_routers

    try:
        routes = Routes(load_routers(config.handlers.modules))
    except ConfigError as error:
        yield Finding(COMMANDS, "handlers", "wrong", str(error))
        return
    for command in routes.commands:
        audience = " (staff)" if command.staff else ""
        yield Finding(COMMANDS, f"/{command.name}", "ok", f"{command.handler}{audience}")
    if not routes.fallback:
        yield Finding(
            COMMANDS, "fallback", "wrong", "nobody answers what nothing else does", "give one router a fallback"
        )


async def reports(config: Config) -> AsyncIterator[Finding]:
    """Every report, with the next time that somebody gets it."""
    from analytics.report import all_reports

    language, slots = config.shop.languages[0], await _next_slots(config)
    for name, report in all_reports().items():
        yield Finding(REPORTS, name, "ok", f"{report.info.title[language]} — {slots.get(name, 'no subscriber')}")


async def _next_slots(config: Config) -> dict[str, str]:
    from bot.services.reports import list_subscriptions
    from models.database import client, close_database, dialect, open_database
    from models.engines.sqlite import sqlite_path
    from models.migrate import pending

    url = config.database.url.reveal()
    if url.startswith("sqlite:") and not sqlite_path(url).exists():
        return {}
    try:
        await open_database(url, lock=False)
        found = [] if await pending(client(), dialect()) else await list_subscriptions()
    except ParleyError:
        return {}  # the finding about the database says why
    finally:
        await close_database()
    soonest: dict[str, str] = {}
    for one in sorted((one for one in found if one.next_at), key=lambda one: str(one.next_at)):
        at = one.next_at.astimezone(zone(one.timezone)) if one.next_at else None
        soonest.setdefault(one.report, f"next {at:%Y-%m-%d %H:%M} {one.timezone}, to {one.staff}")
    return soonest


def machine(config: Config) -> Iterator[Finding]:
    """What the rest leans on: Python, the browser side, Java, fonts, the port."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(MACHINE, "Python", "ok", version)
    yield _browser_side()
    yield _java(config)
    yield _fonts()
    yield _port(config.server.host, config.server.port)


def _browser_side() -> Finding:
    static = Path(__file__).parents[2] / "web" / "static"
    missing = [name for name in ("widget.js", "desk/index.html") if not (static / name).is_file()]
    if missing:
        cure = "run `scripts/setup run`, which builds it"
        return Finding(MACHINE, "browser side", "wrong", f"not built: {', '.join(missing)} is missing", cure)
    size = (static / "widget.js").stat().st_size // 1024
    return Finding(MACHINE, "browser side", "ok", f"built; the chat box is {size} KiB")


def _java(config: Config) -> Finding:
    from analytics.java import OLDEST, find_java_home, java_version

    try:
        home = config.reports.java_home or find_java_home(config.reports.lake / "spark")
    except ConfigError as error:
        return Finding(MACHINE, "Java", "wrong", str(error))
    except OSError as error:
        return Finding(
            MACHINE, "Java", "wrong", f"{config.reports.lake} cannot be written: {error.strerror}", "mend reports.lake"
        )
    java = f"{home}/bin/java" if home else "java"
    version = java_version(java)
    if version < OLDEST:
        found = f"{java} is Java {version}" if version else f"{java} does not run"
        return Finding(MACHINE, "Java", "wrong", f"{found}; reports need {OLDEST} or newer", "mend reports.java_home")
    return Finding(MACHINE, "Java", "ok", f"{version} ({home or 'of the system'})")


def _fonts() -> Finding:
    from analytics.fonts import chinese_family, font_problem

    problem = font_problem()
    return Finding(MACHINE, "fonts", "note", problem) if problem else Finding(MACHINE, "fonts", "ok", chinese_family())


def _port(host: str, port: int) -> Finding:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            cure = "fine when it is Parley itself; else stop the other, or change server.port"
            return Finding(MACHINE, f"port {port}", "note", f"cannot be taken now: {error.strerror}", cure)
    return Finding(MACHINE, f"port {port}", "ok", "free")
