"""Accounts whose platform is asked for what is new, instead of telling us: exactly one node asks."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from bot.core.ports import Accept, Channel
from bot.runtime import roll
from bot.runtime.lease import Lease

log = logging.getLogger(__name__)


def pulls(channel: Channel) -> bool:
    """Whether the channel asks its platform, so that two of it would take each other's answers."""
    return bool(getattr(channel, "pulls", False))


class Duties:
    """Starts a channel where this node has its duty, and stops it where it has not any more."""

    def __init__(self, channels: Mapping[str, Channel], lease: Lease, accept: Accept) -> None:
        self._channels = {account: channel for account, channel in channels.items() if pulls(channel)}
        self._lease = lease
        self._accept = accept
        self._asking: set[str] = set()

    @property
    def asking(self) -> frozenset[str]:
        """The accounts that this node asks for."""
        return frozenset(self._asking)

    async def look(self) -> None:
        """Take what nobody does. Raises `ConfigError` for a token that the platform refuses."""
        for account, channel in self._channels.items():
            if account not in self._asking and await roll.take_duty(f"pull:{account}", self._lease.node):
                self._asking.add(account)
                log.info("this node asks the platform", extra={"action": "duty.taken", "account": account})
                await channel.start(self._accept)

    async def rest(self) -> None:
        """Another node may be asking by now."""
        for account in [*self._asking]:
            self._asking.discard(account)
            await self._channels[account].stop()
