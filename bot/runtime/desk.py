"""What staff do to conversations, each on the node that may."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from bot.core.errors import LeaseLost
from bot.runtime.lease import Lease
from bot.runtime.node import Node
from bot.runtime.staffing import Staffing


class Desk:
    """The verbs of `Staffing`; without a `node` there is only this process."""

    def __init__(self, staffing: Staffing, lease: Lease, node: Node | None) -> None:
        self._staffing = staffing
        self._lease = lease
        self._node = node

    async def take_over(self, conversation_id: int, staff_id: int, *, force: bool = False) -> None:
        """See `Staffing.take_over`."""
        await self._on_lane("take", conversation_id, staff_id=staff_id, force=force)

    async def say(self, conversation_id: int, staff_id: int, client_id: str, text: str, files: tuple[int, ...]) -> int:
        """See `Staffing.say`."""
        facts = {"staff_id": staff_id, "client_id": client_id, "text": text, "files": files}
        return int(await self._on_lane("say", conversation_id, **facts))

    async def note(self, conversation_id: int, staff_id: int, client_id: str, text: str, files: tuple[int, ...]) -> int:
        """See `Staffing.note`."""
        return await self._staffing.note(conversation_id, staff_id, client_id, text, files)

    async def give_back(self, conversation_id: int, staff_id: int) -> None:
        """See `Staffing.give_back`."""
        await self._staffing.give_back(conversation_id, staff_id)

    async def close(self, conversation_id: int, staff_id: int) -> None:
        """See `Staffing.close`."""
        await self._staffing.close(conversation_id, staff_id)

    async def _on_lane(self, verb: str, conversation_id: int, **arguments: object) -> Any:
        """What must be sure of a lane is done by the node that works on it."""
        told = {"conversation_id": conversation_id, **arguments}
        if self._node is None:
            return await self._staffing.run(verb, told)
        lane = await self._staffing.lane(conversation_id)
        if self._lease.holds(lane):
            with suppress(LeaseLost):  # the lane went to another node meanwhile, and nothing was written
                return await self._staffing.run(verb, told)
        return await self._node.errands.ask(conversation_id, lane, verb, told)
