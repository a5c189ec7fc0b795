"""What a turned body is painted with: one colour, rings, a paper label, porcelain, cast iron."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from drawing.shapes import Colour, Paint, mix


def flat(colour: Colour) -> Paint:
    """One colour all over."""
    return lambda u, _v: np.broadcast_to(np.array(colour, float), (*u.shape, 3))


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
