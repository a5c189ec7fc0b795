"""A platform that fails in every way that is known: Retry-After is kept, order too, and all arrives in the end."""

from __future__ import annotations

import asyncio
import time

from tests.faults import oracle
from tests.faults.crowd import Crowd, percentile
from tests.faults.part import WHOLE, Findings, Part, Trial
from tests.faults.shop import Shop
from tests.faults.visitor import Visitor
from tests.faults.weather import Weather
from tests.kit.telegram_server import TelegramServer
from tests.kit.wire_faults import Cut, Fault, Garbage, Hang, Lost, Reset, Status, TooMany

FAULTS: tuple[Fault, ...] = (Status(500), Status(502, ""), TooMany(3), Reset(), Lost(), Cut(), Garbage(), Hang())
OTHERS_MS = 1000.0  # for an answer on another account meanwhile


async def run(trial: Trial) -> Findings:
    """One kind of failure after the other while people write; somebody in the web chat must notice nothing."""
    async with TelegramServer() as server:
        server.faults = weather = Weather(server)
        shop = Shop(trial.folder, trial.url, (server.token, server.base), variant=trial.variant)
        people = Crowd(server, shop.hook, trial.count("people"), trial.chance)
        async with shop, people as crowd, Visitor(shop.url) as other:
            await shop.start()
            await other.opens()
            took: list[float] = []
            beside = asyncio.create_task(_beside(other, took))
            for fault in FAULTS:
                weather.now = fault
                async with crowd.writing(trial.counts["rate"]):
                    await asyncio.sleep(trial.counts["seconds"])
            weather.now = None
            back = time.monotonic()
            await crowd.is_answered(60.0 if trial.variant == WHOLE else 4.0)
            recovered = time.monotonic() - back
            beside.cancel()
            [ended] = await asyncio.gather(beside, return_exceptions=True)
            await shop.stop()
            found = await oracle.compare(trial.url, crowd.told, crowd.shown())
            wrong = found.wrong(repeated_at_most=weather.repeats)
            if weather.impatient:
                wrong.append(f"{weather.impatient} calls came before Retry-After was over")
            if isinstance(ended, Exception) or percentile(took, 0.99) > OTHERS_MS:
                wrong.append(f"the web chat suffered: {percentile(took, 0.99)} ms, {ended!r}")
            figures = {"failed_calls": sum(weather.hits.values()), "recovered_s": round(recovered, 1)}
            return Findings(found.figures() | figures | {"web_chat_p99_ms": percentile(took, 0.99)}, tuple(wrong))


async def _beside(visitor: Visitor, took: list[float]) -> None:
    """Somebody on another account; ends only by an error."""
    number = 0
    while True:
        began = time.monotonic()
        assert await visitor.says(f"beside {number}")
        await visitor.hears(f"echo beside {number}")
        took.append(time.monotonic() - began)
        number += 1
        await asyncio.sleep(0.2)


PART = Part(
    number=10,
    name="platform",
    promise="A platform that answers 500, 429, nothing, half or nonsense: order is kept, and all arrives in the end",
    passes="no call of a chat before its Retry-After; 0 lost, 0 reordered; the web chat answers within 1 s",
    run=run,
    full={"people": 50, "rate": 20, "seconds": 20.0},
    quick={"people": 50, "rate": 20, "seconds": 2.0},
    small={"people": 20, "rate": 20, "seconds": 1.0},
    armed={"ignores-retry-after": {}, "gives-up-at-once": {}},
    notes="Shown twice are messages that Telegram showed though its answer was lost, cut or nonsense. Retry-After is "
    "kept for the chat that was told to wait, and for the whole bot where the chat alone cannot have been too fast. "
    "One byte a second is not here yet.",
)
