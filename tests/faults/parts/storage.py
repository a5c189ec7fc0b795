"""The store is away, refuses, dribbles or is deaf, and the process dies between a put and its row: texts go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from tests.faults import oracle
from tests.faults.crowd import Crowd
from tests.faults.kept_files import Papers, settled
from tests.faults.nodes import Awake
from tests.faults.part import WHOLE, Findings, Part, Trial
from tests.faults.shop import Shop
from tests.kit.tcp_proxy import Proxy, proxy
from tests.kit.telegram_server import TelegramServer
from tests.servers import Bucket

#: In which a text is answered while the store is in trouble, seconds without any progress.
PATIENCE = 5.0
AGAIN = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
TROUBLES: Mapping[str, Mapping[str, object]] = {
    "away": {"is_away": True},
    "refusing": {"answer": AGAIN},
    "slow": {"pace": 200},
    "deaf": {"is_deaf": True},
}


async def run(trial: Trial) -> Findings:
    """People write, and some of their messages are files; each trouble of the store has its time, then a death."""
    bucket = await trial.servers.bucket()
    async with TelegramServer() as server, proxy(int(bucket.endpoint.rpartition(":")[2])) as way:
        papers = Papers(server, 3)
        shop = Shop(
            trial.folder, trial.url, (server.token, server.base),
            variant=trial.variant, settings={"storage": _settings(bucket, way)},
        )  # fmt: skip
        people = Crowd(server, shop.hook, trial.count("people"), trial.chance, attach=papers.attach)
        wrong = list[str]()
        async with shop, people as crowd:
            await shop.start()
            for name, trouble in TROUBLES.items():
                _has(way, trouble)
                async with crowd.writing(trial.counts["rate"]):
                    await asyncio.sleep(trial.counts["seconds"])
                if not await crowd.is_answered(PATIENCE):
                    wrong.append(f"{crowd.unanswered()} texts waited for a store that was {name}")
                _has(way, {})
            wrong += await _deaths(trial, shop, crowd)
            await crowd.is_answered(30.0)
            await settled(trial.url, trial.counts["settled_s"])
            await shop.stop()
        found = await oracle.compare(trial.url, crowd.told, crowd.shown())
        objects = await _objects(bucket)
        odd, files = await papers.compare(trial.url, objects.get)
        wrong += found.wrong(repeated_at_most=trial.count("kills") * trial.count("people")) + odd
        left = len(objects) - files["stored"]
        return Findings(found.figures() | files | {"left_in_store": left}, tuple(wrong))


def _settings(bucket: Bucket, way: Proxy) -> dict[str, object]:
    return {
        "kind": "s3", "provider": "minio", "bucket": bucket.name, "region": bucket.region,
        "endpoint": f"http://127.0.0.1:{way.port}", "access_key": bucket.key, "secret_key": bucket.secret,
    }  # fmt: skip


def _has(way: Proxy, trouble: Mapping[str, object]) -> None:
    """This trouble and no other, for the connections that are open, too."""
    for name, value in {"is_away": False, "answer": b"", "pace": 0, "is_deaf": False, **trouble}.items():
        setattr(way, name, value)
    way.cut()


async def _deaths(trial: Trial, shop: Shop, crowd: Crowd) -> list[str]:
    """The process dies each time that a file is in the store and its row is not written; at last one lives."""
    missed, whole = 0, trial.variant
    for _ in range(trial.count("kills")):
        await shop.kill()
        dies = f"dies@after-s3-put@{trial.chance.randrange(1, 4)}"
        shop.variant = dies if whole == WHOLE else f"{whole}+{dies}"
        await shop.start()
        async with crowd.writing(trial.counts["rate"]):
            missed += not await _until(lambda: shop.process is not None and shop.process.returncode is not None, 30.0)
            shop.variant = whole
            await shop.kill()
            await shop.start()
    return [f"{missed} times nobody came to the put"] if missed else []


async def _until(happens: Callable[[], bool], patience: float) -> bool:
    clock = Awake()
    while not happens() and clock.seconds < patience:
        await clock.tick()
    return happens()


async def _objects(bucket: Bucket) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    async with bucket.client() as client:
        async for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket.name):
            for one in page.get("Contents", ()):
                key = one["Key"]
                answer = await client.get_object(Bucket=bucket.name, Key=key)
                async with answer["Body"] as body:
                    found[key] = await body.read()
    return found


PART = Part(
    number=13,
    name="storage",
    promise="The store is away, refuses, dribbles or is deaf, and a process dies between a put and its row",
    passes="texts are answered meanwhile; 0 rows point at nothing; each file is stored once, or visible as failed",
    run=run,
    # After six failures, which four minutes of trouble bring, a file is tried again ten minutes later.
    full={"people": 20, "rate": 10, "seconds": 60.0, "kills": 20, "settled_s": 900.0},
    quick={"people": 10, "rate": 10, "seconds": 3.0, "kills": 3, "settled_s": 90.0},
    small={"kills": 0, "settled_s": 20.0},
    armed={"believes-the-store": {}},
    notes="Each trouble lasts `seconds`. `left_in_store` are bytes that were put when the process died, and put again "
    "under another key: nothing points at them.",
)
