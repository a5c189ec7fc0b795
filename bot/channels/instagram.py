"""Instagram: a professional account's conversations, through its Facebook Page or by Instagram's own login.

https://developers.facebook.com/documentation/business-messaging/instagram-messaging and
https://developers.facebook.com/documentation/instagram-platform/instagram-api-with-instagram-login/messaging-api
"""

from __future__ import annotations

from pydantic import Field

from bot.channels._account import Around
from bot.channels._meta.channel import USUAL, Circumstances
from bot.channels._meta.conversing import ConversingChannel
from bot.channels._meta.settings import GRAPH, PageSettings
from bot.channels._reading import MOST_NAME, text
from bot.core.ports import Profile
from bot.core.profiles import INSTAGRAM

CAPABILITIES = INSTAGRAM
#: Where accounts without a Page are called.
INSTAGRAM_GRAPH = "https://graph.instagram.com"
#: What an account by Instagram's own login tells its app of; through a Page the app's dashboard says it.
EVENTS = ("messages", "messaging_postbacks", "messaging_seen", "messaging_referral")


class Settings(PageSettings):
    """One Instagram account. Without `page_id` it is one by Instagram's own login."""

    cure = "copy `access_token` again (the app's page Instagram) and check `account_id`, `page_id` and `app_secret`"

    account_id: str = Field(default="", pattern=r"^\d*$", description="The professional account's id.")
    page_id: str = Field(
        default="",
        pattern=r"^\d*$",
        description="The Page it is linked to; empty: the token is of Instagram's own login.",
    )

    def missing(self) -> tuple[str, ...]:
        """An account is its id and a token; without a Page there is none that a system user could fetch."""
        asked = super().missing()
        if self.system_token and not self.page_id:
            asked = (*asked, "page_id")
        return (*asked, *(() if self.account_id else ("account_id",)))

    @property
    def server(self) -> str:
        """Instagram's own login has its own server."""
        return INSTAGRAM_GRAPH if not self.page_id and self.api_base == GRAPH else self.api_base

    @property
    def proves(self) -> bool:
        """Instagram's own server knows no proof."""
        return self.app_secret_proof and bool(self.page_id)


class InstagramChannel(ConversingChannel):
    """One account."""

    wanted = "instagram"

    def __init__(self, settings: Settings, around: Around, circumstances: Circumstances = USUAL) -> None:
        page = settings.page_id or settings.account_id
        super().__init__(settings, around, CAPABILITIES, settings.account_id, page, circumstances)
        self._account = settings.account_id
        self._has_page = bool(settings.page_id)

    async def whoami(self) -> str:
        """The account's name. Raises `ParleyError`."""
        found = await self._graph.call("GET", self._account, query={"fields": "username"})
        return "@" + text(found, "username", MOST_NAME)

    async def profile(self, recipient: str) -> Profile:
        """The person's name, else what the account is called. Raises as `send`."""
        found = await self._graph.call("GET", recipient, query={"fields": "name,username"})
        return Profile(text(found, "name", MOST_NAME) or text(found, "username", MOST_NAME))

    async def register(self) -> None:
        """The account tells the app of its conversations. Raises `ParleyError`."""
        fields = ["messages"] if self._has_page else list(EVENTS)  # a Page must be subscribed to any field at all
        await self._graph.call("POST", f"{self._page}/subscribed_apps", json={"subscribed_fields": fields})


def opened(settings: Settings, around: Around) -> InstagramChannel:
    """One account."""
    return InstagramChannel(settings, around)
