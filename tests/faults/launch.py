"""`python -m tests.faults.launch VARIANT …`: the real command line, broken in one way that a test must see."""

from __future__ import annotations

import sys

from bot.__main__ import main
from tests.faults.variants import arm

if __name__ == "__main__":
    arm(sys.argv[1])
    sys.exit(main(sys.argv[2:]))
