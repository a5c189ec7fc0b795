"""The words, dates and numbers of reports in Chinese and English."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from babel.dates import format_date
from babel.numbers import format_compact_decimal, format_decimal, format_percent

from bot.core.money import Money, exponent
from bot.core.period import Period

#: By the first part of the account's name: in English, in Chinese, and the colour, which is the desk's, too.
CHANNELS = {
    "webchat": ("Web chat", "网页聊天", "#2f6f4f"),
    "telegram": ("Telegram", "Telegram", "#3390d6"),
    "wechat": ("WeChat", "微信", "#7fae2a"),
    "wecom": ("WeCom", "企业微信", "#1d4e89"),
    "qq": ("QQ", "QQ", "#d9902f"),
    "weibo": ("Weibo", "微博", "#c8502e"),
    "messenger": ("Messenger", "Messenger", "#8457d1"),
    "instagram": ("Instagram", "Instagram", "#bf4a8a"),
    "whatsapp": ("WhatsApp", "WhatsApp", "#1f9a86"),
    "line": ("LINE", "LINE", "#5b8c1e"),
    "x": ("X", "X", "#3c4043"),
    "email": ("E-mail", "电子邮件", "#8a6d3b"),
    "terminal": ("Terminal", "终端", "#5f6b66"),
}


def pick(language: str, english: str, chinese: str) -> str:
    """The text of the language."""
    return chinese if language == "zh" else english


def channel_name(account: str, language: str) -> str:
    """What people call an account: `Telegram`, `Telegram-2`; a name that is not known stays as it is."""
    if not account:
        return pick(language, "Unknown", "未知")
    channel = account.partition("-")[0]
    if channel not in CHANNELS:
        return account
    return pick(language, *CHANNELS[channel][:2]) + account[len(channel) :]


def channel_colour(account: str) -> str:
    """The colour of an account's channel, the same in every picture and at the desk."""
    return CHANNELS[account.partition("-")[0]][2] if account.partition("-")[0] in CHANNELS else "#6b736f"


def money(amount: int, currency: str, language: str) -> str:
    """An amount of minor units, exact: `¥1,234.50`."""
    return Money(amount, currency).format(_locale(language))


def short_money(amount: int | float, currency: str, language: str) -> str:
    """An amount of minor units for a chart: `¥18.50`, `¥7,947`, `¥123.4K`, `¥12.3万`."""
    major = Decimal(round(amount)).scaleb(-exponent(currency))
    sign = money(0, currency, language).rstrip("0.").rstrip()
    if abs(major) >= 100_000:
        return sign + compact(major, language)
    exact = abs(major) < 1000 and major != major.to_integral_value()
    return sign + format_decimal(major, format="#,##0.00" if exact else "#,##0", locale="en_US")


def compact(value: Decimal | int | float, language: str) -> str:
    """A large number in three digits: `12.3K`, `1.2万`."""
    return format_compact_decimal(value, locale=_locale(language), fraction_digits=1).replace(".0", "")


def count(value: int, language: str) -> str:
    """`12,345`."""
    return format_decimal(value, locale=_locale(language))


def counted(value: int, language: str, one: str, many: str, chinese: str) -> str:
    """`1 order`, `12 orders`, `12 单`: each text with `{}` for the number."""
    return pick(language, one if value == 1 else many, chinese).format(count(value, language))


def stars(value: float | None, language: str) -> str:
    """`4.62`; a dash where there is none."""
    return "–" if value is None else format_decimal(round(value, 2), format="0.00", locale=_locale(language))


def percent(share: float, language: str) -> str:
    """A share from 0 to 1 as `12%`; below one percent with a digit: `0.4%`."""
    digits = "0.0%" if 0 < abs(share) < 0.00995 else "0%"
    return format_percent(share, format=digits, locale=_locale(language))


