"""People of the faults: every block in which they write has all of them."""

from __future__ import annotations

import asyncio
import random

from tests.faults.crowd import Crowd, Json
from tests.kit.telegram_server import TelegramServer


class Heard(Crowd):
    """Everything is acknowledged at once."""

    async def posts(self, told: Json) -> tuple[int, float]:
        await asyncio.sleep(0)
        return 200, 0.0


async def test_more_blocks_than_people() -> None:
    async with (
        TelegramServer() as server,
        Heard(server, "http://127.0.0.1:9/hooks/telegram", 2, random.Random(1)) as crowd,
    ):
        async with asyncio.timeout(10):
            for _ in range(5):
                async with crowd.writing(200.0):
                    await asyncio.sleep(0.02)
    assert sum(map(len, crowd.told.values())) >= 5
