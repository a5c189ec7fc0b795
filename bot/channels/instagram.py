"""Instagram: a professional account's conversations, through its Facebook Page or by Instagram's own login.

https://developers.facebook.com/documentation/business-messaging/instagram-messaging and
https://developers.facebook.com/documentation/instagram-platform/instagram-api-with-instagram-login/messaging-api
"""

from __future__ import annotations

import logging
from datetime import timedelta
from time import monotonic

from pydantic import Field

from bot.channels._account import Around
from bot.channels._http import Api
from bot.channels._meta.channel import USUAL, Circumstances
from bot.channels._meta.conversing import MOST_TOKEN, PAGE_EVENTS, ConversingChannel
from bot.channels._meta.graph import REFUSED_AGAIN_AFTER, TokenRefused, Tokens
from bot.channels._meta.sending import CAROUSEL
from bot.channels._meta.settings import GRAPH, PageSettings
from bot.channels._reading import MOST_NAME, called, integer, needed, text
from bot.channels._tokens import Sealed
from bot.core.capabilities import MIB, Capabilities, Media
from bot.core.errors import ParleyError
from bot.core.ports import Profile

#: What it takes besides pictures: https://developers.facebook.com/documentation/business-messaging/instagram-messaging/
#: features/attachment-upload
TAKEN = (
    "application/pdf",
    "audio/aac",
    "audio/mp4",
    "audio/wav",
    "video/mp4",
    "video/ogg",
    "video/quicktime",
    "video/webm",
    "video/x-msvideo",
)
#: developers.facebook.com, Instagram Messaging: as Messenger, in bytes.
CAPABILITIES = Capabilities(
    channel="instagram",
    buttons=13,
    button_label=20,
    button_data=1000,
    link_buttons=True,
    cards=True,
    carousel=CAROUSEL,
    text_limit=1000,
    text_unit="bytes",
    image_bytes=8 * MIB,
    gif_bytes=8 * MIB,
    files=False,
    media=tuple(Media(one, 25 * MIB) for one in TAKEN),
    typing=True,
    reply_window=timedelta(hours=24),
    staff_window=timedelta(days=7),
    proactive="no",
    profiles=True,
    receipts=True,
)
#: Where accounts without a Page are called.
INSTAGRAM_GRAPH = "https://graph.instagram.com"
#: What an account by Instagram's own login tells its app of.
EVENTS = ("messages", "messaging_postbacks", "messaging_seen", "messaging_referral")
#: Seconds between two renewals, and for which a token lives.
WEEK, LIFE = 7 * 24 * 3600.0, 60 * 24 * 3600.0
#: Seconds after which a process looks again whether a token is to be renewed.
LOOK = 3600.0

log = logging.getLogger(__name__)


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


class RenewedToken:
    """The token of Instagram's own login ends after sixty days: one node renews it every week, and all use that one."""

    def __init__(self, around: Around, api: Api, written: str) -> None:
        self._note = Sealed(around, "token")
        self._notes = around.notes
        self._api = api
        self._written = written
        self._looks_at = 0.0

    async def get(self, refused: str = "") -> str:
        """The renewed token, else the one of the settings. Raises `ChannelUnavailable` when neither is taken."""
        token = await self._note.get() or self._written
        if token == refused and self._written != refused:
            token = self._written  # an operator has written a new one
            await self._note.put(token, LIFE)
        if token == refused:
            raise TokenRefused("Instagram does not take the access token any more", after=REFUSED_AGAIN_AFTER)
        if refused or monotonic() < self._looks_at:
            return token
        self._looks_at = monotonic() + LOOK
        return await self._renewed(token) if await self._notes.claim(f"{self._note.name}:renew", WEEK) else token

    async def _renewed(self, token: str) -> str:
        """A new token, else the one that there is: it has weeks to live still."""
        query = {"grant_type": "ig_refresh_token", "access_token": token}
        try:
            found = (await self._api.call("GET", "/refresh_access_token", query=query)).json()
            renewed = needed(found, "access_token", MOST_TOKEN)
            await self._note.put(renewed, float(integer(found, "expires_in")))
        except ParleyError as error:
            log.warning("instagram.renew", extra={"action": "instagram.renew", "error": type(error).__name__})
            return token
        return renewed


class InstagramChannel(ConversingChannel):
    """One account."""

    wanted = "instagram"
    plain_names = True

    def __init__(self, settings: Settings, around: Around, circumstances: Circumstances = USUAL) -> None:
        self._account = settings.account_id
        self._has_page = bool(settings.page_id)
        self.events = PAGE_EVENTS if self._has_page else EVENTS
        page = settings.page_id or settings.account_id
        super().__init__(settings, around, CAPABILITIES, settings.account_id, page, circumstances)

    def tokens(self) -> Tokens:
        """A Page's token, or one that has to be renewed."""
        if self._has_page:
            return super().tokens()
        return RenewedToken(self._around, self._api, self._settings.access_token.reveal())

    async def whoami(self) -> str:
        """The account's name. Raises `ParleyError`."""
        found = await self._graph.call("GET", self._account, query={"fields": "username"})
        return "@" + text(found, "username", MOST_NAME)

    async def deep_link(self, data: str, words: str) -> str:  # noqa: ARG002
        """Raises as `whoami`. https://developers.facebook.com/docs/messenger-platform/instagram/features/ig-me-links"""
        return f"https://ig.me/m/{(await self.whoami())[1:]}?ref={data}"

    async def profile(self, recipient: str) -> Profile:
        """The person's name, else what the account is called. Raises as `send`."""
        found = await self._graph.call("GET", recipient, query={"fields": "name,username"})
        return Profile(called(found, "name") or called(found, "username"))


def opened(settings: Settings, around: Around) -> InstagramChannel:
    """One account."""
    return InstagramChannel(settings, around)
