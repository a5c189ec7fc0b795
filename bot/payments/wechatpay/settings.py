"""The table of WeChat Pay, checked at the start: what is not a key is told with where the key is found."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.payments._settings import PaymentSettings
from bot.payments.wechatpay import crypto
from bot.settings.secret import Secret
from bot.settings.section import Url

#: How the ids of WeChat Pay's public keys begin.
PUBLIC_KEY = "PUB_KEY_ID_"


def _private_key(value: Secret) -> Secret:
    return _pem(value, crypto.private_key, "apiclient_key.pem, which came with the merchant's API certificate")


def _public_key(value: Secret) -> Secret:
    return _pem(value, crypto.public_key, "pub_key.pem, the WeChat Pay public key of the merchant platform")


def _pem(value: Secret, load: Callable[[str], object], what: str) -> Secret:
    try:
        _ = value and load(value.reveal())
    except ValueError:
        raise ValueError(f"is no such key; write file: and the path of {what}") from None
    return value


def _api_key(value: Secret) -> Secret:
    if value and not re.fullmatch(r"[\x21-\x7e]{32}", value.reveal()):
        raise ValueError("is the APIv3 key that you set in the merchant platform: 32 letters and digits")
    return value


def _matching(form: str, words: str) -> Callable[[str], str]:
    def checked(value: str) -> str:
        if value and not re.fullmatch(form, value):
            raise ValueError(f"is {words}")
        return value

    return checked


class Settings(PaymentSettings):
    """WeChat Pay, as a merchant of mainland China has it: APIv3, paid in CNY."""

    cure = (
        "the merchant platform (pay.weixin.qq.com, Account centre, API security) has `mchid`, `serial`, `private_key` "
        "(apiclient_key.pem) and `api_key` (the APIv3 key), and for newer merchants `public_key` with "
        "`public_key_id`; `app_id` is that of the service account bound to the merchant"
    )
    needed = ("app_id", "mchid", "serial", "private_key", "api_key")

    app_id: Annotated[str, AfterValidator(_matching(r"wx[0-9a-zA-Z]{6,30}", "an AppID and begins with wx"))] = Field(
        default="", description="AppID of the service account that is bound to the merchant."
    )
    app_secret: Secret = Field(
        default=Secret(), description="AppSecret of it, to learn who pays inside WeChat; empty: not to be paid there."
    )
    mchid: Annotated[str, AfterValidator(_matching(r"[0-9]{6,32}", "the merchant's number"))] = Field(
        default="", description="The merchant's number."
    )
    serial: Annotated[str, AfterValidator(_matching(r"[0-9A-Fa-f]{8,40}", "a serial number, hexadecimal"))] = Field(
        default="", description="Serial number of the merchant's API certificate."
    )
    private_key: Annotated[Secret, AfterValidator(_private_key)] = Field(
        default=Secret(), description="Key of the merchant's API certificate: file:path of apiclient_key.pem."
    )
    api_key: Annotated[Secret, AfterValidator(_api_key)] = Field(
        default=Secret(), description="The APIv3 key, 32 characters."
    )
    public_key_id: Annotated[
        str,
        AfterValidator(_matching(rf"{PUBLIC_KEY}[0-9A-Za-z]+", f"the id of WeChat Pay's public key: {PUBLIC_KEY}…")),
    ] = Field(default="", description=f"Id of WeChat Pay's public key: {PUBLIC_KEY}…; empty: by its certificates.")
    public_key: Annotated[Secret, AfterValidator(_public_key)] = Field(
        default=Secret(), description="WeChat Pay's public key: file:path of pub_key.pem."
    )
    h5: bool = Field(
        default=True, description="Whether the merchant has H5 payment; false: phones are shown the code, too."
    )
    api_base: Url = Field(default="https://api.mch.weixin.qq.com", description="WeChat Pay's API.")
    oauth_base: Url = Field(default="https://api.weixin.qq.com", description="WeChat's API, which knows who pays.")
    open_base: Url = Field(default="https://open.weixin.qq.com", description="Where WeChat sends whoever pays.")
    timeout: float = Field(default=20, gt=0, description="Seconds for a call.")

    def missing(self) -> tuple[str, ...]:
        """Keys that it needs, and has not; of the public key and its id one needs the other."""
        pair = ("public_key", "public_key_id")
        half = tuple(name for name in pair if not getattr(self, name)) if self.public_key or self.public_key_id else ()
        return super().missing() + half
