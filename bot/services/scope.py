"""Who and where a service acts for: the first argument of everything that a conversation calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

ORDER_HOLD = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class PayWay:
    """A payment provider that the shop has; `title` names it in the catalogues."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Scope:
    """One customer in one conversation at one moment; `now` is aware UTC, `currency` the shop's ISO 4217 code."""

    conversation_id: int
    contact_id: int
    identity_id: int
    account: str
    locale: str
    now: datetime
    currency: str
    order_hold: timedelta = ORDER_HOLD  # how long an unpaid order keeps its stock
    pay_ways: tuple[PayWay, ...] = ()
    person_id: int | None = None  # of the contacts that are the same person; None where nobody else is


def language(locale: str) -> str:
    """The language whose texts a reader of `locale` gets: "zh" for every Chinese, else "en"."""
    return "zh" if locale.lower().startswith("zh") else "en"


def words(texts: dict[str, str], locale: str) -> str:
    """The text in the reader's language, or in whatever language there is."""
    return texts.get(language(locale)) or texts.get("en") or next(iter(texts.values()), "")
