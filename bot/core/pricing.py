"""What an order costs: goods, a discount, shipping and tax add up to its total, in whole minor units.

Shares are rounded half up, once each: a discount on all goods, a tax on all that it is due on (goods less the discount,
and shipping). So the parts that are not included always sum to the total, and nothing of it is lost in lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from bot.core.errors import Refused
from bot.core.money import Money

Sums = Mapping[str, int]
"""Minor units by currency."""
#: A tax rate is so many thousandths of a percent: 7.25 % are 7250.
WHOLE = 100_000


@dataclass(frozen=True, slots=True)
class Method:
    """A way to ship: where to (nowhere named is everywhere), and what it costs in which currency, free from a sum."""

    name: str
    titles: Mapping[str, str]
    cost: Sums
    free_from: Sums = field(default_factory=dict)
    countries: tuple[str, ...] = ()
    days: str = ""

    def serves(self, country: str, currency: str) -> bool:
        """Whether it can be chosen for that country, in that currency."""
        return currency in self.cost and (not self.countries or country in self.countries)

    def title(self, language: str) -> str:
        """Its title in that language, or in one that it has."""
        return self.titles.get(language) or next(iter(self.titles.values()), self.name)

    def price(self, goods: Money) -> int:
        """For goods that cost so much after the discount."""
        free = self.free_from.get(goods.currency)
        return 0 if free is not None and goods.amount >= free else self.cost[goods.currency]


@dataclass(frozen=True, slots=True)
class Code:
    """A discount code: so many percent or, by currency, an amount; `uses` of all and of one person, 0 is any number."""

    code: str
    percent: int = 0
    amount: Sums = field(default_factory=dict)
    minimum: Sums = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    uses: int = 0
    uses_per_person: int = 0

    def off(self, goods: Money) -> int:
        """What it takes off, in minor units.

        Raises `Refused`: "code_currency", "code_minimum"(minimum): something must be left to pay.
        """
        off = _share(goods.amount, self.percent, 100) if self.percent else self.amount.get(goods.currency, 0)
        if not self.percent and not off:
            raise Refused("code_currency")
        least = max(self.minimum.get(goods.currency, 0), self._least(off))
        if goods.amount < least:
            raise Refused("code_minimum", minimum=Money(least, goods.currency))
        return off

    def _least(self, off: int) -> int:
        """The least of which something is left; of a few minor units a share is rounded to all of them."""
        return 50 // (100 - self.percent) + 1 if self.percent else off + 1

    def runs(self, now: datetime) -> bool:
        """Whether it can be used at that time: from `since`, before `until`."""
        return (self.since is None or self.since <= now) and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class Rates:
    """What a shop asks for besides its prices; `taxes` are rates by country, and `countries` those it sells to."""

    countries: tuple[str, ...] = ()
    methods: tuple[Method, ...] = ()
    codes: Mapping[str, Code] = field(default_factory=dict)
    taxes: Sums = field(default_factory=dict)
    tax_included: bool = True
    minimum: Sums = field(default_factory=dict)

    def serving(self, country: str, currency: str) -> tuple[Method, ...]:
        """The ways to ship there. Raises `Refused("no_shipping")` where the shop ships, but not there."""
        found = tuple(method for method in self.methods if method.serves(country, currency))
        if self.methods and not found:
            raise Refused("no_shipping", country=country)
        return found


@dataclass(frozen=True, slots=True)
class Charge:
    """One part of a total besides the goods; what comes off is negative, an included one adds nothing.

    "cancelled" are goods among the lines, less their discount, that are not sent and for which nobody had paid.
    """

    kind: Literal["cancelled", "discount", "shipping", "tax"]
    name: str  # the code, the method, the country
    title: str
    amount: Money
    rate: int = 0  # of a tax: see `WHOLE`
    included: bool = False

    @property
    def per_cent(self) -> str:
        """The rate as people write it, like "19" or "8.875"."""
        return format((Decimal(self.rate) / 1000).normalize(), "f")


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Goods, and what comes on top or off."""

    goods: Money
    charges: tuple[Charge, ...]
    total: Money


