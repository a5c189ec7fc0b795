"""What a file is, by its own first bytes; what its sender calls it never widens what it may do."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

HEAD = 4096  # how many first bytes `sniff` wants to see

Kind = Literal["image", "audio", "video", "file"]


@dataclass(frozen=True, slots=True)
class MediaType:
    """`kind` says how a file may be shown: an image re-encoded, audio and video played, a file downloaded."""

    mime: str
    kind: Kind
    extension: str


def sniff(head: bytes, claimed_name: str | None = None) -> MediaType:
    """The type of the file that begins with `head`: its first `HEAD` bytes, or all of a shorter one.

    The claimed name only chooses between types that look the same inside (`.docx` among ZIP files, `.csv`
    among texts), and all of those are downloads. SVG, HTML and scripts are plain text here, never images:
    a browser would run them.
    """
    claimed = (claimed_name or "").rpartition(".")[2].lower()
    for prefix, found in _PREFIXES:
        if head.startswith(prefix):
            return found(head, claimed) if callable(found) else found
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    return _text(claimed) if _is_text(head) else UNKNOWN


def _file(mime: str, extension: str) -> MediaType:
    return MediaType(mime, "file", extension)


UNKNOWN = _file("application/octet-stream", "bin")
_MP3 = MediaType("audio/mpeg", "audio", "mp3")
_AAC = MediaType("audio/aac", "audio", "aac")
_SILK = MediaType("audio/silk", "file", "silk")  # voice of QQ and WeChat; no browser plays it
_MP4 = MediaType("video/mp4", "video", "mp4")
_3GP = MediaType("video/3gpp", "video", "3gp")
_AVIF = MediaType("image/avif", "image", "avif")
_HEIC = _file("image/heic", "heic")  # a picture that neither Pillow nor most browsers can show
_ZIP = _file("application/zip", "zip")
_OLE = _file("application/x-ole-storage", "bin")

_OFFICE: Mapping[str, tuple[bytes, MediaType]] = {
    "docx": (b"word/", _file("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx")),
    "xlsx": (b"xl/", _file("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx")),
    "pptx": (b"ppt/", _file("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx")),
}
_OLD_OFFICE = {
    "doc": _file("application/msword", "doc"),
    "xls": _file("application/vnd.ms-excel", "xls"),
    "ppt": _file("application/vnd.ms-powerpoint", "ppt"),
}
# Those that say so in their first entry, stored and named "mimetype".
_NAMED_ZIPS = {
    b"application/vnd.oasis.opendocument.text": _file("application/vnd.oasis.opendocument.text", "odt"),
    b"application/vnd.oasis.opendocument.spreadsheet": _file("application/vnd.oasis.opendocument.spreadsheet", "ods"),
    b"application/vnd.oasis.opendocument.presentation": _file("application/vnd.oasis.opendocument.presentation", "odp"),
    b"application/epub+zip": _file("application/epub+zip", "epub"),
}
_TEXTS = {"csv": _file("text/csv", "csv"), "json": _file("application/json", "json")}
_RIFF = {
    b"WEBP": MediaType("image/webp", "image", "webp"),
    b"WAVE": MediaType("audio/wav", "audio", "wav"),
    b"AVI ": MediaType("video/x-msvideo", "file", "avi"),
}
_BRANDS = {
    b"avif": _AVIF,
    b"avis": _AVIF,
    b"heic": _HEIC,
    b"heix": _HEIC,
    b"heim": _HEIC,
    b"heis": _HEIC,
    b"hevc": _HEIC,
    b"mif1": _HEIC,
    b"msf1": _HEIC,
    b"M4A ": MediaType("audio/mp4", "audio", "m4a"),
    b"M4B ": MediaType("audio/mp4", "audio", "m4a"),
    b"qt  ": MediaType("video/quicktime", "video", "mov"),
    b"3gp4": _3GP,
    b"3gp5": _3GP,
    b"3gp6": _3GP,
    b"3g2a": _3GP,
}
_BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}
_TEXT_BYTES = bytes([9, 10, 12, 13, 27, *range(32, 127), *range(128, 256)])


def _riff(head: bytes, _: str) -> MediaType:
    return _RIFF.get(head[8:12], UNKNOWN)


def _bmp(head: bytes, claimed: str) -> MediaType:
    """Two letters prove little, so the header behind them must be one of the known ones."""
    if head[6:10] == bytes(4) and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return MediaType("image/bmp", "image", "bmp")
    return _text(claimed) if _is_text(head) else UNKNOWN


def _ogg(head: bytes, _: str) -> MediaType:
    if b"theora" in head[:256]:
        return MediaType("video/ogg", "video", "ogv")
    return MediaType("audio/ogg", "audio", "ogg")


def _matroska(head: bytes, _: str) -> MediaType:
    """A browser's voice note is WebM without a video track."""
    if b"webm" not in head[:64]:
        return MediaType("video/x-matroska", "file", "mkv")
    sound_only = b"A_" in head and b"V_VP" not in head and b"V_AV1" not in head
    return MediaType("audio/webm", "audio", "weba") if sound_only else MediaType("video/webm", "video", "webm")


