"""A picture to scan, made here: no other service sees what it says."""

from __future__ import annotations

import segno

from web.views import Json


def picture(text: str) -> Json:
    """`{size, path}`: modules on each side, with the quiet zone of four, and the dark ones as the path of an SVG."""
    code = segno.make(text, error="m", micro=False)
    rows = [bytes(row) for row in code.matrix_iter(border=4)]
    runs = [run for y, row in enumerate(rows) for run in _runs(y, row)]
    return {"size": len(rows), "path": "".join(runs)}


def _runs(y: int, row: bytes) -> list[str]:
    """The dark stretches of a row, each one module high."""
    found, x = list[str](), 0
    while x < len(row):
        end = x
        while end < len(row) and row[end]:
            end += 1
        if end > x:
            found.append(f"M{x} {y}h{end - x}v1h-{end - x}z")
        x = max(end, x + 1)
    return found
