"""The pictures of the teas."""

from __future__ import annotations

import math
import random

from PIL import Image, ImageDraw

from drawing.shapes import box, disc, ground, heap, lathe, leaf, mix, shadow, smooth, steam, stroke
from drawing.surfaces import flat
from drawing.vessels import bowl, tin


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
