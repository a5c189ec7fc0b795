"""When to try again: a pure decision of the error and how often it was tried."""

from __future__ import annotations

from bot.core.errors import AccountWaits, Final, Retryable

#: Waits after the first, second, … failure of an effect, seconds: about an hour in all.
EFFECT_DELAYS = (0.5, 2.0, 8.0, 30.0, 120.0, 600.0, 1800.0)
#: A turn holds up its whole conversation, so it is given up within seconds.
TURN_DELAYS = (0.1, 0.3, 1.0, 2.0)
#: So often a turn may be cut off because it kept others waiting: twice may have been the machine's fault.
HELD_UP_TRIES = 3
#: Longer than this no platform's Retry-After is believed, seconds.
LONGEST_WAIT = 3600.0
#: Waits after the first, second, … failure of a webhook, seconds: a day in all.
WEBHOOK_DELAYS = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 28800.0)
#: No endpoint is left alone for longer than this, whatever its Retry-After says, seconds.
WEBHOOK_LONGEST = 86400.0
#: What failed together is not tried again together: each wait is up to so much longer or shorter.
JITTER = 0.1
#: The shortest rest of an account, seconds.
LEAST_REST = 0.05


def effect_delay(error: BaseException, attempts: int) -> float | None:
    """Seconds until an effect that has failed `attempts` times is tried again; None parks it."""
    if isinstance(error, Final) or attempts > len(EFFECT_DELAYS):
        return None
    wait = EFFECT_DELAYS[attempts - 1]
    asked = error.after if isinstance(error, Retryable) and error.after else 0.0
    return max(wait, min(asked, LONGEST_WAIT))


def webhook_delay(attempts: int, asked: float | None, chance: float) -> float | None:
    """Seconds until a webhook that has failed `attempts` times is tried again; None gives it up.

    `asked` is its Retry-After, and `chance` is between 0 and 1.
    """
    if attempts > len(WEBHOOK_DELAYS):
        return None
    wait = WEBHOOK_DELAYS[attempts - 1] * (1 + JITTER * (2 * chance - 1))
    return max(wait, min(asked or 0.0, WEBHOOK_LONGEST))


def account_delay(wait: AccountWaits) -> float:
    """Seconds for which an account rests whose platform asks all of it to wait."""
    return min(max(wait.after or 0.0, LEAST_REST), LONGEST_WAIT)


class HeldUp(TimeoutError):
    """A turn was cut off soon, and undone, because others waited for its transaction."""


def turn_attempts(error: BaseException, attempts: int) -> int:
    """How often a turn counts as tried. One that was cut off held up everybody: it is not tried again by itself."""
    if isinstance(error, HeldUp) and attempts < HELD_UP_TRIES:
        return attempts
    return max(attempts, len(TURN_DELAYS) + 1) if isinstance(error, TimeoutError) else attempts


def turn_delay(attempts: int) -> float | None:
    """Seconds until a turn that has failed `attempts` times is tried again; None parks the inbound."""
    return TURN_DELAYS[attempts - 1] if attempts <= len(TURN_DELAYS) else None


def was_parked(attempts: int) -> bool:
    """Whether a turn with so many failures behind it was parked before and is tried again by staff."""
    return attempts > len(TURN_DELAYS)
