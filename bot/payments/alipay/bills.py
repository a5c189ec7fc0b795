"""Alipay's bill of a day: a ZIP of tables in GBK, one line for each trade and each refund; days are China's.

Source: opendocs.alipay.com, alipay.data.dataservice.bill.downloadurl.query
"""

from __future__ import annotations

import asyncio
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from tempfile import TemporaryFile
from typing import IO

from yarl import URL

from bot.core.errors import FileMissing, ProviderUnavailable
from bot.core.money import Money
from bot.core.payment import Booking
from bot.payments._api import Api
from bot.payments.alipay.gateway import CHINA, Gateway, refusal
from bot.payments.alipay.trades import moment, whole

TRADE, ORDER, KIND, AT = "支付宝交易号", "商户订单号", "业务类型", "完成时间"
AMOUNT, REFUND = "订单金额（元）", "退款批次号/请求号"
#: What a line is, and whether money came or went.
SIGNS = {"交易": 1, "退款": -1}
NAME = "商品名称"
WHEN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
#: Far above any shop's day, bytes.
MOST = 1024 * 1024 * 1024
#: By then, on the next day in China, a bill that is not there will not come: nothing was sold.
BILLED = time(12, tzinfo=CHINA)


class Bills:
    """The bills of one app. `timeout` is seconds for a call, `now` gives aware UTC."""

    def __init__(self, gateway: Gateway, timeout: float, now: Callable[[], datetime]) -> None:
        self._gateway = gateway
        self._timeout = timeout
        self._now = now

    async def of(self, day: date) -> list[Booking]:
        """What was taken and given back on a day in China. Raises `ProviderUnavailable`, also when it is too early."""
        after = day + timedelta(days=1)
        if self._now() < datetime.combine(after, time(tzinfo=CHINA)):
            raise ProviderUnavailable(f"Alipay makes the bill of {day} when that day is over in China")
        words = {"bill_type": "trade", "bill_date": day.isoformat()}
        answer = await self._gateway.ask("alipay.data.dataservice.bill.downloadurl.query", words)
        detail = refusal(answer)
        if not detail:
            with TemporaryFile() as file:
                await self._download(URL(str(answer.get("bill_download_url")), encoded=True), file)
                return await asyncio.to_thread(bookings, file)
        if not detail.lower().endswith("bill_not_exist"):
            raise ProviderUnavailable(f"Alipay does not give the bill of {day} ({detail})")
        if self._now() < datetime.combine(after, BILLED):
            raise ProviderUnavailable(f"Alipay has not made the bill of {day} yet: it comes by noon in China")
        return []

    async def _download(self, address: URL, file: IO[bytes]) -> None:
        """From another server, whose address stood in a signed answer and is good for half a minute."""
        if address.scheme not in ("http", "https") or not address.host:
            raise ProviderUnavailable("Alipay gives no address of its bill")
        server = Api("Alipay's bills", str(address.origin()), self._timeout)
        try:
            async for chunk in (await server.download(address.raw_path_qs)).chunks:
                await asyncio.to_thread(file.write, chunk)
                if file.tell() > MOST:
                    raise ProviderUnavailable("Alipay's bill is larger than any")
        except FileMissing as error:
            raise ProviderUnavailable(str(error)) from None
        finally:
            await server.close()


def bookings(bill: IO[bytes]) -> list[Booking]:
    """What a bill says was taken and given back. Raises `ProviderUnavailable` for what is no bill."""
    try:
        with zipfile.ZipFile(bill) as found:
            return [booking for name in found.infolist() for booking in _bookings(found, name)]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, KeyError):
        raise ProviderUnavailable("Alipay's bill cannot be read") from None


def _bookings(found: zipfile.ZipFile, name: zipfile.ZipInfo) -> Iterator[Booking]:
    """The lines of the table of trades, by their headings; none of a summary. Around it are lines that begin with #."""
    if name.file_size > MOST:  # it is read to no more than that
        raise ValueError("larger than any bill")
    headings: list[str] = []
    with found.open(name) as file, io.TextIOWrapper(file, "gb18030", newline="\n") as text:
        for number, line in enumerate(text, 1):
            if not line.strip() or line.startswith("#"):
                continue
            if headings:
                try:
                    booking = _booking(_row(headings, [cell.strip() for cell in line.split(",")]))
                except (ValueError, KeyError):
                    raise ProviderUnavailable(f"line {number} of Alipay's bill cannot be read") from None
                if booking is not None:
                    yield booking
            elif line.startswith(TRADE):
                headings = [heading.strip() for heading in line.split(",")]
            else:
                return


def _row(headings: list[str], cells: list[str]) -> Mapping[str, str]:
    """By name. In the goods' name may be commas: behind it come two times, and what follows is counted from these."""
    name = headings.index(NAME)
    times = (at for at in range(name + 1, len(cells) - 1) if all(WHEN.fullmatch(cell) for cell in cells[at : at + 2]))
    begin = next(times, None)
    if begin is None:
        raise ValueError("a line is cut off")
    behind = zip(headings[name + 1 :], cells[begin:], strict=False)  # at the end are remarks, with commas maybe
    return dict(zip(headings[:name], cells, strict=False)) | dict(behind)


def _booking(row: Mapping[str, str]) -> Booking | None:
    sign = SIGNS.get(row[KIND])
    if sign is None:
        return None
    amount = Money(sign * abs(whole(row[AMOUNT], 2)), "CNY")
    return Booking((row.get(REFUND) if sign < 0 else "") or row[TRADE], amount, moment(row[AT]), row[ORDER])
