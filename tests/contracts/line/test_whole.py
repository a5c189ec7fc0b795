"""The whole of Parley behind LINE, where one reply to each thing that somebody does is free, and a push is paid for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contracts.conftest import a_copy
from tests.kit.platforms.line import LineServer
from tests.kit.platforms.stages import stage_of
from tests.kit.platforms.together import all_together
from tests.kit.platforms.visitor import Visitor

STAGE = stage_of("line")


@pytest.fixture
def database(sqlite_file: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return a_copy(sqlite_file, tmp_path_factory)


async def test_what_one_turn_says_is_one_reply_and_products_stay_cards(database: str, tmp_path: Path) -> None:
    async with all_together([STAGE], tmp_path, database, {"shop": {"languages": ["en"]}}) as together:
        server: LineServer = together.servers["line"]
        ann = Visitor(STAGE.person(server, 0), together.app, lambda: None)
        await ann.opens(STAGE.opens, "good to see you")
        await ann.says("/help", "In the middle of a question")
        await ann.says("/shop", "Here is what we have today.")
        await ann.idle()
        assert (server.count("reply"), server.count("push")) == (3, 0), ann.screen()
        assert [shown.raw["type"] for shown in ann.person.shown] == ["text"] * 3 + ["flex"]
