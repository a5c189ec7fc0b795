"""What the parts of an address are called in each country, and what is said where one is not right."""

from __future__ import annotations

from collections.abc import Mapping

from bot.core import postal
from bot.core.chat import Chat
from bot.core.postal import Part, Wrong
from bot.core.text import Text, _

#: So many regions are offered as buttons.
FEW = 10
MISSING = _("This is needed.")
PERSON: Mapping[str, Text] = {"name": _("Name"), "phone": _("Phone")}
STREET = _("street and house number")
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
    "city": CITY,
    "district": DISTRICT,
    "region": REGION,
    "postcode": POSTCODE,
}


def label(part: Part) -> Text:
    """What the part is called, within a sentence."""
    kinds = _KINDS.get(part.name)
    return kinds.get(part.kind, next(iter(kinds.values()))) if kinds else STREET


def question(chat: Chat, country: str) -> Text:
    """Where to deliver, with what the country needs to know, in its order."""
    needed = [chat.words(label(part)) for part in postal.parts(country) if part.is_required]
    if len(needed) < 2:
        return _("Where shall we deliver?")
    return _("Where shall we deliver? In one message, please: {parts}.", parts=" · ".join(needed))


def ask(part: Part) -> Text:
    """For one part alone."""
    if part.example:
        return _("What is the {part}? It looks like {example}.", part=label(part), example=part.example)
    return _("What is the {part}?", part=label(part))


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
