"""The type of a file is read from its bytes; its name may choose among downloads only."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.storage.media import MediaType, sniff

PLAIN = MediaType("text/plain", "file", "txt")
UNKNOWN = MediaType("application/octet-stream", "file", "bin")
ZIP = MediaType("application/zip", "file", "zip")
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def picture(format_: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "green").save(out, format_)
    return out.getvalue()


def archive(*names: str, mimetype: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        if mimetype:
            file.writestr("mimetype", mimetype)
        for name in names:
            file.writestr(name, "<x/>")
    return out.getvalue()


def iso(brand: bytes, *compatible: bytes) -> bytes:
    box = b"ftyp" + brand + bytes(4) + b"".join(compatible)
    return (len(box) + 4).to_bytes(4, "big") + box + b"\0\0\0\x08mdat"


@pytest.mark.parametrize(
    ("format_", "mime", "extension"),
    [
        ("JPEG", "image/jpeg", "jpg"),
        ("PNG", "image/png", "png"),
        ("GIF", "image/gif", "gif"),
        ("WEBP", "image/webp", "webp"),
        ("BMP", "image/bmp", "bmp"),
        ("AVIF", "image/avif", "avif"),
    ],
)
@pytest.mark.parametrize("name", [None, "a.jpg", "a.html", "a.docx", "a.csv", "virus.exe"])
def test_a_picture_is_one_whatever_it_is_called(format_: str, mime: str, extension: str, name: str | None) -> None:
    assert sniff(picture(format_)[:4096], name) == MediaType(mime, "image", extension)


@pytest.mark.parametrize(
    ("head", "mime", "kind"),
    [
        (b"OggS" + bytes(24) + b"OpusHead", "audio/ogg", "audio"),
        (b"OggS" + bytes(24) + b"\x80theora", "video/ogg", "video"),
        (b"ID3\x04" + bytes(20), "audio/mpeg", "audio"),
        (b"\xff\xfb\x90\x64" + bytes(20), "audio/mpeg", "audio"),
        (b"\xff\xf1\x50\x80" + bytes(20), "audio/aac", "audio"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav", "audio"),
        (b"RIFF\x24\0\0\0AVI LIST", "video/x-msvideo", "file"),
        (b"RIFF\x24\0\0\0evil", "application/octet-stream", "file"),
        (b"fLaC\0\0\0\x22", "audio/flac", "audio"),
        (b"#!AMR\n<", "audio/amr", "file"),
        (b"\x02#!SILK_V3", "audio/silk", "file"),
        (iso(b"M4A "), "audio/mp4", "audio"),
        (iso(b"isom", b"avc1", b"mp41"), "video/mp4", "video"),
        (iso(b"qt  "), "video/quicktime", "video"),
        (iso(b"3gp4"), "video/3gpp", "video"),
        (iso(b"heic", b"mif1"), "image/heic", "file"),
        (iso(b"mif1", b"avif"), "image/avif", "image"),
        (b"\x1aE\xdf\xa3\x9fB\x82\x84webm" + b"\x86\x8fV_VP9 \x86A_OPUS", "video/webm", "video"),
        (b"\x1aE\xdf\xa3\x9fB\x82\x84webm" + b"\x86\x86A_OPUS", "audio/webm", "audio"),
        (b"\x1aE\xdf\xa3\x9fB\x82\x88matroska", "video/x-matroska", "file"),
        (b"%PDF-1.7\n", "application/pdf", "file"),
        (b"{\\rtf1", "application/rtf", "file"),
        (b"\x1f\x8b\x08", "application/gzip", "file"),
        (b"II*\0\x08\0\0\0", "image/tiff", "file"),
        (b"MZ\x90\0\x03", "application/octet-stream", "file"),
        (b"\x7fELF\x02", "application/octet-stream", "file"),
        (b"", "application/octet-stream", "file"),
        (b"BM" + bytes(30), "application/octet-stream", "file"),
    ],
)
def test_known_beginnings(head: bytes, mime: str, kind: str) -> None:
    found = sniff(head)
    assert (found.mime, found.kind) == (mime, kind)


@pytest.mark.parametrize(
    "head",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<?xml version='1.0'?><svg/>",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"\xef\xbb\xbf<html>",
        "<html>".encode("utf-16"),
        b"BM is how this note begins",
        "您好，茶到了".encode(),
        "您好，茶到了".encode()[:-1],
        "您好，茶到了".encode("gb18030"),
        b"GIF is not always a picture",
        b"alert(1)",
    ],
)
@pytest.mark.parametrize("name", [None, "a.svg", "a.html", "a.png", "a.jpg", "a.mp4"])
def test_what_a_browser_would_run_is_plain_text(head: bytes, name: str | None) -> None:
    assert sniff(head, name) == PLAIN


@pytest.mark.parametrize(
    ("head", "name", "mime"),
    [
        (archive("[Content_Types].xml", "_rels/.rels", "word/document.xml"), None, WORD),
        (archive("[Content_Types].xml", "_rels/.rels", "word/document.xml"), "a.xlsx", WORD),
        (archive("[Content_Types].xml"), "a.docx", WORD),
        (archive("[Content_Types].xml"), "a.jpg", "application/zip"),
        (archive("photo.jpg"), "a.docx", "application/zip"),
        (archive(mimetype="application/epub+zip"), None, "application/epub+zip"),
        (archive(mimetype="text/html"), None, "application/zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.XLS", "application/vnd.ms-excel"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.png", "application/x-ole-storage"),
        (b"tea,2\n", "stock.csv", "text/csv"),
        (b"{}", "a.json", "application/json"),
    ],
)
def test_a_name_chooses_only_between_downloads(head: bytes, name: str | None, mime: str) -> None:
    found = sniff(head, name)
    assert (found.mime, found.kind) == (mime, "file")


@given(head=st.binary(max_size=300), name=st.none() | st.text())
def test_any_bytes_have_a_type_that_could_be_a_key(head: bytes, name: str | None) -> None:
    found = sniff(head, name)
    assert found.extension.isalnum()
    assert found.mime.count("/") == 1
