"""Instagram keeps the contract of every channel, through the web side."""

from __future__ import annotations

from tests.contracts.meta_stage import MetaContract


class TestInstagram(MetaContract):
    """By webhook."""
