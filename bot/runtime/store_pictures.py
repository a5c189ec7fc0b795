"""Fetches pictures of a connected shop before its page is taken, so that no call is made in a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.errors import BadInput, FileMissing, StoreUnavailable, TooLarge
from bot.core.message import FileRef
from bot.core.store import Store
from bot.services import attachments
from bot.services.filing import Filed, Filing, Limits
from bot.services.store_products import Picture
from bot.services.store_reading import Problem

#: So many are fetched at a time.
AT_ONCE = 4
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Fetched:
    """A picture whose bytes are in the store, or why they are not."""

    address: str
    filed: Filed | None = None
    problem: Problem | None = None


class Pictures:
    """For one shop."""

    def __init__(self, store: Store, filing: Filing, limits: Limits, clock: Callable[[], datetime]) -> None:
        self._store, self._filing, self._limits, self._clock = store, filing, limits, clock
        self._places = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, addresses: Sequence[str]) -> list[Fetched]:
        """Each picture, or why there is none. Raises `StorageUnavailable`: ours, so that all of it waits."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._fetch(address)) for address in addresses]
        return [task.result() for task in tasks]

    async def _fetch(self, address: str) -> Fetched:
        async with self._places:
            try:
                stream = await self._store.picture(address)
                name = stream.name or address.rpartition("/")[2].partition("?")[0]
                filed = await self._filing.keep(stream.chunks, name=name, limits=self._limits, now=self._clock())
            except TooLarge as error:
                return Fetched(address, problem=Problem("large_picture", {"most": error.limit // MIB}))
            except BadInput:
                return Fetched(address, problem=Problem("no_picture"))
            except (FileMissing, StoreUnavailable):
                return Fetched(address, problem=Problem("missing_picture"))
        if filed.kind != "image":
            await self._filing.discard(filed)
            return Fetched(address, problem=Problem("no_picture"))
        return Fetched(address, filed)

    async def forget(self, fetched: Sequence[Fetched]) -> None:
        """Nobody wants them after all."""
        for one in fetched:
            if one.filed is not None:
                await self._filing.discard(one.filed)


async def kept(fetched: Sequence[Fetched], now: datetime) -> Mapping[str, Picture]:
    """By address, each with a row of its own. Inside the caller's transaction."""
    return {one.address: await _kept(one, now) for one in fetched}


async def _kept(one: Fetched, now: datetime) -> Picture:
    if one.filed is None:
        return Picture(one.address, problem=one.problem)
    filed = one.filed
    row = await attachments.create(FileRef("image", "", filed.name, "", filed.stored.size), now, public=True)
    keys = filed.display_key, filed.thumb_key
    await attachments.stored(row.id, filed.stored, "image", filed.stored.media_type, *keys, filed.width, filed.height)
    return Picture(one.address, row.id)
