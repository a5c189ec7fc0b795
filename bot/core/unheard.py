"""The part of a payment provider to which nobody posts: what becomes of its payments is told in another way."""

from __future__ import annotations

from typing import NoReturn

from bot.core.errors import BadInput, Unauthorised
from bot.core.ports import HookAnswer, HookRequest


class HearsNoNotices:
    """Whoever posts a notice is a stranger; `unheard` says why nobody posts here."""

    unheard: str

    async def verify(self, request: HookRequest) -> NoReturn:  # noqa: ARG002
        """Raises `Unauthorised`."""
        raise Unauthorised(self.unheard)

    async def parse(self, request: HookRequest) -> NoReturn:  # noqa: ARG002
        """Raises `BadInput`."""
        raise BadInput(self.unheard)

    def answer(self) -> HookAnswer:
        """Nobody hears it."""
        return HookAnswer()
