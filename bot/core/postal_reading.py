"""What somebody wrote in one go, read as the parts of an address: by labels where there are any, else by its shape.

Nothing is guessed that the shape does not say: what was not found is asked for, and all is shown before it counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from bot.core import postal
from bot.core.postal import Postal

# No two parts of it take the same sign: a stranger's spaces would be tried in every way.
_LABELLED = re.compile(r"([^:：\n]{1,80})[:：](.*)")
#: Between Chinese words, too, which nothing parts from it.
_PHONE = re.compile(r"(?<![A-Za-z0-9_-])\+?\(?\d[\d ()\-]{5,18}\d(?![A-Za-z0-9_])")
_BETWEEN = re.compile(r"\s*[,，;；、\n]\s*")
_SHORT = re.compile(r"(.+)[ -]([A-Z]{2,3})")
#: Stands where a postcode stood.
_CODE = "\0"
#: Where the largest comes first and nothing stands between: how the city and the district end.
_RUNNING = {
    "CN": (r"[^省市区县\s]{1,9}?(?:市|自治州|地区|盟)", r"[^市\s]{1,10}?(?:区|县|旗|市)"),
    "TW": (r"[^市縣\s]{1,4}?[區鄉鎮市]", ""),
    "KR": (r"\S{1,6}[시군구]", r"\S{1,6}[구군]"),
    "JP": ("", ""),
    "HK": ("", ""),
    "MO": ("", ""),
}
#: Cities that are provinces: what comes next is a district of theirs.
_OWN = ("北京市", "上海市", "天津市", "重庆市")
_ENDS = ("特别行政区", "自治区", "省", "市")


def labelled(text: str, labels: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """The values of lines such as "City: Berlin", by the keys of `labels`; and the lines that are none."""
    keys = {_folded(label): key for key, label in labels.items()}
    found: dict[str, str] = {}
    others = []
    for line in text.splitlines():
        match = _LABELLED.fullmatch(line.strip())
        key = keys.get(_folded(match[1])) if match else None
        if match and key:
            found[key] = match[2].strip()
        else:
            others.append(line)
    return found, "\n".join(others).strip()


def person(text: str, country: str) -> tuple[str, str, str]:
    """Name, phone and what is left of a text with a phone in it; without one all is left."""
    code, start, end = postal.postcode_in(country, text)
    for match in _PHONE.finditer(text):
        is_code = code and match.start() < end and start < match.end()
        if sum(sign.isdigit() for sign in match[0]) < 8 or is_code:
            continue
        before, after = text[: match.start()].strip(" ,，;；\n"), text[match.end() :].strip(" ,，;；\n")
        name, rest = _named(before)
        return name, match[0].strip(), "\n".join(part for part in (rest, after) if part)
    return "", "", text


def _named(before: str) -> tuple[str, str]:
    """The name that stands first, and what follows it."""
    first, *rest = _BETWEEN.split(before)
    if not rest and not first.isascii():
        first, *rest = first.split(maxsplit=1)
    if any(sign.isdigit() for sign in first) or len(first) > 60:
        return "", before
    return first, ", ".join(rest)


def address(text: str, country: str) -> Postal:
    """As far as it is found; what is left of the text is the street."""
    code, start, end = postal.postcode_in(country, text)
    if code:
        text = f"{text[:start]}{_CODE}{text[end:]}"
    found = _running(text, country) or _in_parts(text, country)
    return postal.tidy(country, found.but("postcode", code))


def _running(text: str, country: str) -> Postal | None:
    """Of a country that begins with the largest; None for a text that does not."""
    if country not in _RUNNING:
        return None
    rest = " ".join(text.replace(_CODE, " ").replace("〒", " ").split()).strip(" ,，")
    rest = re.sub("^[0-9]{6} ?(?![0-9])| [0-9]{6}$", "", rest) if country == "CN" else rest  # see `postal`
    city_form, district_form = _RUNNING[country]
    region, rest = _begins(rest, _regions(country))
    city, rest = _cut(rest, city_form if region not in _OWN else "")
    if not (region or city):
        return None
    district, rest = _cut(rest, district_form)
    if region in _OWN and not city:
        city = region
    return Postal(rest, district, city, region)


def _cut(text: str, form: str) -> tuple[str, str]:
    match = re.match(form, text) if form else None
    return (match[0], text[match.end() :].strip(" ,，")) if match else ("", text)


def _begins(text: str, names: Mapping[str, str]) -> tuple[str, str]:
    """What of these a text begins with, the longest first; and the rest."""
    for name in sorted(names, key=len, reverse=True):
        if text.startswith(name):
            return names[name], text[len(name) :].strip(" ,，")
    return "", text


@lru_cache(maxsize=16)
def _regions(country: str) -> dict[str, str]:
    """Keys by names in the country's own letters, also without what names them a province."""
    found = {}
    for part in postal.parts(country):
        for key, name in {*part.choices, *((key, key) for key, _ in part.choices)}:
            if not name.isascii():
                found[name] = key
                for end in _ENDS:
                    if name.endswith(end) and len(name) - len(end) >= 2:
                        found[name.removesuffix(end)] = key
    return found


