"""Whom news are for, a few at a time: who said yes to them, person by person, at the best address of each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bot.core.capabilities import Capabilities
from bot.core.quiet import QuietHours
from bot.services import reach
from bot.services.reach import Reach
from models.database import as_time, fetch, marks

Bought = Literal["", "yes", "no"]


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is meant: of these accounts (none: all), of this language ("": any), who bought something or never did."""

    accounts: tuple[str, ...] = ()
    language: str = ""
    bought: Bought = ""


@dataclass(frozen=True, slots=True)
class Recipient:
    """An address where news are wanted; `person` is the lowest id of the contacts of whose it is."""

    identity_id: int
    conversation_id: int
    account: str
    person: int
    is_alone: bool  # nobody has proved that another address is theirs, too
    owner_id: int | None
    elsewhere_until: datetime | None

    def is_with_people(self, now: datetime) -> bool:
        """Whether the bot may not speak there."""
        return self.owner_id is not None or (self.elsewhere_until is not None and self.elsewhere_until > now)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The address at which one person is told, and whether it may be; `staffed`: they talk to a person at one."""

    at: Recipient
    reach: Reach
    staffed: bool

    def due(self, now: datetime) -> datetime | None:
        """When they are told; None where they are left out."""
        return now if self.reach.ok else self.reach.morning


async def size(audience: Audience, chinese: Collection[str] = ()) -> int:
    """The people who are meant, whether they want news or not.

    `chinese`: the accounts where Chinese is spoken to who has not said what they speak, here and below.
    """
    where, values = _where(audience, chinese)
    sql = f"SELECT count(DISTINCT COALESCE(k.person_id, k.id)) AS n {_TALKS} WHERE {where}"
    return int((await fetch(sql, values))[0]["n"])


async def recipients(
    audience: Audience, after: int, limit: int, chinese: Collection[str] = ()
) -> tuple[Recipient, ...]:
    """The addresses of those of them who said yes to news, by identity, behind identity `after`."""
    where, values = _where(audience, chinese)
    sql = f"SELECT {_COLUMNS} {_READERS} AND n.identity_id > ? AND {where} ORDER BY n.identity_id LIMIT ?"
    return tuple([_recipient(row) for row in await fetch(sql, (after, *values, limit))])


async def chosen(
    page: Sequence[Recipient],
    audience: Audience,
    capabilities: Mapping[str, Capabilities],
    quiet: QuietHours,
    now: datetime,
    chinese: Collection[str] = (),
) -> list[Chosen]:
    """Each person of a page once, at the best of those of their addresses that the audience has.

    It is the same one from whichever page they are asked about, for as long as nothing changes.
    """
    people: dict[int, list[Recipient]] = {}
    for one in (*[one for one in page if one.is_alone], *await _of_people(audience, page, chinese)):
        people.setdefault(one.person, []).append(one)
    talks = [one.conversation_id for those in people.values() for one in those]
    ways = await reach.among(talks, capabilities, now, "news", quiet)
    found = []
    for those in people.values():
        by_talk = {one.conversation_id: one for one in those}
        here = [way for way in ways if way[0].conversation_id in by_talk]
        if here:
            address, best = reach.best_of(here) or here[0]
            staffed = any(one.is_with_people(now) for one in those)
            found.append(Chosen(by_talk[address.conversation_id], best, staffed))
    return found


async def _of_people(audience: Audience, page: Iterable[Recipient], chinese: Collection[str]) -> list[Recipient]:
    """All such addresses of those of a page who have several."""
    people = sorted({one.person for one in page if not one.is_alone})
    if not people:
        return []
    where, values = _where(audience, chinese)
    mine = f"k.person_id IN ({marks(len(people))})"
    sql = f"SELECT {_COLUMNS} {_TALKS} WHERE {mine} AND {_WANTED} = TRUE AND {where} ORDER BY i.id"
    return [_recipient(row) for row in await fetch(sql, (*people, *values))]


_COLUMNS = (
    "i.id AS identity_id, c.id AS conversation_id, c.account, c.owner_id, c.elsewhere_until, k.person_id, "
    "k.id AS contact_id"
)
_TALKS = "FROM conversation c JOIN identity i ON i.id = c.identity_id JOIN contact k ON k.id = c.contact_id"
_WANTED = "(SELECT n.given FROM consent n WHERE n.identity_id = i.id AND n.kind = 'news' ORDER BY n.id DESC LIMIT 1)"
_READERS = (
    "FROM consent n JOIN identity i ON i.id = n.identity_id JOIN conversation c ON c.identity_id = i.id "
    "JOIN contact k ON k.id = c.contact_id WHERE n.kind = 'news' AND n.given = TRUE AND NOT EXISTS "
    "(SELECT 1 FROM consent l WHERE l.identity_id = n.identity_id AND l.kind = 'news' AND l.id > n.id)"
)
_PAID = (
    'EXISTS (SELECT 1 FROM "order" o WHERE o.paid_at IS NOT NULL AND o.contact_id IN (SELECT COALESCE(p.id, h.id) '
    "FROM contact h LEFT JOIN contact p ON p.person_id = h.person_id WHERE h.id = c.contact_id))"
)
#: As the bot speaks to them (`runtime.state`): what they chose, here or elsewhere, else what the platform says.
_SPOKEN = (
    "COALESCE(NULLIF(k.locale, ''), CASE WHEN k.person_id IS NULL THEN NULL ELSE (SELECT o.locale FROM contact o "
    "WHERE o.person_id = k.person_id AND o.locale <> '' "
    "ORDER BY COALESCE(o.locale_at, o.created_at) DESC, o.id DESC LIMIT 1) END, "
    "NULLIF(i.locale, ''), {unsaid})"
)


def _where(audience: Audience, chinese: Collection[str]) -> tuple[str, list[Any]]:
    parts, values = ["i.staff_id IS NULL"], list[Any]()
    if audience.accounts:
        parts.append(f"c.account IN ({marks(len(audience.accounts))})")
        values += audience.accounts
    if audience.language:
        unsaid = f"CASE WHEN c.account IN ({marks(len(chinese))}) THEN 'zh' ELSE '' END" if chinese else "''"
        parts.append(f"{_SPOKEN.format(unsaid=unsaid)} {'LIKE' if audience.language == 'zh' else 'NOT LIKE'} 'zh%'")
        values += chinese
    if audience.bought:
        parts.append(_PAID if audience.bought == "yes" else f"NOT {_PAID}")
    return " AND ".join(parts), values


def _recipient(row: Mapping[str, Any]) -> Recipient:
    return Recipient(
        row["identity_id"],
        row["conversation_id"],
        row["account"],
        row["person_id"] or row["contact_id"],
        row["person_id"] is None,
        row["owner_id"],
        as_time(row["elsewhere_until"]),
    )
