"""A person on a fake platform, and what that person sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file in a message of ours."""

    name: str
    content: bytes
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class ShownButton:
    """A button as the person sees it; `data` is what a tap sends back."""

    label: str
    data: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message of ours as the person sees it; `raw` is the platform's own form."""

    id: str
    text: str = ""
    buttons: tuple[ShownButton, ...] = ()
    files: tuple[ShownFile, ...] = ()
    raw: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def labels(self) -> list[str]:
        return [button.label for button in self.buttons]


class Waits(Protocol):
    """What a person needs of the platform."""

    async def until(self, condition: Any, timeout: float = ...) -> None: ...

    async def tell_waiters(self) -> None: ...


class Person:
    """Subclass it with what people do there: `says`, `taps`, `sends_photo`, `blocks`."""

    def __init__(self, platform: Waits, id: str, name: str = "Ann", locale: str = "en") -> None:  # noqa: A002
        self.id = id
        self.name = name
        self.locale = locale
        self.shown: list[Shown] = []
        self.typing_seen = 0
        self.has_blocked = False
        self.looks_at: Shown | None = None  # whose buttons are tapped; None: the newest that fits
        self._platform = platform
        self._read = 0

    def show(self, shown: Shown) -> None:
        """The platform shows a message of ours."""
        self.shown.append(shown)

    async def reads(self, timeout: float = 30.0) -> Shown:
        """The next message that was not read yet; waits for it."""
        await self._platform.until(lambda: len(self.shown) > self._read, timeout)
        self._read += 1
        return self.shown[self._read - 1]

    async def sees(self, text: str, timeout: float = 30.0) -> Shown:
        """The newest message that contains `text`; waits for it."""

        def found() -> list[Shown]:
            return [shown for shown in self.shown if text in shown.text]

        await self._platform.until(found, timeout)
        return found()[-1]

    def button(self, label: str) -> tuple[Shown, ShownButton]:
        """The newest button with this label that can be tapped, and its message."""
        for shown in [self.looks_at] if self.looks_at else reversed(self.shown):
            for button in shown.buttons:
                if button.label == label and not button.url:
                    return shown, button
        raise LookupError(f"{self.name} sees no button {label!r} to tap, only {[shown.labels for shown in self.shown]}")
