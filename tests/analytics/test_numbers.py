"""A report's numbers are those of a direct SQL count, on every engine, before and after more has happened."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from analytics.child import ReportCrashed
from bot.core.period import Period
from models import Order, Payment, Review
from models.database import fetch
from tests.analytics import shop
from tests.analytics.conftest import Maker
from tests.analytics.shop import NOW, WEEK, Shop

SKUS = {f"{english} (tin)" if sku == shop.TEAS[0][0] else english: sku for sku, english, _ in shop.TEAS}
#: What is counted is in the lake already: how MariaDB's rows get there is seen in test_lake.
ENGINES = ("sqlite", "postgres", pytest.param("mariadb", marks=pytest.mark.long))
ONE = ("sqlite", *(pytest.param(name, marks=pytest.mark.long) for name in ("postgres", "mariadb")))
SPLIT = """
SELECT sum(CASE WHEN refunded < 5000 THEN 5000 - refunded ELSE 0 END) AS goods,
       sum(CASE WHEN refunded < 5000 THEN 1200 WHEN refunded < 6200 THEN 6200 - refunded ELSE 0 END) AS shipping,
       sum(CASE WHEN refunded < 6200 THEN 620 ELSE 6820 - refunded END) AS tax,
       sum(CASE WHEN refunded < 5000 THEN CAST(round(327 * (5000 - refunded) / 5000.0) AS INTEGER) ELSE 0 END) AS held
