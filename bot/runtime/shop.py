"""What every turn needs and no turn changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot.core.capabilities import Capabilities
from bot.core.message import FROM_CUSTOMER, Inbound
from bot.core.ports import Channel
from bot.core.pricing import Rates
from bot.core.quiet import NEVER, QuietHours
from bot.core.router import Routes
from bot.runtime.languages import Languages
from bot.services.scope import Offer


class Able(Mapping[str, Capabilities]):
    """What each channel can show at this moment, by account: a platform may refuse a thing while we run."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = channels

    def __getitem__(self, account: str) -> Capabilities:
        return self._channels[account].capabilities

    def __iter__(self) -> Iterator[str]:
        return iter(self._channels)

    def __len__(self) -> int:
        return len(self._channels)


@dataclass(frozen=True, slots=True)
class Later:
    """When the clock goes on with what customers left; None for never."""

    completes: timedelta | None = None  # behind the delivery
    review: timedelta | None = None  # behind the delivery
    cart: timedelta | None = None  # behind the last thing that was put in


NO_LATER = Later()


@dataclass(frozen=True, slots=True)
class Shop:
    """The handlers with the languages, the channels and the terms of one shop."""

    routes: Routes
    languages: Languages
    capabilities: Mapping[str, Capabilities]  # by channel account
    currency: str  # where the account has none of its own
    order_hold: timedelta = timedelta(minutes=30)
    pay_ways: tuple[Offer, ...] = ()
    quiet: QuietHours = NEVER  # when nobody is sent what nobody waits for
    currencies: Mapping[str, str] = field(default_factory=dict)  # by channel account
    later: Later = NO_LATER
    rates: Rates = field(default_factory=Rates)

    def on(self, account: str) -> Capabilities:
        """What the channel of `account` can show; an account that is gone keeps a plain one."""
        return self.capabilities.get(account) or Capabilities(account)

    def currency_of(self, account: str) -> str:
        """What is sold on an account is sold in this currency, and in no other."""
        return self.currencies.get(account, self.currency)

    def language(self, account: str, spoken: str) -> str:
        """Which of our languages somebody gets there who speaks this one, or has not said which."""
        return self.languages.choose(spoken or self.on(account).language)

    def speaking(self, language: str) -> tuple[str, ...]:
        """The accounts where who has not said what they speak gets this one of our languages."""
        return tuple(account for account in self.capabilities if self.language(account, "") == language)

    def meets(self, inbound: Inbound) -> bool:
        """Whether a stranger becomes a contact by this: who writes does, and who does what a handler is waiting for.

        A machine that answers by itself is nobody.
        What is left over of somebody who was forgotten, such as a timer or a late result, brings nobody back.
        """
        if inbound.kind in FROM_CUSTOMER:
            return not inbound.automatic or bool(inbound.held)
        return inbound.kind == "unknown" and self.routes.native(inbound) is not None
