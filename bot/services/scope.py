"""Who and where a service acts for: the first argument of everything that a conversation calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core.capabilities import Capabilities
from bot.core.payment import Terms
from bot.core.pricing import Rates

ORDER_HOLD = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class PayWay:
    """A payment provider that the shop has; `title` names it in the catalogues."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A way to pay, and what can be paid by it."""

    way: PayWay
    terms: Terms


@dataclass(frozen=True, slots=True)
class Scope:
    """One customer in one conversation at one moment; `now` is aware UTC, `currency` the account's ISO 4217 code."""

    conversation_id: int
    contact_id: int
    identity_id: int
    account: str
    locale: str
    now: datetime
    currency: str
    order_hold: timedelta = ORDER_HOLD  # how long an unpaid order keeps its stock
    pay_ways: tuple[Offer, ...] = ()
    person_id: int | None = None  # of the contacts that are the same person; None where nobody else is
    proved: bool = True  # nobody else can have written this under the customer's address
    channels: Mapping[str, Capabilities] = field(default_factory=dict)  # the shop's, by account
    rates: Rates = field(default_factory=Rates)  # what an order costs besides the goods

    def channel_of(self, account: str) -> str:
        """The channel that an account is of; of one that is gone its own name."""
        known = self.channels.get(account)
        return known.channel if known else account


def language(locale: str) -> str:
    """The language whose texts a reader of `locale` gets: "zh" for every Chinese, else "en"."""
    return "zh" if locale.lower().startswith("zh") else "en"


def words(texts: dict[str, str], locale: str) -> str:
    """The text in the reader's language, or in whatever language there is."""
    return texts.get(language(locale)) or texts.get("en") or next(iter(texts.values()), "")
