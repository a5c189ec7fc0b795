"""What an operator sets for an account at Meta, whichever of its platforms it is on."""

from __future__ import annotations

from pydantic import Field

from bot.channels._account import ChannelSettings
from bot.settings import checks
from bot.settings.secret import Secret
from bot.settings.section import Url

GRAPH = "https://graph.facebook.com"


class MetaSettings(ChannelSettings):
    """An app of developers.facebook.com and a token for one account."""

    app_secret: Secret = Field(default=Secret(), description="App settings, Basic: what Meta signs its webhooks with.")
    previous_app_secret: Secret = Field(
        default=Secret(), description="The one before, while it is being replaced: both are good meanwhile."
    )
    verify_token: Secret = Field(
        default=Secret(), description="Any words of your own; type the same into the app's page Webhooks."
    )
    access_token: Secret = Field(default=Secret(), description="A token for this account that does not end.")
    api_base: Url = Field(default=GRAPH, description="Where the Graph API is.")
    api_version: str = Field(default="v25.0", pattern=r"^v\d{1,3}\.\d$", description="The version that is spoken.")
    app_secret_proof: bool = Field(default=True, description="Sign each call with app_secret as well.")
    privacy_url: Url = Field(
        default="",
        description="Where people who had their data deleted see what became of it; empty: a page of ours.",
    )
    others: dict[str, str] = Field(
        default={},
        description="Ids of other accounts of the same app, and what each is called here: "
        "Meta posts the events of all to one address.",
    )

    def missing(self) -> tuple[str, ...]:
        """Whatever the platform, without these nobody can post to us or be answered."""
        return tuple(key for key in ("app_secret", "verify_token", "access_token") if not getattr(self, key))

    def problem(self, hook: str) -> str:
        """Meta itself posts to https only."""
        if checks.is_https(hook) or not checks.is_https(self.api_base):
            return ""
        return "Meta posts to https only; set server.public_url to the https address of this server"

    @property
    def server(self) -> str:
        """Where the calls go."""
        return self.api_base

    @property
    def proves(self) -> bool:
        """Whether calls carry a proof of the app's secret."""
        return self.app_secret_proof

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """What a webhook may be signed with."""
        both = (self.app_secret, self.previous_app_secret)
        return tuple(one.reveal().encode() for one in both if one)


class PageSettings(MetaSettings):
    """An account whose conversations are those of a Page or of an Instagram account."""

    access_token: Secret = Field(
        default=Secret(), description="A Page access token that does not end; or leave it to system_token."
    )
    system_token: Secret = Field(
        default=Secret(),
        description="A system user's token instead: the Page's own is fetched with it, and again when it is refused.",
    )
    app_id: str = Field(
        default="", pattern=r"^\d*$", description="The app's id: what it sends is not heard as others'."
    )
    human_agent: bool = Field(
        default=True, description="The app has the permission Human Agent: staff may answer for seven days."
    )

    subscribe: bool = Field(default=True, description="Have the app told of the conversations, anew at each start.")
    get_started: str = Field(
        default="GET_STARTED", max_length=1000, description="The payload of the button that opens a conversation."
    )

    def missing(self) -> tuple[str, ...]:
        """Either token will do."""
        return tuple(key for key in super().missing() if key != "access_token" or not self.system_token)
