"""What the tables of all shops share."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from bot.settings.section import Section


class StoreSettings(Section):
    """The table of one shop. `cure` is what an operator does to connect it, or when it does not work."""

    cure: ClassVar[str] = ""
    needed: ClassVar[tuple[str, ...]] = ()

    language: Literal["", "en", "zh"] = Field(
        default="", description="Language of its titles and descriptions; empty: the first of shop.languages."
    )
    every: float = Field(default=60, ge=5, description="Seconds after which it is asked again what changed.")
    timeout: float = Field(default=30, gt=0, description="Seconds for a call.")

    @property
    def is_on(self) -> bool:
        """Whether anything that it needs was set; then all of it must be."""
        return any(getattr(self, name) for name in self.needed)

    def missing(self) -> tuple[str, ...]:
        """Keys that it needs, and has not."""
        return tuple(name for name in self.needed if not getattr(self, name))
