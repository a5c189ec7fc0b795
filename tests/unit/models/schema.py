"""What a database really looks like, read from its own catalogue, so that two of them can be compared."""

from __future__ import annotations

from typing import Any

from models.database import client, dialect

Shape = dict[str, dict[str, Any]]

_COLUMNS = """
    SELECT table_name, column_name, data_type, character_maximum_length, is_nullable
    FROM information_schema.columns WHERE table_schema = 'public'
"""
_INDEXES = """
    SELECT t.relname AS table_name, pg_get_indexdef(i.indexrelid) AS definition, i.indisunique AS "unique",
           i.indpred IS NOT NULL AS partial, c.relname AS name,
           ARRAY(SELECT a.attname FROM unnest(i.indkey) WITH ORDINALITY k(n, o)
                 JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.n ORDER BY k.o) AS columns
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname = 'public'
"""
_KEYS = """
    SELECT conrelid::regclass::text AS table_name, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace
"""


async def shape() -> Shape:
    """By table: columns, unique column sets, indexes (name to columns) and foreign keys.

    Defaults are left out: the models fill in theirs themselves; the migrations have them for old rows.
    """
    return await {"sqlite": _sqlite, "postgres": _postgres, "mysql": _mysql}[dialect()]()


async def _rows(sql: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await client().execute_query_dict(sql)]


async def _sqlite() -> Shape:
    names = await _rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {row["name"]: await _sqlite_table(row["name"]) for row in names}


async def _sqlite_table(table: str) -> dict[str, Any]:
    columns = {
        row["name"]: (row["type"].upper(), bool(row["notnull"]), bool(row["pk"]))
        for row in await _rows(f'PRAGMA table_info("{table}")')
    }
    uniques, indexes = set(), {}
    for row in await _rows(f'PRAGMA index_list("{table}")'):
        on = tuple(one["name"] for one in await _rows(f'PRAGMA index_info("{row["name"]}")'))
        if row["unique"]:
            uniques.add(on)
        else:
            indexes[row["name"]] = on
    keys = {
        (row["from"], row["table"], row["to"], row["on_delete"])
        for row in await _rows(f'PRAGMA foreign_key_list("{table}")')
    }
    return {"columns": columns, "uniques": uniques, "indexes": indexes, "keys": keys}


async def _postgres() -> Shape:
    found: Shape = {}
    for row in await _rows(_COLUMNS):
        one = found.setdefault(row["table_name"], {"columns": {}, "uniques": set(), "indexes": {}, "keys": set()})
        one["columns"][row["column_name"]] = (
            row["data_type"], row["character_maximum_length"], row["is_nullable"],
        )  # fmt: skip
    for row in await _rows(_INDEXES):
        if row["unique"]:
            found[row["table_name"]]["uniques"].add(tuple(row["columns"]))
        else:
            found[row["table_name"]]["indexes"][row["name"]] = tuple(row["columns"])
    for row in await _rows(_KEYS):
        found[row["table_name"].strip('"')]["keys"].add(row["definition"])
    return found


_MYSQL_COLUMNS = """
    SELECT table_name AS "table", column_name AS name, column_type AS type, is_nullable AS nullable
    FROM information_schema.columns WHERE table_schema = database()
"""
_MYSQL_INDEXES = """
    SELECT table_name AS "table", index_name AS name, non_unique AS several,
           group_concat(column_name ORDER BY seq_in_index) AS columns
    FROM information_schema.statistics WHERE table_schema = database() GROUP BY 1, 2, 3
"""
_MYSQL_KEYS = """
    SELECT k.table_name AS "table", k.column_name AS name, k.referenced_table_name AS target,
           k.referenced_column_name AS "column", r.delete_rule AS rule
    FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r
      ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
      AND r.table_name = k.table_name
    WHERE k.table_schema = database()
"""


async def _mysql() -> Shape:
    found: Shape = {}
    for row in await _rows(_MYSQL_COLUMNS):
        one = found.setdefault(row["table"], {"columns": {}, "uniques": set(), "indexes": {}, "keys": set()})
        one["columns"][row["name"]] = (row["type"], row["nullable"])
    for row in await _rows(_MYSQL_INDEXES):
        on = tuple(row["columns"].split(","))
        if row["several"]:
            found[row["table"]]["indexes"][row["name"]] = on
        else:
            found[row["table"]]["uniques"].add(on)
    for one in found.values():  # an index that the server makes for a foreign key goes by the key's name, or column's
        keys = {name: on for name, on in one["indexes"].items() if name.startswith("ix_")}
        one["indexes"] = keys
    for row in await _rows(_MYSQL_KEYS):
        found[row["table"]]["keys"].add((row["name"], row["target"], row["column"], row["rule"]))
    return found
