"""So many in so much time: one node in its memory, several over all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.services.visitors import Visit
from models import Attachment
from models.database import close_database, migrate, open_database
from tests.unit.web.running import Browser, Site, site
from web.limits import Limiter, VisitorLimiter
from web.settings import WebSettings

ANN = Visit("ann", "")
SETTINGS = WebSettings(chat_rate=(6, 60.0), upload_rate=(4, 60.0))


class Table:
    """What all nodes let pass, the first of it four seconds ago; each question finds one more."""

    def __init__(self, passed: int) -> None:
        self.passed = passed
        self.asked: list[float] = []
        self.now = 0.0

    def limiter(self) -> VisitorLimiter:
        """Six in ten seconds."""
        return VisitorLimiter(6, 10.0, lambda: self.now, self._recent, lambda: datetime(2026, 11, 23, tzinfo=UTC))

    async def _recent(self, visit: Visit, now: datetime, seconds: float) -> tuple[int, float]:
        self.asked.append(seconds)
        self.passed += 1
        return self.passed, 4.0


def test_a_window_slides() -> None:
    now = [0.0]
    limiter = Limiter(2, 10.0, lambda: now[0])
    assert [limiter.wait("ann"), limiter.wait("ann")] == [0.0, 0.0]
    now[0] = 4.0
    assert (limiter.wait("ann"), limiter.wait("bob")) == (6.0, 0.0)
    now[0] = 10.0
    assert limiter.wait("ann") == 0.0


async def test_the_database_is_asked_only_past_a_nodes_share() -> None:
    table = Table(3)
    alone = table.limiter()
    assert [await alone.wait_among(1, ANN) for _ in range(6)] == [0.0] * 6
    assert await alone.wait_among(1, ANN) == 10.0
    among = table.limiter()
    assert [await among.wait_among(2, ANN) for _ in range(3)] == [0.0] * 3
    assert table.asked == []
    assert [await among.wait_among(2, ANN) for _ in range(3)] == [0.0, 0.0, 6.0]
    assert table.asked == [10.0] * 3


async def test_whom_the_database_refuses_is_not_counted_and_not_asked_for_again_before_their_time() -> None:
    table = Table(6)
    among = table.limiter()
    assert [await among.wait_among(2, ANN) for _ in range(5)] == [0.0, 0.0, 0.0, 6.0, 6.0]
    assert table.asked == [10.0]
    table.now = 4.0
    assert await among.wait_among(2, ANN) == 2.0
    table.now, table.passed = 6.0, 2
    assert [await among.wait_among(2, ANN) for _ in range(3)] == [0.0] * 3  # of its own six it has let pass three
    assert len(table.asked) == 4
    assert await among.wait_among(2, ANN) == 4.0
    assert len(table.asked) == 4  # its own count says so


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
