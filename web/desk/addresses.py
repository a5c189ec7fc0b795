"""Addresses as staff write them down: as one text, or field by field as their country has them."""

from __future__ import annotations

from aiohttp import web

from bot.core import postal, postal_form, postal_reading
from bot.core.postal import NOWHERE, Postal
from bot.core.postal_form import PART
from bot.services.contacts import Address
from web.auth import needs
from web.desk.values import addresses
from web.http import Problem, answer, language, read_object, text_of
from web.keys import RUNTIME
from web.said import says
from web.views import Json


@says(addresses.AddressForm, takes=addresses.AddressText)
@needs("agent")
async def address_form(request: web.Request) -> web.Response:
    """POST /api/desk/address-form: how addresses are written in a country, and one that was pasted in its parts."""
    body = await read_object(request)
    country, text = text_of(body, "country", 2).upper(), text_of(body, "text", 1000, default="")
    voice = request.app[RUNTIME].counter.voice(language(request))
    found: list[addresses.PartField] = [
        {
            "name": one.name,
            "label": one.label,
            "required": one.required,
            "example": one.example,
            "options": [{"value": key, "name": name} for key, name in postal.regions(country) if one.options],
        }
        for one in postal_form.fields(voice, country)
        if one.name not in postal_form.PERSON
    ]
    read = postal.tidy(country, postal_reading.address(text, country))
    return answer(addresses.AddressForm(fields=found, parts=in_parts(read) or {}))


def in_parts(kept: Postal) -> addresses.Parts | None:
    """The parts that are there; None of an address that was told as one text."""
    parts: addresses.Parts = {**kept.as_dict()}  # type: ignore[typeddict-item]
    return parts if kept != NOWHERE else None


def told(body: Json) -> Address:
    """Who it is for, and where to: as one text, or in parts. Raises `Problem`."""
    name, phone = text_of(body, "name", 200), text_of(body, "phone", 64, default="")
    parts = body.get("parts")
    if parts is None:
        return Address(name, phone, text_of(body, "address", 1000))
    if not isinstance(parts, dict) or not parts.keys() <= addresses.Parts.__annotations__.keys():
        raise Problem(400, "bad_request")
    return Address(name, phone, "", postal=Postal(**{part: text_of(parts, part, PART) for part in parts}))
