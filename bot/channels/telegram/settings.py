"""What an operator sets for one bot."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from bot.channels._account import ChannelSettings
from bot.settings import checks
from bot.settings.secret import Secret
from bot.settings.section import Url


class Settings(ChannelSettings):
    """The Telegram bot; without a token there is none."""

    cure = "copy `token` from @BotFather (/mybots); check `api_base` and the network"

    token: Annotated[Secret, AfterValidator(checks.bot_token)] = Field(
        default=Secret(), description="From @BotFather. Better as env:NAME or file:path than written here."
    )
    api_base: Url = Field(default="https://api.telegram.org", description="The Bot API server.")
    webhook: bool | Literal["auto"] = Field(
        default="auto", description="true: webhook; false: long polling; auto: webhook when public_url is https."
    )
    webhook_secret: Annotated[Secret, AfterValidator(checks.webhook_secret)] = Field(
        default=Secret(), description="1 to 256 of A-Z a-z 0-9 _ -; empty: made once and kept."
    )
    local_files: bool = Field(default=False, description="The Bot API server is local and names files on this disk.")

    @field_validator("webhook", mode="before")
    @classmethod
    def _webhook(cls, value: object) -> object:
        # By hand: of a union, every member that does not fit would be told as a mistake of its own.
        known = {"auto": "auto", "true": True, "false": False, "1": True, "0": False}
        if str(value).lower() not in known:
            raise ValueError('must be true, false or "auto"')
        return known[str(value).lower()]

    def missing(self) -> tuple[str, ...]:
        """A bot is its token."""
        return () if self.token else ("token",)

    def problem(self, hook: str) -> str:
        """Telegram posts to https only."""
        if self.missing() or self.webhook is not True or checks.is_https(hook):
            return ""
        return (
            "webhook is true, but Telegram posts to https only; set server.public_url to the https address "
            "of this server, or webhook to false for long polling"
        )

    def webhook_url(self, hook: str) -> str:
        """Where Telegram posts updates; empty means long polling."""
        wanted = checks.is_https(hook) if self.webhook == "auto" else self.webhook
        return hook if wanted else ""
