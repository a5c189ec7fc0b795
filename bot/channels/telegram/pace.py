"""Whom a 429 means: the chat that was written to, or the whole bot; and how fast a bot goes on that was told to wait.

Telegram does not say. It limits a chat to about one message a second (a group to 20 a minute) and a bot to about 30 a
second over all chats, and each 429 has the same `retry_after`. So our own calls tell: where the chat had another one
just before, it is the chat's limit, and others are not concerned; where it had none, it can only be the bot's.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from bot.core.errors import AccountWaits, ChannelUnavailable

#: A chat with two calls within so many seconds may have been too fast by itself; a group within a minute.
CHAT_SECONDS = 3.0
GROUP_SECONDS = 60.0
#: After a wait of the whole bot so many calls a second leave, since all at once would meet it again; until nobody had
#: to come again for so many seconds.
SLOWLY = 25.0
SLOWLY_SECONDS = 5.0
MOST_CHATS = 10_000


class Pace:
    """One bot's. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._calls: OrderedDict[str, tuple[float, float]] = OrderedDict()  # a chat's last call, and the one before
        self._until = 0.0  # the whole bot rests
        self._room = 0.0  # calls that may leave at once, while it goes slowly
        self._seen = 0.0  # when that was reckoned
        self._line = 0.0  # when the last of those who had to come again may do so

    def leave(self, chat: str) -> None:
        """A call to `chat` is about to leave. Raises `AccountWaits` while none may."""
        now = self._clock()
        if self._until:
            self._let(now)
        before = self._calls.pop(chat, (-GROUP_SECONDS, 0.0))[0]
        self._calls[chat] = now, before
        if len(self._calls) > MOST_CHATS:
            self._calls.popitem(last=False)

    def _let(self, now: float) -> None:
        if now < self._until:
            raise AccountWaits("Telegram asks this bot to wait", after=self._until - now)
        if now > max(self._until, self._line) + SLOWLY_SECONDS:
            self._until = 0.0
            return
        self._room = min(SLOWLY, self._room + (now - self._seen) * SLOWLY)
        self._seen = now
        if self._room < 1.0:
            self._line = max(self._line, now) + 1 / SLOWLY
            raise AccountWaits("Telegram asked this bot to slow down", after=self._line - now)
        self._room -= 1.0

    def told(self, chat: str, after: float) -> ChannelUnavailable:
        """Telegram answered 429 to a call to `chat`: what to raise."""
        now = self._clock()
        last, before = self._calls.get(chat, (now, -GROUP_SECONDS))
        if last - before < (GROUP_SECONDS if chat.startswith("-") else CHAT_SECONDS):
            return ChannelUnavailable("Telegram asks to wait", after=after)
        self._until = self._seen = max(self._until, now + after)
        self._room = 0.0
        return AccountWaits("Telegram asks this bot to wait", after=after, told=True)
