"""The pictures of the tea ware."""

from __future__ import annotations

from PIL import Image, ImageDraw

from drawing.shapes import Colour, box, disc, ground, lathe, mix, shadow, smooth, steam, stroke
from drawing.surfaces import bands, flat, petals, studs
from drawing.vessels import bowl


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


def cups() -> Image.Image:
    """Three celadon cups, one of them full."""
    image = ground((142, 178, 160))
    glaze = (158, 194, 172)
    ring = bands(glaze, (0.0, 0.03, mix(glaze, (120, 90, 50), 0.35)))
    bowl(image, 1090, 640, 235, 240, ring, (180, 210, 190), gloss=0.55)
    bowl(image, 480, 740, 262, 270, ring, (180, 210, 190), gloss=0.55)
    bowl(image, 930, 900, 300, 300, ring, (184, 212, 192), drink=(196, 178, 84), gloss=0.55)
    return image
