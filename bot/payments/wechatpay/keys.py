"""Whether WeChat Pay said it: by its public key where the merchant has one, else by its certificates, fetched anew."""

from __future__ import annotations

import asyncio
import binascii
import re
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.core.errors import ProviderUnavailable, Unauthorised
from bot.http import Answer
from bot.payments.wechatpay import crypto
from bot.payments.wechatpay.settings import PUBLIC_KEY, Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

SIGNATURE, SERIAL = "wechatpay-signature", "wechatpay-serial"
SCHEME = "WECHATPAY2-SHA256-RSA2048"
#: Signatures that are wrong on purpose, to see whether they are refused.
PROBE = "WECHATPAY/SIGNTEST/"
#: Seconds that the clocks may be apart.
TOLERANCE = 300
#: WeChat Pay wants its certificates fetched anew within twelve hours.
GOOD_FOR = timedelta(hours=11)
#: An unknown serial number may be that of a new certificate, or made up: they are not fetched more often for it,
LOOK_AGAIN = timedelta(minutes=1)
#: nor than this while they do not come.
TRY_AGAIN = timedelta(seconds=5)
_STAMP = re.compile(r"[0-9]{1,14}")
_SERIAL = re.compile(rf"{PUBLIC_KEY}[0-9A-Za-z]+|[0-9A-Fa-f]{{8,40}}")


@dataclass(frozen=True, slots=True)
class _Stated:
    serial: str
    stamp: int
    message: bytes
    signature: bytes


class PlatformKeys:
    """Those of one merchant. `download` asks for the certificates; `now` gives aware UTC."""

    def __init__(
        self, settings: Settings, download: Callable[[], Awaitable[Answer]], now: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._download = download
        self._now = now
        self._turn = asyncio.Lock()
        self._certificates: dict[str, crypto.Certificate] = {}
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._came = True
        self._public: RSAPublicKey | None = None

    async def check(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raise `Unauthorised` unless it is signed, five minutes ago at most; `ProviderUnavailable` without a key."""
        stated = _stated(headers, body)
        if abs(self._now().timestamp() - stated.stamp) >= TOLERANCE:
            raise Unauthorised("signed too long ago, or this machine's clock is wrong")
        if not crypto.is_signed(await self._key(stated.serial), stated.message, stated.signature):
            by_key = stated.serial.startswith(PUBLIC_KEY)
            raise Unauthorised(f"not signed {'with payments.wechatpay.public_key' if by_key else 'by WeChat Pay'}")

    async def prove(self, answer: Answer) -> None:
        """Raise `Unauthorised` naming what is wrong in the configuration, by an answer to us; `ProviderUnavailable`."""
        serial = answer.headers.get(SERIAL, "")
        if not self._settings.public_key_id:
            await self._refresh()
        elif serial and serial != self._settings.public_key_id:
            raise Unauthorised("WeChat Pay does not know the key payments.wechatpay.public_key_id")
        if serial:
            await self.check(answer.headers, answer.body)

    async def _key(self, serial: str) -> RSAPublicKey:
        if serial.startswith(PUBLIC_KEY):
            return self._public_key(serial)
        return (await self._certificate(crypto.plain_serial(serial))).key

    def _public_key(self, serial: str) -> RSAPublicKey:
        if serial != self._settings.public_key_id:
            raise Unauthorised("signed with another public key than that of payments.wechatpay.public_key_id")
        if self._public is None:
            self._public = crypto.public_key(self._settings.public_key.reveal())
        return self._public

    async def _certificate(self, serial: str) -> crypto.Certificate:
        if not self._is_fresh(serial):
            async with self._turn:
                if not self._is_fresh(serial):
                    await self._look_for(serial)
        if not self._is_known(serial):
            raise Unauthorised("signed with a certificate that WeChat Pay does not have")
        return self._certificates[serial]

    async def _look_for(self, serial: str) -> None:
        """Raises as `_refresh` does, where nothing can be told without."""
        is_known = self._is_known(serial)
        if self._is_past(self._tried_at, LOOK_AGAIN if self._came else TRY_AGAIN):
            # Where it is known, the one that we have is as good as it was.
            with suppress(ProviderUnavailable) if is_known else nullcontext():
                await self._refresh()
        elif not (is_known or self._came):
            raise ProviderUnavailable("WeChat Pay's certificates did not come a moment ago")

    def _is_fresh(self, serial: str) -> bool:
        is_late = self._is_past(self._fetched_at, GOOD_FOR) and self._is_past(self._tried_at, LOOK_AGAIN)
        return self._is_known(serial) and not is_late

    def _is_known(self, serial: str) -> bool:
        found = self._certificates.get(serial)
        return found is not None and found.begins <= self._now() < found.ends

    def _is_past(self, last: datetime | None, pause: timedelta) -> bool:
        return last is None or self._now() - last >= pause

    async def _refresh(self) -> None:
        """Raises `Unauthorised` with what the operator must change, `ProviderUnavailable`."""
        self._tried_at, self._came = self._now(), False
        answer = await self._download()
        if answer.status in (403, 404):
            raise Unauthorised(
                "this merchant has no platform certificates: set payments.wechatpay.public_key and "
                "payments.wechatpay.public_key_id (merchant platform, Account centre, API security)"
            )
        if answer.status != 200:
            raise ProviderUnavailable(f"WeChat Pay answered {answer.status} when asked for its certificates")
        stated, found = _stated(answer.headers, answer.body), self._opened(answer)
        signer = next((one.key for one in found if one.serial == crypto.plain_serial(stated.serial)), None)
        if stated.serial.startswith(PUBLIC_KEY):
            signer = self._public_key(stated.serial)
        if signer is None or not crypto.is_signed(signer, stated.message, stated.signature):
            raise ProviderUnavailable("WeChat Pay's certificates are not signed by any of them")
        self._certificates = {one.serial: one for one in found}
        self._fetched_at, self._came = self._now(), True

    def _opened(self, answer: Answer) -> list[crypto.Certificate]:
        rows = answer.json().get("data")
        sealed: list[Any] = [row.get("encrypt_certificate") for row in rows] if isinstance(rows, list) else []
        try:
            pems = [crypto.opened(self._settings.api_key.reveal(), one) for one in sealed]
        except (ValueError, AttributeError):
            raise Unauthorised(
                "payments.wechatpay.api_key does not open WeChat Pay's certificates: it is the APIv3 key of the "
                "merchant platform, Account centre, API security"
            ) from None
        try:
            return [crypto.certificate(pem) for pem in pems]
        except ValueError:
            raise ProviderUnavailable("WeChat Pay's certificates cannot be read") from None


def _stated(headers: Mapping[str, str], body: bytes) -> _Stated:
    """What the headers say of who signed what. Raises `Unauthorised` for nothing, and for a probe."""
    stamp, nonce, serial, given, scheme = (
        headers.get(f"wechatpay-{name}", "") for name in ("timestamp", "nonce", "serial", "signature", "signature-type")
    )
    if given.startswith(PROBE):
        raise Unauthorised("a probe of WeChat Pay: wrong on purpose")
    if scheme not in ("", SCHEME) or not _STAMP.fullmatch(stamp) or not _SERIAL.fullmatch(serial):
        raise Unauthorised("not signed by WeChat Pay")
    try:
        message = f"{stamp}\n{nonce}\n".encode() + body + b"\n"
        return _Stated(serial, int(stamp), message, b64decode(given.encode("ascii"), validate=True))
    except (UnicodeError, binascii.Error):
        raise Unauthorised("not signed by WeChat Pay") from None
