"""A stranger's picture is only ever shown as a new, smaller picture that we drew ourselves."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO

from PIL import Image, ImageCms, ImageOps

from bot.core.errors import BadInput
from bot.storage.sniff import HEAD, sniff

DISPLAY_SIDE = 1600
THUMBNAIL_SIDE = 320
# A JPEG is reduced while it is decoded; the others need four bytes for every pixel first.
MOST_PIXELS_JPEG = 65_000_000
MOST_PIXELS = 25_000_000
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "AVIF")
_QUALITY = 85
# What Pillow's decoders raise for files that are broken, cut or made to break them.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    UserWarning,  # of broken metadata, where warnings are errors
)
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)

# Two at a time, so that a flood of pictures takes neither the memory nor the disk's threads.
_painters = ThreadPoolExecutor(2, thread_name_prefix="picture")


class BadImage(BadInput):
    """The picture cannot be shown; the text says why and is safe to show."""


def display_image(data: bytes, max_side: int = DISPLAY_SIDE) -> bytes:
    """A JPEG, or a WebP where there is transparency, no side longer than `max_side` pixels.

    Turned upright, in sRGB, without any metadata, the first frame of an animation. Raises `BadImage`.
    Blocks for up to a second: use `draw` in coroutines.
    """
    with _decoding(), _open(data) as image:
        return _encode(_upright(_fit(image, max_side)))


def thumbnail(data: bytes, side: int = THUMBNAIL_SIDE) -> bytes:
    """The same in a square of `side` pixels, for lists."""
    return display_image(data, side)


def plain_image(data: bytes) -> bytes:
    """A JPEG of the same, whatever it was: what is transparent becomes white, as it is shown in a chat. See there."""
    with _decoding(), _open(data) as image:
        return _encode(_on_white(_upright(_fit(image, DISPLAY_SIDE))))


async def draw(picture: Callable[[bytes], bytes], data: bytes) -> bytes:
    """`await draw(display_image, data)` or `thumbnail`, off the event loop, two at a time in a process."""
    return await asyncio.get_running_loop().run_in_executor(_painters, picture, data)


@contextmanager
def _decoding() -> Iterator[None]:
    try:
        yield
    except _BOMB as error:
        raise _too_many() from error
    except _BROKEN as error:
        raise BadImage("this picture is damaged or incomplete") from error


def _open(data: bytes) -> Image.Image:
    """Read the header only, and refuse by its size before a pixel is decoded."""
    if sniff(data[:HEAD]).kind != "image":
        raise BadImage("this is not a picture that can be shown; JPEG, PNG, GIF, WebP, AVIF and BMP can")
    image = Image.open(BytesIO(data), formats=_FORMATS)
    most = MOST_PIXELS_JPEG if image.format in {"JPEG", "MPO"} else MOST_PIXELS
    if image.width * image.height > most:
        raise _too_many()
    return image


def _too_many() -> BadImage:
    return BadImage(f"this picture has too many pixels; {MOST_PIXELS // 1_000_000} million can be shown")


def _fit(image: Image.Image, side: int) -> Image.Image:
    """Shrink, never enlarge. Palettes become colours first, or shrinking could not mix them."""
    if image.mode not in {"RGB", "RGBA", "L", "CMYK"}:
        image = _plain(image)
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return image


def _upright(image: Image.Image) -> Image.Image:
    return _plain(_to_srgb(ImageOps.exif_transpose(image)))


def _to_srgb(image: Image.Image) -> Image.Image:
    """Phones photograph in wider colours; without their profile the numbers would mean duller ones."""
    profile = image.info.get("icc_profile")
    if not profile:
        return image
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode) or image
    except (ImageCms.PyCMSError, OSError):
        return image


def _plain(image: Image.Image) -> Image.Image:
    if image.mode == "I;16":  # converting would cut sixteen bits off at white instead of scaling them
        image = image.point(lambda value: value * (1 / 256))
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white


def _encode(image: Image.Image) -> bytes:
    image.info.clear()  # profiles, comments and GPS positions: encoders copy some of them by themselves
    out = BytesIO()
    if image.mode == "RGBA" and image.getchannel("A").getextrema() != (255, 255):
        image.save(out, "WEBP", quality=_QUALITY)
    else:
        image.convert("RGB").save(out, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return out.getvalue()
