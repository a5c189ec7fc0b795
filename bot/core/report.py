"""What a report is to those who list it, subscribe to it and schedule it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Texts = Mapping[str, str]
"""One text by language, "en" and "zh"."""


@dataclass(frozen=True, slots=True)
class ReportInfo:
    """`name` is stable and stored; titles and descriptions are shown."""

    name: str
    title: Texts
    description: Texts
