"""Both ways between nodes, Valkey and PostgreSQL, on real servers: nodes hear each other, and notice when not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from bot.core.events import Event, MessageStored, Missed, RowChanged
from bot.runtime.bus import Bus
from bot.runtime.relay import Pace, Relay
from bot.runtime.relay_line import Carrier
from bot.runtime.relay_postgres import PostgresCarrier
from bot.runtime.relay_redis import RedisCarrier
from tests.kit.tcp_proxy import Proxy, proxy

QUICK = Pace(beat=0.05, lost=0.4, deaf=0.8, most_pause=0.1)
Make = Callable[[str], Carrier]


@pytest.fixture(params=["valkey", "postgres"])
def server(request: pytest.FixtureRequest) -> tuple[Make, str]:
    """How to make a carrier, and the URL of its server."""
    if request.param == "valkey":
        return lambda url: RedisCarrier(url, "test"), request.getfixturevalue("valkey_url")
    return PostgresCarrier, request.getfixturevalue("empty_postgres")


@asynccontextmanager
async def through(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy before the server, and the URL that leads through it."""
    parts = urlsplit(url)
    assert parts.port
    async with proxy(parts.port) as made:
        yield made, url.replace(f":{parts.port}/", f":{made.port}/")


class Node:
    """A bus, its relay, and what was heard with the time at which it was."""

    def __init__(self, carrier: Carrier, pace: Pace = QUICK) -> None:
        self.bus = Bus()
        self.relay = Relay(self.bus, carrier, pace=pace)
        self.heard: list[tuple[Event, float]] = []
        self.bus.subscribe("", self._hear)
        self.relay.start()

    async def _hear(self, told: Sequence[Event]) -> None:
        now = time.monotonic()
        self.heard += [(event, now) for event in told]

    def has(self, event: Event) -> bool:
        return any(one == event for one, _ in self.heard)

    @property
    def has_missed(self) -> bool:
        return any(isinstance(one, Missed) for one, _ in self.heard)

    async def stop(self) -> None:
        await self.relay.stop()
        await self.bus.close()


async def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.005)


async def together(one: Node, two: Node) -> None:
    """Wait until they hear each other and what joining cost is told."""
    await until(lambda: one.relay.others == two.relay.others == 1)
    await asyncio.sleep(QUICK.beat * 3)
    one.heard.clear()
    two.heard.clear()


async def test_nodes_hear_each_other_once_in_order_and_soon(server: tuple[Make, str]) -> None:
    make, url = server
    one, two = Node(make(url), Pace()), Node(make(url), Pace())
    await until(lambda: one.relay.others == two.relay.others == 1)
    told = [MessageStored(at, "webchat:茶", at) for at in range(1, 2_001)]
    began = time.monotonic()
    for event in told:
        one.bus.publish(event)
    await until(lambda: two.has(told[-1]))
    assert [event for event, _ in two.heard if not isinstance(event, Missed)] == told
    assert [event for event, _ in one.heard if not isinstance(event, Missed)] == told
    two.bus.publish(RowChanged(1))
    asked = time.monotonic()
    await until(lambda: one.has(RowChanged(1)))
    assert time.monotonic() - asked < 0.2, "hints that need longer are no hints"
    assert time.monotonic() - began < 5
    await one.stop()
    await until(lambda: two.relay.others == 0)
    await two.stop()


async def test_a_cut_line_is_made_again_and_the_gap_is_known(server: tuple[Make, str]) -> None:
    make, url = server
    async with through(url) as (between, there):
        one, two = Node(make(url)), Node(make(there))
        await together(one, two)
        between.cut()
        await until(lambda: two.relay.polls)
        one.bus.publish(RowChanged(1))
        await until(lambda: not two.relay.polls and two.relay.others == 1 and two.has_missed)
        await together(one, two)
        one.bus.publish(RowChanged(2))
        await until(lambda: two.has(RowChanged(2)))
        await one.stop()
        await two.stop()


async def test_a_deaf_line_is_noticed(server: tuple[Make, str]) -> None:
    make, url = server
    async with through(url) as (between, there):
        one, two = Node(make(url)), Node(make(there))
        await together(one, two)
        between.is_deaf = True
        await until(lambda: two.relay.polls)
        await until(lambda: bool(two.relay.trouble))
        assert one.relay.trouble == ""
        between.is_deaf = False
        await until(lambda: not two.relay.polls and two.relay.trouble == "" and two.has_missed)
        await one.stop()
        await two.stop()


async def test_a_subscription_that_the_server_ends_is_made_again(valkey_url: str) -> None:
    one, two = (Node(RedisCarrier(valkey_url, "test")) for _ in range(2))
    await together(one, two)
    async with Redis.from_url(valkey_url) as client:
        await client.client_kill_filter(_type="pubsub")
    await until(lambda: one.relay.polls or two.relay.polls)
    await until(lambda: not one.relay.polls and not two.relay.polls and one.has_missed and two.has_missed)
    await one.stop()
    await two.stop()


async def test_two_databases_on_one_server_do_not_hear_each_other(valkey_url: str) -> None:
    one, two = Node(RedisCarrier(valkey_url, "one")), Node(RedisCarrier(valkey_url, "two"))
    await until(lambda: not one.relay.polls and not two.relay.polls)
    one.bus.publish(RowChanged(1))
    await asyncio.sleep(QUICK.beat * 3)
    assert (one.relay.others, two.relay.others, two.heard) == (0, 0, [])
    await one.stop()
    await two.stop()


async def test_what_goes_wrong_is_said_without_the_password(valkey_url: str, postgres_url: str) -> None:
    carriers: tuple[Carrier, ...] = (
        RedisCarrier(valkey_url.replace("redis://", "redis://:geheim@"), "test"),
        PostgresCarrier(postgres_url.replace("://postgres", "://postgres:geheim") + "_nowhere"),
    )
    for carrier, words in zip(carriers, ("AUTH", "does not exist"), strict=True):
        with pytest.raises(ConnectionError, match=words) as told:
            async with carrier.open():
                pass
        assert "geheim" not in str(told.value)


async def test_what_an_url_says_to_the_pool_is_not_said_to_the_server(empty_postgres: str) -> None:
    async with PostgresCarrier(f"{empty_postgres}?minsize=2&maxsize=5").open() as line:
        await line.send(b"hello")
        assert await line.receive() == b"hello"
