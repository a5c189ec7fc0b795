"""An account of a platform that is called over HTTP: what such channels begin with."""

from __future__ import annotations

from bot.channels._account import Around
from bot.channels._http import Api
from bot.core.capabilities import Capabilities
from bot.core.ports import Channel


class HttpChannel(Channel):
    """Hears by webhook, and calls `api`."""

    way = "webhook"

    def __init__(self, around: Around, capabilities: Capabilities, api: Api) -> None:
        self.account = around.account
        self.capabilities = capabilities
        self._around = around
        self._api = api

    async def stop(self) -> None:
        """Close connections."""
        await self._api.close()
