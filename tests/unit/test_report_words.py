"""What people read: numbers, dates, titles, pictures and spreadsheets, in Chinese and English."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from analytics import words
from analytics.draw import draw
from analytics.fonts import chinese_family, font_problem
from analytics.report import Result, all_reports, find_report
from analytics.sheet import write_sheet
from bot.core.errors import BadInput
from bot.core.period import Period

WEEK = Period("week", date(2026, 11, 16), date(2026, 11, 23), "Asia/Shanghai")
DAY = (date(2026, 11, 16) - date(1970, 1, 1)).days


def _sales(language: str, *, before: bool = True, name: str = "Longjing") -> Result:
    days: list[dict[str, Any]] = [
        {
            "currency": "CNY",
            "account": account,
            "day": DAY + number,
            "orders": 2,
            "back": 0,
            "shipping": 0,
            "tax": 0,
            "within": 0,
            "revenue": 10_050 if number >= 0 else 9_000,
        }
        for account in ("telegram", "webchat")
        for number in range(-7 if before else 0, 7)
    ]
    products = [
        {"currency": "CNY", "sku": "LJ", "is_now": True, "pieces": 28, "revenue": 140_700,
         "names": json.dumps({"en": name, "zh": "龙井"}), "option_values": "[]"},
        {"currency": "CNY", "sku": "GONE", "is_now": True, "pieces": 1, "revenue": 68, "names": None,
         "option_values": None},
    ]  # fmt: skip
    return find_report("sales").tell({"days": days, "products": products}, WEEK, language)


def test_words_say_the_three_numbers() -> None:
    assert _sales("en").words == [
        "Revenue was ¥1,407.00, up 12% on the week before.",
        "It came from 28 orders, ¥50.25 on average.",
        "Longjing sold best, and Telegram brought the most.",
    ]
    assert _sales("zh").words == [
        "营业额 ¥1,407.00，比前一周增长 12%。",
        "共 28 单，客单价 ¥50.25。",
        "最畅销的是龙井，成交最多的渠道是Telegram。",
    ]


def test_titles_answer() -> None:
    assert [chart.title for chart in _sales("en").charts] == [
        "Revenue up 12% on the week before",
        "Telegram brings 50% of revenue",
        "Longjing sells best: ¥1,407, 28 pieces",
    ]
    assert _sales("zh").charts[0].title == "营业额比前一周增长 12%"
    assert _sales("en", before=False).charts[0].title == "Revenue by day"
    assert _sales("en", before=False).headline[0].change == ""


def test_a_product_that_is_gone_goes_by_its_sku() -> None:
    assert _sales("zh").tables[2].rows[1] == ("GONE", "GONE", 1, 68, 0)


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (None, "–", "–"),
        (0, "0 s", "0 秒"),
        (1.25, "1.2 s", "1.2 秒"),
        (59.6, "1 min", "1 分"),
        (200, "3 min 20 s", "3 分 20 秒"),
        (7_500, "2 h 5 min", "2 小时 5 分"),
        (90_000, "1 d 1 h", "1 天 1 小时"),
    ],
)
def test_durations(seconds: float | None, english: str, chinese: str) -> None:
    assert (words.duration(seconds, "en"), words.duration(seconds, "zh")) == (english, chinese)


@pytest.mark.parametrize(
    ("amount", "currency", "english", "chinese"),
    [(1850, "CNY", "¥18.50", "¥18.50"), (794_687, "CNY", "¥7,947", "¥7,947"), (12_345_600, "CNY", "¥123.5K", "¥12.3万"),
     (500_000, "USD", "$5,000", "$5,000"), (980, "JPY", "¥980", "¥980"), (0, "CNY", "¥0", "¥0")],
)  # fmt: skip
def test_short_money(amount: int, currency: str, english: str, chinese: str) -> None:
    assert (words.short_money(amount, currency, "en"), words.short_money(amount, currency, "zh")) == (english, chinese)


def test_period_names() -> None:
    month = Period("month", date(2026, 11, 1), date(2026, 12, 1), "UTC")
    day = Period("day", date(2026, 11, 22), date(2026, 11, 23), "UTC")
    over = Period("week", date(2026, 12, 28), date(2027, 1, 4), "UTC")
    named = [(words.period_name(period, "en"), words.period_name(period, "zh")) for period in (WEEK, month, day, over)]
    assert named == [
        ("16–22 Nov 2026", "2026年11月16日至22日"),
        ("November 2026", "2026年11月"),
        ("Sunday, 22 Nov 2026", "2026年11月22日 星期日"),
        ("28 Dec 2026 – 3 Jan 2027", "2026年12月28日至2027年1月3日"),
    ]


def test_the_sheet_holds_numbers_and_dates(tmp_path: Path) -> None:
    write_sheet(_sales("en", name="=HYPERLINK(1)"), tmp_path / "sales.xlsx")
    book = load_workbook(tmp_path / "sales.xlsx")
    assert book.sheetnames == ["Sales", "By day", "By channel", "By product"]
    day = book["By day"]
    assert [cell.value for cell in day[1]] == ["Day", "Orders", "Revenue (CNY)", "Average basket (CNY)"]
    assert [cell.value for cell in day[2]] == [datetime(2026, 11, 16), 4, 201, 50.25]  # noqa: DTZ001 - a date cell
    assert day["C2"].number_format == "#,##0.00"
    assert book["By product"]["A2"].value == "'=HYPERLINK(1)"
    assert book["By product"]["A2"].data_type == "s"


def test_a_picture_is_as_wide_as_a_phone_shows(tmp_path: Path) -> None:
    for language in ("en", "zh"):
        draw(_sales(language), language, tmp_path / "sales.png")
        width, height = struct.unpack(">II", (tmp_path / "sales.png").read_bytes()[16:24])
        assert width == 1080
        assert 900 < height < 2000


def test_chinese_letters_can_be_drawn() -> None:
    assert chinese_family(), font_problem()
    assert font_problem() == ""


def test_the_reports_that_ship() -> None:
    assert list(all_reports()) == ["reviews", "sales", "service"]
    for report in all_reports().values():
        assert set(report.info.title) == set(report.info.description) == {"en", "zh"}
    with pytest.raises(BadInput, match="reviews, sales, service"):
        find_report("nothing")


def test_listing_and_running_reports_imports_nothing_heavy() -> None:
    code = (
        "import sys, analytics.deliver, analytics.report; analytics.report.all_reports();"
        "print(sorted({'pyspark', 'pandas', 'pyarrow', 'matplotlib', 'openpyxl', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
