"""Whatever the chunks, the blocks are of one size; and what must not be interrupted is not."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import TooLarge
from bot.storage.intake import Intake, to_the_end


async def stream(chunks: list[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@given(chunks=st.lists(st.binary(max_size=40), max_size=12), size=st.integers(1, 30))
async def test_blocks_have_one_size_and_only_the_last_is_marked(chunks: list[bytes], size: int) -> None:
    intake = Intake("key", "text/plain", 1000)
    blocks = [block async for block in intake.blocks(stream(chunks), size)]
    whole = b"".join(chunks)
    assert b"".join(data for data, _ in blocks) == whole
    assert [last for _, last in blocks] == [False] * (len(blocks) - 1) + [True]
    assert all(len(data) == size for data, last in blocks if not last)
    assert len(blocks) == max(1, -(-len(whole) // size))
    assert intake.stored().sha256 == hashlib.sha256(whole).hexdigest()


async def test_the_limit_is_told_by_the_first_byte_too_many() -> None:
    taken: list[int] = []

    async def source() -> AsyncIterator[bytes]:
        for number in range(100):
            taken.append(number)
            yield b"x"

    with pytest.raises(TooLarge):
        [block async for block in Intake("key", "text/plain", 3).blocks(source(), 10)]
    assert taken == [0, 1, 2, 3]


async def test_work_ends_before_its_cancellation_is_told() -> None:
    started, may_end, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        started.set()
        await may_end.wait()
        ended.set()

    task = asyncio.create_task(to_the_end(work()))
    await started.wait()
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_work_that_fails_after_a_cancellation_is_still_cancelled() -> None:
    started, may_end = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        started.set()
        await may_end.wait()
        raise ValueError

    task = asyncio.create_task(to_the_end(work()))
    await started.wait()
    task.cancel()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_results_and_errors_pass_through() -> None:
    async def work(fails: bool) -> int:
        if fails:
            raise ValueError("seven")
        return 7

    assert await to_the_end(work(False)) == 7
    with pytest.raises(ValueError, match="seven"):
        await to_the_end(work(True))
