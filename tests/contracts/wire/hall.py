"""One Parley with an account at every fake platform, entered by its front door; its time is moved by the test.

async with a_hall(folder, database) as hall:
    account = hall["line"]
    ann = account.somebody()
    [body] = await account.unposted(ann, "hi")
    assert await account.posts(account.server.signed(body, 0)) == 200
    assert await account.heard(ann) == ["hi"]
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

from aiohttp import ClientSession

from bot.app import App
from models import Effect, Identity, Inbound, Message
from tests.kit.platforms.nearby import waits_at_most
from tests.kit.platforms.posting import Answered, Delivery, Posting
from tests.kit.platforms.stages import WIRES, Stage
from tests.kit.platforms.together import all_together

PATIENCE = 30.0
TELEGRAM, ECHO = "telegram-webhook", "tests.faults.handlers"
#: Seconds of an answer for which nobody should wait long.
IMPATIENT = 1.0
#: Seconds between two looks; after so many of them the clock is moved by a second, where time may pass.
LOOK, MOVES = 0.004, 10

Condition = Callable[[], object] | Callable[[], Awaitable[object]]


@dataclass
class Clock:
    """The real time, how far this one is ahead of it, and how much has passed besides over all cases, seconds."""

    ahead: float = 0.0
    passed: float = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        """Never goes back."""
        return monotonic() + self.passed

    def passes(self, seconds: float) -> None:
        self.ahead += seconds
        self.passed += seconds


@dataclass(frozen=True, slots=True)
class Account:
    """One account, and its platform. Nobody but the one case that is played writes to it meanwhile."""

    stage: Stage
    server: Any
    app: App
    clock: Clock
    http: ClientSession
    hall: Hall
    numbers: count[int] = field(default_factory=lambda: count(1))
    answered: set[bytes] = field(default_factory=set)

    @property
    def name(self) -> str:
        return self.stage.name

    @property
    def posting(self) -> Posting | None:
        """What posts the platform's events; None where we ask for them."""
        return getattr(self.server, "posting", None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.app.config.server.port}/hooks/{self.name}"

    def begins(self) -> None:
        """Another case: it is now again, here and there."""
        self.clock.ahead = 0.0
        self.stage.traits.mends(self.server)

    def another(self) -> Account:
        """An account of another platform, which calls it."""
        return self.hall["x" if self.name == TELEGRAM else TELEGRAM]

    def somebody(self) -> Any:
        """A person who has never written."""
        return self.stage.person(self.server, next(self.numbers))

    async def says(self, person: Any, text: str) -> None:
        """As people do there."""
        self.stage.before(self.server)
        await person.says(text)

    async def talks(self, person: Any, text: str = "hi") -> None:
        """Say something and be answered: from here on they know each other."""
        seen = len(person.shown)
        await self.says(person, text)
        await self.until(lambda: len(person.shown) > seen)
        await self.is_quiet()

    # what comes in

    async def unposted(self, person: Any, *texts: str) -> list[bytes]:
        """Events of these texts that the platform has not posted."""

        async def say() -> None:
            for text in texts:
                await self.says(person, text)

        return await self.withheld(say)

    async def withheld(self, act: Callable[[], Awaitable[object]]) -> list[bytes]:
        """The events of whatever is done, which the platform does not post."""
        await self.is_quiet()
        assert self.posting is not None, "its events are not posted"
        await self.posting.rest()
        await act()
        found = self.posting.withdraw()
        self.posting.begin(self.url)
        return found

    async def posts(self, delivery: Delivery, person: Any = None, event: bytes = b"") -> int:
        """One call as it is; its status. What it carries back is shown to `person`.

        Every call for the same `event` may carry its answer; a platform shows the first that does.
        """
        request = self.http.request(
            delivery.verb, self.url, data=BytesIO(delivery.body), headers=delivery.headers, params=delivery.query
        )
        async with request as response:
            answer = Answered(response.status, await response.read(), response.content_type)
        if person is not None and event not in self.answered:
            seen = len(person.shown)
            await self.server.heard(person.id, delivery, answer)
            if event and len(person.shown) > seen:
                self.answered.add(event)
        return answer.status

    async def posted(self, person: Any, *bodies: bytes) -> list[int]:
        """These events, each signed anew; their statuses."""
        return [await self.posts(self.server.signed(body, 0), person, body) for body in bodies]

    async def kept(self) -> int:
        """How many events this account has kept so far."""
        return await Inbound.filter(account=self.name).count()

    async def heard(self, person: Any) -> list[str]:
        """What this person has said, as it stands in the thread."""
        rows = await Message.filter(conversation__lane=self.lane(person), author="customer").order_by("seq")
        return [row.text for row in rows]

    # what goes out

    def sent(self) -> int:
        """How often the platform was asked to show something."""
        return int(self.server.count(self.stage.traits.send))

    def fails(self, *faults: Any) -> None:
        """The next messages of ours meet these."""
        self.server.fails(self.stage.traits.send, *faults)

    async def hangs(self, person: Any, text: str, fault: Any) -> None:
        """The answer to `text` meets a platform that says nothing, and our limit for this one call is short."""
        sent, channel = self.sent(), self.app.runtime.channels[self.name]
        if self.posting is None:
            await channel._sender.close()  # type: ignore[attr-defined]  # a connection keeps the limit it was made with
        self.fails(fault)
        with waits_at_most(channel, IMPATIENT):
            await self.says(person, text)
            await self.until(lambda: self.sent() > sent)

    async def met(self, person: Any) -> bool:
        """Whether an answer to this person was tried in vain."""
        return await Effect.filter(lane=self.lane(person), kind="send").exclude(error="").exists()

    async def has_met(self, person: Any) -> None:
        """Wait until an answer to this person was tried in vain, and will be tried again."""
        await self.until(lambda: self.met(person))

    async def passes(self, seconds: float) -> None:
        """Time passes, and whoever waits for it looks."""
        self.clock.passes(seconds)
        self.app.runtime.effects.wake()

    async def comes(self, condition: Condition) -> None:
        """Wait for it, while time passes."""
        await self.until(condition, moves=True)

    async def delivery(self, person: Any) -> str:
        """What became of our newest message."""
        found = await Message.filter(conversation__lane=self.lane(person), author="bot").order_by("-seq").first()
        return found.delivery if found else ""

    async def is_reachable(self, person: Any) -> bool:
        """Whether we think that this person can be written to."""
        return bool((await Identity.get(account=self.name, external_id=str(person.id))).reachable)

    def lane(self, person: Any) -> str:
        return f"{self.name}:{person.id}"

    async def is_quiet(self) -> None:
        """Wait until nothing of this account is under way: neither posted, nor thought about, nor about to leave."""
        await self.until(self._is_quiet)

    async def _is_quiet(self) -> bool:
        if (self.posting and self.posting.waiting) or self.app.runtime.waiting:
            return False
        mine = Effect.filter(lane__startswith=f"{self.name}:", state="pending")
        return not await mine.exists()

    async def until(self, condition: Condition, *, moves: bool = False) -> None:
        """Wait for it; with `moves` time passes meanwhile."""
        ends = monotonic() + PATIENCE
        for look in count(1):
            found = condition()
            if await found if isinstance(found, Awaitable) else found:
                return
            assert monotonic() < ends, f"it did not come; the platform refused {self.server.refusals[-3:]}"
            if moves and look % MOVES == 0:
                await self.passes(1.0)
            await asyncio.sleep(LOOK)


Hall = Mapping[str, "Account"]
"""All accounts by their names."""


@asynccontextmanager
async def a_hall(folder: Path, database: str) -> AsyncIterator[Hall]:
    """Open, with everybody's events heard."""
    clock, told = Clock(), {"demo": {"shop": False}, "handlers": {"modules": ["handlers.presence", ECHO]}}
    async with (
        all_together(WIRES, folder, database, told, clock=clock.now) as together,
        ClientSession() as http,
    ):
        app, hall = together.app, dict[str, Account]()
        # Telegram's own pace counts real seconds otherwise.
        app.runtime.channels[TELEGRAM]._client._pace._clock = clock.monotonic  # type: ignore[attr-defined]
        for stage in WIRES:
            hall[stage.name] = Account(stage, together.servers[stage.name], app, clock, http, hall)
            if not stage.answers_only:
                # Who can call its platform does not answer within the platform's own call, however slow the machine is.
                app.runtime.channels[stage.name].holds = 0.0
        yield hall
