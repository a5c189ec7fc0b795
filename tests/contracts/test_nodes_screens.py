"""Two web nodes on one PostgreSQL: what happens at one shows at the other; where nothing connects them, later."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
import socketio  # type: ignore[import-untyped]

from bot.runtime.bus import Bus
from bot.runtime.relay import Pace, Relay
from bot.runtime.relay_line import Carrier
from bot.runtime.relay_postgres import PostgresCarrier
from bot.runtime.relay_redis import RedisCarrier
from bot.services import staff
from models import Conversation
from models.database import close_database, open_database
from tests.kit.tcp_proxy import proxy
from tests.servers import Valkey
from tests.unit.web.running import Browser, Site, site
from web.settings import WebSettings

PASSWORD = "a long password"
QUICK = Pace(beat=0.1, lost=0.5, deaf=1.0, most_pause=0.2)
LOOK = 0.3
SETTINGS = WebSettings(chat_rate=(1000, 5.0), look_every=LOOK)
Make = Callable[[Bus], Relay]


class Trusting(Relay):
    """Believes that whoever is connected hears: what a node without a ping to itself does."""

    polls = False
    trouble = ""


class Desk:
    """An open desk of one member of staff at one node."""

    def __init__(self, at: Site, client: aiohttp.ClientSession) -> None:
        self.at = at
        self.client = client
        self.socket = socketio.AsyncClient(reconnection=False)
        self.heard: list[tuple[str, dict[str, object]]] = []
        for event in ("row", "message", "viewers"):
            self.socket.on(event, self._listener(event), namespace="/desk")

    def _listener(self, event: str) -> object:
        async def listen(body: dict[str, object]) -> None:
            self.heard.append((event, body))

        return listen

    async def opens(self, login: str = "mei") -> Desk:
        """Log in and connect."""
        who = {"login": login, "password": PASSWORD}
        async with self.client.post(
            f"{self.at.url}/api/desk/login", json=who, headers={"Origin": self.at.url}
        ) as answer:
            self.csrf = (await answer.json())["csrf"]
            token = answer.cookies["parley"].value
        headers = {"Origin": self.at.url, "Cookie": f"parley={token}"}
        await self.socket.connect(self.at.url, headers=headers, namespaces=["/desk"], transports=["websocket"])
        return self

    def colleagues(self) -> set[str]:
        """Who was last said to look at the same conversation."""
        told = [body["staff"] for event, body in self.heard if event == "viewers"]
        return {one["name"] for one in told[-1]} if told and isinstance(told[-1], list) else set()

    def texts(self) -> list[str]:
        shown = [body["message"] for event, body in self.heard if event == "message"]
        return [str(message["text"]) for message in shown if isinstance(message, dict)]


class Two:
    """Two nodes, and whoever visits them."""

    def __init__(self, a: Site, b: Site, relays: list[Relay], ends: AsyncExitStack) -> None:
        self.a, self.b, self.relays, self._ends = a, b, relays, ends

    async def visitor(self, at: Site, token: str | None = None) -> Browser:
        browser = await Browser(at.url, token).opens()
        self._ends.push_async_callback(browser.leaves)
        return browser

    async def desk(self, at: Site, login: str = "mei") -> Desk:
        client = await self._ends.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)))
        desk = await Desk(at, client).opens(login)
        self._ends.push_async_callback(desk.socket.disconnect)
        return desk

    async def taken_over(self, visitor: Browser) -> int:
        """The visitor has written at B and was answered, and staff have taken over at A."""
        await visitor.says("hello")
        await visitor.hears(lambda: len(visitor.texts) == 2)
        row = await Conversation.get()
        await self.a.runtime.desk.take_over(row.id, (await staff.everyone(active_only=True))[0].id)
        talk: int = row.id
        return talk

    async def says(self, conversation: int, text: str) -> float:
        """Staff speak at A; the time at which it was stored."""
        who = (await staff.everyone(active_only=True))[0].id
        await self.a.runtime.desk.say(conversation, who, text, text, ())
        return time.monotonic()

    async def know_each_other(self) -> None:
        await until(lambda: all(relay.others == 1 and not relay.polls for relay in self.relays))
        await asyncio.sleep(QUICK.beat * 2)


async def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def two(folder: Path, database: str, first: Make, second: Make) -> AsyncIterator[Two]:
    """Node A with the first relay, node B with the second, and Mei of the staff."""
    relays: list[Relay] = []

    def kept(make: Make) -> Make:
        def made(bus: Bus) -> Relay:
            relays.append(make(bus))
            return relays[-1]

        return made

    async with AsyncExitStack() as ends:
        ends.push_async_callback(close_database)
        await open_database(database)
        a = await ends.enter_async_context(site(folder, SETTINGS, is_open=True, relay=kept(first)))
        b = await ends.enter_async_context(site(folder, SETTINGS, is_open=True, relay=kept(second)))
        await staff.add("mei", "Mei", "agent", PASSWORD, a.clock(), one_time=False)
        yield Two(a, b, relays, ends)


def by(carrier: Carrier | None, kind: type[Relay] = Relay) -> Make:
    return lambda bus: kind(bus, carrier, pace=QUICK)


@pytest.fixture(params=["valkey", "postgres"])
def carrier(request: pytest.FixtureRequest, empty_postgres: str) -> Carrier:
    if request.param == "valkey":
        return RedisCarrier(request.getfixturevalue("valkey_url"), "test")
    return PostgresCarrier(empty_postgres)


@pytest.fixture
async def nodes(carrier: Carrier, tmp_path: Path, empty_postgres: str) -> AsyncIterator[Two]:
    async with two(tmp_path, empty_postgres, by(carrier), by(carrier)) as made:
        await made.know_each_other()
        yield made


async def test_a_visitor_at_b_sees_at_once_what_staff_say_at_a(nodes: Two) -> None:
    ann = await nodes.visitor(nodes.b)
    talk = await nodes.taken_over(ann)
    await ann.hears(lambda: ("owner", {"name": "Mei"}) in ann.heard)
    waits = []
    for n in range(10):
        stored = await nodes.says(talk, f"answer {n}")
        await ann.hears(lambda n=n: ann.texts[-1][1] == f"answer {n}")
        waits.append(time.monotonic() - stored)
    assert sorted(waits)[5] < 0.2, waits
    assert [seq for seq, _ in ann.texts] == list(range(1, 13))


async def test_a_desk_at_a_sees_what_a_visitor_says_at_b(nodes: Two) -> None:
    desk, ann = await nodes.desk(nodes.a), await nodes.visitor(nodes.b)
    await ann.says("is anybody there?")
    await until(lambda: desk.texts() == ["is anybody there?", "echo: is anybody there?"])
    await until(lambda: any(event == "row" for event, _ in desk.heard))


async def test_a_socket_comes_back_to_the_other_node(nodes: Two) -> None:
    ann = await nodes.visitor(nodes.b)
    talk = await nodes.taken_over(ann)
    await ann.leaves()
    await nodes.says(talk, "while you were away")
    again = await nodes.visitor(nodes.a, ann.token)
    await nodes.says(talk, "welcome back")
    await again.hears(lambda: len(again.texts) == 4)
    assert again.texts == [(1, "hello"), (2, "echo: hello"), (3, "while you were away"), (4, "welcome back")]


async def test_colleagues_at_other_nodes_are_seen_and_forgotten(nodes: Two) -> None:
    ann = await nodes.visitor(nodes.b)
    talk = await nodes.taken_over(ann)
    await staff.add("li", "Li", "agent", PASSWORD, nodes.a.clock(), one_time=False)
    here, there = await nodes.desk(nodes.a), await nodes.desk(nodes.b, "li")
    await here.socket.call("view", {"conversation_id": talk}, namespace="/desk")
    await there.socket.call("view", {"conversation_id": talk}, namespace="/desk")
    await until(lambda: here.colleagues() == there.colleagues() == {"Mei", "Li"})
    await there.socket.disconnect()
    await until(lambda: here.colleagues() == {"Mei"})


async def test_a_log_out_at_a_closes_the_desk_at_b(nodes: Two) -> None:
    here = await nodes.desk(nodes.a)
    token = next(iter(here.client.cookie_jar)).value
    there = Desk(nodes.b, here.client)
    headers = {"Origin": nodes.b.url, "Cookie": f"parley={token}"}
    await there.socket.connect(nodes.b.url, headers=headers, namespaces=["/desk"], transports=["websocket"])
    async with here.client.post(
        f"{nodes.a.url}/api/desk/logout", headers={"Origin": nodes.a.url, "X-CSRF-Token": here.csrf}
    ) as answer:
        assert answer.status == 200
    await until(lambda: not there.socket.connected)


async def test_long_polling_begins_only_where_there_is_no_other_node(nodes: Two) -> None:
    assert await nodes.a.status("GET", "/socket.io/?EIO=4&transport=polling") == 400
    await nodes.relays[1].stop()
    await until(lambda: nodes.relays[0].others == 0)
    assert await nodes.a.status("GET", "/socket.io/?EIO=4&transport=polling") == 200


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    server = Valkey(tmp_path)
    server.start()
    yield server
    server.stop()


async def test_without_redis_the_chat_goes_on_and_the_node_says_that_it_is_not_ready(
    own_valkey: Valkey, tmp_path: Path, empty_postgres: str
) -> None:
    make = by(RedisCarrier(own_valkey.url, "test"))
    async with two(tmp_path, empty_postgres, make, make) as nodes:
        await nodes.know_each_other()
        desk, ann = await nodes.desk(nodes.a), await nodes.visitor(nodes.b)
        talk = await nodes.taken_over(ann)
        assert await nodes.b.json("GET", "/readyz") == (200, {"ok": True, "reasons": []})
        own_valkey.kill()
        await until(lambda: all(relay.trouble for relay in nodes.relays))
        status, body = await nodes.b.json("GET", "/readyz")
        assert (status, str(body["reasons"])[2:7]) == (503, "relay")
        for n in range(3):
            await nodes.says(talk, f"answer {n}")
            await ann.hears(lambda n=n: ann.texts[-1][1] == f"answer {n}", seconds=LOOK + 5)
        await nodes.a.runtime.desk.give_back(talk, (await staff.everyone(active_only=True))[0].id)
        await ann.hears(lambda: ann.heard[-1] == ("owner", None), seconds=LOOK + 5)
        again = await nodes.desk(nodes.a)  # the first one was cut, so that it reads everything anew
        await asyncio.sleep(LOOK * 2)
        await ann.says("still here")
        await until(lambda: "still here" in again.texts())
        assert not desk.socket.connected
        own_valkey.start()
        await nodes.know_each_other()
        assert await nodes.b.json("GET", "/readyz") == (200, {"ok": True, "reasons": []})
        assert [seq for seq, _ in ann.texts] == list(range(1, len(ann.texts) + 1))


@pytest.mark.parametrize("kind", [Relay, Trusting])
async def test_a_deaf_subscription_is_noticed(
    kind: type[Relay], valkey_url: str, tmp_path: Path, empty_postgres: str
) -> None:
    """The broken variant proves that it is the ping to itself which keeps the visitor informed."""
    async with proxy(urlsplit(valkey_url).port or 0) as between:
        through = RedisCarrier(f"redis://127.0.0.1:{between.port}/0", "test")
        make = by(RedisCarrier(valkey_url, "test"))
        async with two(tmp_path, empty_postgres, make, by(through, kind)) as nodes:
            await nodes.know_each_other()
            ann = await nodes.visitor(nodes.b)
            talk = await nodes.taken_over(ann)
            between.is_deaf = True
            await nodes.says(talk, "can you hear me?")
            if kind is Trusting:
                await asyncio.sleep(QUICK.deaf + 3 * LOOK)
                assert "can you hear me?" not in [text for _, text in ann.texts]
                return
            await ann.hears(lambda: ann.texts[-1][1] == "can you hear me?")
            await until(lambda: bool(nodes.relays[1].trouble))
            assert nodes.relays[0].trouble == ""
            between.is_deaf = False
            await nodes.know_each_other()


async def test_nodes_that_nothing_connects_look_at_the_database(tmp_path: Path, empty_postgres: str) -> None:
    async with two(tmp_path, empty_postgres, by(None), by(None)) as nodes:
        desk, ann = await nodes.desk(nodes.a), await nodes.visitor(nodes.b)
        talk = await nodes.taken_over(ann)
        await nodes.says(talk, "slow but sure")
        await ann.hears(lambda: ann.texts[-1][1] == "slow but sure", seconds=LOOK + 5)
        status, _ = await nodes.b.json("GET", "/readyz")
        assert status == 200
        await asyncio.sleep(LOOK * 2)
        again = desk if desk.socket.connected else await nodes.desk(nodes.a)
        await ann.says("thank you")
        await until(lambda: "thank you" in again.texts())
