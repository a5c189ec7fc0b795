"""Posts a fake platform's webhooks: signed anew each time, in order within a lane, until somebody takes them."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from tests.kit.platforms.exchange import NO_ANSWER, Exchange, Observer, nobody


@dataclass(frozen=True, slots=True)
class Delivery:
    """One webhook call as it leaves the platform."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    verb: str = "POST"


@dataclass(frozen=True, slots=True)
class Answered:
    """What a webhook call was answered with; status 0: with nothing at all."""

    status: int
    body: bytes = b""
    content_type: str = ""

    @property
    def is_taken(self) -> bool:
        return 200 <= self.status < 300


Signed = Callable[[bytes, int], Delivery]
Heard = Callable[[str, Delivery, Answered], Awaitable[None]]


class Posting:
    """`patience` and `pause` are seconds: for one answer, and between two tries; after `tries` it gives up."""

    def __init__(self, signed: Signed, heard: Heard, changed: Callable[[], Awaitable[None]]) -> None:
        self.patience = 10.0
        self.pause = 0.02
        self.tries: int | None = None
        self.twice = False  # post each delivery two times, as a platform may
        self.url = ""
        self.answers: list[Answered] = []
        self.observer: Observer = nobody
        self._signed = signed
        self._heard = heard
        self._changed = changed
        self._lanes: dict[str, deque[bytes]] = defaultdict(deque)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._http: ClientSession | None = None

    @property
    def waiting(self) -> int:
        """How many were not taken yet, nor given up."""
        return sum(map(len, self._lanes.values()))

    def begin(self, url: str) -> None:
        """Post to `url` what waits and what comes; "" to nobody."""
        self.url = url
        for lane in tuple(self._lanes):
            self._work(lane)

    def add(self, body: bytes, lane: str) -> None:
        self._lanes[lane].append(body)
        self._work(lane)

    def withdraw(self) -> list[bytes]:
        """What waits is not posted any more: the bodies, as they happened."""
        found = [body for waiting in self._lanes.values() for body in waiting]
        self._lanes.clear()
        return found

    async def once(self, delivery: Delivery) -> Answered:
        """One call, as it is and without another try: a challenge, or a delivery that somebody recorded."""
        target = str(URL(self.url).update_query(delivery.query).relative())
        exchange = Exchange("parley", delivery.verb, target, delivery.headers, delivery.body)
        self.observer(exchange)
        try:
            async with self._connected().request(
                delivery.verb, self.url, data=delivery.body, headers=delivery.headers, params=delivery.query
            ) as response:
                answer = Answered(response.status, await response.read(), response.content_type)
                exchange.ends(answer.status, answer.body, response.headers)
        except (ClientError, TimeoutError):
            answer = Answered(NO_ANSWER)
            exchange.ends(NO_ANSWER)
        self.observer(exchange)
        self.answers.append(answer)
        await self._changed()
        return answer

    async def rest(self) -> None:
        """Post nothing until `begin`; what was under way is posted anew then."""
        self.url = ""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def stop(self) -> None:
        await self.rest()
        if self._http is not None:
            await self._http.close()

    def _work(self, lane: str) -> None:
        task = self._tasks.get(lane)
        if self.url and self._lanes[lane] and (task is None or task.done()):
            self._tasks[lane] = asyncio.create_task(self._post_all(lane))

    async def _post_all(self, lane: str) -> None:
        waiting = self._lanes[lane]
        while waiting:
            await self._post(lane, waiting[0])
            waiting.popleft()
            await self._changed()

    async def _post(self, lane: str, body: bytes) -> None:
        attempt = 0
        while self.tries is None or attempt < self.tries:
            delivery = self._signed(body, attempt)
            answers = [await self.once(delivery) for _ in range(1 + self.twice)]
            for answer in answers:
                await self._heard(lane, delivery, answer)
            if all(answer.is_taken for answer in answers):
                return
            attempt += 1
            await asyncio.sleep(self.pause)

    def _connected(self) -> ClientSession:
        if self._http is None:
            self._http = ClientSession(timeout=ClientTimeout(total=self.patience))
        return self._http
