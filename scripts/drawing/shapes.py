"""Shapes and light: a body turned on a lathe from its profile, lit from the upper left, on a quiet ground."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

SIZE = 1600
"""Pixels of a side while drawing; the pictures are shrunk."""

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
