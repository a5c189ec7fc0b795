"""Draws the demo shop's product pictures; `scripts/demo_pictures.py` writes them to bot/demo/pictures.

They are drawn at twice their size and shrunk. Run it again after a change, look, and commit what it wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from drawing import teas, ware
from PIL import Image

SIDE, THUMB = 800, 320
FOLDER = Path(__file__).resolve().parent.parent / "bot" / "demo" / "pictures"

PICTURES: dict[str, Callable[[], Image.Image]] = {
    "longjing": teas.longjing,
    "jasmine": teas.jasmine,
    "tieguanyin": teas.tieguanyin,
    "lapsang": teas.lapsang,
    "silver-needle": teas.needle,
    "puer": teas.puer,
    "gaiwan": ware.gaiwan,
    "teapot": ware.teapot,
    "kettle": ware.kettle,
    "cups": ware.cups,
}


def main() -> None:
    """Draw them all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        image = draw()
        for suffix, side in (("", SIDE), (".thumb", THUMB)):
            path = FOLDER / f"{name}{suffix}.webp"
            image.resize((side, side), Image.Resampling.LANCZOS).save(path, "WEBP", quality=84, method=6)
            print(f"{path.name}: {path.stat().st_size / 1000:.1f} kB")


if __name__ == "__main__":
    main()
