"""The whole shop behind QQ, where a message may be answered a few times only."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from models import Effect, Message
from tests.contracts.conftest import a_copy
from tests.kit.platforms.stages import stage_of
from tests.kit.platforms.together import all_together

QUOTA = 3


async def test_a_cards_words_leave_before_its_picture_where_one_answer_is_left(
    sqlite_file: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stage, told = stage_of("qq"), {"shop": {"languages": ["en"]}}
    table = {"reply_quota": QUOTA}
    async with all_together(
        [stage],
        tmp_path,
        a_copy(sqlite_file, tmp_path_factory),
        told,
        table=lambda s, server: {**s.table(server), **table},
    ) as together:
        server = together.servers["qq"]
        server.quota = QUOTA
        ann = server.user("E4F4AEA33253A2797FB897C50B81D7ED")
        for text, stands in (("/shop", QUOTA), ("And?", 2 * QUOTA), ("And?", 2 * QUOTA + 1)):
            await ann.says(text)
            await shows(ann, stands)
            await together.app.runtime.idle()
        # Where answers are few, cards' pictures wait until the customer writes, and words do not.
        assert [len(one.files) for one in ann.shown] == [1, 0, 0, 1, 0, 0, 1]
        cards = ["Add to cart" in one.text or "See the options" in one.text for one in ann.shown]
        assert cards == [False, True, True, False, True, False, False]
        assert await Effect.filter(lane__startswith="qq:", state__in=["held", "pending"]).count() == 0
        assert {row.delivery for row in await Message.filter(author="bot", conversation__account="qq")} == {"sent"}
        assert not server.refusals


async def shows(ann: object, count: int) -> None:
    """Wait until so many messages stand there."""
    async with asyncio.timeout(30):
        while len(ann.shown) < count:  # type: ignore[attr-defined]
            await asyncio.sleep(0.01)
