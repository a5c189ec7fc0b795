"""What the tables of all payment providers share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import Field

from bot.settings.section import Section


class PaymentSettings(Section):
    """The table of one provider. `cure` is what an operator does to switch it on, or when it does not work."""

    cure: ClassVar[str] = ""
    needed: ClassVar[tuple[str, ...]] = ()

    @property
    def is_on(self) -> bool:
        """Whether anything that it needs was set; then all of it must be."""
        return any(getattr(self, name) for name in self.needed)

    def missing(self) -> tuple[str, ...]:
        """Keys that it needs, and has not."""
        return tuple(name for name in self.needed if not getattr(self, name))


class BotSettings(PaymentSettings):
    """The table of a provider that is paid inside the client of Telegram, by one of our bots."""

    account: str = Field(
        default="telegram", min_length=1, description="The channel account of the bot, in whose chats it is offered."
    )
    timeout: float = Field(default=20, gt=0, description="Seconds for a call.")


@dataclass(frozen=True, slots=True)
class BotAccess:
    """How a bot of ours is called."""

    account: str
    token: str = field(repr=False)
    api_base: str
