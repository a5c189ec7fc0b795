"""The configuration of the merchant of a fake WeChat Pay."""

from __future__ import annotations

from typing import Any

from bot.payments.wechatpay import Settings
from tests.kit.platforms import wechatpay_keys as keys
from tests.kit.platforms.wechatpay_gate import APP_ID, APP_SECRET, MCHID, PUBLIC_KEY_ID


def wechatpay_settings(base: str, **other: Any) -> Settings:
    """By platform certificates; with `by_public_key()` by WeChat Pay's public key."""
    told: dict[str, Any] = {
        "app_id": APP_ID, "app_secret": APP_SECRET, "mchid": MCHID, "serial": keys.serial("merchant"),
        "private_key": keys.private_pem("merchant"), "api_key": keys.API_KEY, "timeout": 30.0,
        "api_base": base, "oauth_base": base, "open_base": base,
    }  # fmt: skip
    return Settings(**told | other)


def by_public_key() -> dict[str, str]:
    """What newer merchants have."""
    return {"public_key": keys.public_pem("public"), "public_key_id": PUBLIC_KEY_ID}