def price(
    goods: Money, rates: Rates, country: str, method: Method | None, code: Code | None, language: str = "en"
) -> Breakdown:
    """The order's parts and their sum. Raises `Refused`: "below_minimum"(minimum), and what `Code.off` raises."""
    least = rates.minimum.get(goods.currency, 0)
    if goods.amount < least:
        raise Refused("below_minimum", minimum=Money(least, goods.currency))
    charges, due = [], goods
    if code is not None:
        off = Money(-code.off(goods), goods.currency)
        charges.append(Charge("discount", code.code, code.code, off))
        due = due + off
    if method is not None:
        sent = Money(method.price(due), goods.currency)
        charges.append(Charge("shipping", method.name, method.title(language), sent))
        due = due + sent
    if rate := rates.taxes.get(country, 0):
        of = WHOLE + rate if rates.tax_included else WHOLE
        tax = Money(_share(due.amount, rate, of), goods.currency)
        charges.append(Charge("tax", country, "", tax, rate, rates.tax_included))
        due = due if rates.tax_included else due + tax
    return Breakdown(goods, tuple(charges), due)


@dataclass(frozen=True, slots=True)
class Cost:
    """What an order costs by its goods, in minor units: those that it was priced with, and what came off or on top."""

    goods: int
    off: int = 0
    shipping: int = 0
    rates: tuple[int, ...] = ()  # of taxes on top: see `WHOLE`

    @classmethod
    def of(cls, goods: int, charges: Iterable[Charge]) -> Cost:
        """Of an order whose lines come to `goods`."""
        charges = tuple(charges)

        def sums(kind: str) -> int:
            return sum(one.amount.amount for one in charges if one.kind == kind)

        rates = tuple(one.rate for one in charges if one.kind == "tax" and not one.included)
        return cls(goods, -sums("discount"), sums("shipping"), rates)

    def net(self, goods: int) -> int:
        """Goods less their share of the discount."""
        return _share(goods, max(0, self.goods - self.off), self.goods) if self.goods else 0

    def total(self, goods: int) -> int:
        """Its total, were these all of its goods: they have their share of the discount, and shipping stays.

        What goes back for pieces is the difference of two totals, so all parts together are what was paid. The desk
        reckons the same, see web/ui/desk/logic/cost.ts.
        """
        due = self.net(goods) + self.shipping
        return due + sum(_share(due, rate, WHOLE) for rate in self.rates)


def called_off(goods: Money, kept: Money, charges: Iterable[Charge]) -> Breakdown:
    """What an order costs that nobody has paid, where of its lines that come to `goods` only `kept` are sent.

    The rest is a charge of its own, so lines and charges go on to sum to the total. Taxes are reckoned anew.
    """
    charges = tuple(one for one in charges if one.kind != "cancelled")
    cost, currency = Cost.of(goods.amount, charges), goods.currency
    due = cost.net(kept.amount) + cost.shipping
    found = [Charge("cancelled", "", "", Money(cost.net(kept.amount) - cost.net(goods.amount), currency))]
    for one in charges:
        tax = _share(due, one.rate, WHOLE + one.rate if one.included else WHOLE)
        found.append(replace(one, amount=Money(tax, currency)) if one.kind == "tax" else one)
    return Breakdown(goods, tuple(found), Money(cost.total(kept.amount), currency))


def of_kept(goods: Money, kept: Money, charges: Iterable[Charge]) -> tuple[Charge, ...]:
    """The charges after `called_off` for whoever knows of what is `kept` alone: the discount has its share, too."""
    charges = tuple(charges)
    off = Cost.of(goods.amount, charges).net(kept.amount) - kept.amount
    return tuple(
        replace(one, amount=Money(off, goods.currency)) if one.kind == "discount" else one
        for one in charges
        if one.kind != "cancelled"
    )


def _share(amount: int, part: int, whole: int) -> int:
    """`amount * part / whole`, rounded half up; none of them is negative."""
    return (2 * amount * part + whole) // (2 * whole)
