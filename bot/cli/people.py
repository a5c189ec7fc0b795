"""Finds the contact that an operator names on the command line."""

from __future__ import annotations

from bot.core.errors import BadInput


async def find_contact(named: str) -> int:
    """The id behind `12`, or behind an address like `telegram:4711`. Raises `BadInput`."""
    from models import Contact, Identity

    account, colon, external_id = named.partition(":")
    if colon:
        identity = await Identity.get_or_none(account=account, external_id=external_id)
        found = identity.contact_id if identity else None
    else:
        contact = await Contact.get_or_none(id=int(named)) if named.isascii() and named.isdecimal() else None
        found = contact.id if contact else None
    if found is None:
        raise BadInput(
            f"there is no contact {named!r}; give the number from the desk, or an address like telegram:4711"
        )
    return int(found)


async def addresses(contact_id: int) -> list[str]:
    """Every address of the person that this contact is of, like `telegram:4711`."""
    from bot.services import same_person
    from models import Identity

    known = Identity.filter(contact_id__in=await same_person.members(contact_id)).order_by("id")
    return [f"{one.account}:{one.external_id}" for one in await known]
