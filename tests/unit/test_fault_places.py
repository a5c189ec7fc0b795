"""Trials of faults run beside others, and those about time or memory when nothing else does."""

from __future__ import annotations

import asyncio

from tests.faults.run import Places


async def test_those_that_must_be_alone_follow_one_by_one_when_all_others_are_over_even_if_one_failed() -> None:
    places, told = Places(2), list[str]()

    async def trial(name: str, *, alone: bool = False) -> None:
        async with places.one(alone=alone):
            told.append(f"{name} begins")
            await asyncio.sleep(0)
            told.append(f"{name} ends")
            if name == "d":
                raise OSError("no room for its folder")

    trials = [trial("a", alone=True), trial("b", alone=True), trial("c"), trial("d")]
    async with asyncio.timeout(10):
        await asyncio.gather(*trials, return_exceptions=True)
    assert told[:4] == ["c begins", "d begins", "c ends", "d ends"]
    assert told[4:] == ["a begins", "a ends", "b begins", "b ends"]
