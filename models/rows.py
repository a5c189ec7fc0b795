"""A model's rows by SQL that is written once: a query that is put together anew for each reading costs many times that.

For what a customer waits for, and for what shares a lock. Everything else asks the models, which say it shorter.
"""

# ruff: noqa: SLF001 - what a model knows of its table, and how it is made of a row, Tortoise keeps to itself
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Generic, TypeVar

from tortoise.models import Model

from models.database import Statement, fetch

T = TypeVar("T", bound=Model)


class Columns(Generic[T]):
    """A model's columns in a SELECT that joins its table as `alias`, and the model of a row that it found."""

    def __init__(self, model: type[T], alias: str) -> None:
        self._model = model
        self._alias = alias

    @cached_property
    def _names(self) -> tuple[tuple[str, str], ...]:
        """As they are in the table and as the SELECT calls them; a model knows them once a database is open."""
        return tuple((name, f"{self._alias}_{name}") for name in _columns(self._model))

    @cached_property
    def sql(self) -> str:
        """What the SELECT names."""
        return ", ".join(f"{self._alias}.{name} AS {shown}" for name, shown in self._names)

    def of(self, row: Mapping[str, Any]) -> T:
        """The model; what it refers to is not fetched."""
        return self._model._init_from_db(**{name: row[shown] for name, shown in self._names})


async def every(model: type[T], rest: str, values: Sequence[Any] = ()) -> list[T]:
    """The model of each row; `rest` is what stands behind the table's name, with `?` for every value."""
    return [model._init_from_db(**row) for row in await fetch(f"{_select(model)} {rest}", values)]


async def first(model: type[T], rest: str, values: Sequence[Any] = ()) -> T | None:
    """The first of them, None where there is none."""
    found = await every(model, rest, values)
    return found[0] if found else None


def insertion(rows: Iterable[T]) -> Statement:
    """The statement that inserts rows of one model; with none it is left out. They are not told their ids."""
    made = list(rows)
    return (_insert(type(made[0])), [_values(row, _all(type(row))) for row in made]) if made else ("", [])


def update(row: Model, *fields: str) -> Statement:
    """The statement that writes these fields of a row, all of them where none is named."""
    named = fields or _all(type(row))
    return _update(type(row), named), [[*_values(row, named), row.pk]]


async def insert_new(row: Model, unique: str) -> bool:
    """Insert it and give it its id; False where another row has the same value in the column `unique`."""
    text = f"{_insert(type(row))} ON CONFLICT ({unique}) DO NOTHING RETURNING id"
    found = await fetch(text, _values(row, _all(type(row))))
    if found:
        row.pk, row._saved_in_db = found[0]["id"], True
    return bool(found)


@lru_cache(maxsize=64)
def _columns(model: type[Model]) -> tuple[str, ...]:
    return tuple(model._meta.fields_db_projection.values())


@lru_cache(maxsize=64)
def _select(model: type[Model]) -> str:
    return f"SELECT {', '.join(_columns(model))} FROM {_table(model)}"  # noqa: S608 - names of our own


@lru_cache(maxsize=64)
def _insert(model: type[Model]) -> str:
    names = [column for _, column in _inserted(model)]
    return f"INSERT INTO {_table(model)} ({', '.join(names)}) VALUES ({','.join('?' * len(names))})"  # noqa: S608


@lru_cache(maxsize=64)
def _inserted(model: type[Model]) -> tuple[tuple[str, str], ...]:
    """Fields and their columns, without what the database counts by itself."""
    counted = model._meta.generated_db_fields
    return tuple(pair for pair in model._meta.fields_db_projection.items() if pair[1] not in counted)


@lru_cache(maxsize=64)
def _update(model: type[Model], fields: Sequence[str]) -> str:
    columns = ", ".join(f"{model._meta.fields_db_projection[name]} = ?" for name in fields)
    return f"UPDATE {_table(model)} SET {columns} WHERE id = ?"  # noqa: S608 - names of our own


def _values(row: Model, names: Iterable[str]) -> list[Any]:
    fields = row._meta.fields_map
    return [fields[name].to_db_value(getattr(row, name), row) for name in names]


@lru_cache(maxsize=64)
def _all(model: type[Model]) -> tuple[str, ...]:
    return tuple(name for name, _ in _inserted(model))


def _table(model: type[Model]) -> str:
    name = model._meta.db_table
    return f'"{name}"' if name == "order" else name  # a word of SQL
