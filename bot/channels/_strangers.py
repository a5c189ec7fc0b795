"""Files whose addresses came with messages: what hinders us on the way is `ChannelUnavailable`."""

from __future__ import annotations

from bot import strangers
from bot.core.errors import ChannelUnavailable
from bot.strangers import IsPublic, is_public

__all__ = ["IsPublic", "Strangers", "is_public"]


class Strangers(strangers.Strangers):
    """See `bot.strangers.Strangers`."""

    def __init__(self, allows: IsPublic = is_public) -> None:
        super().__init__(allows, fails=ChannelUnavailable)