def _iso_media(head: bytes) -> MediaType:
    end = min(int.from_bytes(head[:4], "big"), 256)
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end, 4))]
    if b"avif" in brands:  # cameras write the general brand first and this one behind it
        return _AVIF
    return _BRANDS.get(brands[0], _MP4)


def _zip(head: bytes, claimed: str) -> MediaType:
    if head[30:38] == b"mimetype":
        return next((found for mime, found in _NAMED_ZIPS.items() if head[38:].startswith(mime)), _ZIP)
    if b"[Content_Types].xml" not in head and b"_rels/" not in head:
        return _ZIP
    inside = next((found for folder, found in _OFFICE.values() if folder in head), None)
    return inside or _OFFICE.get(claimed, (b"", _ZIP))[1]


def _ole(_: bytes, claimed: str) -> MediaType:
    return _OLD_OFFICE.get(claimed, _OLE)


def _text(claimed: str) -> MediaType:
    return _TEXTS.get(claimed, _file("text/plain", "txt"))


def _is_text(head: bytes) -> bool:
    """Text in UTF-8, UTF-16 with its mark, or GB 18030, which Chinese Windows still writes."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    if not head or head.translate(None, _TEXT_BYTES):
        return False
    return any(_decodes(head, encoding) for encoding in ("utf-8", "gb18030"))


def _decodes(head: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(head, final=False)  # the head may end inside a character
    except UnicodeDecodeError:
        return False
    return True


_Finder = Callable[[bytes, str], MediaType]
_PREFIXES: tuple[tuple[bytes | tuple[bytes, ...], MediaType | _Finder], ...] = (
    (b"\xff\xd8\xff", MediaType("image/jpeg", "image", "jpg")),
    (b"\x89PNG\r\n\x1a\n", MediaType("image/png", "image", "png")),
    ((b"GIF87a", b"GIF89a"), MediaType("image/gif", "image", "gif")),
    (b"RIFF", _riff),
    (b"BM", _bmp),
    ((b"ID3", b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2", b"\xff\xe3", b"\xff\xe2"), _MP3),
    ((b"\xff\xf1", b"\xff\xf9"), _AAC),
    (b"OggS", _ogg),
    (b"fLaC", MediaType("audio/flac", "audio", "flac")),
    (b"#!AMR", MediaType("audio/amr", "file", "amr")),
    ((b"#!SILK_V3", b"\x02#!SILK_V3"), _SILK),
    (b"\x1aE\xdf\xa3", _matroska),
    (b"%PDF-", _file("application/pdf", "pdf")),
    (b"PK\x03\x04", _zip),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _ole),
    (b"7z\xbc\xaf\x27\x1c", _file("application/x-7z-compressed", "7z")),
    (b"Rar!\x1a\x07", _file("application/vnd.rar", "rar")),
    (b"\x1f\x8b", _file("application/gzip", "gz")),
    ((b"II*\x00", b"MM\x00*"), _file("image/tiff", "tif")),
    (b"{\\rtf", _file("application/rtf", "rtf")),
)
