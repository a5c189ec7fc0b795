"""Private keys are read once for each process: at each reading OpenSSL proves that a key's primes are primes.

That is 28 ms of work, and the tests of payments open some three hundred shops with the same keys.
"""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives import serialization


def read_once() -> None:
    """From here on; a key cannot be changed, and what is no key is told at each reading."""
    for name in ("load_pem_private_key", "load_der_private_key"):
        setattr(serialization, name, cache(getattr(serialization, name)))
