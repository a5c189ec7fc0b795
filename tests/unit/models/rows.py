"""One row in every table, made from the models themselves: a new table or column is covered without a word here."""

from __future__ import annotations

from datetime import UTC, datetime
from graphlib import TopologicalSorter
from typing import Any

from tortoise import Tortoise, fields
from tortoise.models import Model

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


async def fill() -> None:
    """One row in each table, every column with a value, every reference to a row that is there."""
    made: dict[type[Model], Model] = {}
    for model in tables():
        values = {name: _value(field, name) for name, field in model._meta.fields_map.items() if _own(field)}
        values |= {name: made[_target(model, name)] for name in _relations(model)}
        made[model] = await model.create(**values)


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
    """All rows by table."""
    return {model._meta.db_table: [dict(row) for row in await model.all().values()] for model in tables()}
