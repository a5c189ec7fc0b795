"""The whole application with the demo shop, on SQLite, and everybody who may call its API or may not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
from PIL import Image

import bot.demo
from bot.app import App, build, opened
from bot.config import load
from bot.services import api_keys, sessions, staff, visitors
from bot.services import settings as kept
from models import Contact, Order, Variant
from models.database import client
from tests.openapi.calling import Caller
from tests.servers import free_port
from web.api.access import GAUGES, Gauges
from web.api.document import DOCUMENT

#: Beyond what anybody guesses: calls that change an account shall not change those of the callers.
FAR = 7_000_000_000
PASSWORD = "a long password"
OTHERS = ("one", "two", "three")  # accounts that may be changed
PRICES = [{"currency": "CNY", "amount": "12.50", "compare_at": ""}]
#: Values with which more becomes of a call than an error; of a field with several types each has its own.
KNOWN: Mapping[str, Sequence[Any]] = {
    "id": (1, 2, 3),
    "conversation_id": (1, 2, 3),
    "language": ("en", "zh"),
    "locale": ("en", "zh"),
    "timezone": ("Asia/Shanghai", "Europe/Berlin"),
    "name": ("sales", "reviews", {"en": "Tea", "zh": "茶"}),
    "report": ("sales", "reviews"),
    "login": ("ann", "bob", "agent"),
    "password": (PASSWORD,),
    "cron": ("0 9 * * 1",),
    "start": ("2026-11-01", "9999-12-31", "0001-01-01"),
    "end": ("2026-11-07", "9999-12-31", "0001-01-01"),
    "send_at": ("2036-11-01T09:00:00+08:00",),
    "since": ("2026-11-01T09:00:00+08:00",),
    "url": ("https://shop.example/hooks",),
    "events": (["order.paid"],),
    "accounts": (["webchat"], []),
    "command": ("",),
    "files": ([],),
    "country": ("",),
    "shipping": ("",),
    "code": ("", "main"),
    "picture": (None,),
    "pictures": ([],),
    "options": ([],),
    "values": ([],),
    "prices": (PRICES,),
    "variants": ([{"sku": "fresh", "prices": PRICES}], [{"sku": "other", "prices": PRICES}]),
    "amount": ("0.50",),
    "seen": (0,),
    "pieces": ({"main": 5},),
    "was": ({}, ""),
    "version": ("",),
    "quantity": (1,),
}


@dataclass(frozen=True, slots=True)
class World:
    """Where it listens, what it says of itself, who calls, and names in paths behind which something is."""

    url: str
    document: Mapping[str, Any]
    callers: Sequence[Caller]
    known: dict[str, list[Any]]


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    """It serves inside the block, and does nothing else: no report is made, and nothing is sent."""
    server = {"port": free_port(), "data": str(folder), "edge": False}
    loaded = load(None, {"server": server, "database": {"url": f"sqlite://{folder / 'parley.db'}?synchronous=OFF"}})
    config = loaded.model_copy(update={"server": loaded.server.model_copy(update={"roles": ("web",)})})
    async with opened(config):
        app = await build(config)
        # What is looked at are answers, and not how many of them there may be in a minute.
        app.site[GAUGES] = Gauges(replace(app.settings, api_rate=(10**9, 60.0), api_strangers=(10**9, 60.0)))
        await bot.demo.fill(app.storage, datetime.now(UTC))
        await app.start()
        try:
            yield await _world(app)
        finally:
            await app.stop()


async def _world(app: App) -> World:
    url, now = app.config.server.url, datetime.now(UTC)
    for login in OTHERS:
        await staff.add(login, login.title(), "agent", PASSWORD, now)
    people = [await _staff(app, role, FAR + number) for number, role in enumerate(staff.ROLES)]
    _, token = await api_keys.make("programs", api_keys.SCOPES, now, by=None)
    numbers = await Order.all().order_by("id").limit(3).values_list("number", flat=True)
    names = await Contact.all().order_by("id").limit(3).values_list("name", flat=True)
    skus = await Variant.all().order_by("id").limit(3).values_list("sku", flat=True)
    found = {"number": numbers, "confirm": names, "sku": [*skus, "fresh", "other"], "file": [_picture()]}
    known = {name: [*values] for name, values in (KNOWN | found).items()}
    key = Caller("key", {"Authorization": f"Bearer {token}"})
    visitor = {"Authorization": f"Bearer {visitors.issue(await kept.secret('web'))}"}
    document = orjson.loads(await app.site[DOCUMENT].text())
    return World(url, document, [Caller("nobody"), *people, key, Caller("visitor", visitor, only="/api/chat/")], known)


async def _staff(app: App, role: str, id_: int) -> Caller:
    now = datetime.now(UTC)
    made = await staff.add(role, role.title(), role, PASSWORD, now, one_time=False)
    await client().execute_query("UPDATE staff SET id = ? WHERE id = ?", [id_, made.id])
    session, token = await sessions.log_in(role, PASSWORD, "", "", now, app.settings.lifetime)
    cookie = f"{app.settings.cookie}={token}"
    return Caller(role, {"Cookie": cookie, "X-CSRF-Token": session.csrf, "Origin": app.config.server.url})


def _picture() -> bytes:
    file = BytesIO()
    Image.new("RGB", (8, 8), "green").save(file, "PNG")
    return file.getvalue()
