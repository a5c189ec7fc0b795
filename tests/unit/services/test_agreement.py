"""Two books about one payment: what differs, to the minor unit, whatever the order of the lines."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.core.money import Money
from bot.core.payment import Booking
from bot.services.agreement import Ours, disagreements
from tests.unit.services.shop import NOW

PAID = Ours(6800, 0, "CNY")
BACK = Ours(6800, 800, "CNY")


def line(amount: int, reference: str = "ch_1", currency: str = "CNY", *, days: int = 0) -> Booking:
    return Booking(reference, Money(amount, currency), NOW + timedelta(days=days), "key")


@pytest.mark.parametrize(
    ("lines", "ours", "expected"),
    [
        ([line(6800)], PAID, []),
        ([line(3000), line(3800, "ch_2")], PAID, []),
        ([line(6800), line(-800, "re_1")], BACK, []),
        ([line(6800), line(-800)], BACK, []),  # one reference for both, as Telegram has it
        ([line(-800, "re_1", days=1), line(6800)], BACK, []),
        ([line(6800), line(-800, "re_1"), line(800, "re_1", days=1)], PAID, []),  # the refund came back
        ([], PAID, ["payment missing_there 0 CNY 6800 CNY"]),
        ([line(6800)], Ours(), ["payment missing_here 6800 CNY 0 CNY"]),
        ([line(6799)], PAID, ["payment amount 6799 CNY 6800 CNY"]),
        ([line(6800, currency="USD")], PAID, ["payment currency 6800 USD 6800 CNY"]),
        ([line(6800), line(100, "ch_2", "USD")], PAID, ["payment currency 100 USD 6800 CNY"]),
        ([line(6800), line(6800, "ch_2")], PAID, ["payment amount 13600 CNY 6800 CNY"]),
        ([line(6800), line(-800, "re_1")], PAID, ["refund missing_here 800 CNY 0 CNY"]),
        ([line(6800)], BACK, ["refund missing_there 0 CNY 800 CNY"]),
        ([line(6800), line(-801, "re_1")], BACK, ["refund amount 801 CNY 800 CNY"]),
        (
            [line(6900), line(-100, "re_1")], PAID,
            ["payment amount 6900 CNY 6800 CNY", "refund missing_here 100 CNY 0 CNY"],
        ),
        # What is young may not be in their books yet; more than all of it may not be there either.
        ([], Ours(6800, 0, "CNY", 6800), []),
        ([line(6800)], Ours(6800, 800, "CNY", 0, 800), []),
        ([line(6800), line(-300, "re_1")], Ours(6800, 800, "CNY", 0, 500), []),
        ([line(6800)], Ours(6800, 800, "CNY", 0, 500), ["refund missing_there 0 CNY 800 CNY"]),
        ([line(6801)], Ours(6800, 0, "CNY", 6800), ["payment amount 6801 CNY 6800 CNY"]),
        ([line(6800, currency="USD")], Ours(6800, 0, "CNY", 6800), ["payment currency 6800 USD 6800 CNY"]),
    ],
)  # fmt: skip
def test_what_differs(lines: list[Booking], ours: Ours, expected: list[str]) -> None:
    for told in (lines, lines[::-1]):
        assert [
            f"{one.side} {one.kind} {one.theirs.amount} {one.theirs.currency} {one.ours.amount} {one.ours.currency}"
            for one in disagreements(told, ours)
        ] == expected
