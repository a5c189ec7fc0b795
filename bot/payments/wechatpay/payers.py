"""Who pays inside WeChat: it sends them back with a code, and tells their openid for it."""

from __future__ import annotations

from urllib.parse import urlencode

from bot.core.errors import BadInput, ProviderUnavailable, Unauthorised
from bot.payments._api import Api
from bot.payments.wechatpay.settings import Settings

#: WeChat's errors about the code, the AppID and the AppSecret.
SPENT, WRONG_APP, WRONG_SECRET = (40029, 40163, 41008), (40013, 41002), (40001, 40125, 41004)


class Payers:
    """Those who open a page of ours in the name of one service account."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._api = Api("WeChat", settings.oauth_base, settings.timeout)

    def authorize(self, back: str, state: str) -> str:
        """WeChat sends whoever opens this to `back`, asking them nothing."""
        # WeChat wants them in this order.
        query = {
            "appid": self._settings.app_id,
            "redirect_uri": back,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
        return f"{self._settings.open_base}/connect/oauth2/authorize?{urlencode(query)}#wechat_redirect"

    async def openid(self, code: str) -> str:
        """Raises `BadInput` for a code that is spent, `ProviderUnavailable`, `Unauthorised`."""
        query = {
            "appid": self._settings.app_id,
            "secret": self._settings.app_secret.reveal(),
            "code": code,
            "grant_type": "authorization_code",
        }
        told = (await self._api.call("GET", "/sns/oauth2/access_token", query=query)).json()
        error = told.get("errcode", 0)
        if error in SPENT:
            raise BadInput("WeChat's code was used before, or is none")
        if error in WRONG_APP:
            raise Unauthorised("WeChat does not know payments.wechatpay.app_id")
        if error in WRONG_SECRET:
            raise Unauthorised("payments.wechatpay.app_secret is not that of payments.wechatpay.app_id")
        if not isinstance(told.get("openid"), str):
            raise ProviderUnavailable(f"WeChat does not say who pays ({error})")
        return str(told["openid"])

    async def close(self) -> None:
        """Close connections."""
        await self._api.close()
