"""Who of the staff looks at which conversation through other processes: told by them, old news forgotten."""

from __future__ import annotations

from bot.core.events import ViewersChanged

#: Seconds between two times that a process says it again, and until it is no longer believed.
AGAIN, OLD = 60.0, 150.0


class Elsewhere:
    """`now` is a monotonic clock in seconds."""

    def __init__(self) -> None:
        self._told: dict[int, dict[str, tuple[float, dict[int, str]]]] = {}  # by conversation and process

    def note(self, event: ViewersChanged, now: float) -> None:
        """What another process says holds until it says otherwise."""
        told = self._told.setdefault(event.conversation_id, {})
        told.pop(event.process, None)
        if event.staff:
            told[event.process] = (now, dict(event.staff))
        if not told:
            del self._told[event.conversation_id]

    def of(self, conversation_id: int) -> dict[int, str]:
        """Names by id of staff."""
        told = self._told.get(conversation_id, {})
        return {id_: name for _, staff in told.values() for id_, name in staff.items()}

    def forget_old(self, now: float) -> None:
        """Those that a process that died has left."""
        for conversation_id, told in list(self._told.items()):
            kept = {process: one for process, one in told.items() if now - one[0] <= OLD}
            if kept:
                self._told[conversation_id] = kept
            else:
                del self._told[conversation_id]

    def clear(self) -> None:
        """Nobody here wants to know."""
        self._told.clear()
