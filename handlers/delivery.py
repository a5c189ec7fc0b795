"""Where an order goes: as last time, or told anew, as the country that it goes to writes addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.core import place, postal, postal_form, postal_reading
from bot.core.chat import Chat
from bot.core.place import Place
from bot.core.postal import Part, Postal
from bot.core.postal_form import PART, phone_problem
from bot.core.text import Say, Text, _
from bot.services import contacts, pricing
from bot.services.contacts import Address
from handlers.terms import named

#: So many regions are offered as buttons.
FEW = 10


async def delivery(chat: Chat) -> Address:
    """Where to: as last time, or anew."""
    last, sold_to = await chat.do(contacts.last_address), await chat.do(pricing.countries)
    is_served = last is not None and (not last.country or not sold_to or last.country in sold_to)
    if (
        last
        and is_served
        and await chat.confirm(
            _("Shall it go to {name}, {address}, as last time?", name=last.name, address=line(chat, last)),
            style="primary",
        )
    ):
        return last if last.country else replace(last, country=await country(chat, sold_to))
    to = await anew(chat, await country(chat, sold_to))
    await chat.do(contacts.remember, to.name, to.phone, to.address, to.country, to.postal)
    return to


def line(chat: Chat, to: Address) -> str:
    """An address in one line, with its country where it is known in parts."""
    told = re.sub(r"\s*\n\s*", ", ", to.address)
    return f"{told}, {named(chat)(to.country)}" if to.country and to.postal != postal.NOWHERE else told


async def country(chat: Chat, sold_to: tuple[str, ...]) -> str:
    """Which of those that are sold to; "" where the shop does not say."""
    if len(sold_to) > 1:
        return await chat.choose(_("Which country shall it go to?"), sold_to, label=named(chat), expire="1d")
    return next(iter(sold_to), "")


async def anew(chat: Chat, to: str) -> Address:
    """Name, phone and address in the country `to`: one after another, all in one, or by a form where there is one."""
    told = await chat.fill(
        _("Who is it for? Please tell me the name."),
        postal_form.fields(chat.words, to),
        read=reads(chat, to),
        check=checks(chat, to),
        over=_("Who is it for? Please fill in the form, or tell me the name.") if shows_forms(chat) else "",
        remind="30m",
        expire="1d",
    )
    name, phone = told.get("name", ""), told.get("phone", "")
    if not name:
        name = await chat.ask(_("What is the name of whoever gets it?"), most=100, remind="30m", expire="1d")
    if not phone:
        question = _("And a phone number for the courier?")
        phone = await chat.ask(question, check=phone_problem, remind="30m", expire="1d")
    parts = postal_form.told(told)
    if parts == postal.NOWHERE:
        return await whereabouts(chat, name, phone, to)
    return _address(name, phone, to, await whole(chat, to, postal.tidy(to, parts)))


async def whereabouts(chat: Chat, name: str, phone: str, to: str) -> Address:
    """Where to deliver; of a place on the map also what it does not say. Staff see its point with a link to a map."""
    said = await chat.ask(question(chat, to), most=700, places=True, remind="30m", expire="1d")
    found = place.read(said)
    if found is not None:
        said = await at_place(chat, found)
    if not to:
        return Address(name, phone, f"{said} {found}" if found and not found.words else said)
    parts = await whole(chat, to, read(chat, said, to))
    address = _address(name, phone, to, parts)
    return replace(address, address=f"{address.address}\n{found}") if found and not found.words else address


async def at_place(chat: Chat, found: Place) -> str:
    """What a place on the map is in words."""
    if not found.words:
        return await chat.ask(
            _("Thank you, I have the place on the map. Which street, house and floor is it?"),
            most=300,
            remind="30m",
            expire="1d",
        )
    more = await chat.ask(
        _("Thank you: {place}. Which house, floor and door is it, if that does not say it all?", place=found.words),
        optional=True,
        most=300,
        remind="30m",
        expire="1d",
    )
    return ", ".join(filter(None, (found.words, more)))


def question(chat: Chat, to: str) -> Text:
    """Where to deliver, with what the country needs to know, in its order."""
    needed = [chat.words(postal_form.label(part)) for part in postal.parts(to) if part.is_required]
    if len(needed) < 2:
        return _("Where shall we deliver?")
    return _("Where shall we deliver? In one message, please: {parts}.", parts=" · ".join(needed))


async def whole(chat: Chat, to: str, told: Postal) -> Postal:
    """The address with what was missing or wrong in it, each asked for alone."""
    while wrong := postal.problems(to, told):
        name, what = next(iter(wrong.items()))
        part = next(one for one in postal.parts(to) if one.name == name)
        if told.of(name):
            chat.say(postal_form.problem(to, part, what, told.of(name)))
        value = await one_part(chat, to, part)
        told = postal.tidy(to, told.but(name, value))
        if what == "elsewhere" == postal.problems(to, told).get(name):
            told = told.but("region", "")  # the code was told twice: then it is the region that is another
    return told


async def one_part(chat: Chat, to: str, part: Part) -> str:
    """One part of it, in the country's words."""
    question, regions = asking(part), postal.regions(to) if part.name == "region" else ()
    if 0 < len(regions) <= FEW:
        key, _name = await chat.choose(question, regions, label=lambda one: one[1], key=lambda one: one[0], expire="1d")
        return key
    return await chat.ask(question, check=checks_part(to, part), most=PART, remind="30m", expire="1d")


