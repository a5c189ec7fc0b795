"""Every way in which a process can be broken on purpose, by name, and how several are applied at once."""

from __future__ import annotations

from tests.faults import (
    broken,
    broken_disk,
    broken_doors,
    broken_mailbox,
    broken_money,
    broken_points,
    broken_relay,
    broken_webhooks,
    releases,
)

VARIANTS = (
    broken.VARIANTS
    | broken_disk.VARIANTS
    | broken_doors.VARIANTS
    | broken_mailbox.VARIANTS
    | broken_money.VARIANTS
    | broken_points.VARIANTS
    | broken_relay.VARIANTS
    | broken_webhooks.VARIANTS
    | releases.VARIANTS
)


def arm(words: str) -> None:
    """`no-unique-key`, or several with `+` between them; what follows an `@` is told to the variant."""
    for word in words.split("+"):
        name, *told = word.split("@")
        VARIANTS[name](*told)
