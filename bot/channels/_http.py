"""Calls to one platform: what is no answer is `ChannelUnavailable`, and a 429 asks all of the account to wait."""

from __future__ import annotations

from bot import http
from bot.core.errors import AccountWaits, ChannelUnavailable
from bot.http import WAIT, Answer, TooFast


class Api(http.Api):
    """One platform's server, see `bot.http.Api`; `too_fast` is what a 429 means where it is not always that."""

    def __init__(
        self,
        base: str,
        *,
        timeout: float = 15.0,
        name: str = "",
        explains: bool = False,
        too_fast: TooFast | None = None,
    ) -> None:
        super().__init__(
            base,
            fails=ChannelUnavailable,
            timeout=timeout,
            name=name,
            explains=explains,
            too_fast=too_fast or self._account_waits,
        )

    def _account_waits(self, answer: Answer) -> AccountWaits:
        return AccountWaits(f"{self._name} asks to wait", after=answer.retry_after or WAIT, told=True)
