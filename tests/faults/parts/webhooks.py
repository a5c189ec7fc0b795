"""kill -9 while another program is told what happens: it hears of every message, again only under the same id."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from bot.services import webhook_endpoints as endpoints
from models import WebhookDelivery
from models.database import fetch
from tests.faults import oracle
from tests.faults.crowd import Crowd
from tests.faults.nodes import Awake
from tests.faults.part import WHOLE, Findings, Part, Trial
from tests.faults.shop import Shop
from tests.kit.receiver import Receiver, receiving
from tests.kit.telegram_server import TelegramServer

#: The receiver takes so long for an answer, seconds: calls are under way when the kill comes.
TAKES = 0.05
NETWORKS = {"webhooks": {"networks": ["127.0.0.0/8"]}}
#: The conversation and the seq of a message.
Place = tuple[int, int]
HEARD = "SELECT conversation_id, seq FROM message WHERE author = 'customer'"


@dataclass
class Strict(Receiver):
    """Looks at each signature as the call comes, since one is good for five minutes, and thinks before it answers."""

    secret: str = ""
    unsigned: int = 0
    #: The ids under which each message was told.
    named: defaultdict[Place, set[str]] = field(default_factory=lambda: defaultdict(set))

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        data = orjson.loads(body)["data"]
        self.named[data["conversation"], data["seq"]].add(request.headers["webhook-id"])
        try:
            Webhook(self.secret).verify(body, dict(request.headers))
        except WebhookVerificationError:
            self.unsigned += 1
        answer = await super().handle(request)
        await asyncio.sleep(TAKES)
        return answer


async def run(trial: Trial) -> Findings:
    """People write, one endpoint wants every message, and the process is killed at moments of chance."""
    patience = 60.0 if trial.variant == WHOLE else 10.0
    receiver = Strict()
    async with TelegramServer() as server, receiving(receiver):
        telegram = (server.token, server.base)
        shop = Shop(trial.folder, trial.url, telegram, variant=trial.variant, settings=NETWORKS)
        async with shop, Crowd(server, shop.hook, trial.count("people"), trial.chance) as crowd:
            await shop.start()  # it makes the database
            await shop.stop()
            receiver.secret = await _wants_messages(trial.url, receiver.url)
            await shop.start()
            async with crowd.writing(trial.counts["rate"]):
                for _ in range(trial.count("kills")):
                    await crowd.is_served(1)
                    await asyncio.sleep(trial.chance.uniform(0.2, trial.counts["longest"]))
                    await shop.kill()
                    await shop.start()
            await crowd.is_answered(30.0)
            await shop.stop()
            wanted = await _let_a_minute_pass(trial.url)
            await shop.start()
            await _all_told(receiver, wanted, patience)
            await shop.stop()
        return _compare(trial, receiver, wanted)


async def _wants_messages(url: str, receiver: str) -> str:
    async with oracle.database(url):
        return (await endpoints.create(f"{receiver}/", ("message.received",), True, 1, datetime.now(UTC)))[1]


async def _let_a_minute_pass(url: str) -> set[Place]:
    """Whatever a dead process had claimed is due; the messages of which is to be told."""
    async with oracle.database(url):
        await WebhookDelivery.filter(state="waiting").update(due_at=datetime.now(UTC))
        return {(row["conversation_id"], row["seq"]) for row in await fetch(HEARD)}


async def _all_told(receiver: Strict, wanted: set[Place], patience: float) -> None:
    """Until all were told, or nothing new comes for so many seconds: a hundred kills leave minutes of calls."""
    clock, told = Awake(), len(receiver.named)
    while not wanted <= receiver.named.keys() and clock.seconds < patience:
        await clock.tick()
        if len(receiver.named) > told:
            clock, told = Awake(), len(receiver.named)


def _compare(trial: Trial, receiver: Strict, wanted: set[Place]) -> Findings:
    named, times = receiver.named, Counter(call.id for call in receiver.calls)
    figures = {
        "kills": trial.count("kills"),
        "told": len(wanted),
        "lost": len(wanted - named.keys()),
        "unexpected": len(named.keys() - wanted),
        "doubled": sum(len(ids) > 1 for ids in named.values()),
        "unsigned": receiver.unsigned,
        "again": sum(count - 1 for count in times.values()),
    }
    wrong = [
        f"{figures[name]} events were {name}" for name in ("lost", "unexpected", "doubled", "unsigned") if figures[name]
    ]
    return Findings(figures, tuple(wrong))


PART = Part(
    number=29,
    name="webhooks",
    promise="Who wants to be told hears of everything that was committed, whatever dies meanwhile, and twice only "
    "under the same id",
    passes="0 lost, 0 unexpected, 0 under two ids; every call is signed",
    run=run,
    full={"kills": 100, "people": 50, "rate": 100, "longest": 3.0},
    quick={"kills": 4, "people": 20, "rate": 60, "longest": 0.8},
    armed={"records-webhooks-first": {}, "names-each-call-anew": {}},
    databases=("sqlite", "postgres"),
    at_length=("mariadb",),
    notes="Told again (`again`) are events whose call was under way when the kill came. What a dead process had "
    "claimed is due after a minute: the part sets it due instead of waiting.",
)
