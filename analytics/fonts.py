"""Finds a font with Chinese letters: the one that comes as a wheel, else one of the system."""

from __future__ import annotations

import logging
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from matplotlib import font_manager

#: Well-kept free families first; any of them looks right.
FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Microsoft YaHei",
    "SimHei",
    "Heiti SC",
    "Droid Sans Fallback",
)
#: The wheel and its file; a collection whose Simplified Chinese face is in FAMILIES.
WHEEL = ("noto_cjk_sans_otc", "NotoSansCJK-Regular.ttc")
LATIN = "DejaVu Sans"

logger = logging.getLogger(__name__)


def wheel_font() -> Path | None:
    """The font file of the wheel, when that is installed."""
    spec = find_spec(WHEEL[0])
    path = Path(spec.origin).parent / WHEEL[1] if spec and spec.origin else None
    return path if path and path.is_file() else None


@cache
def chinese_family() -> str:
    """The family to draw Chinese with; empty when this machine has none."""
    if path := wheel_font():
        font_manager.fontManager.addfont(path)
    known = set(font_manager.fontManager.get_font_names())
    found = next((family for family in FAMILIES if family in known), "")
    if not found:
        logger.warning("no font with Chinese letters", extra={"action": "report.font_missing"})
    return found


def families() -> list[str]:
    """What to draw with, in order of preference. The Chinese one has Latin letters that fit it, so it comes first."""
    return [family for family in (chinese_family(), LATIN) if family]


def font_problem() -> str:
    """What is wrong and how to mend it, for `check`; empty when Chinese letters can be drawn."""
    if chinese_family():
        return ""
    return (
        "no font with Chinese letters: pictures of reports show boxes instead. Install one "
        "(Debian or Ubuntu: apt install fonts-noto-cjk, or pip install noto-cjk-sans-otc)"
    )
