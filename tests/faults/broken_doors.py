"""What is left open on purpose, for ordinary tests to see: signatures, roles, markup, files, erasure and reports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Any


def believes_every_caller() -> None:
    """Whoever posts to a hook is the platform."""
    from bot.channels.telegram.channel import TelegramChannel

    TelegramChannel.verify = lambda *_: None  # type: ignore[method-assign]


def believes_every_platform() -> None:
    """The same on every channel that has a hook."""
    import pkgutil
    from importlib import import_module

    from bot import channels
    from bot.core.ports import Channel

    for found in pkgutil.walk_packages(channels.__path__, f"{channels.__name__}."):
        import_module(found.name)
    classes: list[type[Channel]] = [Channel]
    for one in classes:
        classes += one.__subclasses__()
        if "verify" in vars(one):
            one.verify = lambda *_: None  # type: ignore[method-assign]


def trusts_every_body() -> None:
    """What cannot be read is nobody's fault: the error goes up as it is."""
    from bot.channels.telegram import channel
    from bot.core.errors import BadInput

    read = vars(channel)["read_updates"]

    def reads(account: str, body: bytes) -> Any:
        try:
            return read(account, body)
        except BadInput as error:
            raise RuntimeError(str(error)) from error

    vars(channel)["read_updates"] = reads


def asks_for_no_role() -> None:
    """Whoever is logged in may do everything."""
    from bot.services.staff import StaffView

    StaffView.may = lambda *_: True  # type: ignore[method-assign]


def believes_in_markup() -> None:
    """What people wrote is put into a page as it is, and the page's policy allows what is in it."""
    from web import middleware, pages

    pages._environment.autoescape = False
    vars(middleware)["CSP"] = "default-src * data: 'unsafe-inline' 'unsafe-eval'; connect-src * {sockets}"


def believes_the_claim() -> None:
    """Nobody looks into a file; it is shown as what it says it is."""
    from web import files

    vars(files)["disposition"] = lambda _: "inline"


def goes_where_it_is_sent() -> None:
    """A redirect is followed, as HTTP clients do unless they are told."""
    from aiohttp import ClientSession

    request = ClientSession._request

    async def follows(self: ClientSession, *values: Any, **told: Any) -> Any:
        return await request(self, *values, **(told | {"allow_redirects": True}))

    ClientSession._request = follows  # type: ignore[method-assign]


def joins_addresses() -> None:
    """A path is put behind the server's address as a browser would: one that is an address is another server."""
    from urllib.parse import urljoin

    from bot.channels.telegram.client import TelegramClient

    def download(self: TelegramClient, path: str) -> AsyncIterator[bytes]:
        return self._session.stream_content(urljoin(self._session.api.file_url(self._bot.token, ""), path))

    TelegramClient.download = download  # type: ignore[method-assign]


def looks_at_links() -> None:
    """What people link to is looked at, as for a preview."""
    from urllib.parse import urlsplit

    from bot.core.message import Inbound
    from bot.runtime.inbox import Inbox

    keep = Inbox.accept

    async def accept(self: Inbox, inbounds: Sequence[Inbound]) -> int:
        for word in (word for one in inbounds for word in one.text.split() if word.startswith("http")):
            with suppress(OSError, ValueError, TimeoutError):
                async with asyncio.timeout(0.2):
                    link = urlsplit(word)
                    _, writer = await asyncio.open_connection(link.hostname, link.port)
                    writer.close()
        return await keep(self, inbounds)

    Inbox.accept = accept  # type: ignore[method-assign]


def forgets_to_forget() -> None:
    """An erasure that leaves one table as it was."""
    from bot.services import privacy

    rows = privacy._rows

    def all_but_messages(person: Any) -> Any:
        return {table: query for table, query in rows(person).items() if table not in ("effect", "inbound")}

    vars(privacy)["_rows"] = all_but_messages


def forgets_late_rows() -> None:
    """A report counts what was there when it was made first, and nothing that changed since."""
    from analytics import lake

    vars(lake)["_changed_ids"] = lambda *_: {}


def locks_nothing() -> None:
    """Rows are read as they are, and nobody waits for anybody."""
    from types import SimpleNamespace

    from tortoise.queryset import QuerySet

    from models import locks

    QuerySet.select_for_update = lambda self, **_: self  # type: ignore[method-assign]
    engine = locks.engine
    vars(locks)["engine"] = lambda: SimpleNamespace(row_lock="", value_lock="", is_shared=engine().is_shared)


def restores_all() -> None:
    """A restored shop goes on where the backup was made, as a copy of the files would."""
    from bot.backup import restoring
    from tests.kit.naive_restore import nothing

    vars(restoring)["quiet"] = nothing


def claims_any() -> None:
    """No key decides who makes the report of a slot."""
    from itertools import count
    from os import getpid

    from bot.services import report_runs

    create, numbers = vars(report_runs)["_create_run"], count()

    async def another(report: str, slot: str, *values: Any) -> Any:
        return await create(report, f"{slot}/{getpid()}-{next(numbers)}", *values)

    vars(report_runs)["_create_run"] = another


def counts_no_offsets() -> None:
    """A day has twenty-four hours everywhere: the local time is asked of UTC once, and kept."""
    from datetime import timedelta

    from bot.services import report_times

    due = report_times.next_time

    vars(report_times)["next_time"] = lambda *values: due(*values) + timedelta(hours=1)


def keeps_much() -> None:
    """Each open socket has a page of its own in memory."""
    from web import chat

    made, pages = vars(chat)["ChatSocket"], []

    def heavy(*values: Any, **named: Any) -> Any:
        pages.append(b"x" * 64_000)
        return made(*values, **named)

    vars(chat)["ChatSocket"] = heavy


VARIANTS: dict[str, Callable[..., None]] = {
    "believes-every-caller": believes_every_caller,
    "believes-every-platform": believes_every_platform,
    "trusts-every-body": trusts_every_body,
    "asks-for-no-role": asks_for_no_role,
    "believes-in-markup": believes_in_markup,
    "believes-the-claim": believes_the_claim,
    "goes-where-it-is-sent": goes_where_it_is_sent,
    "joins-addresses": joins_addresses,
    "looks-at-links": looks_at_links,
    "forgets-to-forget": forgets_to_forget,
    "forgets-late-rows": forgets_late_rows,
    "locks-nothing": locks_nothing,
    "restores-all": restores_all,
    "claims-any": claims_any,
    "keeps-much": keeps_much,
    "counts-no-offsets": counts_no_offsets,
}
