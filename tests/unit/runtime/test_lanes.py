"""Lanes: one head of each at a time, in order, an album as one, and a rest only for the lane that needs it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.core.message import Inbound
from bot.runtime.lanes import ALBUM_GAP, Head, Lanes
from bot.runtime.ledger import Waiting


class OwnTime(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to the next timer as soon as nothing else is to do: nobody waits."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def time(self) -> float:
        return self.now

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self.now = max(self.now, self._scheduled[0]._when)  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


def in_own_time(test: Callable[[], Awaitable[None]]) -> None:
    with asyncio.Runner(loop_factory=OwnTime) as runner:
        runner.run(_whole(test))


async def _whole(test: Callable[[], Awaitable[None]]) -> None:
    await test()


def arrival(number: int, sender: str = "ann", group: str = "") -> Waiting:
    return Waiting(number, Inbound("telegram", str(number), sender, group=group))


def ids(heads: list[Head]) -> list[tuple[int, ...]]:
    return [tuple(waiting.id for waiting in head.waiting) for head in heads]


def now() -> float:
    return asyncio.get_running_loop().time() - 1000.0


def test_one_head_of_each_lane_and_the_next_only_after_it_is_done() -> None:
    async def story() -> None:
        lanes = Lanes()
        lanes.add([arrival(1), arrival(2), arrival(3, "bob"), arrival(4)])
        heads = await lanes.take(10)
        assert (ids(heads), lanes.size) == ([(1,), (3,)], 4)
        lanes.done(heads[1])
        lanes.done(heads[0])
        heads = await lanes.take(10)
        assert ids(heads) == [(2,)]
        lanes.done(heads[0])
        [last] = await lanes.take(10)
        lanes.done(last)
        assert (ids([last]), lanes.size, lanes._lanes) == ([(4,)], 0, {})

    in_own_time(story)


def test_no_more_than_asked_for_are_taken() -> None:
    async def story() -> None:
        lanes = Lanes()
        lanes.add([arrival(number, f"s{number}") for number in range(5)])
        assert [ids(await lanes.take(2)) for _ in range(3)] == [[(0,), (1,)], [(2,), (3,)], [(4,)]]

    in_own_time(story)


def test_a_worker_waits_for_an_arrival_and_several_workers_never_get_the_same() -> None:
    async def story() -> None:
        lanes, got = Lanes(), list[int]()

        async def work() -> None:
            while True:
                heads = await lanes.take(3)
                got.extend(waiting.id for head in heads for waiting in head.waiting)
                await asyncio.sleep(0)
                for head in heads:
                    lanes.done(head)

        workers = [asyncio.create_task(work()) for _ in range(3)]
        for number in range(60):
            lanes.add([arrival(number, f"s{number % 7}")])
            await asyncio.sleep(0)
        await asyncio.sleep(1)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        assert sorted(got) == list(range(60))
        for lane in range(7):
            mine = [number for number in got if number % 7 == lane]
            assert mine == sorted(mine)

    in_own_time(story)


def test_a_retry_stays_first_and_counts_and_other_lanes_go_on() -> None:
    async def story() -> None:
        lanes = Lanes()
        lanes.add([arrival(1), arrival(2), arrival(3, "bob")])
        heads = await lanes.take(10)
        lanes.retry(heads[0], 2.0)
        lanes.done(heads[1])
        lanes.add([arrival(4), arrival(5, "bob")])
        assert (ids(await lanes.take(10)), now()) == ([(5,)], 0.0)
        [again] = await lanes.take(10)
        assert (ids([again]), again.waiting[0].attempts, now()) == ([(1,)], 1, 2.0)

    in_own_time(story)


def test_postponing_counts_no_attempt() -> None:
    async def story() -> None:
        lanes = Lanes()
        lanes.add([arrival(1)])
        lanes.postpone((await lanes.take(1))[0], 0.5)
        [again] = await lanes.take(1)
        assert (again.waiting[0].attempts, now()) == (0, 0.5)

    in_own_time(story)


def test_an_album_is_one_head_once_its_last_picture_came() -> None:
    async def story() -> None:
        lanes = Lanes()
        lanes.add([arrival(1, group="g"), arrival(2, "bob")])
        assert ids(await lanes.take(10)) == [(2,)]
        await asyncio.sleep(0.5)
        lanes.add([arrival(3, group="g")])
        await asyncio.sleep(0.5)
        lanes.add([arrival(4, group="g"), arrival(5)])
        [album] = await lanes.take(10)
        assert ids([album]) == [(1, 3, 4)]
        assert now() == pytest.approx(1.0 + ALBUM_GAP)
        lanes.done(album)
        assert ids(await lanes.take(10)) == [(5,)]

    in_own_time(story)


def test_two_albums_are_two_heads() -> None:
    async def story() -> None:
        lanes = Lanes()
        lanes.add([arrival(1, group="g"), arrival(2, group="g"), arrival(3, group="h")])
        heads: list[Any] = []
        for _ in range(2):
            [head] = await lanes.take(10)
            heads.append(head)
            lanes.done(head)
        assert ids(heads) == [(1, 2), (3,)]

    in_own_time(story)