def asking(part: Part) -> Text:
    """For one part alone."""
    if part.example:
        return _("What is the {part}? It looks like {example}.", part=postal_form.label(part), example=part.example)
    return _("What is the {part}?", part=postal_form.label(part))


def checks_part(to: str, part: Part) -> Callable[[str], Say | None]:
    """What is wrong with an answer to `one_part` by itself."""

    def check(value: str) -> Say | None:
        what = postal.wrong(to, part.name, value)
        return postal_form.problem(to, part, what, value) if what else None

    return check


def shows_forms(chat: Chat) -> bool:
    """Where the customer writes now."""
    return chat.person.capabilities.forms


def reads(chat: Chat, to: str) -> Callable[[str], Mapping[str, str]]:
    """What was told of `form`: in lines with its labels, all in one message with a phone number, or a name alone."""
    labels = {one.name: one.label for one in postal_form.fields(chat.words, to)}

    def read_form(text: str) -> Mapping[str, str]:
        found, rest = postal_reading.labelled(text, labels)
        name, phone, rest = postal_reading.person(rest, to)
        if not (found or phone):
            return {"name": text}
        parts = postal_reading.address(rest, to).as_dict() if rest else {}
        told = {"name": name, "phone": phone, **parts, **found}
        return {key: value for key, value in told.items() if value}

    return read_form


def read(chat: Chat, text: str, to: str) -> Postal:
    """The parts of an address in what was said: with the labels of the form, or as they stand on a parcel."""
    labels: Mapping[str, str] = {part.name: chat.words(postal_form.label(part)) for part in postal.parts(to)}
    found, rest = postal_reading.labelled(text, labels)
    told = postal_reading.address(rest, to).as_dict() if rest else {}
    return postal.tidy(to, postal_form.told({**told, **found}))


def checks(chat: Chat, to: str) -> Callable[[str], Mapping[str, Say]]:
    """What is wrong with what was told of `form`; what is missing only where the form was sent."""
    labels = {one.name: one.label for one in postal_form.fields(chat.words, to)}
    is_shown, values_of = shows_forms(chat), reads(chat, to)

    def check(text: str) -> Mapping[str, Say]:
        values = values_of(text)
        is_form = is_shown and bool(postal_reading.labelled(text, labels)[0])
        found = postal_form.problems(to, values) if is_form else postal_form.too_long(values)
        if values.get("phone") and (problem := phone_problem(values["phone"])):
            found.setdefault("phone", problem)
        return found

    return check


def _address(name: str, phone: str, to: str, parts: Postal) -> Address:
    if not to:
        return Address(name.strip(), phone.strip(), parts.street)
    return Address(name.strip(), phone.strip(), postal.written(to, parts), to, parts)