def duration(seconds: float | None, language: str) -> str:
    """`45 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`; a dash where there is none."""
    if seconds is None:
        return "–"
    if 0 < seconds < 10:
        return pick(language, "{} s", "{} 秒").format(f"{seconds:.1f}".removesuffix(".0"))
    whole = round(seconds)
    units = ((86_400, "d", "天"), (3_600, "h", "小时"), (60, "min", "分"), (1, "s", "秒"))
    at = next((number for number, unit in enumerate(units) if whole >= unit[0]), 3)
    parts = [(whole // units[at][0], units[at])]
    if at < 3:
        parts.append((whole % units[at][0] // units[at + 1][0], units[at + 1]))
    return " ".join(f"{value} {pick(language, *unit[1:])}" for value, unit in parts if value or unit is units[at])


def change(now: float, before: float) -> float | None:
    """The growth as a share of what was before; None when there was nothing."""
    return None if before == 0 else (now - before) / before


def signed(share: float | None, language: str) -> str:
    """`+12%`, `−3%`, `0%`; empty when there is nothing to compare with."""
    if share is None:
        return ""
    text = percent(abs(share), language)
    return text if text == percent(0, language) else f"{'+' if share > 0 else '−'}{text}"


def mood(growth: float | None, *, more_is_good: bool = True) -> Literal["", "good", "bad"]:
    """Whether a change is welcome."""
    if not growth:
        return ""
    return "good" if (growth > 0) == more_is_good else "bad"


def before(period: Period, language: str) -> str:
    """What the period is compared with: `the week before`, `前一周`."""
    names = {
        "day": ("the day before", "前一天"),
        "week": ("the week before", "前一周"),
        "month": ("the month before", "前一个月"),
        "days": (f"the {period.days} days before", f"前 {period.days} 天"),
    }
    return pick(language, *names[period.kind])


def trend(what: str, growth: float | None, period: Period, language: str) -> str:
    """`Revenue up 12% on the week before` / `营业额比前一周增长 12%`; without growth just `what`."""
    if growth is None:
        return what
    size, then = percent(abs(growth), language), before(period, language)
    if size == percent(0, language):
        return pick(language, f"{what} unchanged on {then}", f"{what}与{then}持平")
    if growth > 0:
        return pick(language, f"{what} up {size} on {then}", f"{what}比{then}增长 {size}")
    return pick(language, f"{what} down {size} on {then}", f"{what}比{then}下降 {size}")


def period_name(period: Period, language: str) -> str:
    """`16–22 Nov 2026`, `November 2026`, `Sunday, 22 Nov 2026`."""
    first, last = period.first, period.end - timedelta(days=1)
    if period.kind == "month":
        return pick(language, format_date(first, "MMMM y", "en"), format_date(first, "y年M月", "zh"))
    if first == last:
        return pick(language, format_date(first, "EEEE, d MMM y", "en"), format_date(first, "y年M月d日 EEEE", "zh"))
    return _span(first, last, language)


def _span(first: date, last: date, language: str) -> str:
    same_month, same_year = (first.year, first.month) == (last.year, last.month), first.year == last.year
    if language == "zh":
        end = "d日" if same_month else "M月d日" if same_year else "y年M月d日"
        return f"{format_date(first, 'y年M月d日', 'zh')}至{format_date(last, end, 'zh')}"
    start = "d" if same_month else "d MMM" if same_year else "d MMM y"
    gap = "–" if same_month else " – "
    return f"{format_date(first, start, 'en')}{gap}{format_date(last, 'd MMM y', 'en')}"


def day_labels(period: Period, language: str) -> list[str]:
    """One label for each day of the period: weekdays for a week, else dates."""
    pattern = pick(language, "EEE d", "EEE d日") if period.days <= 7 else pick(language, "d MMM", "M月d日")
    return [format_date(day, pattern, pick(language, "en", "zh")) for day in period.dates()]


def days_of(period: Period) -> list[int]:
    """The period's days as days since 1970-01-01."""
    start = (period.first - date(1970, 1, 1)).days
    return list(range(start, start + period.days))


def mean(total: int, number: int) -> int:
    """An average of minor units, rounded half up; 0 of nothing."""
    return int((Decimal(total) / number).quantize(Decimal(1), ROUND_HALF_UP)) if number else 0


def points(share: float | None, language: str) -> str:
    """A difference of two shares: `+3 points`, `+3 个百分点`; empty for none."""
    if share is None:
        return ""
    size = round(abs(share) * 100)
    sign = "" if size == 0 else "+" if share > 0 else "−"
    return pick(language, f"{sign}{size} {'point' if size == 1 else 'points'}", f"{sign}{size} 个百分点")


def join(parts: Sequence[str], language: str) -> str:
    """`a, b and c` / `a、b 和 c`."""
    if len(parts) < 2:
        return "".join(parts)
    head = pick(language, ", ", "、").join(parts[:-1])
    return head + pick(language, " and ", "和") + parts[-1]


def _locale(language: str) -> str:
    return pick(language, "en_US", "zh_CN")


def clause(growth: float | None, period: Period, language: str) -> str:
    """The change as the end of a sentence, `, up 12% on the week before`; empty with nothing to compare with."""
    if growth is None:
        return ""
    size, then = percent(abs(growth), language), before(period, language)
    if size == percent(0, language):
        return pick(language, f", the same as {then}", f"，与{then}持平")
    if growth > 0:
        return pick(language, f", up {size} on {then}", f"，比{then}增长 {size}")
    return pick(language, f", down {size} on {then}", f"，比{then}下降 {size}")


def product_name(names: str, sku: str, language: str) -> str:
    """A product's name from its JSON by language; the sku of a product that is gone."""
    return _text(json.loads(names) if names else {}, language) or sku


def variant_name(names: str, values: str, sku: str, language: str) -> str:
    """ "Shirt (small, red)": the product's name with the variant's values, which are JSON, too."""
    chosen = ", ".join(_text(value, language) for value in (json.loads(values) if values else []))
    name = product_name(names, sku, language)
    return f"{name} ({chosen})" if chosen else name


def _text(texts: dict[str, str], language: str) -> str:
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")
