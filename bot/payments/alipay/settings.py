"""What an operator can set for Alipay."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.payments._settings import PaymentSettings
from bot.settings.secret import Secret
from bot.settings.section import Url

CERTIFICATES = ("app_cert", "alipay_cert", "alipay_root_cert")


class Settings(PaymentSettings):
    """Alipay: pages for desktops and phones, and a code to scan."""

    cure = (
        "make an app at open.alipay.com, sign 电脑网站支付 and 手机网站支付 for it (and 当面付 or 订单码支付 for codes "
        "to scan), copy its `app_id`, choose RSA2 and set `private_key`, and either `alipay_public_key` or, for "
        "certificates, `app_cert`, `alipay_cert` and `alipay_root_cert`"
    )
    needed = ("app_id", "private_key")

    app_id: str = Field(default="", description="APPID of the app.")
    private_key: Secret = Field(default=Secret(), description="The app's private key (RSA2), or file:… to it.")
    alipay_public_key: Secret = Field(
        default=Secret(), description="Alipay's public key, shown after the app's own was uploaded."
    )
    app_cert: Secret = Field(default=Secret(), description="Instead of it: file:…/appCertPublicKey_….crt,")
    alipay_cert: Secret = Field(default=Secret(), description="file:…/alipayCertPublicKey_RSA2.crt,")
    alipay_root_cert: Secret = Field(default=Secret(), description="and file:…/alipayRootCert.crt.")
    code_product: Literal["FACE_TO_FACE_PAYMENT", "QR_CODE_OFFLINE", "OFFLINE_PAYMENT", ""] = Field(
        default="FACE_TO_FACE_PAYMENT",
        description="What codes to scan were signed as: 当面付, QR_CODE_OFFLINE for 订单码支付; empty: no codes.",
    )
    gateway: Url = Field(default="https://openapi.alipay.com/gateway.do", description="Alipay's gateway.")
    timeout: float = Field(default=20, gt=0, description="Seconds for a call.")

    @property
    def is_on(self) -> bool:
        """Whether anything of it was set."""
        return any(getattr(self, name) for name in (*self.needed, "alipay_public_key", *CERTIFICATES))

    def missing(self) -> tuple[str, ...]:
        """Keys that it needs, and has not: Alipay's public key, or all three certificates."""
        lacking = tuple(name for name in CERTIFICATES if not getattr(self, name))
        theirs = lacking if len(lacking) < len(CERTIFICATES) else ("alipay_public_key",) * (not self.alipay_public_key)
        return (*super().missing(), *theirs)
