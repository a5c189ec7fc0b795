"""The databases that Parley runs on: a file each, with all that is said in its own SQL."""

from __future__ import annotations

from urllib.parse import urlsplit

from bot.core.errors import ConfigError
from models.engines.engine import Engine
from models.engines.mysql import Mysql
from models.engines.postgres import Postgres
from models.engines.sqlite import Sqlite

ENGINES: tuple[type[Engine], ...] = (Sqlite, Postgres, Mysql)


def of(url: str) -> Engine:
    """The engine of a database URL. An unknown scheme is a ConfigError."""
    scheme = urlsplit(url).scheme
    for engine in ENGINES:
        if scheme in engine.schemes:
            return engine()
    raise ConfigError(f"database: {scheme or url!r} is not known; use sqlite://path, postgres://… or mysql://…")


def named(dialect: str) -> Engine:
    """The engine of a dialect."""
    return next(engine for engine in ENGINES if engine.name == dialect)()
