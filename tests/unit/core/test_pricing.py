"""What an order costs: a table by hand, and what holds for every order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import Refused
from bot.core.money import Money
from bot.core.pricing import Charge, Code, Cost, Method, Rates, called_off, of_kept, price

#: The desk's tests read it, too.
COSTS = json.loads((Path(__file__).parents[3] / "web/ui/desk/tests/cost.json").read_text())
AMOUNTS = st.integers(1, 10**12)
POST = Method("post", {"en": "Post", "zh": "邮政"}, {"CNY": 1200}, {"CNY": 9900}, ("CN",))


def cny(amount: int) -> Money:
    return Money(amount, "CNY")


@pytest.mark.parametrize(
    ("goods", "method", "code", "rate", "included", "parts", "total"),
    [
        (6800, None, None, 0, True, [], 6800),
        (6800, POST, None, 0, True, [1200], 8000),
        (9900, POST, None, 0, True, [0], 9900),
        (9900, POST, Code("A", percent=10), 0, True, [-990, 1200], 10110),  # less the discount, it is not free
        (6800, None, Code("B", amount={"CNY": 1000}), 0, True, [-1000], 5800),
        (5, None, Code("A", percent=10), 0, True, [-1], 4),  # half up
        (11900, None, None, 19_000, True, [1900], 11900),
        (10000, POST, None, 7_250, False, [0, 725], 10725),
        (100, None, None, 8_500, False, [9], 109),  # 8.5, half up
    ],
)
def test_by_hand(
    goods: int, method: Method | None, code: Code | None, rate: int, included: bool, parts: list[int], total: int
) -> None:
    found = price(cny(goods), Rates(taxes={"CN": rate}, tax_included=included), "CN", method, code)
    assert [charge.amount.amount for charge in found.charges] == parts
    assert (found.goods, found.total) == (cny(goods), cny(total))


@given(
    st.integers(1, 60) | AMOUNTS,
    st.integers(0, 10**9),
    st.none() | AMOUNTS,
    st.integers(1, 99),
    st.integers(0, 99_999),
    st.booleans(),
)
def test_the_parts_sum_to_the_total(
    goods: int, cost: int, free: int | None, percent: int, rate: int, included: bool
) -> None:
    method = Method("post", {"en": "Post"}, {"CNY": cost}, {} if free is None else {"CNY": free})
    rates = Rates(taxes={"CN": rate}, tax_included=included)
    code = Code("A", percent=percent)
    if goods * (100 - percent) <= 50:  # nothing would be left of it
        with pytest.raises(Refused, match="code_minimum"):
            price(cny(goods), rates, "CN", method, code)
        return
    found = price(cny(goods), rates, "CN", method, code)
    on_top = [charge.amount.amount for charge in found.charges if not charge.included]
    assert goods + sum(on_top) == found.total.amount > 0
    assert all(charge.amount.amount >= 0 for charge in found.charges if charge.kind != "discount")
    off = -found.charges[0].amount.amount
    assert 0 <= off < goods
    assert abs(100 * off - goods * percent) <= 50  # half a unit, in hundredths
    for tax in (charge for charge in found.charges if charge.kind == "tax"):
        due = found.total.amount if included else found.total.amount - tax.amount.amount
        of = 100_000 + rate if included else 100_000
        assert abs(tax.amount.amount * of - due * rate) * 2 <= of


@pytest.mark.parametrize(
    ("goods", "rates", "code", "refused", "least"),
    [
        (4999, Rates(minimum={"CNY": 5000}), None, "below_minimum", 5000),
        (999, Rates(), Code("A", percent=10, minimum={"CNY": 1000}), "code_minimum", 1000),
        (1000, Rates(), Code("A", amount={"CNY": 1000}), "code_minimum", 1001),  # something is left to pay
        (1, Rates(), Code("A", percent=50), "code_minimum", 2),
        (40, Rates(), Code("A", percent=99), "code_minimum", 51),
        (1000, Rates(), Code("A", amount={"EUR": 10}), "code_currency", None),
    ],
)
def test_what_is_refused(goods: int, rates: Rates, code: Code | None, refused: str, least: int | None) -> None:
    with pytest.raises(Refused, match=refused) as said:
        price(cny(goods), rates, "CN", None, code)
    assert said.value.facts.get("minimum") == (None if least is None else cny(least))


def test_a_country_without_a_way_to_ship_is_told() -> None:
    rates = Rates(methods=(POST,))
    assert rates.serving("CN", "CNY") == (POST,)
    with pytest.raises(Refused, match="no_shipping"):
        rates.serving("DE", "CNY")
    assert Rates().serving("DE", "CNY") == ()


@pytest.mark.parametrize("row", COSTS, ids=[row["what"] for row in COSTS])
def test_what_an_order_costs_by_its_goods(row: dict[str, Any]) -> None:
    cost = Cost(row["goods"], row["off"], row["shipping"], tuple(row["rates"]))
    assert [[goods, cost.total(goods)] for goods, _ in row["totals"]] == row["totals"]


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=9), st.integers(1, 99), st.integers(0, 10**6), st.data())
def test_what_goes_back_for_all_parts_is_what_was_paid_and_unpaid_parts_make_the_total_less(
    prices: list[int], percent: int, cost: int, data: st.DataObject
) -> None:
    """None is less than nothing; and of what is not paid yet lines and charges go on to sum to the total."""
    rates = Rates(taxes={"CN": data.draw(st.integers(0, 99_999))}, tax_included=data.draw(st.booleans()))
    code = Code("A", percent=percent) if sum(prices) * (100 - percent) > 50 else None
    parts = price(cny(sum(prices)), rates, "CN", Method("post", {}, {"CNY": cost}), code)
    of = Cost.of(sum(prices), parts.charges)
    assert of.total(sum(prices)) == parts.total.amount
    goods, kept, back, charges = sum(prices), sum(prices), [], parts.charges
    for one in data.draw(st.permutations(prices)):
        back.append(of.total(kept) - of.total(kept - one))
        kept -= one
        less = called_off(cny(goods), cny(kept), charges)
        charges = less.charges
        there = of_kept(cny(goods), cny(kept), charges)
        assert less.total.amount == of.total(kept) == goods + added(charges) == kept + added(there)
    assert min(back) >= 0
    assert sum(back) == parts.total.amount - of.total(0)


def added(charges: tuple[Charge, ...]) -> int:
    return sum(one.amount.amount for one in charges if not one.included)
