"""`python -m tests.faults.racer VARIANT URL FILE`: a scheduler that ticks all the time, at the moment FILE tells."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from pathlib import Path

from bot.runtime.schedule import Schedule
from models.database import close_database, open_database
from tests.faults.part import WHOLE
from tests.faults.variants import arm


async def main(url: str, file: Path) -> None:
    """Until killed."""
    await open_database(url)
    schedule = Schedule(lambda: datetime.fromisoformat(file.read_text("utf-8")), lambda: None)
    try:
        while True:
            await schedule.tick()
            await asyncio.sleep(0.005)
    finally:
        await close_database()


if __name__ == "__main__":
    variant, database, clock = sys.argv[1:]
    if variant != WHOLE:
        arm(variant)
    asyncio.run(main(database, Path(clock)))
