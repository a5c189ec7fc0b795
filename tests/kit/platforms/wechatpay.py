"""WeChat Pay's APIv3 for tests: trades, refunds, bills, certificates and notices; strict as the real one is.

https://pay.weixin.qq.com/doc/v3/merchant
"""

from __future__ import annotations

import json
import secrets
from datetime import date, datetime, timedelta
from hashlib import sha1
from ipaddress import ip_address
from itertools import count

from aiohttp import web

from tests.kit.platforms import wechatpay_keys as keys
from tests.kit.platforms.base import Call, Json, Result, Routes
from tests.kit.platforms.posting import Delivery
from tests.kit.platforms.wechatpay_gate import APP_ID, APP_SECRET, MCHID, Gate

NUMBER, REFUND_NUMBER = r"[0-9A-Za-z_|*-]{6,32}", r"[0-9A-Za-z_|*@-]{6,64}"
URL, OPENID = r"https://[^?#\s]{1,247}", r"[\w-]{1,128}"
WHEN = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d"
HEADER = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,"
    "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
SUMS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"


class WeChatPayServer(Gate):
    """Its trades by their numbers, its refunds by theirs."""

    def __init__(self, now: float) -> None:
        super().__init__(now)
        self.certificates = ["platform"]
        self.trades: dict[str, Json] = {}
        self.refunds: dict[str, Json] = {}
        self.status = "SUCCESS"  # of refunds to come
        self.balance = 10_000_000  # fen
        self.codes: dict[str, str] = {}  # openids by their codes, each good once
        self.booked: list[tuple[datetime, list[str]]] = []
        self._words: dict[str, Json] = {}
        self._files: dict[str, bytes] = {}
        self._ids = count(1)

    def routes(self) -> Routes:
        trade = "/v3/pay/transactions/out-trade-no/{no}"
        return {
            "native": ("POST", "/v3/pay/transactions/native", self._native),
            "h5": ("POST", "/v3/pay/transactions/h5", self._h5),
            "jsapi": ("POST", "/v3/pay/transactions/jsapi", self._jsapi),
            "query": ("GET", trade, self._query),
            "close": ("POST", f"{trade}/close", self._close),
            "refund": ("POST", "/v3/refund/domestic/refunds", self._refund),
            "refund of": ("GET", "/v3/refund/domestic/refunds/{no}", self._refund_of),
            "certificates": ("GET", "/v3/certificates", self._give_certificates),
            "bill": ("GET", "/v3/bill/tradebill", self._bill),
            "file": ("GET", "/v3/billdownload/file", self._file),
            "openid": ("GET", "/sns/oauth2/access_token", self._openid),
        }

    # the customer's side

    def pays(self, no: str, total: int | None = None, currency: str = "CNY") -> bytes | None:
        """Pay; the notice, or None where the trade is closed. Paying twice is paying once."""
        trade = self.trades[no]
        if trade["trade_state"] == "CLOSED":
            return None
        if trade["trade_state"] == "NOTPAY":
            amount = {"total": total or trade["amount"]["total"], "currency": currency}
            trade |= {"trade_state": "SUCCESS", "amount": amount, "success_time": self.time()}
            trade |= {"transaction_id": f"42000000{next(self._ids):020}"}
            self._book(trade, {})
        told = {name: trade[name] for name in ("mchid", "appid", "out_trade_no", "trade_state", "amount")}
        return self.notice("TRANSACTION.SUCCESS", told, f"EV-{no}")

    def stops(self, no: str) -> bytes:
        """The payer's bank does not take a refund; the notice."""
        refund = self.refunds[no]
        refund["status"] = "ABNORMAL"
        told = {name: refund[name] for name in ("out_trade_no", "out_refund_no", "refund_id")}
        about = told | {"mchid": MCHID, "refund_status": "ABNORMAL"}
        return self.notice("REFUND.ABNORMAL", about, f"EV-{no}-stopped")

    def notice(self, kind: str, about: Json, id_: str) -> bytes:
        """A notice about a trade or a refund, sealed."""
        what = "refund" if kind.startswith("REFUND") else "transaction"
        seal = keys.sealed(json.dumps(about).encode(), what)
        told = {"id": id_, "create_time": self.time(), "resource_type": "encrypt-resource", "event_type": kind}
        return json.dumps(told | {"summary": "通知", "resource": seal | {"original_type": what}}).encode()

    def signed(self, body: bytes, attempt: int) -> Delivery:
        return Delivery(body, headers=self.headers(body, self.signer))

    # the API

    async def _native(self, call: Call) -> Result:
        self._open(call, {})
        return self.answer(call, {"code_url": f"weixin://wxpay/bizpayurl?pr={next(self._ids)}"})

    async def _h5(self, call: Call) -> Result:
        order = self._open(call, {"scene_info": {"payer_client_ip": str, "h5_info": {"type": r"Wap|iOS|Android"}}})
        try:
            ip_address(order["scene_info"]["payer_client_ip"])
        except ValueError:
            self.refuse(call, 400, "PARAM_ERROR", "/scene_info/payer_client_ip")
        url = f"https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx{next(self._ids)}&package=2150917749"
        return self.answer(call, {"h5_url": url})

    async def _jsapi(self, call: Call) -> Result:
        self._open(call, {"payer": {"openid": OPENID}})
        return self.answer(call, {"prepay_id": f"wx{next(self._ids):034}"})

    def _open(self, call: Call, more: Json) -> Json:
        order = self.told(call)
        form = {
            "appid": str, "mchid": str, "description": str, "out_trade_no": NUMBER, "notify_url": URL,
            "amount": {"total": int, "currency": "CNY"},
        }  # fmt: skip
        self.assure_form(call, order, form | more, may={"time_expire": WHEN})
        if not 0 < len(order["description"].encode()) <= 127:
            self.refuse(call, 400, "PARAM_ERROR", "/description")
        if order["amount"]["total"] < 1:
            self.refuse(call, 400, "PARAM_ERROR", "/amount/total")
        if order["appid"] != APP_ID:
            self.refuse(call, 400, "APPID_MCHID_NOT_MATCH")
        self._assure_same(call, order)
        return order

    def _assure_same(self, call: Call, order: Json) -> None:
        """A number is one trade: of one kind, with the same words each time, and only while it is open."""
        no, words = order["out_trade_no"], order | {"kind": call.method}
        words.pop("scene_info", None)  # a phone may have another address by now
        known = self.trades.setdefault(no, self._new(order))
        if known["trade_state"] != "NOTPAY":
            self.refuse(call, 400, "ORDER_CLOSED" if known["trade_state"] == "CLOSED" else "INVALID_REQUEST")
        if self._words.setdefault(no, words) != words:
            self.refuse(call, 403, "OUT_TRADE_NO_USED")

    def _new(self, order: Json) -> Json:
        kept = ("appid", "mchid", "out_trade_no", "amount")
        return {name: order[name] for name in kept} | {"trade_state": "NOTPAY", "words": order["description"]}

    async def _query(self, call: Call) -> Result:
        self.assure(call)
        if dict(call.query) != {"mchid": MCHID}:
            self.refuse(call, 400, "PARAM_ERROR", "/mchid")
        trade = self._known(call)
        told = {name: value for name, value in trade.items() if name != "words"}
        if trade["trade_state"] == "NOTPAY":
            told.pop("amount")
        return self.answer(call, told)

    async def _close(self, call: Call) -> Result:
        self.assure_form(call, self.told(call), {"mchid": MCHID})
        trade = self._known(call)
        if trade["trade_state"] == "USERPAYING":
            self.refuse(call, 400, "USERPAYING")
        if trade["trade_state"] in ("SUCCESS", "REFUND"):
            self.refuse(call, 400, "ORDERPAID")
        trade["trade_state"] = "CLOSED"
        return web.Response(status=204, headers=self.headers(b"", self.signer_for(call)))

    async def _refund(self, call: Call) -> Result:
        told = self.told(call)
        amount = {"refund": int, "total": int, "currency": str}
        form = {"out_trade_no": NUMBER, "out_refund_no": REFUND_NUMBER, "amount": amount}
        self.assure_form(call, told, form, may={"notify_url": URL})
        trade = self.trades.get(told["out_trade_no"])
        if trade is None:
            self.refuse(call, 404, "RESOURCE_NOT_EXISTS")
        no, refund = told["out_refund_no"], told["amount"]["refund"]
        if no in self.refunds:
            if self.refunds[no]["amount"]["refund"] != refund:
                self.refuse(call, 400, "INVALID_REQUEST")
            return self.answer(call, self.refunds[no])
        made = [one for one in self.refunds.values() if one["out_trade_no"] == told["out_trade_no"]]
        left = trade["amount"]["total"] - sum(one["amount"]["refund"] for one in made)
        if trade["trade_state"] not in ("SUCCESS", "REFUND") or told["amount"]["total"] != trade["amount"]["total"]:
            self.refuse(call, 400, "INVALID_REQUEST")
        if told["amount"]["currency"] != trade["amount"]["currency"] or not 0 < refund <= left:
            self.refuse(call, 400, "INVALID_REQUEST")
        if refund > self.balance:
            self.refuse(call, 403, "NOT_ENOUGH")
        self.balance -= refund
        trade["trade_state"] = "REFUND"
        answer = {name: told[name] for name in ("out_trade_no", "out_refund_no", "amount")}
        self.refunds[no] = answer | {"refund_id": f"5030{next(self._ids):024}", "status": self.status}
        self._book(trade, self.refunds[no])
        return self.answer(call, self.refunds[no])

    async def _refund_of(self, call: Call) -> Result:
        self.assure(call)
        found = self.refunds.get(call.at["no"])
        if found is None:
            self.refuse(call, 404, "RESOURCE_NOT_EXISTS")
        return self.answer(call, found)

    async def _give_certificates(self, call: Call) -> Result:
        self.assure(call)
        if not self.certificates:
            self.refuse(call, 404, "RESOURCE_NOT_EXISTS")
        rows = [
            {
                "serial_no": keys.serial(name), "effective_time": self.time(), "expire_time": self.time(),
                "encrypt_certificate": keys.sealed(keys.certificate_pem(name), "certificate"),
            }
            for name in self.certificates
        ]  # fmt: skip
        return self.answer(call, {"data": rows})

    async def _bill(self, call: Call) -> Result:
        self.assure(call)
        day = date.fromisoformat(call.query["bill_date"])
        today = self.china.date() - timedelta(days=self.china.hour < 10)
        if call.query["bill_type"] != "ALL" or not today - timedelta(days=92) <= day < today:
            self.refuse(call, 400, "INVALID_REQUEST")
        rows = [row for at, row in self.booked if at.date() == day]
        if not rows:
            self.refuse(call, 400, "NO_STATEMENT_EXIST")
        lines = [HEADER, *(",".join(f"`{cell}" for cell in row) for row in rows), SUMS, "`0,`0,`0,`0,`0,`0,`0"]
        token, file = secrets.token_urlsafe(8), "\r\n".join([*lines, ""]).encode()
        self._files[token] = file
        hashed = {"hash_type": "SHA1", "hash_value": sha1(file, usedforsecurity=False).hexdigest()}
        url = f"https://api.mch.weixin.qq.com/v3/billdownload/file?token={token}"
        return self.answer(call, hashed | {"download_url": url})

    async def _file(self, call: Call) -> Result:
        self.assure(call)
        return self._files[call.query["token"]]

    async def _openid(self, call: Call) -> Result:
        asked = call.query
        if asked["appid"] != APP_ID:
            return {"errcode": 40013, "errmsg": "invalid appid"}
        if asked["secret"] != APP_SECRET:
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        if asked["grant_type"] != "authorization_code" or asked["code"] not in self.codes:
            return {"errcode": 40029, "errmsg": "invalid code"}
        return {
            "access_token": "T",
            "expires_in": 7200,
            "openid": self.codes.pop(asked["code"]),
            "scope": "snsapi_base",
        }

    def _known(self, call: Call) -> Json:
        return self.trades.get(call.at["no"]) or self.refuse(call, 404, "ORDER_NOT_EXIST")

    def _book(self, trade: Json, refund: Json) -> None:
        total, back = trade["amount"]["total"], refund.get("amount", {}).get("refund", 0)
        row = [
            f"{self.china:%Y-%m-%d %H:%M:%S}", APP_ID, MCHID, "0", "", trade["transaction_id"], trade["out_trade_no"],
            "o-ann", "NATIVE", "REFUND" if refund else "SUCCESS", "OTHERS", trade["amount"]["currency"],
            _yuan(0 if refund else total), "0.00", refund.get("refund_id", "0"), refund.get("out_refund_no", "0"),
            _yuan(back), "0.00", "ORIGINAL" if refund else "", refund.get("status", ""), trade["words"], "", "0.00000",
            "0.60%", _yuan(0 if refund else total), _yuan(back), "",
        ]  # fmt: skip
        self.booked.append((self.china, row))


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02}"
