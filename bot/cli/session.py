"""What most commands begin with: the configuration, quiet logs, and the database opened and closed again."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.core.errors import ConfigError

if TYPE_CHECKING:
    from bot.config import Config

#: The command did what it was asked.
DONE = 0
#: It could not; why is on standard error.
FAILED = 1


def configured(args: argparse.Namespace) -> Config:
    """The configuration of this command; its logs are warnings, on standard error."""
    from bot import config, logs

    loaded = config.load(args.config)
    logs.configure("debug" if args.debug else "warning", loaded.log.format, tuple(loaded.secrets()))
    return loaded


def finish(work: Coroutine[Any, Any, int]) -> int:
    """Run a command's coroutine to its exit code."""
    return asyncio.run(work)


@asynccontextmanager
async def database(config: Config, *, writes: bool = True, fresh: bool = False) -> AsyncIterator[None]:
    """The open database with its schema up to date; `writes` false may read beside a running server.

    With `fresh` one that is not there is made. Raises `ConfigError` otherwise, and when another process writes to it.
    """
    from models.database import close_database, migrate, open_database
    from models.engines.sqlite import sqlite_path

    url = config.database.url.reveal()
    if not fresh and url.startswith("sqlite:") and not sqlite_path(url).exists():
        raise ConfigError(
            f"there is no database at {sqlite_path(url)} yet; `python -m bot migrate` or a first start makes it"
        )
    await open_database(url, lock=writes)
    try:
        if writes:
            await migrate()
        yield
    finally:
        await close_database()


def path(text: str) -> Path:
    """An option that names a file or folder."""
    return Path(text).expanduser()
