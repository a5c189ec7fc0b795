"""Alipay's gateway: calls that we sign, answers that they sign; an answer is what it is only when its bytes verify.

Source: opendocs.alipay.com, signing by oneself; public error codes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from bot.core.errors import ProviderUnavailable, Unauthorised
from bot.http import WAIT
from bot.payments._api import Api

if TYPE_CHECKING:
    from bot.payments.alipay.keys import Keys

#: All their times are China's, which has no summer time.
CHINA = timezone(timedelta(hours=8))
TIME = "%Y-%m-%d %H:%M:%S"
GOOD, BUSINESS, UNKNOWN, LIMITED, FORBIDDEN = "10000", "40004", "20000", "40005", "40006"
#: The marks of a JSON object, with the white space around them.
MARKS = {mark: re.compile(rf"[ \t\r\n]*{re.escape(mark)}[ \t\r\n]*") for mark in "{:,}"}
#: What an operator must change, by the detail of an error.
CURES = {
    "isv.invalid-app-id": "payments.alipay.app_id is not known there",
    "isv.missing-app-id": "payments.alipay.app_id is not known there",
    "isv.invalid-signature": "payments.alipay.private_key does not belong to the key or certificate of the app",
    "isv.missing-signature-key": "no public key was uploaded for the app of payments.alipay.app_id",
    "isv.invalid-signature-type": "choose RSA2 for the app of payments.alipay.app_id",
    "isv.missing-app-cert-sn": "the app signs by certificates: set payments.alipay.app_cert and the two of Alipay",
    "isv.invalid-app-cert-sn": "payments.alipay.app_cert is not the certificate of this app",
    "isv.app-cert-not-exist": "payments.alipay.app_cert is not the certificate of this app",
    "isv.invalid-alipay-root-cert-sn": "payments.alipay.alipay_root_cert is not Alipay's root certificate",
    "isv.missing-alipay-root-cert-sn": "payments.alipay.alipay_root_cert is not Alipay's root certificate",
    "isv.not-online-app": "the app of payments.alipay.app_id is not online yet: submit it for review",
    "isv.invalid-app-state": "the app of payments.alipay.app_id is not online: look at it at Alipay",
}


class NotAllowed(Unauthorised):
    """The product that a call belongs to was not signed for this app."""


class Gateway:
    """One app. `now` gives aware UTC."""

    def __init__(self, app_id: str, address: str, keys: Keys, timeout: float, now: Callable[[], datetime]) -> None:
        self._app_id = app_id
        self._address = address
        self._keys = keys
        self._now = now
        self._api = Api("Alipay", address, timeout)

    def link(self, method: str, content: Mapping[str, Any], more: Mapping[str, str]) -> str:
        """An address for the customer's browser that carries the signed call."""
        return f"{self._address}?{urlencode(self._signed(method, content, more))}"

    async def ask(
        self, method: str, content: Mapping[str, Any], more: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """What they answered: `code` is "10000", or "40004" with a `sub_code` for a clear no.

        Raises `ProviderUnavailable` for anything that is not clear, `Unauthorised` with the name of the key that is
        wrong, `NotAllowed`.
        """
        words = self._signed(method, content, more or {})
        body = urlencode({"biz_content": words.pop("biz_content")}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}
        answer = await self._api.call("POST", "", query=words, body=body, headers=headers)
        node, signed, outside = _split(answer.body, f"{method.replace('.', '_')}_response")
        if outside.get("sign"):
            self._assure_signed(signed, outside)
        elif node.get("code") in (GOOD, BUSINESS):
            raise ProviderUnavailable("Alipay's answer is not signed")
        _refuse(node)
        return node

    async def close(self) -> None:
        """Close connections."""
        await self._api.close()

    def _assure_signed(self, signed: str, outside: Mapping[str, Any]) -> None:
        told = str(outside.get("alipay_cert_sn", ""))
        if self._keys.theirs_serial and told and told != self._keys.theirs_serial:
            raise ProviderUnavailable(
                "Alipay signs with another certificate now: download it and set payments.alipay.alipay_cert"
            )
        if not self._keys.verifies(signed.encode(), str(outside["sign"])):
            name = "alipay_cert" if self._keys.theirs_serial else "alipay_public_key"
            raise ProviderUnavailable(f"an answer is not signed by the key of payments.alipay.{name}: check that key")

    def _signed(self, method: str, content: Mapping[str, Any], more: Mapping[str, str]) -> dict[str, str]:
        words = {
            "app_id": self._app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": self._now().astimezone(CHINA).strftime(TIME),
            "version": "1.0",
            "biz_content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
            **self._keys.serials,
            **{name: value for name, value in more.items() if value},
        }
        return words | {"sign": self._keys.sign(content_of(words))}


def content_of(words: Mapping[str, str]) -> str:
    """What a signature is over: sorted, and not encoded for an address."""
    return "&".join(f"{name}={value}" for name, value in sorted(words.items()))


def refusal(node: Mapping[str, Any]) -> str:
    """The detail of a clear no; "" for a yes."""
    return "" if node.get("code") == GOOD else str(node.get("sub_code") or node.get("code"))


def _refuse(node: Mapping[str, Any]) -> None:
    code, detail = str(node.get("code", "")), str(node.get("sub_code", ""))
    if detail in CURES:
        raise Unauthorised(f"Alipay refuses the app: {CURES[detail]}")
    if code == FORBIDDEN:
        raise NotAllowed(f"Alipay does not allow it ({detail}): sign the product for the app of payments.alipay.app_id")
    if code == LIMITED or "call-limited" in detail:
        raise ProviderUnavailable("Alipay asks to wait", after=WAIT)
    if code not in (GOOD, BUSINESS) or detail.endswith(("SYSTEM_ERROR", "unknow-error")):
        raise ProviderUnavailable(f"Alipay answered {code or 'no code'} ({detail or 'no detail'})")


def _split(body: bytes, name: str) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """The answer proper, its very text, which is what was signed, and what stands beside it."""
    try:
        values, texts = _members(body.decode())
    except (ValueError, RecursionError):
        raise ProviderUnavailable("Alipay answered what is no JSON object") from None
    name = name if name in values else "error_response"
    node = values.pop(name, None)
    if isinstance(node, str):
        raise ProviderUnavailable("Alipay encrypts its answers: switch the encryption of contents off for the app")
    if not isinstance(node, dict):
        raise ProviderUnavailable("Alipay answered something else than was asked")
    return node, texts[name], values


def _members(text: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The members of a JSON object, decoded and as they are written; the last of one that is there twice.

    ValueError for what is no object.
    """
    read = json.JSONDecoder().raw_decode
    values: dict[str, Any] = {}
    texts: dict[str, str] = {}
    at = _past(text, 0, "{")
    while True:
        name, at = read(text, at)
        begin = _past(text, at, ":")
        value, at = read(text, begin)
        if not isinstance(name, str):
            raise ValueError("not an object")
        values[name], texts[name] = value, text[begin:at]
        if end := MARKS["}"].match(text, at):
            break
        at = _past(text, at, ",")
    if end.end() != len(text):
        raise ValueError("more than an object")
    return values, texts


def _past(text: str, at: int, mark: str) -> int:
    """Where what follows this mark begins. ValueError where it does not stand."""
    found = MARKS[mark].match(text, at)
    if found is None:
        raise ValueError("not an object")
    return found.end()
