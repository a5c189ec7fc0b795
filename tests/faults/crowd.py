"""People who write by webhook: each in order, each message again until it was acknowledged, as Telegram does."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from tests.faults.shop import SECRET
from tests.kit.telegram_server import TelegramServer
from tests.kit.telegram_user import TelegramUser

HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
NEVER = 0  # the status of an answer that did not come
MOST_SURPRISES = 100
_updates = itertools.count(1_000)
Json = dict[str, Any]


def update(person: TelegramUser, text: str, **fields: Any) -> Json:
    """A message of this person, as Telegram posts it."""
    number = next(_updates)
    entities = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}] if text.startswith("/") else []
    message = {
        "message_id": number,
        "date": 1_760_000_000,
        "chat": person.chat,
        "from": person.person,
        **({"text": text} if text else {}),
        **({"entities": entities} if entities else {}),
    }
    return {"update_id": number, "message": message | fields}


class Crowd:
    """`told` is what the shop has acknowledged, by person and in order; `took` the seconds of each acknowledgement."""

    def __init__(
        self,
        server: TelegramServer,
        hook: str,
        people: int,
        chance: random.Random,
        *,
        twice: float = 0.0,  # the share of messages that are delivered a second time
        words: Callable[[int], str] = "m{}".format,
        attach: Callable[[str, int], Json] = lambda *_: {},  # of a text and its number: a file that carries it
        connections: int = 64,
    ) -> None:
        self.people = [server.user(number) for number in range(1, people + 1)]
        self.told: dict[int, list[str]] = defaultdict(list)
        self.attempted: Counter[int] = Counter()
        self.answers: Counter[int] = Counter()
        self.took: list[float] = []
        self.longest = 0.0  # seconds from the first delivery of a message to its acknowledgement
        self.told_to_wait = 0  # 503 or 429 with Retry-After
        self._hook = hook
        self._chance = chance
        self._twice = twice
        self._words = words
        self._attach = attach
        self._connections = connections
        self._idle = deque(self.people)
        self._free = asyncio.Semaphore(people)
        self._looking = asyncio.Lock()
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Crowd:
        connector = aiohttp.TCPConnector(limit=self._connections)
        self._http = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=20))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._http is not None
        await self._http.close()

    async def writes(self, messages: int, *, rate: float = 0.0) -> None:
        """So many messages in all, at most `rate` a second (0: as fast as they are acknowledged)."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as saying:
            for number in range(messages):
                await self._pace(began, number, rate)
                await self._free.acquire()
                saying.create_task(self._says(self._idle.popleft()))

    @asynccontextmanager
    async def writing(self, rate: float) -> AsyncIterator[None]:
        """All the time while the block runs; after it everything that was begun is acknowledged."""
        enough = asyncio.Event()
        task = asyncio.create_task(self._write_until(enough, rate))
        try:
            yield
        except BaseException:
            task.cancel()
            raise
        finally:
            enough.set()
            await asyncio.gather(task, return_exceptions=True)
        task.result()

    async def _write_until(self, enough: asyncio.Event, rate: float) -> None:
        began = time.monotonic()
        async with asyncio.TaskGroup() as saying:
            for number in itertools.count():
                await self._pace(began, number, rate)
                await self._free.acquire()
                if enough.is_set():
                    self._free.release()  # nobody writes, and the next block has as many people as this one
                    return
                saying.create_task(self._says(self._idle.popleft()))

    async def _pace(self, began: float, number: int, rate: float) -> None:
        if rate:
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))

    async def _says(self, person: TelegramUser) -> None:
        try:
            number = self.attempted[person.id]
            text = self._words(number)
            self.attempted[person.id] += 1
            file = self._attach(text, number)
            told = update(person, "" if file else text, **file)
            await self.delivers(told)
            self.told[person.id].append(text)
            if self._chance.random() < self._twice:
                await self.delivers(told)
        finally:
            self._idle.append(person)
            self._free.release()

    async def delivers(self, told: Json) -> None:
        """Again and again until the answer is 200."""
        first = time.monotonic()
        while True:
            began = time.monotonic()
            status, wait = await self.posts(told)
            if status == 200:
                self.took.append(time.monotonic() - began)
                self.longest = max(self.longest, time.monotonic() - first)
                return
            assert sum(self._surprises().values()) < MOST_SURPRISES, f"the shop answers {self._surprises()}"
            if status == NEVER:
                await self._is_back()
            else:
                await asyncio.sleep(wait or 0.05)

    async def _is_back(self) -> None:
        """Nobody hammers at a closed door: one looks, the others wait."""
        async with self._looking:
            while not await self._listens():
                await asyncio.sleep(0.05)

    async def _listens(self) -> bool:
        parts = urlsplit(self._hook)
        try:
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
        except OSError:
            return False
        writer.close()
        return True

    async def posts(self, told: Json) -> tuple[int, float]:
        """One delivery: the status (`NEVER`: the connection broke) and the wait that was asked for."""
        assert self._http is not None
        try:
            async with self._http.post(self._hook, json=told, headers=HEADERS) as response:
                status, asked = response.status, response.headers.get("Retry-After")
        except (aiohttp.ClientError, TimeoutError):
            status, asked = NEVER, None
        self.answers[status] += 1
        self.told_to_wait += status in (429, 503) and asked is not None
        return status, float(asked or 0)

    def shown(self) -> dict[int, list[str]]:
        """What everybody sees of the bot's answers, without the word `echo`."""
        return {person.id: [one.text.removeprefix("echo ") for one in person.shown] for person in self.people}

    def unanswered(self) -> int:
        """Acknowledged messages that nobody has seen an answer to."""
        seen = self.shown()
        return sum(len(set(texts) - set(seen[person])) for person, texts in self.told.items())

    async def is_answered(self, patience: float) -> bool:
        """Whether every acknowledged message was answered in the end; given up after `patience` s without progress."""
        left, since = self.unanswered(), time.monotonic()
        while left and time.monotonic() - since < patience:
            await asyncio.sleep(0.1)
            if (now := self.unanswered()) != left:
                left, since = now, time.monotonic()
        return not left

    async def is_served(self, messages: int) -> None:
        """Until so many more deliveries were acknowledged; at most 30 s."""
        wanted, began = self.answers[200] + messages, time.monotonic()
        while self.answers[200] < wanted and time.monotonic() - began < 30:
            await asyncio.sleep(0.01)

    def p99(self) -> float:
        """Milliseconds from a delivery to its 200."""
        return percentile(self.took, 0.99)

    def surprised(self) -> list[str]:
        """What broke the promise, if there were answers that no platform should get."""
        surprises = self._surprises()
        return [f"answers that no platform expects: {surprises}"] if surprises else []

    def _surprises(self) -> dict[int, int]:
        return {status: count for status, count in self.answers.items() if status not in (200, 429, 503, NEVER)}


def percentile(seconds: list[float], rank: float) -> float:
    """In milliseconds; -1 for nothing."""
    ordered = sorted(seconds)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * rank))] * 1000, 1) if ordered else -1.0
