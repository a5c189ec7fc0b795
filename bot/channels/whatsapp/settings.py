"""What WhatsApp can do, and what an operator sets for one number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from pydantic import Field

from bot.channels._meta.settings import MetaSettings
from bot.core.capabilities import MIB, Capabilities
from bot.settings.section import Listed

#: developers.facebook.com, WhatsApp Cloud API: three reply buttons, else a list of ten rows; templates at any time.
CAPABILITIES = Capabilities(
    channel="whatsapp",
    buttons=10,
    lists=True,
    button_label=24,
    button_data=200,
    link_buttons=True,
    text_limit=4096,
    caption_limit=1024,
    image_bytes=5 * MIB,
    file_bytes=100 * MIB,
    typing=True,
    reply_window=timedelta(hours=24),
    proactive="template",
    receipts=True,
)


@dataclass(frozen=True, slots=True)
class Template:
    """An approved template whose body has one variable: what is said goes there."""

    name: str
    language: str


class Settings(MetaSettings):
    """One number of a WhatsApp Business account."""

    cure = (
        "copy `access_token` again (business.facebook.com, System users) and check `phone_number_id` and `app_secret`"
    )

    phone_number_id: str = Field(default="", pattern=r"^\d*$", description="The number's id, not the number itself.")
    business_account_id: str = Field(
        default="",
        pattern=r"^\d*$",
        description="The WhatsApp Business account; with it events are subscribed at start. Which ones, the app's page "
        "Webhooks says: messages, and user_preferences for who wants no advertising any more.",
    )
    template: str = Field(
        default="", max_length=512, description="An approved template with one variable, for messages after 24 hours."
    )
    template_language: str = Field(default="en", description="The language code that the template was approved in.")
    media_hosts: Listed = Field(
        default=("lookaside.fbsbx.com",), description="Hosts that may be asked for media with the access token."
    )
    list_button: str = Field(
        default="", max_length=20, description="What opens a list, instead of a word in each customer's language."
    )

    def missing(self) -> tuple[str, ...]:
        """A number is its id and a token."""
        return (*super().missing(), *(() if self.phone_number_id else ("phone_number_id",)))

    @property
    def approved(self) -> Template | None:
        """The template for messages after the window; None where there is none."""
        return Template(self.template, self.template_language) if self.template else None
