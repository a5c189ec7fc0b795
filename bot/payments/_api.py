"""Calls to a payment provider: whatever is no clear answer is `ProviderUnavailable`, since money may have moved."""

from __future__ import annotations

from bot import http
from bot.core.errors import ProviderUnavailable


class Api(http.Api):
    """One provider's server, see `bot.http.Api`. `timeout` is seconds for a call."""

    def __init__(self, name: str, base: str, timeout: float) -> None:
        super().__init__(base, fails=ProviderUnavailable, timeout=timeout, name=name)
