"""A platform that tells two ids of a person, and later one of them alone, has one person here: whichever came first.

WhatsApp tells the number and an id within the business, and only that id once somebody hides the number. Who is who is
asked of the table once for each person and process.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from msgspec.structs import replace

from bot.core.message import FROM_CUSTOMER, Inbound
from models.database import execute, fetch, transaction

#: People that a process knows without asking.
MOST_REMEMBERED = 10_000
_KNOWN = "SELECT external_id FROM identity_alias WHERE account = ? AND alias = ?"
_KEEP = (
    "INSERT INTO identity_alias (account, alias, external_id) VALUES (?,?,?) ON CONFLICT (account, alias) DO NOTHING"
)


class Aliases:
    """Those of a process's channels."""

    def __init__(self) -> None:
        self._remembered: OrderedDict[tuple[str, str], str] = OrderedDict()

    async def known_as(self, inbounds: Sequence[Inbound]) -> list[Inbound]:
        """The same, each under the id by which its sender is known. Raises `DatabaseBusy`."""
        return [await self._resolved(one) if one.alias else one for one in inbounds]

    def forget(self) -> None:
        """Somebody was forgotten: whoever it was, they are not in here."""
        self._remembered.clear()

    async def _resolved(self, inbound: Inbound) -> Inbound:
        where = (inbound.account, inbound.alias)
        known = self._remembered.get(where) or await self._asked(inbound)
        if not known:
            return inbound
        self._remembered[where] = known
        self._remembered.move_to_end(where)
        if len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        return inbound if known == inbound.sender else replace(inbound, sender=known)

    async def _asked(self, inbound: Inbound) -> str:
        """As whom the table has them; who writes for the first time is kept. "" for who is only told of."""
        where = (inbound.account, inbound.alias)
        if found := await fetch(_KNOWN, where):
            return str(found[0]["external_id"])
        if inbound.kind not in FROM_CUSTOMER:
            return ""
        async with transaction() as connection:
            await execute(connection, [(_KEEP, [(*where, inbound.sender)])])
            [row] = await fetch(_KNOWN, where, connection)
        return str(row["external_id"])