FROM payment"""
NAMES = {"Telegram": "telegram", "Web chat": "webchat", "WeChat": "wechat"}


def _rows(result: Any, title: str) -> list[Any]:
    return next(table["rows"] for table in result["tables"] if table["title"] == title)


async def _check_sales(result: Any, period: Period) -> None:
    now, before = await shop.count_sales(period, "CNY"), await shop.count_sales(period.previous, "CNY")
    days = _rows(result, "By day")
    assert [tuple(row[:3]) for row in days] == now["days"]
    assert sum(row[1] for row in days) == now["orders"] > 0
    assert sum(row[2] for row in days) == now["revenue"]
    assert result["charts"][0]["series"][1]["values"] == [money for _, _, money in before["days"]]
    assert {NAMES[row[0]]: (row[1], row[2]) for row in _rows(result, "By channel")} == now["channels"]
    assert {NAMES[row[0]]: row[3] for row in _rows(result, "By channel")} == {
        account: money for account, (_, money) in before["channels"].items()
    }
    products = _rows(result, "By product")
    assert {row[1]: (row[2], row[3]) for row in products} == now["products"]
    assert {row[1]: row[4] for row in products} == {sku: money for sku, (_, money) in before["products"].items()}
    assert {row[0]: row[1] for row in products} == SKUS
    euro = await shop.count_sales(period, "EUR")
    assert [(row[0], row[1]) for row in _rows(result, "Other currencies")] == [("EUR", euro["orders"])]
    assert f"{now['orders']:,}" == result["headline"][1]["value"]
    assert f"¥{now['revenue'] / 100:,.2f}" == result["headline"][0]["value"]


@pytest.mark.parametrize("database", ONE, indirect=True)
async def test_sales_equal_sql_twice(maker: Maker) -> None:
    tea = Shop(1)
    await tea.open()
    await tea.sell(4_000)
    first = await maker.make("sales", WEEK)
    await _check_sales(first.results["en"], WEEK)

    await tea.sell(500, changed_at=NOW + timedelta(minutes=1))
    await tea.change(300, NOW + timedelta(minutes=2))
    await tea.cancel(300, NOW + timedelta(minutes=3))
    await Order.filter(id__in=[7, 8, 9]).delete()  # as an erasure would, lines and all
    second = await maker.make("sales", WEEK)
    await _check_sales(second.results["en"], WEEK)
    assert second.results["en"]["headline"] != first.results["en"]["headline"]

    third = await maker.make("sales", WEEK)
    assert third.results == second.results


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_was_given_back_is_no_revenue(maker: Maker) -> None:
    """A part of the first; the second was paid twice, once of which went back; the third was paid in another money."""
    await Shop(1).open()
    total, old = 10_000, WEEK.starts_at
    await shop.insert(
        "order",
        "id,number,contact_id,account,state,total,currency,name,address,paid_at,created_at,updated_at",
        [(id_, f"A-{id_}", 1, "webchat", "paid", total, "CNY", "", "", old, old, NOW) for id_ in (1, 2, 3, 4)],
    )
    took = [(1, total, "CNY", 2_500), (2, total, "CNY", 0), (2, total, "CNY", total), (3, 50, "XTR", 20)]
    await shop.insert(
        "payment",
        "order_id,captured,captured_currency,refunded,provider,key,amount,currency,state,created_at,updated_at",
        [(*money, "local", f"key-{at}", total, "CNY", "paid", old, NOW) for at, money in enumerate(took)],
    )
    result = (await maker.make("sales", WEEK)).results["en"]
    assert result["headline"][0]["value"] == "¥375.00"
    assert "¥25.00 was given back and is not in it." in result["words"][0]
    await Payment.filter(order_id=1).update(refunded=5_000, updated_at=NOW + timedelta(minutes=1))
    assert (await maker.make("sales", WEEK)).results["en"]["headline"][0]["value"] == "¥350.00"


@pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)
async def test_revenue_is_what_was_sold_and_shipping_and_tax_stand_beside_it(maker: Maker) -> None:
    """Goods of 100.00 less 10.00, sent for 12.00, with a tax on top; and goods of 50.00 that hold theirs."""
    await Shop(1).open()
    old = WEEK.starts_at
    await shop.insert(
        "order",
        "id,number,contact_id,account,state,total,currency,name,address,paid_at,created_at,updated_at",
        [
            (id_, f"A-{id_}", 1, "webchat", "paid", total, "CNY", "", "", old, old, NOW)
            for id_, total in ((1, 10_914), (2, 5_000))
        ],
    )
    charges = [
        (1, "discount", -1_000, False),
        (1, "shipping", 1_200, False),
        (1, "tax", 714, False),
        (2, "tax", 327, True),
    ]
    await shop.insert("order_charge", "order_id,kind,amount,included,name", [(*one, "x") for one in charges])
    result = (await maker.make("sales", WEEK)).results["en"]
    assert result["headline"][0]["value"] == "¥140.00"
    assert "On top of it came ¥12.00 of shipping and ¥7.14 of tax." in result["words"]
    assert [tuple(row) for row in _rows(result, "Shipping and tax")] == [
        ("Shipping, not in the revenue", 1_200),
        ("Tax on top of prices, not in the revenue", 714),
        ("Tax within prices, in the revenue", 327),
    ]


async def test_what_went_back_is_of_the_goods_first_then_of_shipping_then_of_tax(maker: Maker) -> None:
    """Goods of 50.00, shipping 12.00 and tax 6.20 on top, 3.27 within: part of the goods to all of it goes back."""
    await Shop(1).open()
    old, backs = WEEK.starts_at, (0, 1_999, 5_000, 5_700, 6_200, 6_500, 6_820)
    ids = range(1, len(backs) + 1)
    await shop.insert(
        "order",
        "id,number,contact_id,account,state,total,currency,name,address,paid_at,created_at,updated_at",
        [(id_, f"A-{id_}", 1, "webchat", "paid", 6_820, "CNY", "", "", old, old, NOW) for id_ in ids],
    )
    charges = (("shipping", 1_200, False), ("tax", 620, False), ("tax", 327, True))
    await shop.insert(
        "order_charge", "order_id,kind,amount,included,name", [(i, *one, "x") for i in ids for one in charges]
    )
    await shop.insert(
        "payment",
        "order_id,captured,captured_currency,refunded,provider,key,amount,currency,state,created_at,updated_at",
        [
            (i, 6_820, "CNY", back, "local", f"k{i}", 6_820, "CNY", "paid", old, NOW)
            for i, back in zip(ids, backs, strict=True)
        ],
    )
    result = (await maker.make("sales", WEEK)).results["en"]
    wanted = (await fetch(SPLIT))[0]
    assert result["headline"][0]["value"] == f"¥{wanted['goods'] / 100:,.2f}" == "¥80.01"
    beside = [row[1] for row in _rows(result, "Shipping and tax")]
    assert beside == [wanted[name] for name in ("shipping", "tax", "held")]
    assert f"¥{sum(backs) / 100:,.2f} was given back" in result["words"][0]


async def test_a_late_row_with_an_old_time_is_counted(maker: Maker) -> None:
    tea = Shop(4)
    await tea.open()
    await tea.sell(50)
    await maker.make("sales", WEEK)
    old = NOW - timedelta(days=300)
    tea.orders = 1_050  # ids with a gap, as sequences leave them
    await tea.sell(40, changed_at=old)  # an import: new ids, changed long ago
    await _check_sales((await maker.make("sales", WEEK)).results["en"], WEEK)
    await shop.insert(  # and one that came in with an id from within the gap
        "order",
        "id,number,contact_id,account,state,total,currency,name,address,paid_at,created_at,updated_at",
        [(77, "late", 1, "webchat", "paid", 12_345, "CNY", "", "", WEEK.starts_at, old, old)],
    )
    await shop.insert("order_line", "order_id,sku,name,quantity,price", [(77, "LJ", "", 1, 12_345)])
    await Order.filter(id__in=[1, 2]).delete()
    await _check_sales((await maker.make("sales", WEEK)).results["en"], WEEK)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_month_with_a_clock_change_equals_sql(maker: Maker) -> None:
    tea = Shop(3)
    await tea.open()
    await tea.sell(1_500)
    month = Period("month", WEEK.first.replace(day=1), WEEK.first.replace(month=11, day=1), "America/New_York")
    result = (await maker.make("sales", month)).results["en"]
    days = _rows(result, "By day")
    assert [tuple(row[:3]) for row in days] == (await shop.count_sales(month, "CNY"))["days"]
    assert len(days) == 31


@pytest.mark.parametrize("database", ONE, indirect=True)
async def test_reviews_equal_sql(maker: Maker) -> None:
    tea = Shop(4)
    await tea.open()
    await tea.praise(1_500)
    for _ in range(2):
        result = (await maker.make("reviews", WEEK)).results["en"]
        counted = await shop.count_reviews(WEEK)
        assert result["charts"][0]["series"][0]["values"] == [
            counted["stars"].get(stars, 0) for stars in (5, 4, 3, 2, 1)
        ]
        total = sum(counted["stars"].values())
        average = sum(stars * number for stars, number in counted["stars"].items()) / total
        assert result["headline"][0]["value"] == f"{average:.2f}"
        assert result["headline"][1]["value"] == f"{total:,}"
        assert result["headline"][2]["value"] == f"{counted['stars'][1] + counted['stars'][2]:,}"
        assert {row[1]: (row[2], round(row[3], 4)) for row in _rows(result, "By product")} == {
            shop.TEAS[key - 1][0]: (number, round(stars / number, 4))
            for key, (number, stars) in counted["products"].items()
        }
        await tea.praise(300)
        await Review.filter(id__lte=200).update(state="rejected", updated_at=NOW + timedelta(hours=1))


@pytest.mark.parametrize("database", ENGINES, indirect=True)
async def test_service_equals_plain_rows(maker: Maker) -> None:
    tea = Shop(5)
    await tea.open()
    await tea.talk(700)
    for _ in range(2):
        result = (await maker.make("service", WEEK)).results["en"]
        counted = await shop.count_service(WEEK)
        table = _rows(result, "By channel")
        assert len(table) == 4
        for name, *numbers in table:
            wanted = counted[NAMES.get(name, "")]
            seconds = [wanted["first"], wanted["person"]]
            assert numbers[:2] == [wanted["talks"], wanted["answered"]]
            assert numbers[2:4] == [round(value, 6) if value is not None else None for value in seconds] or [
                round(value, 6) for value in numbers[2:4]
            ] == [round(value, 6) for value in seconds]
            assert numbers[4:] == [wanted["handed"], wanted["bot"], wanted["resolved"]]
        await tea.talk(200)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_sums_that_are_too_large_are_told(maker: Maker) -> None:
    """Spark's own sum would wrap around 2**63 and tell a loss."""
    tea = Shop(6)
    await tea.open()
    await tea.sell(20)
    paid = {"state": "paid", "currency": "CNY", "account": "webchat", "paid_at": WEEK.starts_at}
    await Order.filter(id__lte=2).update(total=2**62 - 10**9, **paid)
    with pytest.raises(ReportCrashed, match="add up to more than can be counted"):
        await maker.make("sales", WEEK)
    await Order.filter(id=2).update(total=1, updated_at=NOW + timedelta(hours=1))
    (line,) = [row for row in _rows((await maker.make("sales", WEEK)).results["en"], "By day") if row[2] > 2**61]
    assert line[2] > 2**62 - 10**9


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_an_empty_shop_has_a_report(maker: Maker) -> None:
    for report in ("sales", "reviews", "service"):
        made = await maker.make(report, WEEK, ("en", "zh"))
        for language in ("en", "zh"):
            assert len(made.results[language]["words"]) == 1
            assert (maker.output / made.files[language]["picture"]).stat().st_size > 5_000
