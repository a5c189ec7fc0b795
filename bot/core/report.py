"""What a report is to those who list it, subscribe to it and schedule it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Texts = Mapping[str, str]
"""One text by language, "en" and "zh"."""


@dataclass(frozen=True, slots=True)
class ReportInfo:
    """`name` is stable and stored; titles and descriptions are shown."""

    name: str
    title: Texts
    description: Texts


class Reports(dict[str, ReportInfo]):
    """The reports that ship, by name. The composition root fills it once at start-up."""

    def fill(self, infos: Iterable[ReportInfo]) -> None:
        """Replace what is known."""
        self.clear()
        self.update({info.name: info for info in infos})


REPORTS = Reports()
