"""The whole shop behind WhatsApp: what a customer finds there that the channel alone cannot know."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contracts.conftest import a_copy
from tests.kit.platforms.stages import stage_of
from tests.kit.platforms.together import all_together
from tests.kit.platforms.visitor import Visitor


@pytest.fixture
async def ann(sqlite_file: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Visitor]:
    """Ann writes to a shop that speaks Chinese to whom it does not know."""
    stage, told = stage_of("whatsapp"), {"shop": {"languages": ["zh", "en"]}}
    async with all_together([stage], tmp_path, a_copy(sqlite_file, tmp_path_factory), told) as together:
        yield Visitor(stage.person(together.servers["whatsapp"], 1), together.app, lambda: None)


async def test_what_opens_a_list_is_a_word_of_the_customers_language(ann: Visitor) -> None:
    await ann.says("/help", "帮")
    assert opener(ann) == "选择"
    await ann.says("/language", "语言")
    await ann.picks("English", "All right, I speak English")
    await ann.says("/help", "help")
    assert opener(ann) == "Choose"


def opener(ann: Visitor) -> str:
    """What the button of the newest list says."""
    lists = [shown.raw["interactive"] for shown in ann.person.shown if shown.raw["type"] == "interactive"]
    word: str = next(one["action"]["button"] for one in reversed(lists) if one["type"] == "list")
    return word
