"""kill -9 at every named point between a message and its answer, a file and its row, a lease and its renewal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import ceil
from pathlib import Path

from bot.storage.local import LocalStorage
from tests.faults import oracle
from tests.faults.broken_points import POINTS
from tests.faults.crowd import Crowd
from tests.faults.kept_files import Papers, settled
from tests.faults.nodes import Awake
from tests.faults.part import WHOLE, Findings, Part, Trial
from tests.faults.shop import Shop
from tests.kit.telegram_server import TelegramServer

PATIENCE = 90.0  # from the beginning of a process to its death
NOTES = "SELECT object, count(*) AS count FROM audit WHERE action = 'fault.noted' GROUP BY object"
#: Only where several nodes may be, and only where the store is not a folder.
SHARED, REMOTE = ("before-renewal", "after-renewal"), ("after-s3-put",)
#: What a broken variant is shown: the points between its two halves, where the whole process loses nothing.
SHOWN = {
    "acknowledges-first": ("before-commit", "after-ack"),
    "records-first": ("before-send", "after-record"),
    "writes-in-two": ("before-commit", "after-record"),
}


async def run(trial: Trial) -> Findings:
    """One process after the other, each of which dies at its point; at last a whole one, which ends what is left."""
    points = [
        point
        for point in SHOWN.get(trial.variant, tuple(POINTS))
        if point not in REMOTE and _is_there(point, trial.url)
    ]
    deaths = in_any_order(trial, points)
    async with TelegramServer() as server:
        papers = Papers(server, 5)
        shop = Shop(trial.folder, trial.url, (server.token, server.base))
        people = trial.count("people")
        crowd = Crowd(server, shop.hook, people, trial.chance, twice=0.2, words=words, attach=papers.attach)
        missed = Counter[str]()
        async with shop, crowd:
            async with crowd.writing(trial.counts["rate"]):
                for point in deaths:
                    shop.variant = _mortal(trial.variant, point, trial.chance.randrange(1, 6))
                    missed[point] += not await dies(shop)
                shop.variant = trial.variant
                await shop.start()
            await crowd.is_answered(20.0 if trial.variant == WHOLE else 3.0)
            await settled(trial.url, 20.0 if trial.variant == WHOLE else 3.0)
            await shop.stop()
        found = await oracle.compare(trial.url, crowd.told, crowd.shown())
        wrong = found.wrong(repeated_at_most=len(deaths) * trial.count("people"))
        wrong += [f"nobody came to {point}" for point, count in missed.items() if count]
        doubled = sum(row["count"] > 1 for row in await oracle.rows(trial.url, NOTES))
        if doubled:
            wrong.append(f"{doubled} turns wrote twice")
        odd, files = await papers.compare(trial.url, lambda key: _content(trial.folder / "data" / "files", key))
        figures = {"points": len(points), "kills": len(deaths)} | found.figures() | {"wrote_twice": doubled} | files
        return Findings(figures, tuple(wrong + odd))


def words(number: int) -> str:
    """Every third message is one that writes."""
    return f"m{number}" if number % 3 else f"/note m{number}"


def _is_there(point: str, url: str) -> bool:
    return point not in SHARED or not url.startswith("sqlite")


def _mortal(variant: str, point: str, time_: int) -> str:
    dies = f"dies@{point}@{time_}"
    return dies if variant == WHOLE else f"{variant}+{dies}"


def in_any_order(trial: Trial, points: Iterable[str]) -> list[str]:
    """Each point `each` times, or that share of the points, which the seed chooses."""
    every, each = list(points), trial.counts["each"]
    return trial.chance.sample(every * ceil(each), round(len(every) * each))


async def dies(shop: Shop) -> bool:
    """Whether the process came to its point; else it is killed as it is."""
    await shop.begins()
    assert shop.process is not None
    clock = Awake()
    while shop.process.returncode is None and clock.seconds < PATIENCE:
        await clock.tick()
    died = shop.process.returncode is not None
    await shop.kill()
    return died


def _content(files: Path, key: str) -> bytes | None:
    path = LocalStorage(files)._path(key)
    return path.read_bytes() if path.exists() else None


PART = Part(
    number=2,
    name="points",
    promise="kill -9 at named points: commit, ack, handler, effect, send, record, file put, lease renewal",
    passes="0 lost, 0 doubled, 0 reordered; 0 rows point at nothing; at most 1 repetition of a conversation a kill",
    run=run,
    full={"each": 20, "people": 6, "rate": 60},
    quick={"each": 1, "people": 6, "rate": 60},
    armed={"acknowledges-first": {}, "records-first": {}, "writes-in-two": {}},
    databases=("sqlite", "postgres"),
    at_length=("mariadb",),
    notes="A file whose bytes were stored when the kill came, and whose row was not, is stored again under another "
    "key; the first bytes stay in the store, and nothing points at them.",
)
