"""What every turn needs and no turn changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.core.capabilities import Capabilities
from bot.core.message import FROM_CUSTOMER, Inbound
from bot.core.router import Routes
from bot.runtime.languages import Languages
from bot.services.scope import PayWay


@dataclass(frozen=True, slots=True)
class Shop:
    """The handlers with the languages, the channels and the terms of one shop."""

    routes: Routes
    languages: Languages
    capabilities: dict[str, Capabilities]  # by channel account
    currency: str
    order_hold: timedelta = timedelta(minutes=30)
    pay_ways: tuple[PayWay, ...] = ()

    def on(self, account: str) -> Capabilities:
        """What the channel of `account` can show; an account that is gone keeps a plain one."""
        return self.capabilities.get(account) or Capabilities(account)

    def meets(self, inbound: Inbound) -> bool:
        """Whether a stranger becomes a contact by this: who writes does, and who does what a handler is waiting for.

        What is left over of somebody who was forgotten, such as a timer or a late result, brings nobody back.
        """
        return inbound.kind in FROM_CUSTOMER or (inbound.kind == "unknown" and self.routes.native(inbound) is not None)
