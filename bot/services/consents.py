"""What people allow us to write to each of their addresses: asked for, obeyed at once, and kept with its proof.

News of own orders need no consent, and reminders none either, but both can be forbidden; news of the shop need a yes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bot.core.errors import Refused
from bot.core.registry import reads
from bot.services import audit
from bot.services.rows import moment
from bot.services.scope import Scope
from models import Consent, Identity, locks
from models.database import fetch, marks

Kind = Literal["orders", "reminders", "news"]
Way = Literal["", "asked", "word", "switch", "staff"]
#: How people end things at this very address, without being asked.
_BY_THEMSELVES = frozenset({"word", "switch"})
#: What holds for whoever never said anything.
UNASKED: Mapping[Kind, bool] = {"orders": True, "reminders": True, "news": False}
KINDS: tuple[Kind, ...] = ("orders", "reminders", "news")
_LONGEST = 500
_STANDING = (
    "SELECT identity_id, kind, given, way, said, staff_id, at FROM consent "
    "WHERE identity_id IN ({marks}) ORDER BY identity_id, id"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one kind stands; `way` is "" and `at` None for whoever never said anything."""

    kind: Kind
    given: bool
    way: Way = ""
    said: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Consents:
    """Of one address, by kind."""

    orders: Standing
    reminders: Standing
    news: Standing

    def allow(self, about: str) -> bool:
        """Whether we may write about this unasked; what nobody can forbid is allowed."""
        return about not in KINDS or self.of(about).given

    def of(self, kind: Kind) -> Standing:
        """One kind."""
        return {"orders": self.orders, "reminders": self.reminders, "news": self.news}[kind]

    def all(self) -> tuple[Standing, ...]:
        """In the order in which people read them."""
        return self.orders, self.reminders, self.news


async def of(identity_ids: Sequence[int]) -> Mapping[int, Consents]:
    """Of these addresses, each of them."""
    found: dict[int, dict[str, Standing]] = {id_: {} for id_ in identity_ids}
    if found:
        for row in await fetch(_STANDING.format(marks=marks(len(found))), [*found]):
            found[row["identity_id"]][row["kind"]] = _standing(row)
    return {id_: _consents(rows) for id_, rows in found.items()}


@reads
async def mine(scope: Scope) -> Consents:
    """Of the person of a dialog, at this address."""
    return (await of([scope.identity_id]))[scope.identity_id]


async def answered(scope: Scope, kind: Kind, given: bool, question: str) -> bool:
    """Their answer to `question` as it was put; returns `given`. Each answer is kept: the newest is the proof."""
    await _keep(scope.identity_id, kind, given, "asked", question, scope.now)
    return given


async def stop(scope: Scope, word: str, kinds: Sequence[Kind]) -> bool:
    """No more of these, as they said with `word`; whether that changes anything."""
    return await _change(scope, kinds, False, word)


async def start(scope: Scope, word: str) -> bool:
    """What they had before they said stop, as they said with `word`; whether that means news.

    Who types "start" to begin a talk has not asked for news by it, and what staff wrote down, or a no to the question,
    is not taken back by it either.
    """
    news = (await mine(scope)).news
    had = news.given or news.way in _BY_THEMSELVES
    await _change(scope, KINDS if had else ("orders", "reminders"), True, word)
    return had


async def switched(scope: Scope, on: bool, word: str, kinds: Sequence[Kind] = KINDS) -> bool:
    """They used the platform's own switch for these: off ends them, on gives back what off has ended."""
    if not on:
        return await _change(scope, kinds, False, word, "switch")
    ended = [
        one.kind for one in (await mine(scope)).all() if one.kind in kinds and one.way == "switch" and not one.given
    ]
    return await _change(scope, ended, True, word, "switch")


async def change(identity_id: int, kind: str, given: bool, why: str, staff_id: int, now: datetime) -> int:
    """Staff write down what somebody told them; inside the caller's transaction. Returns the contact's id.

    Raises `Refused`: "no_contact", "bad_kind", "blank"(field): a yes needs its reason, since it must be proved.
    """
    if kind not in KINDS:
        raise Refused("bad_kind")
    if given and not why.strip():
        raise Refused("blank", field="why")
    identity = await Identity.get_or_none(id=identity_id)
    if identity is None:
        raise Refused("no_contact")
    await _keep(identity_id, kind, given, "staff", why.strip(), now, staff_id)
    await audit.record(staff_id, f"consent.{'give' if given else 'withdraw'}", f"identity:{identity_id}", now)
    return identity.contact_id


async def _change(scope: Scope, kinds: Collection[Kind], given: bool, word: str, way: Way = "word") -> bool:
    await locks.conversation(scope.conversation_id)  # the same word twice at once changes something once
    now = await mine(scope)
    changed = [kind for kind in kinds if now.of(kind).given != given]
    for kind in changed:
        await _keep(scope.identity_id, kind, given, way, word, scope.now)
    return bool(changed)


async def _keep(
    identity_id: int, kind: Kind, given: bool, way: Way, said: str, now: datetime, staff_id: int | None = None
) -> None:
    await Consent.create(
        identity_id=identity_id, kind=kind, given=given, way=way, said=said[:_LONGEST], staff_id=staff_id, at=now
    )


def _standing(row: Mapping[str, Any]) -> Standing:
    return Standing(row["kind"], bool(row["given"]), row["way"], row["said"], moment(row["at"]))


def _consents(rows: Mapping[str, Standing]) -> Consents:
    orders, reminders, news = (rows.get(kind) or Standing(kind, UNASKED[kind]) for kind in KINDS)
    return Consents(orders, reminders, news)
