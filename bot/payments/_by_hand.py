"""Money that no provider tells of: what staff confirmed in the desk is what is true of it.

A payment's key is its reference.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.core.errors import Refused
from bot.core.money import Money
from bot.core.payment import (
    Booking,
    Checkout,
    PaymentRequest,
    PaymentTruth,
    Receipts,
    RefundTruth,
    Terms,
)
from bot.core.text import Text
from bot.core.unheard import HearsNoNotices
from bot.payments._settings import PaymentSettings
from bot.settings import checks
from bot.settings.section import Listed


def _codes(found: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(checks.currency(code) for code in found)


def _sums(found: tuple[str, ...]) -> tuple[str, ...]:
    checks.sums(found)
    return found


class ByHandSettings(PaymentSettings):
    """What the ways by hand share."""

    title_en: str = Field(default="", max_length=60, description="What customers choose, in English; empty: our words.")
    title_zh: str = Field(default="", max_length=60, description="The same in Chinese.")
    instructions_en: str = Field(default="", max_length=1000, description="What customers are told besides.")
    instructions_zh: str = Field(default="", max_length=1000, description="The same in Chinese.")
    currencies: Annotated[Listed, AfterValidator(_codes)] = Field(
        default=(), description="Currencies that are taken; empty: any."
    )
    most: Annotated[Listed, AfterValidator(_sums)] = Field(
        default=(), description='The most that is taken, by currency, like "CNY 2000"; empty: any sum.'
    )

    @property
    def titles(self) -> Mapping[str, str]:
        """What customers choose, by language."""
        return {lang: title for lang, title in (("en", self.title_en), ("zh", self.title_zh)) if title}

    def instructions(self, locale: str) -> str:
        """What customers are told, in their language or in the other one."""
        words = (self.instructions_zh, self.instructions_en)
        return next(filter(None, words if locale.startswith("zh") else words[::-1]), "")


class ByHand(HearsNoNotices):
    """A way to pay whose receipts staff write."""

    def __init__(
        self, name: str, title: Text, terms: Terms, settings: ByHandSettings, receipts: Receipts, account: str = ""
    ) -> None:
        self.name = name
        self.unheard = f"{name} has no notices"
        self.title = title
        self.terms = terms
        self._settings = settings
        self._receipts = receipts
        self._account = account

    async def create(self, request: PaymentRequest) -> Checkout:
        """What the customer is told to do. Raises `Refused("wrong_amount")`."""
        if not self.terms.takes(request.amount, ""):
            raise Refused("wrong_amount", amount=request.amount)
        return Checkout(request.key, words=self._settings.instructions(request.locale), account=self._account)

    async def fetch(self, reference: str) -> PaymentTruth:
        """What staff confirmed, all of it together."""
        receipts = await self._receipts.of(reference)
        taken = [one for one in receipts if one.amount.amount > 0]
        if not taken:
            return PaymentTruth(reference, "open")
        paid = Money(sum(one.amount.amount for one in taken), taken[0].amount.currency)
        given = -sum(one.amount.amount for one in receipts if one.amount.amount < 0)
        state = "refunded" if given >= paid.amount else "paid"
        return PaymentTruth(reference, state, paid=paid, refunded=given)

    async def void(self, reference: str) -> PaymentTruth:
        """Nobody is asked for it any more; what was paid stays so."""
        truth = await self.fetch(reference)
        return truth if truth.paid else PaymentTruth(reference, "failed")

    async def refund(self, reference: str, amount: Money, key: str, notify_url: str = "") -> RefundTruth:  # noqa: ARG002
        """Staff give it back by hand: it is written down, once per `key`. Raises `Refused`: "not_paid", "too_much"."""
        if (made := await self.fetch_refund(reference, key)) is not None:
            return made
        truth = await self.fetch(reference)
        if truth.paid is None:
            raise Refused("not_paid", reference=reference)
        left = Money(truth.paid.amount - truth.refunded, truth.paid.currency)
        if amount.currency != left.currency or not 0 < amount.amount <= left.amount:
            raise Refused("too_much", reference=reference, left=left)
        await self._receipts.given_back(reference, key, amount)
        return RefundTruth(key, "given", amount)

    async def fetch_refund(self, reference: str, key: str) -> RefundTruth | None:
        """What was written down under this key."""
        found = [one for one in await self._receipts.of(reference) if one.key == key]
        return RefundTruth(key, "given", found[0].amount * -1) if found else None

    async def books(self, day: date) -> AsyncIterator[Booking]:
        """What staff wrote down on that day, UTC."""
        for booking in await self._receipts.booked(self.name, day):
            yield booking

    async def who(self) -> str:
        """Nobody but the shop."""
        return "by hand: staff confirm at the order what they received"

    async def close(self) -> None:
        """There is nothing to close."""
