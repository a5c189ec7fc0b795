"""What a dialog waits for is done as an effect, and its result comes back as an inbound of the conversation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import msgspec

from bot.core.errors import Final, Refused, Retryable
from bot.core.journal import plain
from bot.core.message import Inbound
from bot.core.outcome import Requested
from bot.runtime.attempts import Done
from bot.runtime.state import ConversationState
from bot.runtime.writes import NewEffect


class CallPayload(msgspec.Struct, frozen=True):
    """What the executor of `call` needs: which effect with what, and the dialog that waits for its result."""

    name: str
    args: list[Any]
    token: str
    position: int
    account: str
    sender: str
    tries: int = 0


_call = msgspec.json.Decoder(CallPayload)


def calls(requested: Requested, token: str, state: ConversationState) -> NewEffect:
    """The effect of what the dialog `token` asked for, on a lane of its own: what is said meanwhile does not wait."""
    payload = CallPayload(
        requested.name, requested.args, token, requested.position, state.account, state.external_id, requested.tries
    )
    key = f"call:{token}:{requested.position}"
    return NewEffect(key, "call", key, msgspec.json.encode(payload).decode(), state.id)


Callee = Callable[..., Awaitable[Any]]
"""What `chat.call(Call(name, …), *args)` runs: `await callee(key, *args)`; `key` is the idempotency key."""


class DialogCall:
    """Does what a dialog waits for; the result comes back as an inbound of its lane. `waits` holds meanwhile."""

    def __init__(
        self,
        callees: Mapping[str, Callee],
        accept: Callable[[Sequence[Inbound]], Awaitable[int]],
        waits: Callable[[str, str], AbstractContextManager[None]],
    ) -> None:
        self._callees = callees
        self._accept = accept
        self._waits = waits

    async def run(self, effect: NewEffect) -> Done:
        """The result is kept before the effect is marked done, so a crash between repeats neither."""
        payload = _call.decode(effect.payload)
        callee = self._callees.get(payload.name)
        if callee is None:
            raise Final(f"nobody does {payload.name!r}")
        try:
            with self._waits(payload.account, payload.sender):
                value = await callee(effect.key, *payload.args)
        except Retryable as error:
            if payload.tries and effect.attempts + 1 >= payload.tries:
                raise Final(str(error)) from error
            raise
        await self._accept([_result(effect, payload, {"value": plain(value)})])
        return Done()

    async def give_up(self, effect: NewEffect, error: BaseException) -> Done:
        """The dialog hears that it failed, and can say so."""
        payload = _call.decode(effect.payload)
        code = error.code if isinstance(error, Refused) else ""
        await self._accept([_result(effect, payload, {"error": {"text": str(error)[:300], "code": code}})])
        return Done()


def _result(effect: NewEffect, payload: CallPayload, native: dict[str, Any]) -> Inbound:
    return Inbound(payload.account, effect.key, payload.sender, "result", data=payload.token, native=native)
