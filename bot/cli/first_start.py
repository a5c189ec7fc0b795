"""What happens once in the life of an installation: the demo shop is filled, and the first admin gets a password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.config import Config
    from bot.core.ports import Storage

LOGIN = "admin"


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """Shown once: the password is nowhere else, and must be changed at the first login."""

    login: str
    password: str


async def fill_demo(storage: Storage) -> bool:
    """Fill an empty database with the demo shop; a later start finds the mark and changes nothing."""
    from bot.demo import fill

    return await fill(storage, datetime.now(UTC))


async def first_admin(config: Config) -> FirstAdmin | None:
    """Make the first account when there is none at all; of nodes that start at one moment, one makes it."""
    from bot.core.errors import Refused
    from bot.services import passwords, staff

    if await staff.everyone():
        return None
    password = passwords.one_time_password()
    try:
        await staff.add(
            LOGIN, "Admin", "admin", password, datetime.now(UTC),
            locale=config.shop.languages[0], timezone=config.shop.timezone,
        )  # fmt: skip
    except Refused as refused:
        if refused.code == "login_taken":
            return None
        raise
    return FirstAdmin(LOGIN, password)
