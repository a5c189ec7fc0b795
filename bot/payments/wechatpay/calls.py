"""Calls to WeChat Pay's API: signed with the merchant's key, and believed once the answer's signature is checked."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.core.errors import FileMissing, ProviderUnavailable, Unauthorised
from bot.http import Answer
from bot.payments._api import Api
from bot.payments.wechatpay import crypto
from bot.payments.wechatpay.keys import SCHEME, SIGNATURE, PlatformKeys
from bot.payments.wechatpay.settings import Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

#: What an operator can mend, by WeChat Pay's code.
CURES = {
    "SIGN_ERROR": "WeChat Pay does not accept our signature: check payments.wechatpay.mchid, payments.wechatpay.serial "
    "and payments.wechatpay.private_key, which belong together, and this machine's clock",
    "MCH_NOT_EXISTS": "WeChat Pay knows no merchant with the number payments.wechatpay.mchid",
    "APPID_MCHID_NOT_MATCH": "payments.wechatpay.app_id is not bound to payments.wechatpay.mchid: bind it in the "
    "merchant platform, Product centre, AppID accounts",
    "NO_AUTH": "WeChat Pay does not let this merchant do this: apply for the product (Native, H5, JSAPI) in the "
    "merchant platform, Product centre",
}


class Calls:
    """Of one merchant. `now` gives aware UTC."""

    def __init__(self, settings: Settings, now: Callable[[], datetime]) -> None:
        self.keys = PlatformKeys(settings, lambda: self.unchecked("GET", "/v3/certificates"), now)
        self._settings = settings
        self._now = now
        self._api = Api("WeChat Pay", settings.api_base, settings.timeout)
        self._private: RSAPrivateKey | None = None

    async def get(self, path: str) -> Answer:
        """`path` with its query. Raises `ProviderUnavailable`, also for an answer that somebody else signed."""
        return await self._checked(await self.unchecked("GET", path))

    async def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        """As `get` does."""
        return await self._checked(await self.unchecked("POST", path, json.dumps(body, ensure_ascii=False).encode()))

    async def unchecked(self, method: str, path: str, body: bytes = b"") -> Answer:
        """An answer that may be anybody's."""
        headers = self._headers(method, path, body)
        if body:
            headers["Content-Type"] = "application/json"
        if self._settings.public_key_id:
            headers["Wechatpay-Serial"] = self._settings.public_key_id
        return await self._api.call(method, path, body=body or None, headers=headers)

    async def download(self, path: str) -> AsyncIterator[bytes]:
        """The bytes of a file, which may be anybody's. Raises `ProviderUnavailable`."""
        try:
            stream = await self._api.download(path, headers=self._headers("GET", path, b""))
        except FileMissing as error:
            raise ProviderUnavailable(str(error)) from None
        async for chunk in stream.chunks:
            yield chunk

    def sign(self, *lines: str) -> str:
        """Our signature under these lines."""
        if self._private is None:
            self._private = crypto.private_key(self._settings.private_key.reveal())
        return crypto.sign(self._private, "".join(f"{line}\n" for line in lines))

    def stamp(self) -> str:
        """Seconds since 1970, as they are signed."""
        return str(int(self._now().timestamp()))

    async def close(self) -> None:
        """Close connections."""
        await self._api.close()

    def _headers(self, method: str, path: str, body: bytes) -> dict[str, str]:
        word = self._word(method, path, body)
        return {"Accept": "application/json", "User-Agent": "Parley", "Authorization": word}

    def _word(self, method: str, path: str, body: bytes) -> str:
        stamp, nonce = self.stamp(), secrets.token_hex(16)
        values = {
            "mchid": self._settings.mchid,
            "nonce_str": nonce,
            "signature": self.sign(method, path, stamp, nonce, body.decode()),
            "timestamp": stamp,
            "serial_no": self._settings.serial.upper(),
        }
        return f"{SCHEME} " + ",".join(f'{name}="{value}"' for name, value in values.items())

    async def _checked(self, answer: Answer) -> Answer:
        """What succeeded is always signed; a refusal at their gate is not."""
        if answer.status < 300 or SIGNATURE in answer.headers:
            try:
                await self.keys.check(answer.headers, answer.body)
            except Unauthorised as error:
                raise ProviderUnavailable(f"WeChat Pay's answer is not to be trusted: {error}") from None
        return answer


def good(answer: Answer) -> dict[str, Any]:
    """What was asked for. Raises `Unauthorised` for what an operator can mend, `ProviderUnavailable`.

    202 is a call that is still under way: it is made again with the same words.
    """
    assure_allowed(answer)
    if answer.status != 200:
        detail = answer.json().get("detail") if answer.status == 400 else None
        field = f" at {detail['field']}" if isinstance(detail, dict) and "field" in detail else ""
        raise ProviderUnavailable(f"WeChat Pay answered {answer.status} ({code_of(answer) or 'no code'}{field})")
    return answer.json()


def assure_allowed(answer: Answer) -> None:
    """Raise `Unauthorised` where the configuration, or the merchant's contract, is what is wrong."""
    code = "SIGN_ERROR" if answer.status == 401 else code_of(answer)
    if code in CURES:
        raise Unauthorised(CURES[code])


def code_of(answer: Answer) -> str:
    """WeChat Pay's own code of a refusal; "" for none."""
    try:
        return str(answer.json().get("code") or "") if answer.status >= 400 else ""
    except ProviderUnavailable:
        return ""
