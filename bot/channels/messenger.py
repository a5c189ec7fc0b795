"""Messenger: a Facebook Page's conversations, by webhook and Send API.

https://developers.facebook.com/documentation/business-messaging/messenger-platform
"""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from bot.channels._account import Around
from bot.channels._meta.channel import USUAL, Circumstances
from bot.channels._meta.conversing import ConversingChannel
from bot.channels._meta.graph import NotPermitted, Written
from bot.channels._meta.sending import CAROUSEL
from bot.channels._meta.settings import PageSettings
from bot.channels._reading import MOST_NAME, Json, called, objects, text
from bot.core.capabilities import MIB, Capabilities
from bot.core.errors import BadInput
from bot.core.ports import Profile

#: developers.facebook.com, Messenger Platform: quick replies; staff may answer for seven days.
CAPABILITIES = Capabilities(
    channel="messenger",
    buttons=13,
    button_label=20,
    button_data=1000,
    link_buttons=True,
    cards=True,
    carousel=CAROUSEL,
    text_limit=2000,
    image_bytes=25 * MIB,
    gif_bytes=8 * MIB,
    file_bytes=25 * MIB,
    typing=True,
    reply_window=timedelta(hours=24),
    staff_window=timedelta(days=7),
    proactive="no",
    profiles=True,
    receipts=True,
)


class Settings(PageSettings):
    """One Page."""

    cure = (
        "copy `access_token` or `system_token` again (business.facebook.com, System users) and check `page_id` and "
        "`app_secret`"
    )

    page_id: str = Field(default="", pattern=r"^\d*$", description="The Page's id: About, Page transparency.")

    def missing(self) -> tuple[str, ...]:
        """A Page is its id and a token."""
        return (*super().missing(), *(() if self.page_id else ("page_id",)))


class MessengerChannel(ConversingChannel):
    """One Page."""

    wanted = "page"
    marks = True

    def __init__(self, settings: Settings, around: Around, circumstances: Circumstances = USUAL) -> None:
        super().__init__(settings, around, CAPABILITIES, settings.page_id, settings.page_id, circumstances)

    async def whoami(self) -> str:
        """The Page's name. Raises `ParleyError`."""
        return text(await self._graph.call("GET", self._page, query={"fields": "name"}), "name", MOST_NAME)

    async def deep_link(self, data: str, words: str) -> str:  # noqa: ARG002
        """https://developers.facebook.com/docs/messenger-platform/discovery/m-me-links."""
        return f"https://m.me/{self._page}?ref={data}"

    async def profile(self, recipient: str) -> Profile:
        """The person's name, and the language where the app may know it. Raises as `send`."""
        try:
            found = await self._profile(recipient, "name,locale")
        except (BadInput, NotPermitted):
            found = await self._profile(recipient, "name")
        return Profile(called(found, "name"), called(found, "locale").replace("_", "-"))

    async def people_of(self, user: str) -> tuple[str, ...]:
        """Meta asks for deletion by an id within the app, and tells which it is on the Page. Raises `ParleyError`."""
        if not self._settings.app_secret or not self._page_settings.app_id:
            return (user,)
        token = f"{self._page_settings.app_id}|{self._settings.app_secret.reveal()}"
        found = await self.graph(Written(token)).call("GET", f"{user}/ids_for_pages", query={"page": self._page})
        return tuple(text(one, "id", MOST_NAME) for one in objects(found, "data"))

    async def register(self) -> None:
        """The Page tells the app of its conversations, and has a button that opens them. Raises `ParleyError`."""
        await super().register()
        if payload := self._page_settings.get_started:
            button: Json = {"get_started": {"payload": payload}}
            await self._graph.call("POST", f"{self._page}/messenger_profile", json=button)

    async def _profile(self, recipient: str, fields: str) -> Json:
        return await self._graph.call("GET", recipient, query={"fields": fields})


def opened(settings: Settings, around: Around) -> MessengerChannel:
    """One Page."""
    return MessengerChannel(settings, around)
