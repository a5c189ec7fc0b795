"""Four schedulers race for every due time, in zones around the world, and are killed while they do."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bot.services import reports
from models import Identity, Staff
from models.database import fetch, migrate, transaction
from tests.analytics.shop import Shop as Books
from tests.faults import oracle
from tests.faults.nodes import Awake
from tests.faults.part import Findings, Part, Trial
from tests.servers import dies_with_us

ROOT = Path(__file__).parents[3]
RACERS = 4
PATIENCE = 60.0
#: Twelve hours after the due time of the easternmost, and before the next one of the westernmost.
START = datetime(2024, 3, 1, 14, tzinfo=UTC)
ZONES = (
    "Asia/Shanghai", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu",
    "America/St_Johns", "Africa/Cairo", "Pacific/Chatham", "America/Santiago",
)  # fmt: skip
CHATS = (1, 2)
LEFT = "SELECT count(*) AS count FROM report_subscription WHERE next_at <= ?"
RUNS = "SELECT timezone, slot, count(*) AS count FROM report_run GROUP BY timezone, slot"
DELIVERIES = "SELECT count(*) AS count FROM report_delivery"
EFFECTS = "SELECT count(*) AS count FROM effect"


async def run(trial: Trial) -> Findings:
    """Each day has its moment; the next one comes when nobody is due any more."""
    days, clock = trial.count("days"), trial.folder / "clock"
    clock.write_text(START.isoformat(), "utf-8")
    kills = 0
    async with oracle.database(trial.url):
        await _prepare()
        racers = [await _start(trial, clock) for _ in range(RACERS)]
        try:
            for day in range(days):
                now = START + timedelta(days=day)
                draft = clock.with_suffix(".new")
                draft.write_text(now.isoformat(), "utf-8")
                draft.rename(clock)
                if trial.chance.random() < trial.counts["kills"]:
                    kills += 1
                    await asyncio.sleep(trial.chance.uniform(0.0, 0.1))
                    racers.append(await _replaced(trial, racers.pop(trial.chance.randrange(RACERS)), clock))
                await _is_over(now)
        finally:
            for racer in racers:
                racer.kill()
                await racer.wait()
        return await _compare(days, kills)


async def _prepare() -> None:
    """A manager with two linked chats, each of which wants the report of every zone at half past two in the night."""
    await migrate()
    await Books(21).open()
    before = START - timedelta(days=1)
    await Staff.create(id=1, login="ann", name="Ann", role="manager", password_hash="x", created_at=before)
    await Identity.filter(id__in=CHATS).update(staff_id=1)
    for zone in ZONES:
        for chat in CHATS:
            async with transaction():
                await reports.subscribe(
                    conversation_id=chat, cron="30 2 * * *", known=("sales",), staff_id=1, report="sales",
                    timezone=zone, locale="en", now=before,
                )  # fmt: skip


async def _start(trial: Trial, clock: Path) -> asyncio.subprocess.Process:
    words = [*dies_with_us("KILL"), sys.executable, "-m", "tests.faults.racer", trial.variant, trial.url, str(clock)]
    with (trial.folder / "log").open("ab") as log:
        return await asyncio.create_subprocess_exec(*words, cwd=ROOT, env=dict(os.environ), stdout=log, stderr=log)


async def _replaced(trial: Trial, racer: asyncio.subprocess.Process, clock: Path) -> asyncio.subprocess.Process:
    racer.kill()
    await racer.wait()
    return await _start(trial, clock)


async def _is_over(now: datetime) -> None:
    """Until nothing is due at this moment."""
    waiting = Awake()
    while waiting.seconds < PATIENCE:
        [left] = await fetch(LEFT, (now,))
        if not left["count"]:
            return
        await waiting.tick()
    raise TimeoutError("the schedulers do not get on")


async def _compare(days: int, kills: int) -> Findings:
    by_zone: dict[str, list[date]] = defaultdict(list)
    rows = await fetch(RUNS)
    for row in rows:
        by_zone[row["timezone"]] += [date.fromisoformat(str(row["slot"]).split("/")[1])] * int(row["count"])
    wrong = []
    for zone in ZONES:
        found = sorted(by_zone[zone])
        first = found[0] if found else START.date()
        every = {first + timedelta(days=number) for number in range((found[-1] - first).days + 1 if found else 0)}
        if doubled := len(found) - len(set(found)):
            wrong.append(f"{zone}: {doubled} days have two runs")
        if set(found) != every or not days <= len(set(found)) <= days + 1:
            wrong.append(f"{zone}: {len(set(found))} days have a run, of {days}")
    [deliveries], [effects], runs = await fetch(DELIVERIES), await fetch(EFFECTS), sum(map(len, by_zone.values()))
    if deliveries["count"] != runs * len(CHATS) or effects["count"] != deliveries["count"]:
        wrong.append(f"{deliveries['count']} deliveries and {effects['count']} effects of {runs} runs to {len(CHATS)}")
    figures = {"due_times": runs * len(CHATS), "runs": runs, "deliveries": deliveries["count"], "kills": kills}
    return Findings(figures, tuple(wrong))


PART = Part(
    number=14,
    name="slots",
    promise="Four schedulers race for each due time, and are killed meanwhile: a slot runs once",
    passes="exactly one run for each local day and zone, one delivery for each chat",
    run=run,
    full={"days": 500, "kills": 0.2},
    quick={"days": 50, "kills": 0.2},
    small={"days": 5, "kills": 0.0},
    armed={"claims-any": {}},
    databases=("postgres",),
    notes="All zones of the world from 2024 to 2036 against a brute-force model are `zones`.",
)