def _in_parts(text: str, country: str) -> Postal:
    """Of parts with something between them, the smallest first."""
    has = {part.name for part in postal.parts(country)}
    pieces = [piece for piece in _BETWEEN.split(text.strip()) if piece.strip()]
    if "city" not in has:  # else a city may be called as its country is
        pieces = [_plain(piece) for piece in pieces]
    pieces = [piece for piece in pieces if _folded(piece) not in _called(country)]
    region = city = ""
    if "region" in has:
        region, pieces = _region(pieces, country)
    if "city" in has:
        city, pieces = _city(pieces, country)
    street = ", ".join(piece for piece in (_plain(one) for one in pieces) if piece)
    return Postal(street, "", city, region)


def _region(pieces: list[str], country: str) -> tuple[str, list[str]]:
    """The last piece that is one, or ends with the short name of one."""
    for at in reversed(range(len(pieces))):
        said = _plain(pieces[at])
        is_city = _CODE in pieces[at] and _beside(country) == 1
        if said and at and not is_city and not postal.wrong(country, "region", said):
            return said, pieces[:at] + [_CODE] * (_CODE in pieces[at]) + pieces[at + 1 :]
        ends = _SHORT.fullmatch(said)
        if ends and not postal.wrong(country, "region", ends[2]):
            return ends[2], [*pieces[:at], ends[1] + _CODE * (_CODE in pieces[at]), *pieces[at + 1 :]]
    return "", pieces


def _city(pieces: list[str], country: str) -> tuple[str, list[str]]:
    """What stands beside the postcode where the country has them so, else the last of several pieces."""
    for at, piece in enumerate(pieces):
        if _CODE in piece and _plain(piece) and 0 < _beside(country) < 3:
            before, _, after = piece.partition(_CODE)
            if after.strip():  # "Torstr. 1 10115 Berlin" has its street before the code
                return after.strip(), [*pieces[:at], before.strip(), *pieces[at + 1 :]]
            if at:
                return before.strip(), pieces[:at] + pieces[at + 1 :]
    full = [at for at, piece in enumerate(pieces) if _plain(piece)]
    if len(full) > 1:
        return _plain(pieces[full[-1]]), pieces[: full[-1]] + pieces[full[-1] + 1 :]
    return "", pieces


def _beside(country: str) -> int:
    """How far apart postcode and city stand, 0 where there are not both."""
    names = [part.name for part in postal.parts(country)]
    return abs(names.index("postcode") - names.index("city")) if {"postcode", "city"} <= {*names} else 0


@lru_cache(maxsize=64)
def _called(country: str) -> frozenset[str]:
    from babel import Locale

    known = [country, *(Locale(one).territories.get(country, country) for one in ("en", "zh"))]
    return frozenset(_folded(one) for one in known)


def _plain(piece: str) -> str:
    return piece.replace(_CODE, " ").strip()


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(" .*")
