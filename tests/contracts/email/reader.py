"""The account whose mails the tests read."""

from __future__ import annotations

from bot.channels.email.marks import Marks
from bot.channels.email.reading import Reader
from bot.core.message import Inbound
from tests.kit.platforms.letters import ADDRESS

MARKS = Marks("5e" * 32, ADDRESS)
READER = Reader("email", ADDRESS, frozenset({ADDRESS}), MARKS)


def parse(mail: bytes) -> list[Inbound]:
    """What a mail says, at the place 1.7."""
    return READER.read(mail, None, "1.7")
