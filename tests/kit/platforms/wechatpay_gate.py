"""The gate of a fake WeChat Pay: whose call it is, what form it has, and that every answer is signed."""

from __future__ import annotations

import json
import re
import secrets
from datetime import UTC, datetime, timedelta, timezone
from typing import NoReturn

from aiohttp import web

from tests.kit.platforms import wechatpay_keys as keys
from tests.kit.platforms.base import Call, FakePlatform, Json, Refusal

APP_ID, APP_SECRET, MCHID = "wx8888888888888888", "5ec2e7", "1900000109"
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000001092026112300"
CHINA = timezone(timedelta(hours=8))
WORD = re.compile(
    rf'{keys.SCHEME} mchid="(?P<mchid>\w+)",nonce_str="(?P<nonce>\w{{1,32}})",signature="(?P<signature>[\w+/=]+)",'
    r'timestamp="(?P<stamp>\d+)",serial_no="(?P<serial>[0-9A-F]+)"'
)


class Gate(FakePlatform):
    """`now` is seconds since 1970, which a test moves. `signer`: who signs notices, and answers without a wish."""

    def __init__(self, now: float) -> None:
        super().__init__()
        self.now = now
        self.signer = "platform"
        self._nonces: set[str] = set()

    def headers(self, body: bytes, signer: str, at: float | None = None) -> dict[str, str]:
        """What comes with a body that this key signed."""
        stamp, nonce = str(int(self.now if at is None else at)), secrets.token_hex(16)
        return {
            "wechatpay-timestamp": stamp,
            "wechatpay-nonce": nonce,
            "wechatpay-serial": PUBLIC_KEY_ID if signer == "public" else keys.serial(signer),
            "wechatpay-signature": keys.signature(signer, f"{stamp}\n{nonce}\n".encode() + body + b"\n"),
            "wechatpay-signature-type": keys.SCHEME,
        }

    @property
    def china(self) -> datetime:
        """The time there."""
        return datetime.fromtimestamp(self.now, UTC).astimezone(CHINA)

    def time(self) -> str:
        """As it is written."""
        return self.china.isoformat(timespec="seconds")

    def assure(self, call: Call) -> None:
        """Signed by the merchant, just now, over exactly what came; a nonce is used once."""
        word = WORD.fullmatch(call.headers.get("Authorization", ""))
        if word is None or abs(self.now - int(word["stamp"])) >= 300 or word["nonce"] in self._nonces:
            self.refuse(call, 401, "SIGN_ERROR")
        self._nonces.add(word["nonce"])
        lines = call.verb, call.target, word["stamp"], word["nonce"], call.body.decode()
        is_ours = (word["mchid"], word["serial"]) == (MCHID, keys.serial("merchant"))
        if not is_ours or not keys.is_signed("merchant", ("\n".join(lines) + "\n").encode(), word["signature"]):
            self.refuse(call, 401, "SIGN_ERROR")
        is_json = call.headers.get("Content-Type") == "application/json" or not call.body
        if call.headers.get("Accept") != "application/json" or not call.headers.get("User-Agent") or not is_json:
            self.refuse(call, 406, "INVALID_REQUEST")

    def told(self, call: Call) -> Json:
        """What the merchant says."""
        self.assure(call)
        return call.json()

    def assure_form(self, call: Call, told: Json, form: Json, may: Json | None = None, at: str = "") -> None:
        """Each field of `form` is there, those of `may` may be, and no other is; a text is the form of a text."""
        known = (may or {}) | form
        for name in {**known, **told}:
            kind, value, where = known.get(name), told.get(name), f"{at}/{name}"
            if value is None and name not in form:
                continue
            if isinstance(kind, dict) and isinstance(value, dict):
                self.assure_form(call, value, kind, at=where)
            elif not (
                isinstance(value, str) and re.fullmatch(kind, value) if isinstance(kind, str) else type(value) is kind
            ):
                self.refuse(call, 400, "PARAM_ERROR", where)

    def answer(self, call: Call, said: Json) -> web.Response:
        """Signed with the key that the caller wants."""
        body = json.dumps(said, ensure_ascii=False).encode()
        headers = self.headers(body, self.signer_for(call))
        return web.Response(body=body, headers=headers, content_type="application/json")

    def refuse(self, call: Call, status: int, code: str, field: str = "") -> NoReturn:
        """A refusal at the gate is not signed; all others are."""
        said: Json = {"code": code, "message": "说明"} | ({"detail": {"field": field}} if field else {})
        text = json.dumps(said, ensure_ascii=False)
        headers = {} if status == 401 else self.headers(text.encode(), self.signer_for(call))
        raise Refusal(status, text, headers)

    def signer_for(self, call: Call) -> str:
        """By which key the caller will check the answer."""
        return "public" if call.headers.get("Wechatpay-Serial") == PUBLIC_KEY_ID else self.signer
