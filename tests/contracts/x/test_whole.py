"""The whole of Parley behind X, which takes 15 messages of an account in 15 minutes, whoever they are to."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from models import Effect
from tests.contracts.conftest import a_copy
from tests.contracts.wire.hall import ECHO, Clock
from tests.kit.platforms.stages import stage_of
from tests.kit.platforms.together import all_together
from tests.kit.platforms.visitor import Visitor
from tests.kit.platforms.x import MOST, WINDOW, XServer

STAGE = stage_of("x")


@pytest.fixture
def database(sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return a_copy(sqlite_file, tmp_path_factory)


async def test_an_order_is_ten_messages(database: str, tmp_path: Path) -> None:
    """What is said in one turn is one message: with thirteen, a second customer would stall at once."""
    async with all_together([STAGE], tmp_path, database, {"shop": {"languages": ["en"]}}) as together:
        ann = Visitor(together.servers["x"].user("3001969357"), together.app, lambda: None)
        await ann.says("hi", "good to see you")
        await ann.says("/shop", "Here is what we have today.")
        await ann.picks("Add to cart", "In your cart now")
        await ann.picks("Check out", "Who is it for?")
        await ann.says("Ann Lee", "a phone number")
        await ann.says("+86 138 0013 8000", "Where shall we deliver?")
        await ann.says("1 West Lake Road, Hangzhou", "Shall I place this order?")
        await ann.picks("Place the order", "Please pay")
        await ann.pays("Your payment has arrived.")
        await ann.idle()
        assert len(ann.person.shown) <= 10, ann.screen()  # type: ignore[attr-defined]


async def test_what_waits_leaves_as_soon_as_x_takes_it(database: str, tmp_path: Path) -> None:
    """Nobody is tried meanwhile, nobody waits for longer than X has them wait, and each hears in order."""
    clock, told = Clock(), {"demo": {"shop": False}, "handlers": {"modules": ["handlers.presence", ECHO]}}
    async with all_together([STAGE], tmp_path, database, told, clock=clock.now) as together:
        server: XServer = together.servers["x"]
        ann, *others = (server.user(str(3001969357 + number)) for number in range(7))

        def passes(seconds: float) -> None:
            clock.passes(seconds)
            server.ahead += seconds
            together.app.runtime.effects.wake()

        for number in range(MOST):
            await ann.says(str(number))
        await server.until(lambda: len(ann.shown) == MOST)
        await ann.says("one more")
        await server.until(lambda: server.count("messages") == MOST + 1)
        for person in others:
            await person.says("one")
            await person.says("two")
        await _wait(2 * len(others) + 1)
        passes(WINDOW - 10)
        last = server.user("7")
        await last.says("me, too")
        await _wait(2 * len(others) + 2)
        passes(12)
        await server.until(lambda: [len(one.shown) for one in (*others, last, ann)] == [*[2] * 6, 1, MOST + 1])
        assert [[one.text for one in person.shown] for person in others] == [["echo one", "echo two"]] * len(others)
        assert server.count("messages") == MOST + 2 + 2 * len(others) + 1, "it was tried in vain"


async def _wait(number: int) -> None:
    """Until so many messages of ours wait to leave."""
    async with asyncio.timeout(30):
        while await Effect.filter(kind="send", state="pending").count() != number:
            await asyncio.sleep(0.01)
