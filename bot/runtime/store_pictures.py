"""Fetches pictures of a connected shop before its page is taken, so that no call is made in a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from bot.core.errors import BadInput, FileMissing, StoreUnavailable, TooLarge
from bot.core.store import Store
from bot.services.filing import Filing, Limits
from bot.services.store_pictures import Picture
from bot.services.store_reading import Problem

#: So many are fetched at a time.
AT_ONCE = 4
MIB = 1024 * 1024


class Pictures:
    """For one shop."""

    def __init__(self, store: Store, filing: Filing, limits: Limits, clock: Callable[[], datetime]) -> None:
        self._store, self._filing, self._limits, self._clock = store, filing, limits, clock
        self._places = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, wanted: Sequence[tuple[str, str]]) -> list[Picture]:
        """Of each product the picture at its address, or why there is none.

        Raises `StorageUnavailable`: ours, so that all of it waits.
        """
        made = await asyncio.gather(*(self._fetch(*one) for one in wanted), return_exceptions=True)
        fetched = [one for one in made if isinstance(one, Picture)]
        for error in made:
            if isinstance(error, BaseException):
                await self.forget(fetched)
                raise error
        return fetched

    async def _fetch(self, product: str, address: str) -> Picture:
        async with self._places:
            try:
                stream = await self._store.picture(address)
                name = stream.name or address.rpartition("/")[2].partition("?")[0]
                filed = await self._filing.keep(stream.chunks, name=name, limits=self._limits, now=self._clock())
            except TooLarge as error:
                return Picture(product, address, problem=Problem("large_picture", {"most": error.limit // MIB}))
            except BadInput:
                return Picture(product, address, problem=Problem("no_picture"))
            except (FileMissing, StoreUnavailable):
                return Picture(product, address, problem=Problem("missing_picture"))
        if filed.kind != "image":
            await self._filing.discard(filed)
            return Picture(product, address, problem=Problem("no_picture"))
        return Picture(product, address, filed)

    async def forget(self, fetched: Sequence[Picture]) -> None:
        """Nobody wants them after all."""
        for one in fetched:
            if one.filed is not None:
                await self._filing.discard(one.filed)
