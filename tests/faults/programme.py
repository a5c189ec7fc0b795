"""The programme of faults: every part that can be run, and honestly what cannot be run yet."""

from __future__ import annotations

from tests.faults.part import Part
from tests.faults.parts import (
    ack,
    death,
    duplicates,
    far_takeover,
    kill,
    overload,
    platform,
    poison,
    rolling,
    simulation,
    sockets,
    stop,
    takeover,
)

PARTS: dict[str, Part] = {
    part.name: part
    for part in (
        kill.PART,
        stop.PART,
        rolling.PART,
        duplicates.PART,
        ack.PART,
        overload.PART,
        platform.PART,
        poison.PART,
        takeover.PART,
        far_takeover.PART,
        death.PART,
        sockets.PART,
        *simulation.PARTS,
    )
}

#: Promises without a part, and why: number, promise, what is missing.
NOT_YET = (
    (2, "kill -9 at named points (commit, ack, handler, effect, send, record, file, lease)", "no part yet"),
    (3, "Power loss: FULL loses nothing, NORMAL must lose", "no file system that drops unsynced writes here yet"),
    (8, "Signatures: wrong ones are refused and leave no row", "single cases in tests/contracts, not counted here"),
    (9, "Malformed bodies: no answer 5xx", "single cases in tests/contracts, not counted here"),
    (12, "Orders and payments race: one order, one capture, one receipt", "single cases in tests/unit/services"),
    (13, "Storage down or slow: chat goes on, no row points at nothing", "no part yet"),
    (14, "A slot runs once, in all time zones", "four processes on one database are not possible yet"),
    (18, "10,000 idle sockets", "no part yet"),
    (19, "Slow readers are cut at a byte budget", "single cases in tests/unit/web, not counted here"),
    (20, "Who may see what, generated from the routes", "tests/unit/web/test_access.py, not counted here"),
    (21, "Hostile text in a real browser", "tests/browser/test_hostile_text.py, not counted here"),
    (22, "SSRF", "no part yet"),
    (23, "Files of wrong types, bombs, names", "single cases in tests/unit and tests/contracts"),
    (24, "Erase and export", "tests/unit/services/test_privacy.py, not counted here"),
    (25, "Backup and restore under load", "the commands have tests of their own, no part yet"),
    (26, "A report equals a direct SQL count", "tests/analytics, not counted here"),
)
