"""Mails that the server does not give, and mails that nobody comes to the end of: what is behind them must not wait.

A store that is away gives nothing at all, and no mail is to blame for that. So a failure counts only where the server
gives another mail right then; else everything is waited for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from bot.channels.email.mailbox import Part
from bot.core.ports import Notes

#: How much of a mail is asked for, one try after the other; after the last one it is given up.
TRIES: tuple[Part, ...] = ("all",) * 3 + ("beginning",) * 3 + ("header",) * 2
#: Bytes; a smaller mail keeps no reader busy, and its reading is not noted.
LARGE = 64 * 1024
#: How often the reading of a mail is begun, and how many mails are remembered.
MOST_READINGS, MOST_REMEMBERED = 2, 16


class Stuck:
    """The mails of one folder that were asked for in vain, by uid."""

    def __init__(self, validity: int = 0) -> None:
        self.validity = validity
        self._failures: Counter[int] = Counter()
        self._doubted: set[int] = set()
        self._asked: Counter[int] = Counter()

    def failed(self, uid: int) -> None:
        """It was not given; whether that is its own fault, another mail will show."""
        self._doubted.add(uid)

    def is_doubted(self, uid: int) -> bool:
        """Whether another mail is to be asked for, before this one is once more."""
        return uid in self._doubted

    def other(self, uids: Sequence[int]) -> int:
        """The one to ask for: the newest of those that were asked for least."""
        chosen = min(uids, key=lambda uid: (self._asked[uid], -uid))
        self._asked[chosen] += 1
        return chosen

    def judge(self, uid: int, *, is_alone: bool) -> None:
        """Whether it alone was not given."""
        self._doubted.discard(uid)
        self._failures[uid] += is_alone

    def part(self, uid: int) -> Part | None:
        """How much of this mail to ask for; None: it is given up."""
        failures = self._failures[uid]
        return TRIES[failures] if failures < len(TRIES) else None

    def given(self, uid: int) -> None:
        """It is no trouble any more."""
        self._failures.pop(uid, None)


class Readings:
    """How often the reading of a mail was begun and came to no end, in whichever process: it may have ended with it."""

    def __init__(self, notes: Notes, name: str) -> None:
        self._notes = notes
        self._name = name

    async def begin(self, mail: str) -> bool:
        """Whether it is worth another try, which is noted before it is made."""
        known = await self._known()
        times = known.pop(mail, 0)
        if times >= MOST_READINGS:
            return False
        await self._put({**known, mail: times + 1})
        return True

    async def end(self, mail: str) -> None:
        """It was read."""
        known = await self._known()
        known.pop(mail, None)
        await self._put(known)

    async def _known(self) -> dict[str, int]:
        text = await self._notes.get(self._name)
        try:
            return msgspec.json.decode(text, type=dict[str, int]) if text else {}
        except msgspec.MsgspecError:
            return {}

    async def _put(self, known: dict[str, int]) -> None:
        newest = dict([*known.items()][-MOST_REMEMBERED:])
        await self._notes.put(self._name, msgspec.json.encode(newest).decode())
