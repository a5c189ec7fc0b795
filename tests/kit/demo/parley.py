"""The Parley of the play: the user's own configuration, but another database, these accounts and no others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot import config
from bot.app import App, build, opened
from bot.app_web import file_links
from bot.channels.telegram.settings import Settings as Telegram
from bot.cli import first_start
from bot.config import Config, accounts
from bot.services import passwords, staff
from tests.kit.demo.phone import Phone
from tests.kit.demo.play import Clock
from tests.kit.platforms.nearby import let_in, lives_at, shows_at

LOGIN, NAME = "demo", "Mei"
#: Where these fetch pictures: they take https only. Their fakes go to this server instead.
PUBLIC, SHOWN = "https://shop.example", ("line", "messenger", "instagram")
ROLES = ("web", "worker", "scheduler")
Tables = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Login:
    """For the desk."""

    login: str
    password: str


def table(phone: Phone) -> dict[str, Any]:
    """What an operator writes about the account of this phone."""
    kind = {} if phone.channel == "telegram" else {"kind": phone.channel}
    return {**kind, **phone.part.stage.table(phone.server)}


def configured(file: Path | None, port: int | None, folder: Path, tables: Tables) -> Config:
    """What `file` (else config.toml) says of the shop, with `tables` as the only accounts; all data is in `folder`.

    Raises `ConfigError`.
    """
    # The user's own accounts are read, too, and some may be at an https address only; they go afterwards.
    server: dict[str, object] = {"host": "127.0.0.1", "public_url": PUBLIC, "data": str(folder), "edge": False}
    server |= {"roles": ROLES, "leave_seconds": 0.0} | ({} if port is None else {"port": port})
    loaded = config.load(
        file,
        {
            "server": server,
            "database": {"url": f"sqlite://{folder}/parley.db"},
            "redis": {"url": ""},
            "storage": {"kind": "local", "path": str(folder / "files")},
            "reports": {"lake": str(folder / "lake")},
            "telegram": {"token": "", "webhook": False},
        },
    )
    others = {account: table for account, table in tables.items() if account != "telegram"}
    read, wrong = accounts.read(others, lambda account: f"{PUBLIC}/hooks/{account}")
    assert not wrong, wrong
    telegram = Telegram.model_validate(tables["telegram"])
    here = loaded.server.model_copy(update={"public_url": ""})
    return loaded.model_copy(update={"server": here, "channels": read, "telegram": telegram})


@asynccontextmanager
async def built(loaded: Config, clock: Clock) -> AsyncIterator[tuple[App, Login]]:
    """Parley with its demo shop and one member of staff; it does not listen yet."""
    async with opened(loaded):
        app = await build(loaded, clock=clock)
        await first_start.fill_demo(app.storage)
        for channel in app.runtime.channels.values():
            let_in(channel)
            lives_at(channel, clock.seconds)
        server = loaded.server.model_copy(update={"public_url": PUBLIC})
        links = await file_links(loaded.model_copy(update={"server": server}))
        for account in SHOWN:
            shows_at(app.runtime.channels[account], *links)
        yield app, await _agent(loaded, clock)


async def _agent(loaded: Config, clock: Clock) -> Login:
    password = passwords.one_time_password()
    shop = loaded.shop
    await staff.add(
        LOGIN, NAME, "admin", password, clock(), one_time=False, locale=shop.languages[0], timezone=shop.timezone
    )
    return Login(LOGIN, password)
