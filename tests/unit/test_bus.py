"""The bus: order, batches, a slow subscriber that learns of its loss, a callback that raises."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from bot.core.events import Event, FailureCount, MessageStored, Missed, RowChanged
from bot.runtime.bus import Bus


class Recorder:
    """Remembers its batches and says when one came."""

    def __init__(self) -> None:
        self.batches: list[list[Event]] = []
        self.came = asyncio.Event()

    async def __call__(self, events: Sequence[Event]) -> None:
        self.batches.append(list(events))
        self.came.set()


async def test_one_batch_holds_what_gathered_and_only_what_was_asked_for() -> None:
    bus, recorder = Bus(), Recorder()
    bus.subscribe("message", recorder)
    bus.publish(MessageStored(1, "webchat:a", 1))
    bus.publish(RowChanged(1))
    bus.publish(MessageStored(1, "webchat:a", 2))
    await recorder.came.wait()
    assert recorder.batches == [[MessageStored(1, "webchat:a", 1), MessageStored(1, "webchat:a", 2)]]
    await bus.close()


async def test_a_full_queue_drops_the_oldest_and_says_how_many() -> None:
    bus, recorder = Bus(), Recorder()
    bus.subscribe("", recorder, capacity=2)
    for n in range(5):
        bus.publish(FailureCount(n))
    await recorder.came.wait()
    assert recorder.batches == [[Missed(3), FailureCount(3), FailureCount(4)]]
    await bus.close()


async def test_a_callback_that_raises_hears_the_next_event(caplog: pytest.LogCaptureFixture) -> None:
    bus, seen, done = Bus(), list[Event](), asyncio.Event()
    failed = asyncio.Event()

    async def fragile(events: Sequence[Event]) -> None:
        seen.extend(events)
        if len(seen) == 1:
            failed.set()
            raise RuntimeError("first one breaks")
        done.set()

    bus.subscribe("row", fragile)
    bus.publish(RowChanged(1))
    await failed.wait()
    bus.publish(RowChanged(2))
    await done.wait()
    assert seen == [RowChanged(1), RowChanged(2)]
    assert [record.__dict__["action"] for record in caplog.records] == ["bus.callback"]
    await bus.close()


async def test_unsubscribed_hears_nothing_more() -> None:
    bus, gone, stays = Bus(), Recorder(), Recorder()
    subscription = bus.subscribe("", gone)
    bus.subscribe("", stays)
    await bus.unsubscribe(subscription)
    bus.publish(RowChanged(1))
    await stays.came.wait()
    assert gone.batches == []
    await bus.close()


async def test_what_is_published_is_forwarded_and_what_is_delivered_stays() -> None:
    bus, recorder, forwarded = Bus(), Recorder(), list[Event]()
    bus.subscribe("", recorder)
    bus.forward(forwarded.append)
    bus.publish(RowChanged(1))
    bus.deliver(RowChanged(2))
    bus.forward(None)
    bus.publish(RowChanged(3))
    await recorder.came.wait()
    assert recorder.batches == [[RowChanged(1), RowChanged(2), RowChanged(3)]]
    assert forwarded == [RowChanged(1)]
    await bus.close()
