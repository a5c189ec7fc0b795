"""A place on the map that somebody sent, in words: every channel says it in this form, and it is read back from it.

So handlers, staff, searches and exports read the same text, and there is no other memory of a place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SIGN = "📍 "
#: Behind degrees as the maps of China show them, some hundred metres from where others do; a link is put right.
_OF_CHINA = " GCJ-02"
_POINT = re.compile(rf"(?:(.+), )?(-?\d{{1,2}}\.\d{{6}}, -?\d{{1,3}}\.\d{{6}}(?:{_OF_CHINA})?)")


@dataclass(frozen=True, slots=True)
class Place:
    """`words` are its name and address, as far as the platform tells them.

    `point` is "latitude, longitude" or "", and says so where these are of a map of China.
    """

    words: str = ""
    point: str = ""

    def __str__(self) -> str:
        return _SIGN + ", ".join(filter(None, (self.words, self.point)))


def at(latitude: float, longitude: float, *names: str, of_china: bool = False) -> Place:
    """A place in degrees, and what it is called: its name, and its address, which often begins with it.

    `of_china`: the degrees are GCJ-02, and are kept as they were sent.
    """
    called = [" ".join(name.split()) for name in names]
    told = [name for name in called if name and not any(other != name and other.startswith(name) for other in called)]
    return Place(", ".join(dict.fromkeys(told)), f"{latitude:.6f}, {longitude:.6f}{_OF_CHINA * of_china}")


def read(text: str) -> Place | None:
    """The place that `text` is, and says nothing else; None for other words."""
    text = text.strip()
    if not text.startswith(_SIGN) or "\n" in text:
        return None
    told = text.removeprefix(_SIGN).strip()
    found = _POINT.fullmatch(told)
    return Place(found[1] or "", found[2]) if found else Place(told)
