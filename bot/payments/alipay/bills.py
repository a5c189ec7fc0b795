"""Alipay's bill of a day: a ZIP of tables in GBK, one line for each trade and each refund; days are China's.

Source: opendocs.alipay.com, alipay.data.dataservice.bill.downloadurl.query
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta

from yarl import URL

from bot.core.errors import ProviderUnavailable
from bot.core.money import Money
from bot.core.payment import Booking
from bot.payments._api import Api
from bot.payments.alipay.gateway import CHINA, Gateway, refusal
from bot.payments.alipay.trades import moment, whole

TRADE, ORDER, KIND, AT = "支付宝交易号", "商户订单号", "业务类型", "完成时间"
AMOUNT, REFUND = "订单金额（元）", "退款批次号/请求号"
#: What a line is, and whether money came or went.
SIGNS = {"交易": 1, "退款": -1}
#: Far above any shop's day, unpacked bytes.
MOST = 256 * 1024 * 1024
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
            return bookings(await self._download(URL(str(answer.get("bill_download_url")), encoded=True)))
        if not detail.lower().endswith("bill_not_exist"):
            raise ProviderUnavailable(f"Alipay does not give the bill of {day} ({detail})")
        if self._now() < datetime.combine(after, BILLED):
            raise ProviderUnavailable(f"Alipay has not made the bill of {day} yet: it comes by noon in China")
        return []

    async def _download(self, address: URL) -> bytes:
        """From another server, whose address stood in a signed answer and is good for half a minute."""
        if address.scheme not in ("http", "https") or not address.host:
            raise ProviderUnavailable("Alipay gives no address of its bill")
        server = Api("Alipay's bills", str(address.origin()), self._timeout)
        try:
            answer = await server.call("GET", address.raw_path_qs)
        finally:
            await server.close()
        if answer.status != 200:
            raise ProviderUnavailable(f"Alipay's bills answered {answer.status}")
        return answer.body


def bookings(bill: bytes) -> list[Booking]:
    """What a bill says was taken and given back. Raises `ProviderUnavailable` for what is no bill."""
    try:
        with zipfile.ZipFile(io.BytesIO(bill)) as found:
            tables = [_text(found, name) for name in found.infolist()]
        return [booking for table in tables for row in _rows(table) if (booking := _booking(row)) is not None]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, KeyError):
        raise ProviderUnavailable("Alipay's bill cannot be read") from None


def _text(found: zipfile.ZipFile, name: zipfile.ZipInfo) -> str:
    with found.open(name) as file:
        content = file.read(MOST + 1)
    if len(content) > MOST:
        raise ValueError("larger than any bill")
    return content.decode("gb18030")


def _rows(table: str) -> Iterator[Mapping[str, str]]:
    """The lines of the table of trades, by their headings; none of a summary. Around it are lines that begin with #."""
    lines = [line for line in table.splitlines() if line.strip() and not line.startswith("#")]
    for row in csv.DictReader(lines) if lines and lines[0].startswith(TRADE) else ():
        yield {str(name).strip(): str(value).strip() for name, value in row.items()}


def _booking(row: Mapping[str, str]) -> Booking | None:
    sign = SIGNS.get(row[KIND])
    if sign is None:
        return None
    amount = Money(sign * abs(whole(row[AMOUNT], 2)), "CNY")
    return Booking((row.get(REFUND) if sign < 0 else "") or row[TRADE], amount, moment(row[AT]), row[ORDER])
