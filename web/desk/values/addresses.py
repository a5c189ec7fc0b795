"""Shapes of the desk: an address in its parts, and the form in which a country has them."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from bot.core.postal_form import PART
from web.values import most

PartOfAddress = Annotated[str, most(PART)]


class Parts(TypedDict, total=False):
    """An address in its parts; which of them there are, and which are needed, is its country's."""

    street: PartOfAddress
    district: PartOfAddress
    city: PartOfAddress
    region: PartOfAddress
    postcode: PartOfAddress


class ToldParts(Parts, total=False):
    """An address as staff fill it in."""


class Option(TypedDict):
    """What a part can be: how it is kept, and what it is called there."""

    value: str
    name: str


class PartField(TypedDict):
    """A part as a country has it; without options it is written."""

    name: str
    label: str
    required: bool
    example: str
    options: list[Option]


class AddressText(TypedDict):
    """An address as somebody wrote it, "" for none."""

    country: Annotated[str, most(2, 2)]
    text: NotRequired[Annotated[str, most(1000)]]


class AddressForm(TypedDict):
    """The parts in the order of their country, and what could be read of the text."""

    fields: list[PartField]
    parts: Parts
