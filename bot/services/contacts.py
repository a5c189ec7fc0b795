"""What a person told us about themselves: language, name, and where to deliver."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from bot.core.errors import Refused
from bot.core.postal import NOWHERE, Postal
from bot.core.registry import reads
from bot.services import same_person
from bot.services.scope import Scope, language
from models import Contact


@dataclass(frozen=True, slots=True)
class Address:
    """Where an order goes; `phone` may be empty."""

    name: str
    phone: str
    address: str
    country: str = ""  # by ISO 3166; "" where nobody asked
    postal: Postal = NOWHERE  # the same address in parts, where it was told so


async def choose_locale(scope: Scope, locale: str) -> str:
    """The customer wants this language from now on; returns the language that they get: "zh" or "en"."""
    chosen = language(locale)
    await Contact.filter(id=scope.contact_id).update(locale=chosen, locale_at=scope.now, updated_at=scope.now)
    return chosen


async def rename(scope: Scope, name: str) -> str:
    """Call the contact `name`; returns it as kept. Raises `Refused`: "blank"(field), "too_long"(field, most)."""
    name = " ".join(name.split())
    if not name:
        raise Refused("blank", field="name")
    if len(name) > 200:
        raise Refused("too_long", field="name", most=200)
    await Contact.filter(id=scope.contact_id).update(name=name, name_at=scope.now, updated_at=scope.now)
    return name


async def remember(
    scope: Scope, name: str, phone: str, address: str, country: str = "", postal: Postal = NOWHERE
) -> Address:
    """Keep where to deliver, for the next checkout; it also names a contact who had no name or phone so far."""
    kept = Address(name.strip(), phone.strip(), address.strip(), country, postal)
    contact = await Contact.get(id=scope.contact_id)
    contact.delivery, contact.delivery_at = msgspec.json.encode(kept).decode(), scope.now
    if kept.name and not contact.name:
        contact.name, contact.name_at = kept.name[:200], scope.now
    contact.phone = contact.phone or kept.phone[:64]
    contact.updated_at = scope.now
    await contact.save()
    return kept


@reads
async def last_address(scope: Scope) -> Address | None:
    """Where the person wanted something delivered last: as they told it here, else in another app of theirs."""
    found = await Contact.filter(id__in=await same_person.contacts(scope)).exclude(delivery="")
    found.sort(key=lambda one: (one.id == scope.contact_id, one.delivery_at or one.created_at), reverse=True)
    return msgspec.json.decode(found[0].delivery, type=Address) if found else None
