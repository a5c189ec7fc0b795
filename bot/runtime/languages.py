"""The catalogues of what the bot says: compiled when they are stale, chosen by the customer's language tag."""

from __future__ import annotations

import gettext
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.core.text import Language, Voice

DOMAIN = "parley"
SOURCE = "en"  # the language that the handlers are written in


class Languages:
    """The languages that this shop speaks; the first is for whoever's own is not among them."""

    def __init__(self, folder: Path, supported: Sequence[str], timezone: str = "UTC") -> None:
        self.supported = tuple(supported)
        self._zone = ZoneInfo(timezone)
        self._voices = {tag: Voice(tag, _catalogue(folder, tag), self._local) for tag in self.supported}

    def voice(self, tag: str) -> Voice:
        """The voice for a language tag: "zh-hans-CN" is zh; an unknown one is the first language."""
        return self._voices[self.choose(tag)]

    def choose(self, tag: str) -> str:
        """Which of our languages a reader of `tag` gets."""
        language = tag.replace("_", "-").partition("-")[0].lower()
        return language if language in self._voices else self.supported[0]

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone)


def _catalogue(folder: Path, tag: str) -> Language:
    if tag == SOURCE:
        return gettext.NullTranslations()
    source = folder / tag / "LC_MESSAGES" / f"{DOMAIN}.po"
    compiled = source.with_suffix(".mo")
    if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
        _compile(source, compiled, tag)
    with compiled.open("rb") as file:
        return gettext.GNUTranslations(file)


def _compile(source: Path, compiled: Path, tag: str) -> None:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with source.open("rb") as file:
        catalogue = read_po(file, locale=tag, domain=DOMAIN)
    with compiled.open("wb") as file:
        write_mo(file, catalogue)
