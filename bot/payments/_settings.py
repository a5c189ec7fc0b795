"""What the tables of all payment providers share."""

from __future__ import annotations

from typing import ClassVar

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
