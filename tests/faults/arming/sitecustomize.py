"""Breaks every Python of a test run in the way that PARLEY_BROKEN names: with this folder on PYTHONPATH.

A process that a test starts (the shop, the edge, a report's child) is broken with it, as it inherits both.
"""

from __future__ import annotations

import os

from tests.faults.variants import arm

if broken := os.environ.get("PARLEY_BROKEN", ""):
    arm(broken)
