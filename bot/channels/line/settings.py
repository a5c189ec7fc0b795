"""What an operator sets for one LINE official account."""

from __future__ import annotations

from pydantic import Field

from bot.channels._account import ChannelSettings
from bot.core.capabilities import MIB, Capabilities, Media
from bot.settings import checks
from bot.settings.secret import Secret
from bot.settings.section import Url

#: developers.line.biz, Messaging API: quick replies, flex cards; of files only recordings and films. A button's data
#: goes with its label, which LINE does not tell of a tap: 300 characters for both.
CAPABILITIES = Capabilities(
    channel="line",
    buttons=13,
    button_label=20,
    button_data=270,
    link_buttons=True,
    cards=True,
    text_limit=5000,
    text_unit="utf16",
    files=False,
    media=tuple(Media(one, 200 * MIB) for one in ("audio/mp4", "audio/mpeg", "video/mp4")),
    files_per_message=5,
    image_bytes=10 * MIB,
    typing=True,
    tokens=True,
    gathers=True,
    profiles=True,
)


class Settings(ChannelSettings):
    """One official account. What answers a customer is a reply, which is free; what comes later is a push."""

    cure = (
        "copy `channel_secret` (Basic settings) and `access_token` (Messaging API) from the LINE Developers console, "
        "and set the webhook URL there"
    )

    channel_secret: Secret = Field(default=Secret(), description="Basic settings, Channel secret.")
    access_token: Secret = Field(default=Secret(), description="Messaging API, Channel access token (long-lived).")
    api_base: Url = Field(default="https://api.line.me", description="The Messaging API.")
    data_base: Url = Field(default="https://api-data.line.me", description="Where customers' files are.")
    reply_seconds: float = Field(default=50, gt=0, description="How long a reply token is used; LINE says a minute.")
    timeout: float = Field(default=15, gt=0, description="Seconds for a call.")

    def missing(self) -> tuple[str, ...]:
        """An account is its secret and a token."""
        return tuple(name for name in ("channel_secret", "access_token") if not getattr(self, name))

    def problem(self, hook: str) -> str:
        """LINE posts to https only."""
        if self.missing() or checks.is_https(hook):
            return ""
        return "LINE posts to https only; set server.public_url to the https address of this server"
