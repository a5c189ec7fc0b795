"""What several pictures show: a tea tin, a cup."""

from __future__ import annotations

from PIL import Image

from drawing.shapes import Colour, Paint, disc, lathe, mix, shadow
from drawing.surfaces import flat, label


def tin(image: Image.Image, x: float, top: float, bottom: float, radius: float, base: Colour, paper: Colour) -> None:
    """A tea tin with its lid."""
    shadow(image, x, bottom + radius * 0.16, radius * 1.02, radius * 0.26)
    lathe(image, x, [(top, radius), (bottom, radius)], label(base, paper, mix(base, (0, 0, 0), 0.25)), gloss=0.22)
    lid = mix(base, (0, 0, 0), 0.16)
    lathe(image, x, [(top - 20, radius * 1.03), (top + 118, radius * 1.03)], flat(lid), gloss=0.28)
    disc(
        image,
        x,
        top - 20,
        radius * 1.03,
        radius * 0.17,
        mix(lid, (255, 255, 255), 0.34),
        mix(lid, (255, 255, 255), 0.08),
    )
    disc(
        image,
        x,
        top - 22,
        radius * 0.86,
        radius * 0.135,
        mix(lid, (255, 255, 255), 0.16),
        mix(lid, (255, 255, 255), 0.26),
    )


def bowl(
    image: Image.Image, x: float, top: float, radius: float, tall: float, paint: Paint, inside: Colour, *,
    drink: Colour | None = None, gloss: float = 0.4, wall: float = 0.035,
) -> None:  # fmt: skip
    """A cup seen a little from above, with or without tea."""
    foot = top + tall
    shadow(image, x, foot + radius * 0.06, radius * 0.72, radius * 0.16)
    lathe(image, x, [(top + tall * 0.90, radius * 0.40), (foot, radius * 0.38)], paint, gloss=gloss, bend=0.22)
    profile = [(top, radius), (top + tall * 0.25, radius * 0.93), (top + tall * 0.58, radius * 0.76),
               (top + tall * 0.82, radius * 0.53), (top + tall * 0.93, radius * 0.36)]  # fmt: skip
    lathe(image, x, profile, paint, gloss=gloss, bend=0.24)
    rim = mix(inside, (255, 255, 255), 0.6)
    disc(image, x, top, radius, radius * 0.26, rim, mix(rim, (90, 80, 70), 0.22))
    disc(image, x, top + 3, radius * (1 - wall), radius * (0.26 - wall * 0.6), mix(inside, (60, 50, 40), 0.26), inside)
    if drink:
        disc(
            image,
            x,
            top + radius * 0.075,
            radius * 0.86,
            radius * 0.175,
            mix(drink, (255, 255, 255), 0.06),
            mix(drink, (255, 255, 255), 0.34),
        )
        disc(
            image,
            x - radius * 0.3,
            top + radius * 0.02,
            radius * 0.22,
            radius * 0.028,
            mix(drink, (255, 255, 255), 0.6),
            mix(drink, (255, 255, 255), 0.45),
        )
