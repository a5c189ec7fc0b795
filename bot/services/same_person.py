"""Which contacts are one person: joined by a proof, shown together, and parted again as if it had never been.

Nothing of a contact moves to another. A proof is a row; contacts that proofs connect have the same `person_id`, the
lowest of their ids, and whoever reads a person's orders reads those of all of them. What is made belongs to the address
where it was made, before, during and after.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.expressions import Q

from bot.core.errors import Refused
from bot.core.registry import reads
from bot.services import audit, carrying
from bot.services.scope import Scope
from models import Contact, Conversation, Identity, Message, PersonCode, PersonLink, locks


@dataclass(frozen=True, slots=True)
class Joined:
    """What joining has done; `link` is None where both were one person before."""

    link: int | None
    asked: int  # the conversations of either side
    entered: int


async def contacts(scope: Scope) -> list[int]:
    """Every contact of the customer of this scope, lowest id first; where anybody may write as them, this one alone."""
    if scope.person_id is None or not scope.proved:
        return [scope.contact_id]
    return await _of_person(scope.person_id)


async def members(contact_id: int) -> list[int]:
    """Every contact of the person that this one is of, lowest id first; itself where nobody else is."""
    found = await Contact.filter(id=contact_id).limit(1).values_list("person_id", flat=True)
    return await _of_person(found[0]) if found and found[0] is not None else [contact_id]  # type: ignore[arg-type]


async def locked(contact_ids: Iterable[int]) -> list[int]:
    """Every contact of these people, whose conversations nobody else changes until this transaction ends."""
    await locks.persons()
    people = sorted({member for id_ in contact_ids for member in await members(id_)})
    await locks.conversations_of(*people)
    return people


async def join(
    asked_id: int, entered_id: int, now: datetime, code_id: int | None = None, *, first: bool = False
) -> Joined:
    """These two identities are one person's; inside the caller's transaction. Said again, nothing changes.

    The talk goes on at `entered`: what was asked at `asked` is set aside there, of one code once. Raises
    `Refused("gone")` when one of them was erased, or the code has ended; or, where only the `first` one may join
    `asked`, somebody else has.
    """
    ends = await _ends(asked_id, entered_id)
    people = await locked({end.contact_id for end in ends})
    asked, entered = await _ends(asked_id, entered_id)
    talks = {row.identity_id: row for row in await Conversation.filter(contact_id__in=people)}
    if asked_id not in talks or entered_id not in talks:
        raise Refused("gone")
    link = None
    known = await members(asked.contact_id)
    if entered.contact_id not in known:
        if first and len(known) > 1:
            raise Refused("gone")
        link = await PersonLink.create(asked_id=asked_id, entered_id=entered_id, made_at=now)
        await _renumber(people)
        await audit.record(None, "person.join", f"link:{link.id} identity:{asked_id} identity:{entered_id}", now)
    if code_id is None or await _is_fresh(code_id, now):
        await carrying.take_along(talks[asked_id], talks[entered_id], now)
    for row in talks.values():
        if row.identity_id in (asked_id, entered_id) and link is not None:
            await _tell(row, "joined", None, now)
        await row.save()
    return Joined(link.id if link else None, talks[asked_id].id, talks[entered_id].id)


async def part(link_id: int, staff_id: int | None, now: datetime) -> tuple[int, ...]:
    """These are two people: the proof counts no more, and what went along comes back. Returns the conversations.

    Inside the caller's transaction. A code that was entered does not join them again.
    Raises `Refused("no_link")`, also for one that was taken back already.
    """
    link = await PersonLink.filter(id=link_id).select_related("asked").first()
    if link is None:
        raise Refused("no_link")
    people = await locked([link.asked.contact_id])
    if not await PersonLink.filter(id=link_id).delete():
        raise Refused("no_link")
    person_of = await _renumber(people)
    talks = await Conversation.filter(contact_id__in=people).order_by("id")
    await carrying.give_back(talks, person_of)
    await _void_codes(person_of)
    for row in talks:
        if row.identity_id in (link.asked_id, link.entered_id):
            await _tell(row, "parted" if staff_id else "unlinked", staff_id, now)
        await row.save()
    await audit.record(staff_id, "person.part", f"link:{link_id}", now)
    return tuple(row.id for row in talks)


async def _is_fresh(code_id: int, now: datetime) -> bool:
    """Whether it joins for the first time. Raises `Refused("gone")` for one that was refused or over meanwhile."""
    if await PersonCode.filter(id=code_id, joined_at=None).update(joined_at=now):
        return True
    if not await PersonCode.filter(id=code_id).exists():
        raise Refused("gone")
    return False


async def _ends(asked_id: int, entered_id: int) -> tuple[Identity, Identity]:
    found = {row.id: row for row in await Identity.filter(id__in=[asked_id, entered_id])}
    if asked_id not in found or entered_id not in found:
        raise Refused("gone")
    return found[asked_id], found[entered_id]


async def _of_person(person_id: int) -> list[int]:
    return list(await Contact.filter(person_id=person_id).order_by("id").values_list("id", flat=True))  # type: ignore[arg-type]


async def _renumber(contact_ids: Collection[int]) -> dict[int, int]:
    """Give each group of contacts that proofs connect its number, and those that are alone none.

    Returns the number of each, that of those that are alone as well.
    """
    group = {id_: id_ for id_ in contact_ids}
    among = Q(asked__contact_id__in=list(contact_ids))
    pairs = await PersonLink.filter(among).values_list("asked__contact_id", "entered__contact_id")
    for one, other in pairs:
        low, high = sorted((group[one], group[other]))
        group = {id_: low if of == high else of for id_, of in group.items()}
    for person in set(group.values()):
        mine = [id_ for id_, of in group.items() if of == person]
        await Contact.filter(id__in=mine).update(person_id=person if len(mine) > 1 else None)
    return group


async def _void_codes(person_of: dict[int, int]) -> None:
    """Codes that one of these people entered for another one of them join nobody any more."""
    used = PersonCode.filter(identity__contact_id__in=list(person_of), entered__contact_id__in=list(person_of))
    ends = await used.values_list("id", "identity__contact_id", "entered__contact_id")
    await PersonCode.filter(id__in=[id_ for id_, one, other in ends if person_of[one] != person_of[other]]).delete()


async def _tell(row: Conversation, what: str, staff_id: int | None, now: datetime) -> None:
    """A thin line in the thread; the caller saves the row."""
    row.last_seq += 1
    row.updated_at = now
    await Message.create(conversation_id=row.id, seq=row.last_seq, author="event", staff_id=staff_id, text=what, at=now)


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof between two addresses of a person."""

    id: int
    asked_id: int
    entered_id: int
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Other:
    """Another address of a customer, and the proof between it and this one with the identities of both."""

    proof: int
    asked_id: int
    entered_id: int
    channel: str
    account: str
    name: str


@reads
async def others(scope: Scope) -> tuple[Other, ...]:
    """Those that were proved with this very address, oldest first."""
    rows = PersonLink.filter(Q(asked_id=scope.identity_id) | Q(entered_id=scope.identity_id)).order_by("id")
    return tuple(_other(scope, row) for row in await rows.select_related("asked", "entered"))


def _other(scope: Scope, row: PersonLink) -> Other:
    there = row.asked if row.entered_id == scope.identity_id else row.entered
    channel = scope.channel_of(there.account)
    return Other(row.id, row.asked_id, row.entered_id, channel, there.account, there.name)


async def proofs(contact_ids: Sequence[int]) -> tuple[Proof, ...]:
    """Those between these contacts, oldest first."""
    rows = await PersonLink.filter(asked__contact_id__in=list(contact_ids)).order_by("id")
    return tuple(Proof(row.id, row.asked_id, row.entered_id, row.made_at) for row in rows)
