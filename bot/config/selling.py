"""`[selling]`: what orders cost besides the goods, as an operator writes it."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from bot.core.pricing import Code, Method, Rates
from bot.settings import checks
from bot.settings.section import Listed, Section

#: Characters of a discount code.
CODE = 40
_TAX = re.compile(r"([A-Z]{2}) ([0-9]{1,2}(?:\.[0-9]{1,3})?)")


def _sums(found: tuple[str, ...]) -> tuple[str, ...]:
    checks.sums(found)
    return found


def _taxes(found: tuple[str, ...]) -> tuple[str, ...]:
    taxes_of(found)
    return found


def _countries(found: tuple[str, ...]) -> tuple[str, ...]:
    for code in found:
        checks.country(code)
    return tuple(dict.fromkeys(found))


def taxes_of(found: tuple[str, ...]) -> dict[str, int]:
    """Thousandths of a percent by country, of rates like "DE 19". ValueError for what is none."""
    rates = {}
    for one in found:
        match = _TAX.fullmatch(one)
        if match is None:
            raise ValueError(f"{one!r} is not a tax; write country and percent, like DE 19 or CH 8.1")
        checks.country(match[1])
        if match[1] in rates:
            raise ValueError(f"there are two taxes for {match[1]}; write one")
        rates[match[1]] = int(Decimal(match[2]) * 1000)
    return rates


def _each_once(what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two {what} {name}; give each a name of its own, in capitals and small letters alike")


Amounts = Annotated[Listed, AfterValidator(_sums)]
Countries = Annotated[Listed, AfterValidator(_countries)]


class Shipping(Section):
    """One way to ship."""

    name: str = Field(min_length=1, max_length=64)
    title_en: str = Field(min_length=1, max_length=120)
    title_zh: str = Field(default="", max_length=120)
    cost: Amounts = Field(min_length=1)
    free_from: Amounts = ()
    countries: Countries = ()
    days: str = Field(default="", max_length=20)

    def method(self) -> Method:
        """As orders are priced by it."""
        titles = {"en": self.title_en} | ({"zh": self.title_zh} if self.title_zh else {})
        cost, free = checks.sums(self.cost), checks.sums(self.free_from)
        return Method(self.name, titles, cost, free, self.countries, self.days)


class Discount(Section):
    """One discount code."""

    code: str = Field(min_length=1, max_length=CODE)
    percent: int = Field(default=0, ge=0, le=99)
    amount: Amounts = ()
    minimum: Amounts = ()
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    uses: int = Field(default=0, ge=0)
    uses_per_person: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _one_kind(self) -> Discount:
        if bool(self.percent) == bool(self.amount):
            raise ValueError(f"the code {self.code} takes off either a percent or an amount; write one of them")
        if not 0 < len(self.name) <= CODE:
            raise ValueError(f"{self.code!r} is no code; write something of up to {CODE} characters")
        return self

    @property
    def name(self) -> str:
        """The code in capitals: it counts as the same however it is typed."""
        return self.code.strip().upper()

    def offer(self) -> Code:
        """As orders are priced by it."""
        since: datetime | None = self.since
        return Code(
            self.name, self.percent, checks.sums(self.amount), checks.sums(self.minimum),
            since, self.until, self.uses, self.uses_per_person,
        )  # fmt: skip


class Selling(Section):
    """What an order costs besides the goods."""

    countries: Countries = Field(
        default=(), description='Countries that are sold to, like ["CN", "DE"]; several: customers say which.'
    )
    minimum: Amounts = Field(default=(), description='The least that is sold at once, by currency, like "CNY 50".')
    shipping: tuple[Shipping, ...] = Field(
        default=(),
        description='Ways to ship: {name = "post", title_en = "Post", title_zh = "邮政", cost = ["CNY 12"], '
        'free_from = ["CNY 99"], countries = ["CN"], days = "2-4"} each.',
    )
    discounts: tuple[Discount, ...] = Field(
        default=(),
        description='Discount codes: {code = "SPRING", percent = 10} each, or amount = ["CNY 20"]; also minimum, '
        "since, until (times with an offset), uses, uses_per_person.",
    )
    taxes: Annotated[Listed, AfterValidator(_taxes)] = Field(
        default=(), description='Tax by country in percent, like "DE 19"; it is due on shipping, too.'
    )
    tax_included: bool = Field(default=True, description="Prices include the tax; false: it is added.")

    @model_validator(mode="after")
    def _whole(self) -> Selling:
        for country in [*taxes_of(self.taxes), *(country for way in self.shipping for country in way.countries)]:
            if country not in self.countries:
                raise ValueError(
                    f"{country} has a tax or a way to ship, and is not sold to; add it to selling.countries"
                )
        _each_once("ways to ship are called", [way.name for way in self.shipping])
        _each_once("discount codes are", [one.name for one in self.discounts])
        return self

    def rates(self) -> Rates:
        """As orders are priced by them."""
        codes = {code.code: code for code in (one.offer() for one in self.discounts)}
        methods = tuple(one.method() for one in self.shipping)
        taxes, least = taxes_of(self.taxes), checks.sums(self.minimum)
        return Rates(self.countries, methods, codes, taxes, self.tax_included, least)
