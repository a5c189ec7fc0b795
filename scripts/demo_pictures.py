"""Draws the demo shop's product pictures; `scripts/demo_pictures.py` writes them to bot/demo/pictures.

Everything is shapes and light: a body turned on a lathe from its profile, lit from the upper left, on a quiet ground.
They are drawn at twice their size and shrunk. Run it again after a change, look, and commit what it wrote.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

SIDE, THUMB = 800, 320
SIZE = 2 * SIDE
FOLDER = Path(__file__).resolve().parent.parent / "bot" / "demo" / "pictures"

Colour = tuple[int, int, int]
Point = tuple[float, float]
Paint = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
"""From angle (-1 left … 1 right) and height (0 top … 1 bottom) to a colour for each pixel, shape (…, 3)."""


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """`share` of `b` in `a`."""
    return tuple(round(x + (y - x) * share) for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


def ground(tint: Colour) -> Image.Image:
    """A wall that fades into a table, and a pale moon behind the thing."""
    pale, deep = mix(tint, (255, 255, 255), 0.78), mix(tint, (255, 255, 255), 0.55)
    rows = np.linspace(0, 1, SIZE)[:, None]
    wall = np.array(pale) + (np.array(deep) - np.array(pale)) * rows**1.5
    table = np.array(mix(deep, tint, 0.16))
    edge = 1 / (1 + np.exp(-(rows - 0.70) * 42))
    picture = (wall * (1 - edge) + table * edge * (1 + (0.80 - rows) * 0.22))[:, None, :].repeat(SIZE, axis=1)
    image = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8), "RGB")
    moon = Image.new("L", image.size, 0)
    ImageDraw.Draw(moon).ellipse(box(SIZE * 0.56, SIZE * 0.40, 500, 500), fill=120)
    image.paste((255, 255, 255), mask=moon.filter(ImageFilter.GaussianBlur(4)))
    return image


def box(x: float, y: float, rx: float, ry: float) -> tuple[float, float, float, float]:
    """The box of an ellipse around (x, y)."""
    return x - rx, y - ry, x + rx, y + ry


def shadow(image: Image.Image, x: float, y: float, rx: float, ry: float, dark: int = 110) -> None:
    """What the thing takes of the light, a little to the right."""
    for blur, share, spread in ((70, 0.55, 1.25), (22, 0.6, 1.0)):
        mask = Image.new("L", image.size, 0)
        ImageDraw.Draw(mask).ellipse(box(x + rx * 0.16, y, rx * spread, ry * spread), fill=int(dark * share))
        image.paste((45, 35, 30), mask=mask.filter(ImageFilter.GaussianBlur(blur)))


def smooth(points: Sequence[Point], steps: int = 24) -> list[Point]:
    """A Catmull-Rom curve through the points."""
    padded = [points[0], *points, points[-1]]
    curve: list[Point] = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for step in range(steps):
            t = step / steps
            curve.append(tuple(  # type: ignore[arg-type]
                0.5 * (2 * b[i] + (c[i] - a[i]) * t + (2 * a[i] - 5 * b[i] + 4 * c[i] - d[i]) * t**2
                       + (3 * b[i] - a[i] - 3 * c[i] + d[i]) * t**3) for i in (0, 1)
            ))  # fmt: skip
    return [*curve, points[-1]]


def flat(colour: Colour) -> Paint:
    """One colour all over."""
    return lambda u, _v: np.broadcast_to(np.array(colour, float), (*u.shape, 3))


def lathe(
    image: Image.Image, x: float, profile: Sequence[Point], paint: Paint, *, gloss: float = 0.35, bend: float = 0.16
) -> None:
    """A turned body: `profile` is (height, radius) from top to bottom; `bend` is how far we look down on it."""
    curve = smooth(profile)
    heights, radii = np.array([p[0] for p in curve]), np.array([p[1] for p in curve])
    ys, xs = np.mgrid[0:SIZE, 0:SIZE].astype(float)
    radius = np.interp(ys, heights, radii)
    for _ in range(3):  # rings look like ellipses: the height on the body sags towards the middle
        u = np.clip((xs - x) / np.maximum(radius, 1), -1, 1)
        on_body = ys - bend * radius * (np.sqrt(1 - u**2))
        radius = np.interp(on_body, heights, radii)
    u = (xs - x) / np.maximum(radius, 1)
    inside = (np.abs(u) <= 1) & (on_body >= heights[0] - 1) & (on_body <= heights[-1])
    u = np.clip(u, -1, 1)
    v = (on_body - heights[0]) / (heights[-1] - heights[0])
    colour = paint(u, v)
    turned = np.sqrt(1 - u**2)
    slope = np.gradient(radii, heights + np.arange(len(heights)) * 1e-6)
    lean = -np.interp(on_body, heights, slope) / np.sqrt(1 + np.interp(on_body, heights, slope) ** 2)
    light = np.clip(-0.52 * u * 0.9 + 0.72 * turned - 0.30 * -lean * -1, 0, 1.2)
    shade = 0.50 + 0.58 * light
    shine = np.exp(-(((u + 0.42) / 0.13) ** 2)) * gloss + np.exp(-(((u - 0.86) / 0.10) ** 2)) * gloss * 0.35
    lit = colour * shade[..., None]
    lit = lit + (255 - lit) * np.clip(shine, 0, 1)[..., None]
    _put(image, lit, inside)


def _put(image: Image.Image, colours: NDArray[np.float64], inside: NDArray[np.bool_]) -> None:
    layer = Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8), "RGB")
    mask = Image.fromarray((inside * 255).astype(np.uint8), "L").filter(ImageFilter.GaussianBlur(1.2))
    image.paste(layer, mask=mask)


def disc(
    image: Image.Image, x: float, y: float, rx: float, ry: float, bright: Colour, dark: Colour, *, turn: float = 1.0
) -> None:
    """A flat round seen from above, lighter on one side."""
    ys, xs = np.mgrid[0:SIZE, 0:SIZE].astype(float)
    u, v = (xs - x) / rx, (ys - y) / ry
    share = np.clip((u * 0.6 * turn + v * 0.6) * 0.5 + 0.5, 0, 1)[..., None]
    _put(image, np.array(bright) + (np.array(dark, float) - np.array(bright)) * share, u**2 + v**2 <= 1)


def stroke(image: Image.Image, points: Sequence[Point], width: float, colour: Colour, *, light: float = 0.35) -> None:
    """A round tube along a curve: handles, spouts' edges, stems."""
    curve = smooth(points)
    for share, thick in ((0.0, 1.0), (light * 0.5, 0.66), (light, 0.34)):
        draw = ImageDraw.Draw(image)
        shift = width * 0.14 * (1 - thick)
        for px, py in curve:
            draw.ellipse(box(px - shift, py - shift, width * thick / 2, width * thick / 2),
                         fill=mix(mix(colour, (0, 0, 0), 0.18), (255, 255, 255), share))  # fmt: skip


