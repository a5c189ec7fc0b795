"""A platform that tells two ids of a person, and later one of them alone, has one person here: whichever came first.

WhatsApp tells the number and an id within the business, and only that id once somebody hides the number. Who is who is
asked of the table once for each person and process. Those who write for the first time are kept before their events,
which go into the lane that this decides; all who come at a time share one commit.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from msgspec.structs import replace
from tortoise.backends.base.client import BaseDBAsyncClient

from bot.core.message import FROM_CUSTOMER, Inbound
from bot.runtime.group import GroupCommit
from models.database import execute, fetch, marks, transaction

#: People that a process knows without asking.
MOST_REMEMBERED = 10_000
_KNOWN = "SELECT account, alias, external_id FROM identity_alias WHERE account IN ({accounts}) AND alias IN ({aliases})"
_KEEP = (
    "INSERT INTO identity_alias (account, alias, external_id) VALUES (?,?,?) ON CONFLICT (account, alias) DO NOTHING"
)
Alias = tuple[str, str]
"""An account, and an id there."""


class Aliases:
    """Those of a process's channels; made where a loop runs."""

    def __init__(self) -> None:
        self._remembered: OrderedDict[Alias, str] = OrderedDict()
        self._asked = GroupCommit(_asked)

    async def known_as(self, inbounds: Sequence[Inbound]) -> list[Inbound]:
        """The same, each under the id by which its sender is known. Raises `DatabaseBusy`."""
        told = [one for one in inbounds if one.alias]
        known = {where: self._remembered[where] for one in told if (where := _alias(one)) in self._remembered}
        if unknown := [one for one in told if _alias(one) not in known]:
            found = await asyncio.gather(*(self._asked.submit(one) for one in unknown))
            known |= {_alias(one): as_whom for one, as_whom in zip(unknown, found, strict=True) if as_whom}
        self._remember(known)
        return [_resolved(one, known) for one in inbounds]

    def forget(self) -> None:
        """Somebody was forgotten: whoever it was, they are not in here."""
        self._remembered.clear()

    async def close(self) -> None:
        """Keep who is under way."""
        await self._asked.close()

    def _remember(self, known: Mapping[Alias, str]) -> None:
        for where, as_whom in known.items():
            self._remembered[where] = as_whom
            self._remembered.move_to_end(where)
        while len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)


def _resolved(inbound: Inbound, known: Mapping[Alias, str]) -> Inbound:
    as_whom = known.get(_alias(inbound), inbound.sender)
    return inbound if as_whom == inbound.sender else replace(inbound, sender=as_whom)


async def _asked(inbounds: Sequence[Inbound]) -> list[str]:
    """As whom the table has them; who writes for the first time is kept. "" for who is only told of."""
    known = await _known(inbounds)
    new = [one for one in inbounds if _alias(one) not in known and one.kind in FROM_CUSTOMER]
    if new:
        async with transaction() as connection:
            await execute(connection, [(_KEEP, [(*_alias(one), one.sender) for one in new])])
            known |= await _known(new, connection)
    return [known.get(_alias(one), "") for one in inbounds]


async def _known(inbounds: Sequence[Inbound], connection: BaseDBAsyncClient | None = None) -> dict[Alias, str]:
    accounts, aliases = {one.account for one in inbounds}, {one.alias for one in inbounds}
    sql = _KNOWN.format(accounts=marks(len(accounts)), aliases=marks(len(aliases)))
    rows = await fetch(sql, [*accounts, *aliases], connection)
    return {(row["account"], row["alias"]): row["external_id"] for row in rows}


def _alias(inbound: Inbound) -> Alias:
    return inbound.account, inbound.alias
