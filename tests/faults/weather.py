"""A platform's bad day: while it lasts, every call of a method goes wrong in the same way."""

from __future__ import annotations

import time
from collections import Counter

from tests.kit.telegram_server import TelegramServer
from tests.kit.wire_faults import Fault, Faults, TooMany

AFTER_THE_WORK = ("Lost", "Cut", "Garbage")


class Weather(Faults):
    """`impatient` counts the calls for a chat that came before the wait it was told was over."""

    def __init__(self, server: TelegramServer) -> None:
        super().__init__()
        self.now: Fault | None = None
        self.impatient = 0
        self.hits: Counter[str] = Counter()
        self._not_before: dict[str, float] = {}
        self._server = server

    def take(self, method: str) -> Fault | None:
        """What becomes of this call."""
        if method.lower() != "sendmessage":
            return super().take(method)
        chat, at = str(self._server.calls[-1].fields["chat_id"]), time.monotonic()
        self.impatient += at < self._not_before.get(chat, 0.0)
        if self.now is not None:
            self.hits[type(self.now).__name__] += 1
        if isinstance(self.now, TooMany):
            self._not_before[chat] = at + self.now.after
        return self.now

    @property
    def repeats(self) -> int:
        """Calls whose work was done though the caller could not know it."""
        return sum(self.hits[name] for name in AFTER_THE_WORK)
