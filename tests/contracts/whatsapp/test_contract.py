"""WhatsApp keeps the contract of every channel, through the web side."""

from __future__ import annotations

from tests.contracts.meta_stage import MetaContract


class TestWhatsApp(MetaContract):
    """By webhook."""

    captions = True
