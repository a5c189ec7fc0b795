"""When to try again, as plain decisions."""

from __future__ import annotations

import pytest

from bot.core.errors import ChannelUnavailable, Unreachable
from bot.runtime.retry import EFFECT_DELAYS, TURN_DELAYS, HeldUp, effect_delay, turn_attempts, turn_delay, was_parked


def test_a_turn_that_fails_is_tried_again_within_seconds_and_then_parked() -> None:
    attempts = [turn_attempts(ValueError(), number) for number in range(1, 7)]
    assert [turn_delay(number) for number in attempts] == [*TURN_DELAYS, None, None]
    assert [was_parked(number) for number in attempts] == [False] * len(TURN_DELAYS) + [True, True]


@pytest.mark.parametrize("attempts", [1, 2, 9])
def test_a_turn_that_was_cut_off_is_parked_at_once(attempts: int) -> None:
    counted = turn_attempts(TimeoutError(), attempts)
    assert (turn_delay(counted), was_parked(counted)) == (None, True)
    assert counted == max(attempts, len(TURN_DELAYS) + 1)


def test_a_turn_that_held_a_transaction_has_two_more_chances() -> None:
    counted = [turn_attempts(HeldUp(), attempts) for attempts in (1, 2, 3, 4)]
    assert [turn_delay(attempts) for attempts in counted] == [*TURN_DELAYS[:2], None, None]


def test_an_effect_waits_longer_each_time_or_as_long_as_it_was_asked_to() -> None:
    lost = ChannelUnavailable("no answer")
    delays = [effect_delay(lost, number) for number in range(1, len(EFFECT_DELAYS) + 2)]
    assert delays == [*EFFECT_DELAYS, None]
    assert effect_delay(ChannelUnavailable("flood", after=60.0), 1) == 60.0
    assert effect_delay(ChannelUnavailable("flood", after=1e9), 1) == 3600.0
    assert effect_delay(Unreachable("blocked"), 1) is None
