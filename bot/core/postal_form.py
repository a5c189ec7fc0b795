"""The form of an address in each country: what its fields are called, and what is said where one is not right."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import get_args

from bot.core import postal
from bot.core.message import Field
from bot.core.postal import Name, Part, Postal, Wrong
from bot.core.text import Say, Text, _

MISSING = _("This is needed.")
PHONE = re.compile(r"(?=(?:\D*\d){5})\+?[\d\s()-]{6,20}")
#: Characters of a name, a phone number and a part of an address.
MOST = {"name": 100, "phone": 30}
PART = 150
#: What a browser knows the parts as.
FILLS = {
    "name": "name",
    "phone": "tel",
    "street": "street-address",
    "district": "address-level3",
    "city": "address-level2",
    "region": "address-level1",
    "postcode": "postal-code",
}
PERSON: Mapping[str, Text] = {"name": _("Name"), "phone": _("Phone")}
STREET = {"": _("street and house number"), postal.WHOLE: _("address with city and postcode")}
#: By what the country calls it; the first of each kind also for what has no word of its own.
CITY = {"city": _("city"), "post_town": _("town"), "suburb": _("suburb"), "district": _("district")}
DISTRICT = {
    "district": _("district"),
    "suburb": _("suburb"),
    "neighborhood": _("neighbourhood"),
    "townland": _("townland"),
    "village_township": _("village"),
}
REGION = {
    "province": _("province"),
    "state": _("state"),
    "prefecture": _("prefecture"),
    "county": _("county"),
    "area": _("area"),
    "department": _("department"),
    "district": _("district"),
    "emirate": _("emirate"),
    "island": _("island"),
    "oblast": _("oblast"),
    "parish": _("parish"),
    "do_si": _("province or metropolitan city"),
}
POSTCODE = {"postal": _("postcode"), "zip": _("ZIP code"), "pin": _("PIN code"), "eircode": _("Eircode")}
_KINDS: Mapping[str, Mapping[str, Text]] = {
    "street": STREET,
    "city": CITY,
    "district": DISTRICT,
    "region": REGION,
    "postcode": POSTCODE,
}


def label(part: Part) -> Text:
    """What the part is called, within a sentence."""
    kinds = _KINDS[part.name]
    return kinds.get(part.kind, next(iter(kinds.values())))


def problem(country: str, part: Part, what: Wrong, value: str) -> Text:
    """What is the matter with a part, in words."""
    if what == "missing":
        return MISSING
    facts = {"part": label(part), "value": value}
    if what == "elsewhere":
        return _("The {part} {value} is not in that region.", **facts)
    if what == "no_postcode":
        return _("{value} is no {part} there; it looks like {example}.", example=part.example, **facts)
    if meant := postal.like(country, value):
        return _("I do not know the {part} “{value}”. Is it {meant}?", meant=" / ".join(meant), **facts)
    return _("I do not know the {part} “{value}”. Please write it out.", **facts)


def fields(words: Callable[[Say], str], country: str) -> tuple[Field, ...]:
    """Name, phone and the parts of an address, in the order of the country; `words` speak the reader's language."""
    found = [Field(name, words(PERSON[name]), FILLS[name]) for name in ("name", "phone")]
    for part in postal.parts(country):
        options = tuple(name for _, name in postal.regions(country)) if part.name == "region" else ()
        said = words(label(part))
        said = said[:1].upper() + said[1:]
        found.append(Field(part.name, said, FILLS[part.name], "", "", part.is_required, part.example, options))
    return tuple(found)


def problems(country: str, values: Mapping[str, str], optional: Collection[str] = ()) -> dict[str, Say]:
    """What is wrong with each field of a form that is sent; `optional` may be left out, though the form asks for it."""
    found: dict[str, Say] = {}
    if not values.get("name", "").strip():
        found["name"] = MISSING
    phone = values.get("phone", "").strip()
    if (phone or "phone" not in optional) and (wrong := phone_problem(phone)):
        found["phone"] = wrong
    region = postal.tidy(country, told(values)).region
    for part in postal.parts(country):
        value = values.get(part.name, "")
        what: Wrong = postal.wrong(country, part.name, value, region)
        if what:
            found[part.name] = problem(country, part, what, value)
    return found | too_long(values)


def too_long(values: Mapping[str, str]) -> dict[str, Say]:
    """What of it is longer than it may be."""
    limits = {name: MOST.get(name, PART) for name, value in values.items() if len(value) > MOST.get(name, PART)}
    return {name: _("That is too long: at most {most} characters.", most=most) for name, most in limits.items()}


def told(values: Mapping[str, str]) -> Postal:
    """The parts among what was told."""
    return Postal(**{name: values.get(name, "").strip() for name in get_args(Name)})


def phone_problem(phone: str) -> Say | None:
    """What is wrong with a phone number, if anything."""
    return None if PHONE.fullmatch(phone) else _("That does not look like a phone number. Digits are enough.")
