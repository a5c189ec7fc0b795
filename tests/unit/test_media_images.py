"""Whatever comes in, what is shown is a small picture of our own, or a sentence why not."""

from __future__ import annotations

import io
import random
import struct
import threading
import zlib
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from bot.core.errors import BadInput
from bot.core.message import LARGEST_DRAWN
from bot.storage.images import DISPLAY_SIDE
from bot.storage.media import BadImage, display_image, draw, plain_image, sniff, thumbnail

RED, GREEN, BLUE = (250, 10, 10), (10, 160, 10), (10, 10, 250)
ORIENTATION, MAKER, GPS = 0x0112, 0x010F, 0x8825


def encoded(image: Image.Image, format_: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


def decoded(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def halves(width: int, height: int) -> Image.Image:
    """Left red, right blue."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image


def pixel(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    found = image.getpixel((x, y))
    assert isinstance(found, tuple)
    return found


def near(image: Image.Image, x: int, y: int, colour: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 12 for a, b in zip(pixel(image, x, y), colour, strict=True))


def test_no_picture_that_we_draw_is_larger_than_platforms_are_told() -> None:
    """Each colour of each pixel all or nothing, by chance: nothing is harder to press."""
    side, colours = DISPLAY_SIDE, bytes(255 * (value & 1) for value in range(256))
    noise = Image.frombytes("RGB", (side, side), random.Random(1).randbytes(side * side * 3).translate(colours))
    assert LARGEST_DRAWN // 2 < len(plain_image(encoded(noise, "BMP"))) < LARGEST_DRAWN


def png_header(width: int, height: int, bits: int = 8) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int, height: int) -> bytes:
    """A whole, valid PNG of black: a few kilobytes that want `width * height` pixels."""
    rows = zlib.compress(bytes((width // 8 + 1) * height), 9)
    body = png_header(width, height, 1) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "AVIF"])
def test_every_format_comes_out_as_a_jpeg_that_fits(format_: str) -> None:
    out = decoded(display_image(encoded(halves(3200, 1000), format_)))
    assert (out.format, out.size, out.mode) == ("JPEG", (1600, 500), "RGB")
    assert near(out, 10, 250, RED)
    assert near(out, 1590, 250, BLUE)
    assert decoded(thumbnail(encoded(halves(1000, 3200), format_))).size == (100, 320)


def test_a_small_picture_is_not_enlarged() -> None:
    assert decoded(display_image(encoded(halves(10, 4), "PNG"))).size == (10, 4)


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1)])
def test_extreme_shapes(size: tuple[int, int]) -> None:
    out = decoded(thumbnail(encoded(Image.new("RGB", size), "PNG")))
    assert min(out.size) == 1
    assert max(out.size) <= 320


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_mode_is_drawn(mode: str) -> None:
    image = Image.new("I;16", (40, 40), 40_000) if mode == "I;16" else halves(40, 40).convert(mode)
    data = encoded(image, "JPEG" if mode == "CMYK" else "PNG")
    assert decoded(display_image(data)).size == (40, 40)


def test_sixteen_bits_are_scaled_and_not_cut_off() -> None:
    out = decoded(display_image(encoded(Image.new("I;16", (8, 8), 32_768), "PNG")))
    assert near(out, 4, 4, (128, 128, 128))


def test_transparency_is_kept() -> None:
    image = Image.new("RGBA", (64, 64), (*GREEN, 0))
    image.paste((*GREEN, 255), (0, 0, 32, 64))
    out = decoded(display_image(encoded(image, "PNG")))
    assert (out.format, out.mode) == ("WEBP", "RGBA")
    assert pixel(out, 60, 30)[3] == 0
    assert near(out.convert("RGB"), 5, 30, GREEN)


def test_a_plain_picture_is_a_jpeg_on_white() -> None:
    image = Image.new("RGBA", (64, 64), (*GREEN, 0))
    image.paste((*GREEN, 255), (0, 0, 32, 64))
    out = decoded(plain_image(encoded(image, "WEBP")))
    assert (out.format, out.size) == ("JPEG", (64, 64))
    assert near(out, 60, 30, (255, 255, 255))
    assert near(out, 5, 30, GREEN)


def test_an_alpha_channel_that_hides_nothing_is_dropped() -> None:
    assert sniff(display_image(encoded(halves(20, 20).convert("RGBA"), "PNG"))).mime == "image/jpeg"


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_shown(format_: str) -> None:
    frames = [Image.new("RGB", (30, 30), colour) for colour in (RED, GREEN, BLUE)]
    out = decoded(display_image(encoded(frames[0], format_, save_all=True, append_images=frames[1:])))
    assert getattr(out, "n_frames", 1) == 1
    assert near(out, 15, 15, RED)


@pytest.mark.parametrize(
    ("turn", "size", "red"), [(1, (80, 40), (5, 20)), (3, (80, 40), (75, 20)), (6, (40, 80), (20, 5))]
)
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_it_is_turned_upright(format_: str, turn: int, size: tuple[int, int], red: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = turn
    out = decoded(display_image(encoded(halves(80, 40), format_, exif=exif)))
    assert out.size == size
    assert near(out, *red, RED)


def profile(space: Literal["sRGB", "LAB"]) -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes()


def with_secrets(format_: str, image: Image.Image, icc: bytes) -> bytes:
    exif = Image.Exif()
    exif[MAKER] = "SecretMaker"
    exif.get_ifd(GPS)[1] = "SecretNorth"
    options: dict[str, Any] = {"exif": exif, "icc_profile": icc} if icc else {"exif": exif}
    if format_ == "PNG":
        options["pnginfo"] = PngImagePlugin.PngInfo()
        options["pnginfo"].add_text("Comment", "SecretComment")
        options["pnginfo"].add_text("comment", "SecretComment")
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", "<x>SecretXmp</x>")
    else:
        options |= {"xmp": b"<x>SecretXmp</x>"}
    if format_ == "JPEG":
        options["comment"] = "SecretComment"
    return encoded(image, format_, **options) + b"<script>Secret()</script>"


@pytest.mark.parametrize("icc", [b"", b"SecretProfile", profile("sRGB")], ids=["plain", "broken", "srgb"])
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("alpha", [False, True])
def test_nothing_but_the_pixels_survives(format_: str, alpha: bool, icc: bytes) -> None:
    image = halves(64, 64)
    if alpha and format_ != "JPEG":
        image.putalpha(100)
    data = with_secrets(format_, image, icc)
    assert b"Secret" in data
    out = display_image(data)
    assert b"Secret" not in out
    assert not decoded(out).getexif()
    assert not {"icc_profile", "xmp", "comment", "exif"} & decoded(out).info.keys()


@pytest.mark.parametrize("icc", [b"nonsense", profile("LAB")], ids=["broken", "of-another-space"])
@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
def test_a_useless_colour_profile_does_not_hide_the_picture(format_: str, icc: bytes) -> None:
    out = decoded(display_image(encoded(halves(20, 20), format_, icc_profile=icc)))
    assert near(out, 2, 10, RED)


def test_a_colour_profile_is_applied() -> None:
    swapped = profile("sRGB").replace(b"rXYZ", b"XXXX").replace(b"bXYZ", b"rXYZ").replace(b"XXXX", b"bXYZ")
    out = decoded(display_image(encoded(halves(20, 20), "PNG", icc_profile=swapped)))
    assert near(out, 2, 10, BLUE)
    assert near(out, 18, 10, RED)


@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (5_001, 5_000), (1, 25_000_001), (65_000, 65_000)])
def test_a_bomb_is_refused_before_it_is_decoded(width: int, height: int) -> None:
    data = b"\x89PNG\r\n\x1a\n" + png_header(width, height) + chunk(b"IDAT", b"never read")
    with pytest.raises(BadImage, match="too many pixels; 25 million"):
        display_image(data)


def test_a_real_bomb_is_refused() -> None:
    data = bomb(20_000, 20_000)
    assert len(data) < 60_000
    with pytest.raises(BadImage, match="too many pixels"):
        thumbnail(data)


def test_a_gif_whose_screen_is_a_bomb_is_refused() -> None:
    data = bytearray(encoded(halves(8, 8), "GIF"))
    data[6:10] = struct.pack("<HH", 65_535, 65_535)
    with pytest.raises(BadImage, match="too many pixels"):
        display_image(bytes(data))


def test_a_phones_fifty_megapixels_are_shown() -> None:
    out = display_image(encoded(Image.new("L", (8160, 6144), 99), "JPEG"))
    assert decoded(out).size == (1600, 1205)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<html><img></html>",
        b"%PDF-1.7",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        encoded(halves(8, 8), "TIFF"),
        encoded(halves(8, 8), "ICO"),
        encoded(halves(8, 8), "PPM"),
    ],
)
def test_what_is_no_picture_is_told_so(data: bytes) -> None:
    with pytest.raises(BadImage, match="not a picture that can be shown"):
        display_image(data)


@pytest.mark.parametrize(
    "data",
    [
        b"GIF89a=1;alert(1)//",
        b"\xff\xd8\xff\xe0 no more",
        b"\x89PNG\r\n\x1a\n<svg/>",
        b"RIFF\x10\0\0\0WEBPVP8 ",
    ],
)
def test_what_only_begins_like_a_picture_is_damaged(data: bytes) -> None:
    with pytest.raises(BadImage, match="damaged or incomplete"):
        display_image(data)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "AVIF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_picture_is_damaged(format_: str, share: float) -> None:
    noise = Image.effect_noise((200, 200), 90)
    data = encoded(noise.convert("RGB"), format_)
    with pytest.raises(BadImage, match="damaged or incomplete"):
        display_image(data[: int(len(data) * share)])


def test_a_bad_image_is_bad_input_and_final() -> None:
    assert issubclass(BadImage, BadInput)
    assert not BadImage.retryable


@settings(max_examples=60, deadline=None)
@given(data=st.data(), format_=st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "BMP", "AVIF"]))
def test_flipped_bytes_never_break_out(data: st.DataObject, format_: str) -> None:
    whole = bytearray(encoded(halves(24, 24), format_))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        out = display_image(bytes(whole))
    except BadImage:
        return
    assert max(decoded(out).size) <= 1600


async def test_drawing_leaves_the_event_loop_alone() -> None:
    threads: list[str] = []

    def picture(data: bytes) -> bytes:
        threads.append(threading.current_thread().name)
        return thumbnail(data)

    out = await draw(picture, encoded(halves(640, 640), "PNG"))
    assert decoded(out).size == (320, 320)
    assert threads[0].startswith("picture")
    with pytest.raises(BadImage):
        await draw(picture, b"no picture")
