"""Pictures for tests."""

from __future__ import annotations

from io import BytesIO

from PIL import Image


def png(width: int = 8, height: int = 8) -> bytes:
    """A small real PNG."""
    out = BytesIO()
    Image.new("RGB", (width, height), "seagreen").save(out, "PNG")
    return out.getvalue()
