"""What an operator sets for one official account."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.channels._weixin_settings import SealedSettings
from bot.core.capabilities import MIB, Capabilities, Media
from bot.settings.secret import Secret
from bot.settings.section import Url

_APP = re.compile(r"wx[0-9a-f]{16}")


def _app_id(value: str) -> str:
    if value and not _APP.fullmatch(value):
        raise ValueError("is no AppID; it looks like wx0123456789abcdef")
    return value


#: developers.weixin.qq.com, "customer service messages": five within 48 hours of what the customer said.
#: A menu that is tapped has no limits that are told: as many items as in WeCom's. Voice may be AMR or MP3.
CAPABILITIES = Capabilities(
    channel="wechat",
    language="zh",
    buttons=10,
    button_label=42,
    button_data=64,
    text_limit=2048,
    text_unit="bytes",
    files=False,
    media=(Media("audio/amr", 2 * MIB), Media("audio/mpeg", 2 * MIB), Media("video/mp4", 10 * MIB)),
    image_bytes=10 * MIB,
    gif_bytes=10 * MIB,
    typing=True,
    reply_window=timedelta(hours=48),
    reply_quota=5,
    proactive="no",
    gathers=True,
    profiles=True,
)


class Settings(SealedSettings):
    """A WeChat official account."""

    cure = (
        "set `app_id`, `secret`, `token` and `encoding_aes_key` as mp.weixin.qq.com shows them (基本配置), the server "
        "address there to this account's hook, and allow this server's address (IP白名单)"
    )

    app_id: Annotated[str, AfterValidator(_app_id)] = Field(default="", description="The AppID.")
    secret: Secret = Field(default=Secret(), description="The AppSecret; not needed where `api` is false.")
    api: bool = Field(
        default=True,
        description="The account has the customer-service API; false: it answers within a call only (unverified).",
    )
    buttons: bool = Field(default=True, description="Menus are tapped (msgmenu); false: they are numbered.")
    menu: bool = Field(default=True, description="Keep the account's own menu as the bot's commands are.")
    holds: float = Field(default=4.5, gt=0, lt=5, description="Seconds that a call waits for its answer; WeChat: 5.")
    text_bytes: int = Field(default=2048, gt=0, description="Longest text, bytes of UTF-8.")
    reply_hours: float = Field(default=48, gt=0, description="How long after a message we may answer.")
    reply_quota: int = Field(default=5, gt=0, description="How many answers to a message.")
    event_seconds: float = Field(default=60, gt=0, description="How long after a follow, a scan or a menu's tap.")
    event_quota: int = Field(default=3, gt=0, description="How many messages then.")
    api_base: Url = Field(default="https://api.weixin.qq.com", description="WeChat's server.")

    def missing(self) -> tuple[str, ...]:
        """An account is its AppID and its Token, and has an AppSecret to call with."""
        needed = {"app_id": self.app_id, "token": self.token, "secret": self.secret or not self.api}
        return tuple(name for name, value in needed.items() if not value)