def leaf(image: Image.Image, x: float, y: float, long: float, wide: float, angle: float, colour: Colour) -> None:
    """A leaf with two halves, one in the light."""
    turn = math.radians(angle)
    for side, share in ((-1, 0.16), (1, -0.10)):
        shape = [(0.0, 0.0), (0.25, 0.42 * side), (0.55, 0.5 * side), (0.85, 0.24 * side), (1.0, 0.0)]
        points = [
            (x + (a * long * math.cos(turn) - b * wide * math.sin(turn)),
             y + (a * long * math.sin(turn) + b * wide * math.cos(turn)))
            for a, b in [*smooth(shape, 8), (0.0, 0.0)]
        ]  # fmt: skip
        tone = mix(colour, (255, 255, 255), share) if share > 0 else mix(colour, (0, 0, 0), -share)
        ImageDraw.Draw(image).polygon(points, fill=tone)


def heap(
    seed: int, x: float, y: float, rx: float, ry: float, count: int,
    one: Callable[[random.Random, float, float], None], lift: float = 0.9,
) -> None:  # fmt: skip
    """Many small things in a heap, the near ones last."""
    dice = random.Random(seed)
    spots = []
    for _ in range(count):
        angle, far = dice.uniform(0, math.tau), math.sqrt(dice.random())
        spots.append((x + rx * far * math.cos(angle), y + ry * far * math.sin(angle) - (1 - far) * ry * lift))
    for px, py in sorted(spots, key=lambda spot: spot[1]):
        one(dice, px, py)


def steam(image: Image.Image, x: float, y: float) -> None:
    """Three soft lines of warm air."""
    mask = Image.new("L", image.size, 0)
    draw = ImageDraw.Draw(mask)
    for shift, tall in ((-70, 250), (0, 330), (75, 230)):
        line = [(x + shift + 24 * math.sin(t / 3.2 + shift), y - tall * t / 12) for t in range(13)]
        for step, (px, py) in enumerate(smooth(line, 10)):
            draw.ellipse(box(px, py, 9 * math.sin(math.pi * step / 121) + 2, 9), fill=150)
    image.paste((255, 255, 255), mask=mask.filter(ImageFilter.GaussianBlur(13)))


