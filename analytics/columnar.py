"""What the lake's columns are in Arrow, and how what a database hands out becomes such columns."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.csv  # type: ignore[import-untyped]

from analytics.tables import Column, Type

ARROW: dict[Type, pa.DataType] = {
    "int": pa.int64(),
    "int?": pa.int64(),
    "flag": pa.int64(),
    # As numbers of a dictionary: these are few different words, and all that follows is twice as fast.
    "text": pa.dictionary(pa.int32(), pa.string()),
    "second": pa.timestamp("us", "UTC"),
    "moment": pa.timestamp("us", "UTC"),
}


def schema(of: Sequence[Column]) -> pa.Schema:
    """The Arrow schema of a table's file."""
    return pa.schema([(column.name, ARROW[column.type]) for column in of])


def from_csv(csv: bytes, of: Sequence[Column]) -> pa.Table:
    """CSV without a header as a table of `schema(of)`: null is an empty field, text is quoted, times are UTC."""
    if not csv:
        return schema(of).empty_table()
    # Times carry no zone in the CSV.
    types = {c.name: pa.timestamp("us") if c.type in ("second", "moment") else ARROW[c.type] for c in of}
    rows = pyarrow.csv.read_csv(
        pa.BufferReader(csv),
        pyarrow.csv.ReadOptions(column_names=list(types), use_threads=False, block_size=64 << 20),
        pyarrow.csv.ParseOptions(newlines_in_values=True),
        pyarrow.csv.ConvertOptions(
            column_types=types, strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""]
        ),
    )
    return rows.cast(schema(of))


def from_texts(rows: pa.Table, of: Sequence[Column]) -> pa.Table:
    """Rows whose times are texts without a zone, in UTC and "" for null, as a table of `schema(of)`."""
    if rows.num_rows == 0:  # then no column has a type
        return schema(of).empty_table()
    columns = [_column(rows.column(place).combine_chunks(), column.type) for place, column in enumerate(of)]
    return pa.table(columns, schema=schema(of))


def _column(values: pa.Array, of: Type) -> pa.Array:
    if of == "text":
        return values.dictionary_encode()
    if of in ("second", "moment"):
        known = pc.if_else(pc.not_equal(values, ""), values, pa.scalar(None, values.type))
        return known.cast(pa.timestamp("us")).cast(ARROW[of])
    return values
