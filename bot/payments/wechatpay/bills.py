"""WeChat Pay's bills: a table a day of what was paid and what was given back, in China's time and in yuan.

Source: pay.weixin.qq.com/docs/merchant/products/bill-download/format-trade.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

from bot.core.errors import ProviderUnavailable
from bot.core.money import Money
from bot.core.payment import Booking
from bot.payments.wechatpay.calls import Calls, code_of, good

CHINA = timezone(timedelta(hours=8))
#: In China, on the day after.
MADE_AT = time(10, tzinfo=CHINA)

AT, ORDER, STATE, CURRENCY = "交易时间", "商户订单号", "交易状态", "货币种类"
PAID_ID, REFUND_ID = "微信订单号", "微信退款单号"
PAID, REFUNDED = "订单金额", "申请退款金额"
#: The customer's words, and so maybe commas, are in this column and the one after it.
NAME = "商品名称"


class Bills:
    """Those of one merchant. `now` gives aware UTC."""

    def __init__(self, calls: Calls, now: Callable[[], datetime]) -> None:
        self._calls = calls
        self._now = now

    async def booked(self, day: date) -> list[Booking]:
        """What was booked on that day, UTC. Raises `ProviderUnavailable`, also before the bills are made."""
        # A day of UTC ends eight hours into the next day of China.
        rows = [row for one in (day, day + timedelta(days=1)) for row in await self._bill(one)]
        in_utc = [replace(row, at=row.at.astimezone(UTC)) for row in rows]
        return [row for row in in_utc if row.at.date() == day]

    async def _bill(self, day: date) -> list[Booking]:
        made_at = datetime.combine(day + timedelta(days=1), MADE_AT)
        if self._now() < made_at:
            words = f"WeChat Pay makes the bill of {day} at 10:00 on the next day, China time: ask again later"
            raise ProviderUnavailable(words, after=(made_at - self._now()).total_seconds())
        answer = await self._calls.get(f"/v3/bill/tradebill?bill_date={day}&bill_type=ALL")
        if code_of(answer) == "NO_STATEMENT_EXIST":  # nothing was paid, and nothing given back
            return []
        told = good(answer)
        # Of the address only what comes after the host: what is called is what the configuration says.
        place = urlsplit(str(told.get("download_url", "")))
        file = await self._calls.unchecked("GET", f"{place.path}?{place.query}")  # not signed, but its hash was
        if file.status != 200:
            raise ProviderUnavailable(f"WeChat Pay answered {file.status} when asked for the bill of {day}")
        return read(file.body, str(told.get("hash_type")), str(told.get("hash_value")))


def read(bill: bytes, hash_type: str, hash_value: str) -> list[Booking]:
    """Its lines. Raises `ProviderUnavailable` for one that is not whole, or not of this form."""
    # Theirs, not ours: it says that the file is whole.
    if hash_type != "SHA1" or hashlib.sha1(bill, usedforsecurity=False).hexdigest() != hash_value.lower():
        raise ProviderUnavailable("WeChat Pay's bill is not whole")
    try:
        return list(_bookings(bill.decode("utf-8-sig")))
    except (ValueError, KeyError, IndexError, InvalidOperation):
        raise ProviderUnavailable("WeChat Pay's bill has another form than it had") from None


def _bookings(text: str) -> Iterator[Booking]:
    lines = text.splitlines()
    header = lines[0].split(",")
    for line in lines[1:]:
        if not line.startswith("`"):
            break  # the sums come after the lines
        row = _row(header, line.removeprefix("`").split(",`"))
        at = datetime.strptime(row[AT], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
        match row[STATE]:
            case "SUCCESS":
                yield Booking(row[PAID_ID], _fen(row[PAID], row[CURRENCY]), at, row[ORDER])
            case "REFUND":
                yield Booking(row[REFUND_ID], _fen(row[REFUNDED], row[CURRENCY]) * -1, at, row[ORDER])


def _row(header: list[str], cells: list[str]) -> Mapping[str, str]:
    """By name: those behind the goods' name are counted from the end, since it may look like several cells."""
    if len(cells) < len(header):
        raise ValueError("a line is cut off")
    name = header.index(NAME)
    return {one: cells[at if at < name else at - len(header)] for at, one in enumerate(header)}


def _fen(yuan: str, currency: str) -> Money:
    fen = Decimal(yuan).scaleb(2)
    if fen != fen.to_integral_value():
        raise ValueError("a fraction of a fen")
    return Money(int(fen), currency)
