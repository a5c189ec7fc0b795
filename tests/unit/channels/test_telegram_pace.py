"""Whom a 429 means: told by what this bot sent before, and kept for exactly as long as Telegram said."""

from __future__ import annotations

import pytest

from bot.channels.telegram.pace import SLOWLY, SLOWLY_SECONDS, Pace
from bot.core.errors import AccountWaits, ChannelUnavailable


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def paced() -> tuple[Pace, Clock]:
    clock = Clock()
    return Pace(clock), clock


def rests(pace: Pace, chat: str) -> float:
    """How long a call to `chat` must wait; 0.0 when it left."""
    try:
        pace.leave(chat)
    except AccountWaits as wait:
        return -1.0 if wait.told else wait.after or 0.0
    return 0.0


def test_a_chat_that_was_written_to_quickly_waits_alone() -> None:
    pace, clock = paced()
    pace.leave("ann")
    clock.now += 0.5
    pace.leave("ann")
    error = pace.told("ann", 7.0)
    assert (type(error), error.after) == (ChannelUnavailable, 7.0)
    assert rests(pace, "bob") == 0.0


def test_a_chat_with_one_message_cannot_be_too_fast_so_the_bot_waits() -> None:
    pace, clock = paced()
    pace.leave("ann")
    clock.now += 10
    pace.leave("ann")
    error = pace.told("ann", 7.0)
    assert isinstance(error, AccountWaits)
    assert (error.told, error.after) == (True, 7.0)
    assert (rests(pace, "bob"), rests(pace, "ann")) == (7.0, 7.0)
    clock.now += 6.5
    assert rests(pace, "bob") == 0.5


def test_a_group_has_a_minute() -> None:
    pace, clock = paced()
    pace.leave("-100")
    clock.now += 30
    pace.leave("-100")
    assert type(pace.told("-100", 7.0)) is ChannelUnavailable
    clock.now += 61
    pace.leave("-100")
    assert isinstance(pace.told("-100", 7.0), AccountWaits)


def test_the_shorter_of_two_waits_does_not_end_the_longer_one() -> None:
    pace, clock = paced()
    pace.leave("ann")
    pace.leave("bob")  # both are under way when the first answer comes
    pace.told("ann", 30.0)
    clock.now += 1
    pace.told("bob", 2.0)
    assert rests(pace, "cy") == 29.0


def test_afterwards_everybody_gets_through_at_the_bots_own_speed() -> None:
    pace, clock = paced()
    pace.leave("ann")
    pace.told("ann", 5.0)
    due = {str(number): 1005.0 for number in range(500)}
    left: list[float] = []
    while due:
        chat = min(due, key=lambda one: due[one])
        clock.now = max(clock.now, due[chat])
        if again := rests(pace, chat):
            due[chat] = clock.now + again
        else:
            left.append(clock.now)
            del due[chat]
    assert left[0] >= 1005.0
    assert 500 / SLOWLY <= left[-1] - 1005.0 < 1.2 * 500 / SLOWLY
    assert max(sum(at <= other < at + 1 for other in left) for at in left) <= 2 * SLOWLY


def test_after_a_quiet_while_nothing_is_held_back() -> None:
    pace, clock = paced()
    pace.leave("ann")
    pace.told("ann", 5.0)
    clock.now += 5.0 + SLOWLY_SECONDS + 0.1
    assert [rests(pace, str(number)) for number in range(1000)] == [0.0] * 1000


@pytest.mark.parametrize("chats", [20_000])
def test_it_does_not_remember_every_chat_there_ever_was(chats: int) -> None:
    pace, _ = paced()
    for number in range(chats):
        pace.leave(str(number))
    assert len(pace._calls) == 10_000
