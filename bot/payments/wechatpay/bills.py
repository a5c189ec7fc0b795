"""WeChat Pay's bills: a table a day of what was paid and what was given back, in China's time and in yuan.

Source: pay.weixin.qq.com/docs/merchant/products/bill-download/format-trade.html
"""

from __future__ import annotations

import hashlib
from codecs import getincrementaldecoder
from collections.abc import AsyncIterator, Callable, Mapping
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
        file = self._calls.download(f"{place.path}?{place.query}")  # not signed, but its hash was
        return await read(file, str(told.get("hash_type")), str(told.get("hash_value")))


async def read(file: AsyncIterator[bytes], hash_type: str, hash_value: str) -> list[Booking]:
    """Its lines; only they are kept of a file of any size. Raises `ProviderUnavailable`.

    For one that does not come, is not whole, or is not of this form.
    """
    digest = hashlib.sha1(usedforsecurity=False)  # theirs, not ours: it says that the file is whole
    table, broken, number = _Table(), 0, 0
    async for line in _lines(file, digest.update):
        number += 1
        try:
            table.read(line)
        except (ValueError, KeyError, IndexError, InvalidOperation):
            broken = broken or number
    if hash_type != "SHA1" or digest.hexdigest() != hash_value.lower():
        raise ProviderUnavailable("WeChat Pay's bill is not whole")
    if broken:
        raise ProviderUnavailable(f"line {broken} of WeChat Pay's bill has another form than it had")
    return table.bookings


async def _lines(file: AsyncIterator[bytes], seen: Callable[[bytes], None]) -> AsyncIterator[str]:
    decoder, rest = getincrementaldecoder("utf-8-sig")(errors="replace"), ""
    async for chunk in file:
        seen(chunk)
        *whole, rest = (rest + decoder.decode(chunk)).split("\n")
        for line in whole:
            yield line.rstrip("\r")
    yield rest


class _Table:
    """The lines that begin with a mark, under the headings of the first; the sums come after them."""

    def __init__(self) -> None:
        self.bookings: list[Booking] = []
        self._headings: list[str] = []
        self._is_over = False

    def read(self, line: str) -> None:
        """One more line. ValueError, KeyError, IndexError or InvalidOperation for one of another form."""
        if not self._headings:
            self._headings = line.split(",")
            self._headings.index(NAME)
        elif not line.startswith("`"):
            self._is_over = True
        elif not self._is_over:
            self._book(_row(self._headings, line.removeprefix("`").split(",`")))

    def _book(self, row: Mapping[str, str]) -> None:
        at = datetime.strptime(row[AT], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
        match row[STATE]:
            case "SUCCESS":
                self.bookings.append(Booking(row[PAID_ID], _fen(row[PAID], row[CURRENCY]), at, row[ORDER]))
            case "REFUND":
                back = _fen(row[REFUNDED], row[CURRENCY]) * -1
                self.bookings.append(Booking(row[REFUND_ID], back, at, row[ORDER]))


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
