"""So many in so much time: one node in its memory, several over all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from models import Attachment
from models.database import close_database, migrate, open_database
from tests.unit.web.running import Browser, Site, site
from web.limits import Limiter
from web.settings import WebSettings

SETTINGS = WebSettings(chat_rate=(6, 60.0), upload_rate=(4, 60.0))


async def nobody(_: float) -> tuple[int, float]:
    raise AssertionError("the database is asked for nothing")


def test_a_window_slides() -> None:
    now = [0.0]
    limiter = Limiter(2, 10.0, lambda: now[0])
    assert [limiter.wait("ann"), limiter.wait("ann")] == [0.0, 0.0]
    now[0] = 4.0
    assert (limiter.wait("ann"), limiter.wait("bob")) == (6.0, 0.0)
    now[0] = 10.0
    assert limiter.wait("ann") == 0.0


async def test_the_database_is_asked_only_past_a_nodes_share() -> None:
    asked: list[float] = []

    async def recent(seconds: float) -> tuple[int, float]:
        asked.append(seconds)
        return 3 + len(asked), 4.0

    alone = Limiter(6, 10.0, lambda: 0.0)
    assert [await alone.wait_among(1, "ann", nobody) for _ in range(6)] == [0.0] * 6
    assert await alone.wait_among(1, "ann", nobody) == 10.0
    among = Limiter(6, 10.0, lambda: 0.0)
    assert [await among.wait_among(2, "ann", nobody) for _ in range(3)] == [0.0] * 3
    assert [await among.wait_among(2, "ann", recent) for _ in range(3)] == [0.0, 0.0, 6.0]
    assert asked == [10.0] * 3
    assert await among.wait_among(2, "ann", nobody) == 10.0  # its own count says so


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[list[Site]]:
    """Two nodes on one database."""
    async with AsyncExitStack() as ends:
        ends.push_async_callback(close_database)
        await open_database(f"sqlite://{tmp_path / 'parley.db'}")
        await migrate()
        nodes = [await ends.enter_async_context(site(tmp_path, SETTINGS, is_open=True)) for _ in range(2)]
        for node in nodes:
            node.runtime.nodes = 2
        yield nodes


async def test_two_nodes_let_pass_what_one_would(two: list[Site]) -> None:
    first = await Browser(two[0].url).opens()
    second = await Browser(two[1].url, first.token).opens()
    answers = [await browser.says(f"hi {n}") for n in range(8) for browser in (first, second)]
    assert len([one for one in answers if "id" in one]) == SETTINGS.chat_rate[0]
    refused = [one for one in answers if "error" in one]
    assert len(refused) == 10
    assert all(error["code"] == "rate_limited" for one in refused if isinstance(error := one["error"], dict))
    await first.leaves()
    await second.leaves()


async def test_the_same_for_files(two: list[Site]) -> None:
    browser = await Browser(two[0].url).opens()
    await browser.says("hello")
    headers = {"Authorization": f"Bearer {browser.token}"}
    upload = "/api/chat/files?name=tea.txt"
    told = [await node.status("POST", upload, data=b"tea", headers=headers) for _ in range(4) for node in two]
    assert sorted(told) == [201] * 4 + [429] * 4
    assert await Attachment.all().count() == 4
    await browser.leaves()
