"""What a takeover made void stays so for as long as it may turn up, and is forgotten then."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.runtime.void import KEPT, Void
from bot.runtime.writes import NewEffect
from tests.unit.runtime.outside import NOW, Clock, Outside, running, settled


def said(conversation_id: int | None, epoch: int, author: str = "bot") -> NewEffect:
    return NewEffect("key", "send", "lane", "{}", conversation_id, 1, author, epoch)


@pytest.mark.parametrize(
    ("effect", "is_void"),
    [
        (said(7, 2), True),
        (said(7, 3), False),
        (said(7, 2, "staff"), False),
        (said(8, 0), False),
        (said(None, 0), False),
    ],
)
def test_what_the_bot_said_in_an_older_epoch_of_the_conversation_is_void(effect: NewEffect, is_void: bool) -> None:
    void = Void(Clock())
    void.add(7, 3)
    assert (effect in void) == is_void


def test_each_takeover_is_forgotten_when_its_own_time_is_over() -> None:
    clock = Clock()
    void = Void(clock)
    void.add(7, 1)
    void.add(8, 1)
    clock.now = NOW + KEPT / 2
    void.add(7, 3)  # once more: it is the younger one now
    for after, kept in ((KEPT - timedelta(seconds=1), 2), (KEPT, 1), (KEPT * 2, 0)):
        clock.now = NOW + after
        void.forget()
        assert len(void) == kept
    assert said(7, 2) not in void


@pytest.mark.usefixtures("database")
async def test_a_look_at_the_table_forgets_old_takeovers() -> None:
    clock = Clock()
    async with running(Outside(), clock) as effects:
        await settled(effects)
        async with effects.hold("lane"):
            effects.void("lane", 1, 1)
        assert len(effects._void) == 1
        clock.now = NOW + KEPT
        await effects._look()
        assert len(effects._void) == 0
