"""How many made-up cases a test tries: a tenth in everyday runs, all where the programme of faults asks for it."""

from __future__ import annotations

import os

ALL = "PARLEY_CASES"
#: Everyday runs try one in so many; they differ from run to run.
_SHARE = 10


def cases(most: int) -> int:
    """`most` with PARLEY_CASES=all, else a tenth."""
    return most if os.environ.get(ALL) == "all" else max(1, most // _SHARE)
