"""The whole shop behind WhatsApp: what a customer finds there that the channel alone cannot know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.services import consents
from models import Consent, Identity
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
    assert await opener(ann) == "选择"
    await ann.says("/language", "语言")
    await ann.picks("English", "All right, I speak English")
    assert await opener(ann) == "Choose"


async def test_a_place_is_taken_as_an_address(ann: Visitor) -> None:
    where = {"latitude": 31.24, "longitude": 121.49, "name": "Peace Hotel", "address": "20 Nanjing Road"}
    await ann.says("/language", "语言")
    await ann.picks("English", "All right, I speak English")
    await send(ann, where, "I have kept this place here")
    await ann.says("/shop", "Here is what we have today.")
    await ann.picks("Add to cart", "In your cart now")
    await ann.picks("Check out", "Who is it for?")
    await ann.says("Ann Lee", "a phone number")
    await ann.says("+86 138 0013 8000", "Where shall we deliver?")
    await send(ann, where, "Thank you: Peace Hotel, 20 Nanjing Road.")
    await ann.says("3rd floor", "Ann Lee, +86 138 0013 8000, Peace Hotel, 20 Nanjing Road, 3rd floor")


async def test_who_stops_advertising_in_the_app_gets_no_news(ann: Visitor) -> None:
    await opener(ann)
    identity = await Identity.get(account="whatsapp", external_id=ann.person.id)  # type: ignore[attr-defined]
    await Consent.create(identity_id=identity.id, kind="news", given=True, way="asked", said="?", at=datetime.now(UTC))
    for value, given in (("stop", False), ("resume", True)):
        ann.person.wants_news(value)  # type: ignore[attr-defined]
        async with asyncio.timeout(30):
            while (await consents.of([identity.id]))[identity.id].news.given != given:
                await asyncio.sleep(0.01)
    refused = [{"code": 131050, "title": "User has stopped receiving marketing messages"}]
    ann.person.hears("failed", ann.person.shown[-1], errors=refused)  # type: ignore[attr-defined]
    async with asyncio.timeout(30):
        while (await consents.of([identity.id]))[identity.id].news.given:
            await asyncio.sleep(0.01)


async def send(ann: Visitor, where: dict[str, object], expected: str) -> None:
    """Send a place, and wait for the answer."""
    await ann._does(lambda place: ann.person.sends("location", place), where, expected)  # type: ignore[attr-defined]


async def opener(ann: Visitor) -> str:
    """What the button of a list says."""
    await ann.says("/help")
    await ann.gets(lambda shown: is_list(shown.raw), "a list")
    newest = next(one.raw for one in reversed(ann.person.shown) if is_list(one.raw))
    return str(newest["interactive"]["action"]["button"])


def is_list(raw: dict[str, Any]) -> bool:
    return raw["type"] == "interactive" and bool(raw["interactive"]["type"] == "list")
