"""The programme of faults: every part that can be run, and honestly what cannot be run yet."""

from __future__ import annotations

from tests.faults.part import Part
from tests.faults.parts import (
    ack,
    cuts,
    death,
    duplicates,
    far_takeover,
    idle,
    kill,
    mailbox,
    ordinary,
    overload,
    platform,
    points,
    poison,
    power,
    pushing,
    relay,
    rolling,
    simulation,
    slots,
    sockets,
    stop,
    storage,
    takeover,
    trade,
    upgrade,
    webhooks,
)

PARTS: dict[str, Part] = {
    part.name: part
    for part in (
        kill.PART,
        points.PART,
        cuts.PART,
        power.PART,
        stop.PART,
        rolling.PART,
        upgrade.PART,
        duplicates.PART,
        ack.PART,
        overload.PART,
        platform.PART,
        poison.PART,
        takeover.PART,
        far_takeover.PART,
        death.PART,
        mailbox.PART,
        sockets.PART,
        relay.PART,
        webhooks.PART,
        *simulation.PARTS,
        storage.PART,
        slots.PART,
        idle.IDLE,
        idle.DEAF,
        *trade.PARTS,
        pushing.PART,
        *ordinary.PARTS,
    )
}

#: Promises without a part, and why: number, promise, what is missing.
NOT_YET: tuple[tuple[int, str, str], ...] = ()
