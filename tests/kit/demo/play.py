"""The whole play: every phone, the wire behind it, the clock that all share, and the pages that look on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.app import App
from bot.core.errors import BadInput
from bot.core.events import Event
from bot.settings.secret import Secret
from models import Message, StaffSession
from tests.kit.demo import deeds
from tests.kit.demo.phone import Phone
from tests.kit.demo.wire import Wire
from tests.kit.platforms.base import Json

#: Events that a page may be behind before it has to begin anew.
MOST_BEHIND = 2000
LOGGED_IN = timedelta(days=14)
ACTS = ("opens", "says", "taps", "picks", "sends_place", "edits", "deletes", "blocks", "returns", "switches", "reads")


class Clock:
    """UTC, and as far ahead as the play has gone."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def seconds(self) -> float:
        """Since 1970."""
        return self().timestamp()


class Play:
    """Pages listen by `listens`; whatever happens anywhere ends in `changed`, which brings them in step."""

    def __init__(self, clock: Clock, phones: Sequence[Phone], accounts: Mapping[str, Any]) -> None:
        self.clock = clock
        self.phones = {phone.part.account: phone for phone in phones}
        self.wire = Wire(self._went, clock.seconds)
        self.app: App | None = None
        self._listeners: set[asyncio.Queue[Json | None]] = set()
        self._told: dict[str, Json] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        for phone in phones:
            self._watches(phone, accounts[phone.part.account])

    def _watches(self, phone: Phone, settings: Any) -> None:
        """See its platform's wire, without the secrets that stand in the account's settings."""
        known = [value.reveal() for _, value in settings if isinstance(value, Secret)]

        def secrets() -> Iterable[str]:
            return [*known, getattr(phone.server, "access_token", ""), str(getattr(phone.server, "token", ""))]

        phone.server.watched_by(self.wire.observer(phone.part.account, phone.server.in_plain, secrets))

    def begins(self, app: App) -> None:
        """Parley serves: the platforms post to it, and what happens there is seen."""
        self.app = app
        for phone in self.phones.values():
            phone.part.stage.prepare(phone.server, app.config.server.url)
            if hasattr(phone.server, "posts_to"):
                phone.server.posts_to(app.config.server.hook(phone.part.account))
        app.runtime.bus.subscribe("", self._hears)
        self._task = asyncio.create_task(self._keep_in_step())

    async def ends(self) -> None:
        """Let every page go."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for listener in self._listeners:
            listener.put_nowait(None)

    async def does(self, account: str, act: str, told: Json) -> None:
        """An act of a customer. Raises `BadInput`."""
        if act not in ACTS:
            raise BadInput("nobody can do that")
        await getattr(self.phone(account), act)(told)
        self.changed()

    async def sends(self, account: str, name: str, media_type: str, content: bytes) -> None:
        """A file of a customer. Raises `BadInput`."""
        await self.phone(account).sends(name, media_type, content)
        self.changed()

    def phone(self, account: str) -> Phone:
        """Raises `BadInput`."""
        if account not in self.phones:
            raise BadInput("there is no such customer")
        return self.phones[account]

    async def goes_on(self, hours: float) -> None:
        """Time goes by for everybody, and what became due is done."""
        assert self.app is not None, "the play has begun"
        self.clock.ahead += timedelta(hours=hours)
        for phone in self.phones.values():
            deeds.moves(phone.server, hours * 3600)
        # Staff would have come back to their desk meanwhile: they stay logged in.
        now = self.clock()
        await StaffSession.all().update(seen_at=now, expires_at=now + LOGGED_IN)
        self.app.runtime.wake()
        await self.app.runtime.clockwork.dialogs_due()
        await self.app.runtime.clockwork.orders_due()
        self._tell({"now": self.clock.seconds()})
        self.changed()

    # who looks on

    def listens(self) -> asyncio.Queue[Json | None]:
        """What happens from now on; None is the end. Give it back to `leaves`."""
        listener: asyncio.Queue[Json | None] = asyncio.Queue()
        self._listeners.add(listener)
        return listener

    def leaves(self, listener: asyncio.Queue[Json | None]) -> None:
        self._listeners.discard(listener)

    def changed(self) -> None:
        """Somebody did something: whoever shows it looks again."""
        self._changed.set()

    def _went(self, entry: Json) -> None:
        self._tell({"wire": entry})
        self.changed()

    async def _hears(self, _events: Sequence[Event]) -> None:
        self.changed()

    def _tell(self, event: Json) -> None:
        for listener in tuple(self._listeners):
            if listener.qsize() > MOST_BEHIND:
                self._listeners.discard(listener)
                listener.put_nowait(None)
            else:
                listener.put_nowait(event)

    async def _keep_in_step(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            held = await self._held()
            for account, phone in self.phones.items():
                phone.held = held.get(phone.lane, 0)
                await phone.look()
                state = phone.state()
                if state != self._told.get(account):
                    self._told[account] = state
                    self._tell({"phone": state})

    async def _held(self) -> dict[str, int]:
        """By conversation: what waits until the customer writes."""
        lanes: list[Any] = await Message.filter(
            delivery="held", conversation__lane__in=[phone.lane for phone in self.phones.values()]
        ).values_list("conversation__lane", flat=True)
        return {lane: lanes.count(lane) for lane in lanes}
