"""Alipay's gateway for tests: trades that begin when a customer comes, refunds, bills, signed answers and notices.

Strict as the real one: it verifies our signatures over what arrived, wants China's time and its own formats, and takes
the same number with other words for a mistake. https://opendocs.alipay.com
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from tests.kit.platforms.alipay_bills import zipped
from tests.kit.platforms.alipay_keys import ALIPAY, APP, app_serial, root_serial, theirs_serial
from tests.kit.platforms.base import Call, FakePlatform, Json, Result, Routes
from tests.kit.wire_faults import Fault, Faults

APP_ID = "2021000000000001"
CHINA = timezone(timedelta(hours=8))
NUMBER = re.compile(r"[0-9A-Za-z_]{1,64}")
AMOUNT = re.compile(r"(0|[1-9]\d{0,8})\.\d{2}")
MOST = Decimal("100000000.00")
PRODUCTS = {"alipay.trade.page.pay": "FAST_INSTANT_TRADE_PAY", "alipay.trade.wap.pay": "QUICK_WAP_WAY"}


class No(Exception):
    """The gateway says no: code, detail, and whether it signs that."""

    def __init__(self, code: str, detail: str, signed: bool = True) -> None:
        super().__init__(detail)
        self.node = {"code": code, "msg": "Business Failed", "sub_code": detail, "sub_msg": "…/…"}
        self.signed = signed


@dataclass
class Trade:
    """`words` are those that it began with; `refunds` is yuan by request number."""

    number: str
    words: Json
    status: str = "WAIT_BUYER_PAY"
    paid_at: float = 0.0
    amount: str = ""
    currency: str = ""
    refunds: dict[str, Decimal] = field(default_factory=dict)

    @property
    def given(self) -> Decimal:
        return sum(self.refunds.values(), Decimal(0))


class _ByMethod(Faults):
    """All calls go to one address: what shall go wrong is named by what is called."""

    def __init__(self, calls: list[Call]) -> None:
        super().__init__()
        self._calls = calls

    def take(self, method: str) -> Fault | None:
        return super().take(_name(self._calls[-1]) if method == "gateway" else method)


class AlipayServer(FakePlatform):
    """`now` is seconds since 1970. With `certified`, the app is one of certificates."""

    def __init__(self, now: float, certified: bool = False) -> None:
        super().__init__()
        self.now = now
        self.certified = certified
        self.contracts = {*PRODUCTS.values(), "FACE_TO_FACE_PAYMENT"}
        self.trades: dict[str, Trade] = {}
        self.codes: dict[str, Json] = {}
        self.booked: list[tuple[float, str]] = []
        self.slow_refunds = False  # they are under way, until this is over
        self.refund_no = ""  # why no refund is given
        self.alters: Callable[[str], str] = str  # what becomes of an answer on its way
        self.faults = _ByMethod(self.calls)
        self._bills: dict[str, tuple[float, bytes]] = {}
        self._notices: dict[tuple[str, str, str], str] = {}
        self._ids = count(1)

    def routes(self) -> Routes:
        return {
            "gateway": ("POST", "/gateway.do", self._gateway),
            "bill": ("GET", "/downloadBillFile.resource", self._bill),
        }

    def named(self, method: str) -> list[Call]:
        """The calls of a method, like `trade.query`."""
        return [call for call in self.calls if _name(call) == method]

    def content(self, call: Call) -> Json:
        """What a call said."""
        found: Json = json.loads(call.form["biz_content"])
        return found

    # the customer's side

    def opens(self, url: str) -> Trade:
        """Come to the page of this address and log in: the trade begins. Raises `No`."""
        assert url.startswith(f"{self.base}/gateway.do?")
        words = dict(parse_qsl(urlsplit(url).query, strict_parsing=True))
        content = self._assured(words)
        if words["method"] not in PRODUCTS or content.get("product_code") != PRODUCTS[words["method"]]:
            raise No("40004", "ACQ.INVALID_PARAMETER")
        if words["method"] == "alipay.trade.wap.pay" and not content.pop("quit_url", "").startswith("http"):
            raise No("40004", "ACQ.INVALID_PARAMETER")
        for name in ("return_url", "notify_url"):
            if not words.get(name, "http").startswith("http"):
                raise No("40004", "ACQ.INVALID_PARAMETER")
        return self._begins(content)

    def scans(self, code: str) -> Trade:
        """Scan a code: the trade begins. Raises `No`."""
        return self._begins(self.codes[code])

    def pays(self, out_trade_no: str, amount: str = "", currency: str = "") -> bytes | None:
        """The notice; None where it cannot be paid any more. Paying twice is paying once."""
        trade = self.trades[out_trade_no]
        self._expire(trade)
        if trade.status == "WAIT_BUYER_PAY":
            trade.status, trade.paid_at = "TRADE_SUCCESS", self.now
            trade.amount, trade.currency = amount or trade.words["total_amount"], currency
            self._book(trade, "交易", trade.amount, "")
        return self.notice(out_trade_no) if trade.paid_at else None

    def notice(self, out_trade_no: str, **more: str) -> bytes:
        """What is posted of the trade as it is now."""
        trade = self.trades[out_trade_no]
        id_ = self._notices.setdefault((out_trade_no, trade.status, str(trade.given)), f"2026{next(self._ids):030d}")
        words = {
            "gmt_create": self._time(trade.paid_at or self.now), "charset": "utf-8", "version": "1.0",
            "gmt_payment": self._time(trade.paid_at or self.now), "notify_time": self._time(self.now),
            "subject": trade.words["subject"], "buyer_id": "2088102116773037", "invoice_amount": trade.amount,
            "notify_id": id_, "fund_bill_list": '[{"amount":"' + trade.amount + '","fundChannel":"ALIPAYACCOUNT"}]',
            "notify_type": "trade_status_sync", "out_trade_no": out_trade_no, "total_amount": trade.amount,
            "trade_status": trade.status, "trade_no": trade.number, "auth_app_id": APP_ID, "app_id": APP_ID,
            "seller_id": "2088102119685838", "body": "a+b c",
        }  # fmt: skip
        if trade.refunds:
            words |= {"refund_fee": f"{trade.given:.2f}", "gmt_refund": self._time(self.now)}
        return self.posted(words | more)

    def posted(self, words: dict[str, str]) -> bytes:
        """A notice with these words, signed."""
        more = {"alipay_cert_sn": theirs_serial()} if self.certified else {}
        return urlencode(words | more | {"sign": _signed(_content(words)), "sign_type": "RSA2"}).encode()

    # the gateway

    async def _gateway(self, call: Call) -> Result:
        words = dict(call.query) | dict(call.form)
        method = words.get("method", "")
        try:
            node = await self._performed(method, self._assured(words))
            return self._answer(f"{method.replace('.', '_')}_response", node)
        except No as no:
            self.refusals.append(f"{method}: {no}")
            member = "error_response" if no.node["code"] == "40002" else f"{method.replace('.', '_')}_response"
            return self._answer(member, no.node, no.signed)

    async def _performed(self, method: str, content: Json) -> Json:
        perform = {
            "alipay.trade.precreate": self._precreate,
            "alipay.trade.query": self._query,
            "alipay.trade.close": self._close,
            "alipay.trade.refund": self._refund,
            "alipay.trade.fastpay.refund.query": self._refund_query,
            "alipay.data.dataservice.bill.downloadurl.query": self._bill_address,
        }.get(method)
        if perform is None:
            raise No("40002", "isv.invalid-method")
        return {"code": "10000", "msg": "Success"} | perform(content)

    def _answer(self, name: str, node: Json, signed: bool = True) -> web.Response:
        # Slashes as they write them: who writes the answer anew to verify it fails.
        text = json.dumps(node, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")
        more = f',"sign":"{_signed(text)}"' if signed else ""
        if signed and self.certified:
            more = f',"alipay_cert_sn":"{theirs_serial()}"' + more
        text = self.alters(f'{{"{name}":{text}{more}}}')
        return web.Response(text=text, content_type="text/html", charset="utf-8")

    def _assured(self, words: dict[str, str]) -> Json:
        """The content of a call, when its common words are right and we signed it."""
        if words.get("app_id") != APP_ID:
            raise No("40002", "isv.invalid-app-id", signed=False)
        if words.get("sign_type") != "RSA2" or words.get("charset") != "utf-8" or words.get("version") != "1.0":
            raise No("40002", "isv.invalid-signature-type")
        serials = {"app_cert_sn": app_serial(), "alipay_root_cert_sn": root_serial()} if self.certified else {}
        if self.certified and words.get("app_cert_sn") != serials["app_cert_sn"]:
            raise No("40002", "isv.app-cert-not-exist")
        if self.certified and words.get("alipay_root_cert_sn") != serials["alipay_root_cert_sn"]:
            raise No("40002", "isv.invalid-alipay-root-cert-sn")
        signature = words.pop("sign", "")
        try:
            given = base64.b64decode(signature, validate=True)
            APP.public_key().verify(given, _content(words).encode(), PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            raise No("40002", "isv.invalid-signature") from None
        if abs(self._seconds(words["timestamp"]) - self.now) > 600 or words.get("format", "JSON") != "JSON":
            raise No("40002", "isv.invalid-timestamp")
        found: Json = json.loads(words["biz_content"])
        return found

    def _precreate(self, content: Json) -> Json:
        if content.pop("product_code", "FACE_TO_FACE_PAYMENT") not in self.contracts:
            raise No("40006", "isv.insufficient-isv-permissions")
        self._checked(content)
        trade = self.trades.get(content["out_trade_no"])
        if trade is not None and trade.paid_at:
            raise No("40004", "ACQ.TRADE_HAS_SUCCESS")
        code = f"https://qr.alipay.com/bax{len(self.codes):029d}"
        self.codes[code] = content
        return {"out_trade_no": content["out_trade_no"], "qr_code": code}

    def _query(self, content: Json) -> Json:
        trade = self._known(content)
        found = {
            "out_trade_no": content["out_trade_no"], "trade_no": trade.number, "trade_status": trade.status,
            "total_amount": trade.amount or trade.words["total_amount"], "buyer_logon_id": "csq***@sandbox.com",
            "buyer_pay_amount": "0.00", "receipt_amount": "0.00", "point_amount": "0.00",
        }  # fmt: skip
        if trade.paid_at:
            found["send_pay_date"] = self._time(trade.paid_at)
        return found | ({"trans_currency": trade.currency} if trade.currency else {})

    def _close(self, content: Json) -> Json:
        trade = self._known(content)
        if trade.status != "WAIT_BUYER_PAY":
            raise No("40004", "ACQ.TRADE_STATUS_ERROR")
        trade.status = "TRADE_CLOSED"
        return {"out_trade_no": content["out_trade_no"], "trade_no": trade.number}

    def _refund(self, content: Json) -> Json:
        trade, number = self._known(content), content["out_request_no"]
        amount = self._amount(content["refund_amount"])
        if not NUMBER.fullmatch(number):
            raise No("40004", "ACQ.INVALID_PARAMETER")
        if self.refund_no or not trade.paid_at:
            raise No("40004", self.refund_no or "ACQ.TRADE_STATUS_ERROR")
        if trade.refunds.get(number, amount) != amount:
            raise No("40004", "ACQ.DISCORDANT_REPEAT_REQUEST")
        changes = number not in trade.refunds
        if changes:
            if trade.given + amount > Decimal(trade.amount):
                raise No("40004", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
            trade.refunds[number] = amount
            self._book(trade, "退款", f"-{amount:.2f}", number)
            if trade.given == Decimal(trade.amount):
                trade.status = "TRADE_CLOSED"
        return {
            "out_trade_no": content["out_trade_no"], "trade_no": trade.number, "refund_fee": f"{trade.given:.2f}",
            "fund_change": "Y" if changes and not self.slow_refunds else "N", "buyer_user_id": "2088102116773037",
        }  # fmt: skip

    def _refund_query(self, content: Json) -> Json:
        trade = self._known(content)
        amount = trade.refunds.get(content["out_request_no"])
        if amount is None or self.slow_refunds:
            return {}  # asked well, and nothing was found
        return {
            "out_trade_no": content["out_trade_no"], "out_request_no": content["out_request_no"],
            "refund_amount": f"{amount:.2f}", "total_amount": trade.amount, "refund_status": "REFUND_SUCCESS",
        }  # fmt: skip

    def _bill_address(self, content: Json) -> Json:
        day = date.fromisoformat(content["bill_date"])
        made = datetime.combine(day + timedelta(days=1), datetime.min.time(), CHINA) + timedelta(hours=9)
        if content["bill_type"] != "trade" or self.now < (made - timedelta(hours=9)).timestamp():
            raise No("40004", "isv.invalid_arguments")
        lines = [line for at, line in self.booked if datetime.fromtimestamp(at, CHINA).date() == day]
        if not lines or self.now < made.timestamp():
            raise No("40004", "isp.bill_not_exist")
        id_ = str(next(self._ids))
        self._bills[id_] = (self.now, zipped(day, lines))
        return {"bill_download_url": f"{self.base}/downloadBillFile.resource?bizType=trade&fileId={id_}"}

    async def _bill(self, call: Call) -> Result:
        made, content = self._bills[call.query["fileId"]]
        return content if self.now - made <= 30 else web.Response(status=403, text="expired")

    # both sides

    def _begins(self, content: Json) -> Trade:
        self._checked(content)
        trade = self.trades.get(content["out_trade_no"])
        if trade is None:
            words = {name: value for name, value in content.items() if name != "product_code"}
            trade = self.trades[content["out_trade_no"]] = Trade(f"20262200{next(self._ids):020d}", words)
        self._expire(trade)
        words = {name: value for name, value in content.items() if name != "product_code"}
        if words != trade.words:
            raise No("40004", "ACQ.CONTEXT_INCONSISTENT")
        return trade

    def _checked(self, content: Json) -> None:
        subject = content.get("subject", "")
        right = NUMBER.fullmatch(content.get("out_trade_no", "")) and 0 < len(subject) <= 256
        if not right or re.search(r"[/=&\x00-\x1f\U00010000-\U0010ffff]", subject):
            raise No("40004", "ACQ.INVALID_PARAMETER")
        if self._amount(content.get("total_amount")) > MOST:
            raise No("40004", "ACQ.TOTAL_FEE_EXCEED")
        ends = self._seconds(content["time_expire"]) if "time_expire" in content else self.now + 1
        if not 0 < ends - self.now <= 15 * 86400:
            raise No("40004", "ACQ.INVALID_PARAMETER")

    def _expire(self, trade: Trade) -> None:
        ends = trade.words.get("time_expire")
        if trade.status == "WAIT_BUYER_PAY" and ends and self._seconds(ends) <= self.now:
            trade.status = "TRADE_CLOSED"

    def _known(self, content: Json) -> Trade:
        trade = self.trades.get(content.get("out_trade_no", ""))
        if trade is None:
            raise No("40004", "ACQ.TRADE_NOT_EXIST")
        self._expire(trade)
        return trade

    def _amount(self, written: Any) -> Decimal:
        if not isinstance(written, str) or not AMOUNT.fullmatch(written) or written == "0.00":
            raise No("40004", "ACQ.INVALID_PARAMETER")
        return Decimal(written)

    def _book(self, trade: Trade, kind: str, amount: str, request: str) -> None:
        times = f"{self._time(trade.paid_at)},{self._time(self.now)}"
        start = f"{trade.number}\t,{trade.words['out_trade_no']}\t,{kind}\t,{trade.words['subject']}"
        line = f"{start},{times},\t,\t,\t,\t,**明(136****1234)\t,{amount},{amount},{request}\t,0.00,"
        self.booked.append((self.now, line))

    def _time(self, at: float) -> str:
        return datetime.fromtimestamp(at, CHINA).strftime("%Y-%m-%d %H:%M:%S")

    def _seconds(self, written: str) -> float:
        return datetime.strptime(written, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA).astimezone(UTC).timestamp()


def _name(call: Call) -> str:
    return call.query.get("method", "").removeprefix("alipay.") or call.method


def _content(words: dict[str, str]) -> str:
    return "&".join(f"{name}={words[name]}" for name in sorted(words) if words[name])


def _signed(text: str) -> str:
    return base64.b64encode(ALIPAY.sign(text.encode(), PKCS1v15(), hashes.SHA256())).decode()
