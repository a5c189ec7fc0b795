"""What an operator sets for one QQ bot."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pydantic import Field, PositiveFloat, PositiveInt

from bot.channels._account import ChannelSettings
from bot.core.capabilities import MIB, Capabilities
from bot.core.message import Allowance
from bot.settings import checks
from bot.settings.secret import Secret
from bot.settings.section import Url

#: bot.q.qq.com/wiki/develop/api-v2: five rows of five under Markdown; four answers within an hour in a private chat.
CAPABILITIES = Capabilities(
    channel="qq",
    language="zh",
    buttons=25,
    button_rows=5,
    button_label=10,
    button_data=100,
    link_buttons=True,
    text_limit=2000,
    image_bytes=20 * MIB,
    file_bytes=20 * MIB,  # in one call QQ takes little more
    typing=True,
    reply_window=timedelta(minutes=60),
    reply_quota=4,
    proactive="no",
    tokens=True,
)


class Settings(ChannelSettings):
    """One bot of q.qq.com. The numbers have changed before: bot.q.qq.com/wiki/develop/api-v2 has the current ones."""

    cure = (
        "copy `app_id` and `secret` from q.qq.com (Development, Development settings), let this server's IP address "
        "call the API there (IP allow list), and check `api_base` and the network"
    )

    app_id: str = Field(default="", coerce_numbers_to_str=True, description="The bot's AppID, from q.qq.com.")
    secret: Secret = Field(
        default=Secret(), description="The bot's AppSecret: it signs both ways. Better as env:NAME or file:path."
    )
    api_base: Url = Field(
        default="https://api.sgroup.qq.com", description="QQ's API; https://sandbox.api.sgroup.qq.com is for trying."
    )
    token_base: Url = Field(default="https://bots.qq.com", description="Where access tokens are asked for.")
    proactive: bool = Field(
        default=False, description="true: the bot may write first, and to who did not write within the hour."
    )
    buttons: bool = Field(
        default=True, description="false: numbered menus. true: buttons, and menus once QQ refuses the bot's buttons."
    )
    files: bool = Field(default=True, description="false: the bot may send pictures only.")
    reply_minutes: PositiveFloat = Field(default=60, description="How long a private message may be answered.")
    reply_quota: PositiveInt = Field(default=4, description="How many answers a private message may have.")
    group_minutes: PositiveFloat = Field(default=5, description="How long a message of a group may be answered.")
    group_quota: PositiveInt = Field(default=5, description="How many answers a message of a group may have.")
    stale: float = Field(default=300, ge=0, description="Seconds after which a signed call is refused; 0: never.")

    def missing(self) -> tuple[str, ...]:
        """A bot is its AppID and its secret."""
        return tuple(key for key in ("app_id", "secret") if not getattr(self, key))

    def problem(self, hook: str) -> str:
        """QQ itself posts to https only."""
        if checks.is_https(hook) or not checks.is_https(self.api_base):
            return ""
        return "QQ posts to https only; set server.public_url to the https address of this server"

    def capabilities(self) -> Capabilities:
        """What this bot can do."""
        return replace(
            CAPABILITIES,
            buttons=CAPABILITIES.buttons if self.buttons else 0,
            files=self.files,
            reply_window=timedelta(minutes=self.reply_minutes),
            reply_quota=self.reply_quota,
            proactive="yes" if self.proactive else "no",
        )

    def group_allowance(self) -> Allowance:
        """What one message of a group allows."""
        return Allowance(self.group_minutes * 60, self.group_quota)
