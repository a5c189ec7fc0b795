"""What an operator sets for one verified account of Weibo."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pydantic import Field, PositiveFloat, PositiveInt

from bot.channels._account import ChannelSettings
from bot.core.capabilities import Capabilities
from bot.settings.secret import Secret
from bot.settings.section import Url

#: open.weibo.com/wiki "Send_Customer_Service_Message": fewer than 300 Chinese characters; a picture is an article.
CAPABILITIES = Capabilities(
    channel="weibo",
    language="zh",
    text_limit=299,
    files=False,
    reply_window=timedelta(hours=48),
    proactive="no",
    profiles=True,
)


class Settings(ChannelSettings):
    """A verified account with the fans service (粉丝服务), in its development mode (开发者模式)."""

    cure = (
        "copy `app_secret` from open.weibo.com and `access_token` from the account's page (管理中心, 粉丝服务, "
        "高级功能, 开发者模式), set the address there to this account's hook, and check `api_base` and the network"
    )

    app_secret: Secret = Field(default=Secret(), description="The app's AppSecret, with which calls are signed.")
    access_token: Secret = Field(
        default=Secret(), description="From the fans service; without it the account answers within a call only."
    )
    api_base: Url = Field(default="https://m.api.weibo.com", description="Where messages are sent.")
    user_base: Url = Field(
        default="https://api.weibo.com", description="Where it is asked who the account is, and who follows it."
    )
    media_base: Url = Field(default="https://upload.api.weibo.com", description="Where pictures and voices are.")
    reply_path: str = Field(
        default="/2/messages/reply.json",
        pattern=r"^/[A-Za-z0-9/_.-]+$",
        description="The call that answers; business accounts at https://c.api.weibo.com: /2/messages/reply/biz.json.",
    )
    menu: bool = Field(default=True, description="Keep the account's own menu as the bot's commands are.")
    holds: float = Field(default=4.5, gt=0, lt=5, description="Seconds that a call waits for its answer; Weibo: 5.")
    stale_after: float = Field(default=300, gt=0, description="Seconds that the timestamp of a call may be off.")
    text_characters: PositiveInt = Field(default=299, description="Longest text.")
    reply_hours: PositiveFloat = Field(default=48, description="How long after a message we may answer.")

    def missing(self) -> tuple[str, ...]:
        """An account is the secret that signs its calls."""
        return () if self.app_secret else ("app_secret",)

    def capabilities(self) -> Capabilities:
        """What this account can do."""
        hours = timedelta(hours=self.reply_hours)
        known = bool(self.access_token)
        limits = replace(CAPABILITIES, text_limit=self.text_characters, reply_window=hours)
        return replace(limits, images=known, profiles=known)
