"""Staff ship an order two days after its customer wrote on WhatsApp: how it is told, and what the desk says of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, DummyCookieJar

from bot.app import App
from bot.services import same_person, staff
from models import Conversation, Order
from models.database import transaction
from tests.contracts.conftest import a_copy
from tests.kit.platforms.stages import PUBLIC, Stage, stage_of
from tests.kit.platforms.together import Together, all_together
from tests.kit.platforms.visitor import Visitor

PASSWORD = "a long password"
SHIPPED = "is on its way to you."
TEMPLATE = {"template": "order_news", "template_language": "en"}


@dataclass
class Play:
    """The shop behind WhatsApp and Telegram on one clock, and Mei, who is logged in at the desk."""

    together: Together
    http: ClientSession
    days: float = 0
    headers: dict[str, str] = field(default_factory=lambda: {"Origin": PUBLIC})

    @property
    def app(self) -> App:
        return self.together.app

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=self.days)

    def passes(self, days: float) -> None:
        """Time goes by at WhatsApp, too."""
        self.days += days
        self.together.servers["whatsapp"].ahead += days * 86400

    def customer(self, channel: str) -> Visitor:
        return Visitor(stage_of(channel).person(self.together.servers[channel], 1), self.app, lambda: None)

    async def desk(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The cookie is meant for TLS, so it is carried by hand."""
        url = f"http://127.0.0.1:{self.app.config.server.port}/api/desk/{path}"
        async with self.http.request(method, url, json=body, headers=self.headers) as response:
            assert response.status == 200, await response.text()
            if cookie := response.headers.get("Set-Cookie"):
                self.headers |= {"Cookie": cookie.partition(";")[0]}
            return await response.json()

    async def logs_in(self) -> None:
        """Anew, whatever has become of the last session."""
        self.headers = {"Origin": PUBLIC}
        told = await self.desk("POST", "login", {"login": "mei", "password": PASSWORD})
        self.headers |= {"X-CSRF-Token": told["csrf"]}

    async def ships(self) -> None:
        """Mei packs the order, and hands it to the courier."""
        await self.logs_in()
        order = await Order.get(account="whatsapp")
        for step in ("pack", "ship"):
            await self.desk("POST", f"orders/{order.id}/{step}", {})

    async def told(self, delivery: str) -> dict[str, Any]:
        """What the order's page says of how its last step was told, once it has come so far."""
        order = await Order.get(account="whatsapp")
        async with asyncio.timeout(30):
            while True:
                last = (await self.desk("GET", f"orders/{order.id}"))["events"][-1]
                assert last["to"] == "shipped"
                if last.get("told") and last["told"]["delivery"] == delivery:
                    return dict(last["told"])
                await asyncio.sleep(0.05)


@pytest.fixture
async def plays(sqlite_file: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    @asynccontextmanager
    async def play(more: dict[str, str]) -> AsyncIterator[Play]:
        def table(stage: Stage, server: Any) -> dict[str, Any]:
            return {**stage.table(server), **(more if stage.channel == "whatsapp" else {})}

        stages, told = [stage_of("whatsapp"), stage_of("telegram-webhook")], {"shop": {"languages": ["en"]}}
        url = a_copy(sqlite_file, tmp_path_factory)
        found: list[Play] = []
        clock = lambda: found[0].now() if found else datetime.now(UTC)  # noqa: E731
        async with (
            all_together(stages, tmp_path, url, told, table=table, clock=clock) as together,
            ClientSession(cookie_jar=DummyCookieJar()) as http,
        ):
            found.append(Play(together, http))
            await staff.add("mei", "Mei", "manager", PASSWORD, found[0].now(), one_time=False)
            yield found[0]

    return play


async def orders(play: Play) -> Visitor:
    """Ann orders on WhatsApp, pays, and is silent from then on for two days."""
    ann = play.customer("whatsapp")
    await ann.says("/shop", "Here is what we have today.")
    await ann.picks("Add to cart", "In your cart now")
    await ann.picks("Check out", "Who is it for?")
    await ann.says("Ann Lee", "a phone number")
    await ann.says("+86 138 0013 8000", "Where shall we deliver?")
    await ann.says("1 West Lake Road, Hangzhou", "Shall I place this order?")
    await ann.picks("Place the order", "Please pay")
    await ann.pays("Your payment has arrived.")
    await ann.idle()
    play.passes(days=2)
    return ann


def last(ann: Visitor) -> tuple[str, str]:
    """WhatsApp's type of what came last, and its words."""
    shown = ann.person.shown[-1]
    return shown.raw["type"], shown.text


async def talk_on(account: str) -> int:
    return int((await Conversation.get(account=account)).id)


async def test_it_leaves_as_the_template_where_there_is_one(plays: Any) -> None:
    async with plays(TEMPLATE) as play:
        ann = await orders(play)
        await play.ships()
        told = await play.told("sent")
        kind, words = last(ann)
        assert (kind, SHIPPED in words) == ("template", True)
        here = await talk_on("whatsapp")
        assert told == {
            "conversation_id": here, "account": "whatsapp", "channel": "whatsapp", "delivery": "sent", "error": "",
            "template": True,
        }  # fmt: skip


async def test_without_one_it_leaves_in_another_app_of_the_same_person(plays: Any) -> None:
    async with plays({}) as play:
        telegram = play.customer("telegram-webhook")
        await telegram.says("hello", "?")
        ann = await orders(play)
        await joined(await talk_on("whatsapp"), await talk_on("telegram-webhook"), play.now())
        before = len(ann.person.shown)
        await play.ships()
        await telegram.gets(lambda shown: SHIPPED in shown.text, SHIPPED)
        told = await play.told("sent")
        assert (told["account"], told["template"], len(ann.person.shown)) == ("telegram-webhook", False, before)


async def test_else_it_waits_until_they_write_and_only_the_newest_step_is_told(plays: Any) -> None:
    async with plays({}) as play:
        ann = await orders(play)
        before = len(ann.person.shown)
        await play.ships()
        told = await play.told("held")
        assert (told["account"], told["template"], len(ann.person.shown)) == ("whatsapp", False, before)
        await ann.says("Where is my tea?")
        assert (await play.told("sent"))["template"] is False
        await ann.idle()
        assert [shown.text.partition(" ")[2][-21:] for shown in ann.person.shown[before:]] == [SHIPPED]
        assert not play.together.servers["whatsapp"].refusals


async def joined(here: int, there: int, now: datetime) -> None:
    """Both are one person's, as they have proved."""
    ids = [(await Conversation.get(id=one)).identity_id for one in (here, there)]
    async with transaction():
        await same_person.join(ids[0], ids[1], now)
