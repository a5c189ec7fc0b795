"""One row in every table, made from the models themselves: a new table or column is covered without a word here."""

from __future__ import annotations

from datetime import UTC, datetime
from graphlib import TopologicalSorter
from typing import Any

from tortoise import Tortoise, fields
from tortoise.models import Model

from models.database import dialect, fetch, marks

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def tables() -> list[type[Model]]:
    """Every model, those that others point at first."""
    models = list(Tortoise.apps["models"].values())
    graph = {model: {_target(model, name) for name in _relations(model)} - {model} for model in models}
    return list(TopologicalSorter(graph).static_order())


def _relations(model: type[Model]) -> set[str]:
    return model._meta.fk_fields | model._meta.o2o_fields


def _target(model: type[Model], name: str) -> type[Model]:
    related: type[Model] = model._meta.fields_map[name].related_model  # type: ignore[attr-defined]
    return related


async def existing() -> list[type[Model]]:
    """The models whose tables the open database has: an older schema lacks some."""
    return [model for model in tables() if await columns(model._meta.db_table)]


async def fill() -> None:
    """One row in each table that is there, every column with a value, every reference to a row that is there."""
    keys: dict[type[Model], Any] = {}
    for model in await existing():
        own = {name: _value(field, name) for name, field in model._meta.fields_map.items() if _own(field)}
        row = model(**own)
        for name in _relations(model):
            setattr(row, f"{name}_id", keys.get(_target(model, name), 1))  # itself, where nothing else is there yet
        row.pk = keys[model] = own.get(model._meta.pk_attr, 1)
        await _insert(row)


async def _insert(row: Model) -> None:
    """By hand: an older schema lacks the columns that the model has now."""
    table, there = row._meta.db_table, await columns(row._meta.db_table)
    values = {
        column: row._meta.fields_map[name].to_db_value(getattr(row, name), row)
        for name, column in row._meta.fields_db_projection.items()
        if column in there
    }
    names = ", ".join(f'"{column}"' for column in values)
    await fetch(f'INSERT INTO "{table}" ({names}) VALUES ({marks(len(values))})', list(values.values()))


async def columns(table: str) -> set[str]:
    """The columns that a table has in the open database."""
    if dialect() == "sqlite":
        found = await fetch("SELECT name FROM pragma_table_info(?)", [table])
    else:
        schema = "database()" if dialect() == "mysql" else "'public'"
        found = await fetch(
            "SELECT column_name AS name FROM information_schema.columns "
            f"WHERE table_schema = {schema} AND table_name = ?",
            [table],
        )
    return {row["name"] for row in found}


def _own(field: Any) -> bool:
    relational = isinstance(field, fields.relational.RelationalField)
    return not relational and not field.generated and not getattr(field, "reference", None)


def _value(field: Any, name: str) -> Any:
    match field:
        case fields.DatetimeField():
            return NOW
        case fields.BooleanField():
            return True
        case fields.JSONField():
            return {"en": "tea", "zh": "茶"}
        case fields.CharField(max_length=most):
            return f"{name} 茶"[:most]
        case fields.TextField():
            return "[]"
        case _:
            return 1


async def contents() -> dict[str, list[dict[str, Any]]]:
    """All rows by table, as they are stored."""
    names = [model._meta.db_table for model in await existing()]
    return {name: await fetch(f'SELECT * FROM "{name}" ORDER BY 1') for name in names}


def within(rows: dict[str, list[dict[str, Any]]], known: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """`rows` without the tables and columns that `known` does not have: those that a migration added."""
    return {
        table: [{name: row[name] for name in before} for row, before in zip(found, known[table], strict=True)]
        for table, found in rows.items()
        if table in known
    }