def bands(base: Colour, *stripes: tuple[float, float, Colour]) -> Paint:
    """Rings of another colour, each from height to height."""

    def paint(u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
        colour = np.broadcast_to(np.array(base, float), (*u.shape, 3)).copy()
        for top, bottom, stripe in stripes:
            colour[(v >= top) & (v <= bottom)] = stripe
        return colour

    return paint


def label(base: Colour, paper: Colour, mark: Colour) -> Paint:
    """A tin with a paper label that has a leaf-shaped mark and two lines."""

    def paint(u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
        colour = np.broadcast_to(np.array(base, float), (*u.shape, 3)).copy()
        across = np.arcsin(np.clip(u, -1, 1))
        on = (np.abs(across + 0.12) < 0.62) & (v > 0.26) & (v < 0.84)
        colour[on] = paper
        rim = on & ~((np.abs(across + 0.12) < 0.57) & (v > 0.285) & (v < 0.815))
        colour[rim] = mark
        a, b = (across + 0.12) * 0.4, v - 0.48
        for lean, long, x0 in ((0.55, 0.13, 0.028), (-0.75, 0.10, -0.026)):
            p = (a - x0) * math.cos(lean) + b * math.sin(lean)
            q = -(a - x0) * math.sin(lean) + b * math.cos(lean)
            blade = on & (np.abs(p) < 0.036 * (long / 0.13) * np.clip(1 - (q / long) ** 2, 0, 1))
            colour[blade] = mark
            colour[blade & (np.abs(p) < 0.0024)] = paper
        colour[on & (np.abs(a + 0.004) < 0.003) & (b > 0.05) & (b < 0.17)] = mark
        for line in (0.725, 0.76):
            colour[on & (np.abs(across + 0.12) < (0.26 if line < 0.74 else 0.16)) & (np.abs(v - line) < 0.006)] = mark
        return colour

    return paint


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


def longjing() -> Image.Image:
    """A green tin, and flat spring leaves before it."""
    image = ground((126, 160, 104))
    tin(image, 720, 470, 1180, 285, (79, 122, 78), (246, 242, 228))
    shadow(image, 1130, 1265, 250, 52, 80)

    def one(dice: random.Random, x: float, y: float) -> None:
        green = mix((104, 136, 62), (172, 178, 92), dice.random())
        leaf(image, x - 50, y, dice.uniform(105, 150), dice.uniform(20, 30), dice.uniform(-34, 34), green)

    heap(3, 1130, 1250, 225, 58, 120, one)
    return image


def jasmine() -> Image.Image:
    """Rolled pearls in a dish, with jasmine flowers."""
    image = ground((214, 186, 120))
    bowl(image, 800, 900, 440, 290, flat((247, 244, 236)), (240, 236, 226))

    def pearl(dice: random.Random, x: float, y: float) -> None:
        draw, size = ImageDraw.Draw(image), dice.uniform(30, 37)
        tone = mix((122, 128, 88), (176, 172, 128), dice.random())
        draw.ellipse(box(x, y, size, size), fill=mix(tone, (30, 30, 10), 0.35))
        draw.ellipse(box(x - 4, y - 4, size - 6, size - 6), fill=tone)
        draw.arc(box(x, y, size * 0.62, size * 0.8), 200, 340, fill=(226, 222, 196), width=6)
        draw.ellipse(box(x - 11, y - 12, 7, 6), fill=mix(tone, (255, 255, 255), 0.5))

    heap(5, 800, 890, 330, 60, 150, pearl)
    for x, y, size in ((1165, 1290, 1.0), (1010, 1345, 0.78), (690, 815, 0.72), (470, 1310, 0.66)):
        flower(image, x, y, size)
    return image


def flower(image: Image.Image, x: float, y: float, size: float) -> None:
    """A jasmine flower."""
    if y > 1000:
        shadow(image, x, y + 34 * size, 88 * size, 30 * size, 60)
        leaf(image, x + 30 * size, y + 26 * size, 150 * size, 62 * size, 18, (98, 132, 78))
    for turn in range(5):
        angle = turn * 72 - 90
        leaf(image, x, y, 104 * size, 74 * size, angle, (250, 248, 242))
    ImageDraw.Draw(image).ellipse(box(x, y, 17 * size, 15 * size), fill=(228, 204, 120))


def tieguanyin() -> Image.Image:
    """A blue-green tin, and tight rolled oolong."""
    image = ground((108, 152, 156))
    tin(image, 860, 440, 1180, 275, (54, 96, 104), (240, 232, 208))
    shadow(image, 480, 1270, 240, 52, 80)

    def nugget(dice: random.Random, x: float, y: float) -> None:
        tone = mix((52, 78, 58), (112, 128, 74), dice.random())
        size = dice.uniform(20, 30)
        draw = ImageDraw.Draw(image)
        draw.ellipse(box(x, y, size * 1.25, size), fill=mix(tone, (0, 0, 0), 0.3))
        draw.ellipse(box(x - 4, y - 5, size, size * 0.72), fill=tone)
        draw.ellipse(box(x - 9, y - 9, size * 0.4, size * 0.22), fill=mix(tone, (255, 255, 255), 0.35))
        draw.line((x + size, y, x + size * 1.7, y + dice.uniform(-9, 9)), fill=mix(tone, (90, 60, 30), 0.5), width=8)

    heap(8, 490, 1250, 215, 62, 110, nugget)
    return image


def lapsang() -> Image.Image:
    """A white cup of red tea, steaming."""
    image = ground((196, 122, 84))
    disc(image, 790, 1185, 520, 128, (252, 249, 243), (216, 206, 194))
    disc(image, 790, 1176, 380, 88, (226, 218, 208), (246, 241, 234))
    handle = [(1120, 860), (1290, 830), (1310, 960), (1190, 1040), (1080, 1050)]
    stroke(image, handle, 46, (244, 238, 230))
    bowl(image, 790, 790, 380, 380, flat((250, 246, 239)), (244, 238, 229), drink=(156, 58, 22), gloss=0.3)
    steam(image, 800, 720)
    return image


def needle() -> Image.Image:
    """Silver needles on a wooden tray."""
    image = ground((168, 176, 186))
    shadow(image, 800, 1060, 580, 130)
    disc(image, 800, 1010, 590, 205, (150, 108, 72), (118, 80, 52))
    disc(image, 800, 984, 590, 205, (196, 152, 108), (162, 118, 80))
    disc(image, 800, 990, 545, 182, (150, 110, 74), (186, 142, 98))

    def one(dice: random.Random, x: float, y: float) -> None:
        tone = mix((178, 186, 160), (238, 240, 228), dice.random())
        angle = dice.gauss(-14, 34)
        leaf(
            image, x - 90 * math.cos(math.radians(angle)), y, dice.uniform(170, 235), dice.uniform(22, 30), angle, tone
        )

    heap(13, 800, 985, 350, 112, 210, one, lift=0.45)
    return image


def puer() -> Image.Image:
    """A pressed cake, half out of its paper."""
    image = ground((166, 128, 100))
    shadow(image, 800, 1090, 530, 120)
    lathe(image, 800, [(880, 520), (905, 520), (960, 515), (985, 500)], flat((84, 58, 44)), gloss=0.05, bend=0.365)
    disc(image, 800, 880, 520, 190, (112, 80, 60), (66, 44, 34))

    def flake(dice: random.Random, x: float, y: float) -> None:
        tone = mix((56, 38, 30), (140, 102, 72), dice.random() ** 1.8)
        turn = dice.uniform(0, math.tau)
        long = dice.uniform(30, 58)
        dx, dy = long * math.cos(turn), long * math.sin(turn) * 0.36
        ImageDraw.Draw(image).line((x - dx, y - dy, x + dx, y + dy), fill=mix(tone, (0, 0, 0), 0.35), width=15)
        ImageDraw.Draw(image).line((x - dx, y - dy - 3, x + dx, y + dy - 3), fill=tone, width=9)

    heap(21, 800, 886, 482, 168, 800, flake, lift=0)
    disc(image, 800, 884, 92, 30, (48, 32, 26), (84, 58, 42))
    paper(image)
    return image


def paper(image: Image.Image) -> None:
    """The ticket that lies on the cake's edge, with a red seal."""
    draw = ImageDraw.Draw(image)
    shadow(image, 1150, 1160, 190, 40, 80)
    edge = [(930, 1075), (1040, 960), (1210, 930), (1350, 1010), (1330, 1130), (1180, 1195), (1010, 1170), (930, 1075)]
    draw.polygon(smooth(edge, 14), fill=(222, 209, 182))
    draw.polygon([(x * 0.97 + 34, y * 0.97 + 26) for x, y in smooth(edge, 14)], fill=(243, 234, 214))
    draw.rounded_rectangle((1120, 1010, 1204, 1094), 12, fill=(172, 58, 44))
    draw.rounded_rectangle((1134, 1024, 1190, 1080), 6, outline=(240, 226, 206), width=5)
    draw.line((1162, 1024, 1162, 1080), fill=(240, 226, 206), width=5)
    draw.line((1134, 1052, 1190, 1052), fill=(240, 226, 206), width=5)
    for y in (1030, 1056, 1082):
        draw.line((1232, y, 1290 - (y - 1030) * 0.4, y), fill=(150, 130, 104), width=6)
        draw.line((1010 + (1082 - y) * 0.5, y, 1086, y), fill=(150, 130, 104), width=6)


def gaiwan() -> Image.Image:
    """A lidded bowl on its saucer, white with a blue ring."""
    image = ground((134, 158, 190))
    shadow(image, 800, 1245, 470, 100)
    blue, white = (58, 88, 148), (248, 248, 246)
    lathe(image, 800, [(1150, 470), (1195, 360), (1235, 250)], bands(white, (0.0, 0.10, blue)), gloss=0.2, bend=0.22)
    disc(image, 800, 1150, 470, 118, (252, 252, 250), (214, 216, 220))
    disc(image, 800, 1158, 300, 70, (206, 210, 216), (240, 241, 242))
    lathe(image, 800, [(1050, 190), (1150, 180)], flat(white), gloss=0.3)
    cup = [(690, 395), (760, 372), (890, 318), (1000, 250), (1080, 176)]
    lathe(image, 800, cup, petals(white, blue), gloss=0.45, bend=0.22)
    disc(image, 800, 690, 395, 92, (252, 252, 250), (206, 208, 214))
    disc(image, 800, 694, 376, 84, (196, 200, 208), (232, 234, 238))
    lid = [(520, 96), (556, 190), (610, 290), (672, 352)]
    lathe(image, 800, lid, bands(white, (0.80, 0.86, blue)), gloss=0.4, bend=0.22)
    lathe(image, 800, [(446, 92), (480, 62), (530, 74)], bands(white, (0.0, 0.16, blue)), gloss=0.4, bend=0.2)
    disc(image, 800, 446, 92, 20, (252, 252, 250), (210, 212, 218))
    disc(image, 800, 448, 70, 13, (200, 204, 212), (230, 232, 236))
    return image


def petals(base: Colour, line: Colour) -> Paint:
    """Porcelain with two rings and branches of small leaves between."""

    def paint(u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
        colour = bands(base, (0.045, 0.065, line), (0.085, 0.095, line), (0.86, 0.875, line))(u, v).copy()
        across = np.arcsin(np.clip(u, -1, 1)) * 3.0
        stem = np.abs(v - 0.42 - 0.07 * np.sin(across * 1.6)) < 0.008
        colour[stem] = line
        for number in range(-11, 12):
            at = number * 0.42
            high = 0.42 + 0.07 * math.sin(at * 1.6)
            side = 1 if number % 2 else -1
            a, b = across - at - 0.10, (v - high - side * 0.062) * 4.0
            p, q = a * 0.8 + b * 0.6 * side, -a * 0.6 * side + b * 0.8
            colour[(p / 0.24) ** 2 + (q / 0.09) ** 2 < 1] = mix(line, (255, 255, 255), 0.12 if number % 3 else 0.38)
        return colour

    return paint


def teapot() -> Image.Image:
    """A pot of purple clay."""
    image = ground((190, 140, 116))
    clay = (134, 74, 54)
    shadow(image, 800, 1210, 440, 100)
    stroke(
        image, [(1130, 820), (1290, 760), (1400, 860), (1370, 1010), (1240, 1090), (1110, 1080)], 58, clay, light=0.22
    )
    spout(image, clay)
    body = [(700, 200), (730, 290), (820, 400), (930, 440), (1050, 405), (1130, 320), (1175, 250)]
    lathe(image, 800, body, flat(clay), gloss=0.16, bend=0.14)
    lathe(image, 800, [(676, 214), (712, 236)], flat(mix(clay, (0, 0, 0), 0.18)), gloss=0.12)
    lathe(
        image, 800, [(592, 60), (622, 132), (664, 190), (690, 212)], flat(mix(clay, (255, 255, 255), 0.05)), gloss=0.18
    )
    lathe(image, 800, [(512, 26), (538, 56), (574, 48), (606, 34)], flat(clay), gloss=0.2)
    return image


def spout(image: Image.Image, clay: Colour) -> None:
    """Tapering towards its mouth."""
    curve = smooth([(470, 1010), (370, 960), (310, 860), (250, 770)], 40)
    draw = ImageDraw.Draw(image)
    for share, shift in ((0.0, 0.0), (0.12, 8.0), (0.24, 14.0)):
        for step, (x, y) in enumerate(curve):
            size = (74 - 44 * step / len(curve)) * (1 - share * 2.2)
            draw.ellipse(
                box(x - shift, y - shift, size, size), fill=mix(mix(clay, (0, 0, 0), 0.14), (255, 255, 255), share)
            )
    draw.ellipse(box(246, 764, 27, 21), fill=mix(clay, (0, 0, 0), 0.5))


def kettle() -> Image.Image:
    """Cast iron, with its studs and bail."""
    image = ground((132, 140, 146))
    iron = (66, 70, 74)
    shadow(image, 800, 1220, 450, 100)
    stroke(
        image,
        [(470, 760), (440, 520), (560, 350), (800, 290), (1040, 350), (1160, 520), (1130, 760)],
        44,
        (58, 60, 64),
        light=0.3,
    )
    curve = smooth([(1150, 950), (1260, 910), (1330, 830), (1400, 800)], 30)
    draw = ImageDraw.Draw(image)
    for share, shift in ((0.0, 0.0), (0.14, 7.0), (0.26, 13.0)):
        for step, (x, y) in enumerate(curve):
            size = (64 - 28 * step / len(curve)) * (1 - share * 2)
            draw.ellipse(
                box(x - shift, y - shift, size, size), fill=mix(mix(iron, (0, 0, 0), 0.1), (255, 255, 255), share)
            )
    draw.ellipse(box(1410, 796, 20, 27), fill=(30, 32, 34))
    body = [(715, 230), (745, 330), (830, 420), (960, 455), (1080, 420), (1160, 330), (1190, 270)]
    lathe(image, 800, body, studs(iron), gloss=0.14, bend=0.14)
    lathe(
        image, 800, [(640, 120), (672, 190), (712, 236), (736, 244)], flat(mix(iron, (255, 255, 255), 0.06)), gloss=0.16
    )
    lathe(image, 800, [(570, 30), (594, 50), (624, 44), (650, 30)], flat((160, 124, 72)), gloss=0.35)
    steam(image, 1440, 760)
    return image


def studs(base: Colour) -> Paint:
    """Rows of small raised dots, as on old kettles."""

    def paint(u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
        colour = np.broadcast_to(np.array(base, float), (*u.shape, 3)).copy()
        across = np.arcsin(np.clip(u, -1, 1)) / 0.155
        for row in range(7):
            high = 0.22 + row * 0.075
            a = across - (row % 2) * 0.5
            a = a - np.round(a)
            b = (v - high) / 0.05
            dot = (a**2 + b**2) < 0.085
            colour[dot] = mix(base, (255, 255, 255), 0.13)
            colour[dot & (a + b > 0.12)] = mix(base, (0, 0, 0), 0.3)
        return colour

    return paint


def cups() -> Image.Image:
    """Three celadon cups, one of them full."""
    image = ground((142, 178, 160))
    glaze = (158, 194, 172)
    ring = bands(glaze, (0.0, 0.03, mix(glaze, (120, 90, 50), 0.35)))
    bowl(image, 1090, 640, 235, 240, ring, (180, 210, 190), gloss=0.55)
    bowl(image, 480, 740, 262, 270, ring, (180, 210, 190), gloss=0.55)
    bowl(image, 930, 900, 300, 300, ring, (184, 212, 192), drink=(196, 178, 84), gloss=0.55)
    return image


PICTURES: dict[str, Callable[[], Image.Image]] = {
    "longjing": longjing,
    "jasmine": jasmine,
    "tieguanyin": tieguanyin,
    "lapsang": lapsang,
    "silver-needle": needle,
    "puer": puer,
    "gaiwan": gaiwan,
    "teapot": teapot,
    "kettle": kettle,
    "cups": cups,
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
