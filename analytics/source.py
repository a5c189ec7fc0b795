"""Reads the database beside the running bot, without a write and without a lock on it, as Arrow columns.

No row becomes a Python object on the way, which would take ten times as long: SQLite's rows are made into Arrow's
columns by a driver in C, and those of a server come as CSV, which it writes and Arrow reads in C, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import pyarrow as pa  # type: ignore[import-untyped]

from analytics.tables import Column


class Source(Protocol):
    """One connection. Reads may be long; each sees one state of the database."""

    def rows(self, columns: Sequence[Column], table: str, where: str) -> pa.Table:
        """Rows as Arrow columns of `columnar.schema(columns)`."""

    def numbers(self, sql: str) -> list[int]:
        """A column of whole numbers."""

    def pairs(self, sql: str) -> list[tuple[int, int]]:
        """Two columns of whole numbers."""

    def text(self, sql: str) -> str | None:
        """The one value of a query, as text."""

    def since(self, column: str, moment: str) -> str:
        """The condition that `column` is at or after `moment`, an ISO 8601 time in UTC."""

    def latest(self, column: str) -> str:
        """The expression that gives a time column's maximum as ISO 8601 text in UTC."""

    def close(self) -> None: ...


def open_source(url: str) -> Source:
    """Connect to `sqlite://path`, `postgres://…` or `mysql://…`. Raises `DatabaseBusy` when it cannot be reached."""
    # Only the driver that is wanted is loaded: this is done in every process that reads.
    if urlsplit(url).scheme == "sqlite":
        from analytics import sqlite

        return sqlite.connect(Path(unquote(url.removeprefix("sqlite://").partition("?")[0])))
    if urlsplit(url).scheme in ("mysql", "mariadb"):
        from analytics import mysql

        return mysql.connect(url)
    from analytics import postgres

    return postgres.connect(url)
