"""What an operator sets for one account of X."""

from __future__ import annotations

from pydantic import Field

from bot.channels._account import ChannelSettings
from bot.core.capabilities import MIB, Capabilities, Media
from bot.settings import checks
from bot.settings.secret import Secret
from bot.settings.section import Listed, Url

#: docs.x.com, direct messages: one picture or film a message, no buttons; "rate limits": 15 messages in 15 minutes,
#: to all customers together.
CAPABILITIES = Capabilities(
    channel="x",
    text_limit=10_000,
    caption_limit=10_000,
    files=False,
    media=(Media("video/mp4", 512 * MIB),),
    image_bytes=5 * MIB,
    gif_bytes=15 * MIB,
    gathers=True,
    receipts=True,
)


class Settings(ChannelSettings):
    """An account, by keys of OAuth 1.0a that do not end; X takes 15 messages of it in 15 minutes, and 1440 a day."""

    cure = (
        "copy `consumer_key`, `consumer_secret`, `access_token` and `access_secret` from developer.x.com (the app "
        "needs the permission to read and write direct messages), and check `api_base` and the network"
    )

    consumer_key: Secret = Field(default=Secret(), description="The app's API key (OAuth 1.0a; no OAuth 2.0 token).")
    consumer_secret: Secret = Field(
        default=Secret(), description="The app's API key secret: webhooks are signed by it."
    )
    access_token: Secret = Field(default=Secret(), description="The account's access token of OAuth 1.0a.")
    access_secret: Secret = Field(default=Secret(), description="The secret of that token.")
    user_id: str = Field(
        default="",
        coerce_numbers_to_str=True,
        description="The account's number; its access token begins with it, so that it may be left out.",
    )
    api_base: Url = Field(default="https://api.x.com", description="X's API.")
    media_hosts: Listed = Field(
        default=("ton.twitter.com", "ton.x.com"), description="Where pictures of direct messages want our signature."
    )

    def missing(self) -> tuple[str, ...]:
        """The four secrets, and who the account is."""
        needed = ("consumer_secret", "consumer_key", "access_token", "access_secret")
        lacking = [key for key in needed if not getattr(self, key)]
        return tuple(lacking if self.own_id or lacking else ["user_id"])

    def problem(self, hook: str) -> str:
        """X itself posts to https only, and to no port of its own choice."""
        if checks.is_https(hook) or not checks.is_https(self.api_base):
            return ""
        return "X posts to https only; set server.public_url to the https address of this server"

    @property
    def own_id(self) -> str:
        """The account's number; "" when nothing tells it."""
        return self.user_id or self.access_token.reveal().partition("-")[0]
