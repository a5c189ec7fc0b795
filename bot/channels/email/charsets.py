"""Reads bytes as text, whatever their sender calls their charset: never fails, and takes no more than linear time.

Mailers declare "gb2312" for what is UTF-8, GBK or GB18030, "iso-8859-1" for anything, and names that nobody knows.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

#: The charset that is really meant by a name, where that has more characters.
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "hz": "hz",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-1": "cp1252",
    "latin_1": "cp1252",
    "iso8859-9": "cp1254",
    "ascii": "utf-8",
}
#: What Python does not know by this name.
_ALSO = {
    "ks_c_5601-1987": "cp949",
    "x-gbk": "gb18030",
    "unicode-1-1-utf-7": "utf-7",
    "utf8mb4": "utf-8",
}
#: Codecs of Python that turn bytes into anything but text, or take longer than they should.
_NO_CHARSETS = frozenset(
    {
        "hex",
        "base64",
        "bz2",
        "quopri",
        "rot13",
        "rot-13",
        "uu",
        "zlib",
        "idna",
        "punycode",
        "undefined",
        "unicode-escape",
    }
    | {"raw-unicode-escape", "mbcs", "oem", "unicode_escape", "raw_unicode_escape"}
)
_SEVEN_BIT = ("iso2022", "hz", "utf-7")
_GUESSES = ("gb18030", "big5hkscs", "cp932", "cp949")
#: So many letters that are no ASCII stand side by side in no language that is written with Latin letters.
_RUN = re.compile(rb"[\x80-\xff]{6}")
#: Below so many bytes, what happens to be UTF-8 as well may be another charset after all.
_FEW = 12
#: Of the characters of a text, how many are ordinary ones where the charset is right, and where it is not.
_RIGHT, _WRONG = 0.85, 0.6
#: A sample decides.
_SAMPLE = 4096


def as_text(data: bytes, declared: str = "") -> str:
    """The text, with U+FFFD for what is none."""
    name = known(declared)
    if data.isascii():
        # One character of a vendor's own must not cost all others.
        return data.decode(name, "replace") if name.startswith(_SEVEN_BIT) else data.decode("ascii")
    if data.startswith(codecs.BOM_UTF8):
        return data[3:].decode("utf-8", "replace")
    utf8 = _strictly(data, "utf-8")
    said = _strictly(data, name) if name and name != "utf-8" else None
    if utf8 is not None and (said is None or len(data) >= _FEW or not name.startswith(("gb", "big5", "cp9"))):
        return utf8
    is_latin = name == "cp1252" and _RUN.search(data) is not None
    if said is not None and not is_latin and (name not in _GUESSES or _ordinary(said) >= _WRONG):
        return said
    guessed = _best(data, said)
    return guessed if guessed is not None else data.decode(name or "utf-8", "replace")


def known(declared: str) -> str:
    """The name of the codec that is meant; "" for one that nobody knows."""
    cleaned = declared.strip().strip("\"'").lower()
    try:
        found = codecs.lookup(_ALSO.get(cleaned, cleaned))
    except (LookupError, ValueError):
        return ""
    return _WIDER.get(found.name, found.name) if found.name not in _NO_CHARSETS else ""


def _strictly(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name) if name else None
    except (UnicodeError, LookupError):
        return None


def _best(data: bytes, said: str | None) -> str | None:
    """The guess that reads like a language; what was declared, where none does better; None where nothing fits."""
    found = [text for text in _guesses(data) if _ordinary(text) >= _RIGHT]
    if found:
        return max(found, key=_ordinary)
    return said if said is not None else _strictly(data, "cp1252")


def _guesses(data: bytes) -> Iterator[str]:
    for name in _GUESSES:
        text = _strictly(data, name)
        if text is not None:
            yield text


def _ordinary(text: str) -> float:
    """The share of what is not ASCII that people write every day: wrong charsets give rare characters."""
    strange = [char for char in text[:_SAMPLE] if char > "\x7f"]
    return sum(map(_is_ordinary, strange)) / len(strange) if strange else 1.0


def _is_ordinary(char: str) -> bool:
    if "\u3040" <= char <= "\u30ff" or "\uac00" <= char <= "\ud7a3" or "\u3000" <= char <= "\u3020" or char > "\uff00":
        return char < "\uffa0" or char > "\uffff"  # half-width katakana is what Chinese looks like in Japanese
    if not "\u4e00" <= char <= "\u9fff":
        return "\u2010" <= char <= "\u2030"
    simple, full = char.encode("gb2312", "ignore"), char.encode("big5", "ignore")
    return b"\xb0\xa1" <= simple < b"\xd8\xa0" or b"\xa4\x40" <= full < b"\xc6\x7f"
