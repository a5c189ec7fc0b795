"""What the lake holds of each table: facts and keys, never a name, an address, a phone number or a text of a person.

Ids of orders, reviews, conversations and messages are there because a row must be found again to be replaced. Ids of
contacts, identities and staff are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Type = Literal["int", "int?", "flag", "text", "second", "moment"]
"""`?` may be null; a "flag" is 0 or 1; "second" and "moment" are UTC times (null allowed), cut to seconds and exact to
the microsecond."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the lake, of the same name in the database."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Child:
    """Rows that belong to a parent's row, come with it, and carry some of its columns, so that nobody joins."""

    name: str
    source: str
    parent_key: str
    columns: tuple[Column, ...]
    inherits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`changed` names the time that grows with every change of a row; empty: rows never change once written.

    `at` is the time by which reports ask; files outside of a period are not opened.
    """

    name: str
    source: str
    columns: tuple[Column, ...]
    at: str
    changed: str = ""
    child: Child | None = None


ORDERS = Table(
    name="orders",
    source="order",
    columns=(
        Column("id", "int"),
        Column("state", "text"),
        Column("currency", "text"),
        Column("total", "int"),
        Column("account", "text"),
        Column("paid_at", "second"),
    ),
    at="paid_at",
    changed="updated_at",
    child=Child(
        name="order_lines",
        source="order_line",
        parent_key="order_id",
        columns=(
            Column("order_id", "int"),
            Column("sku", "text"),
            Column("quantity", "int"),
            Column("price", "int"),
            Column("cancelled", "int"),
        ),
        inherits=("state", "currency", "account", "paid_at"),
    ),
)

REVIEWS = Table(
    name="reviews",
    source="review",
    columns=(
        Column("id", "int"),
        Column("stars", "int"),
        Column("state", "text"),
        Column("account", "text"),
        Column("product_id", "int?"),
        Column("created_at", "second"),
    ),
    at="created_at",
    changed="updated_at",
)

CONVERSATIONS = Table(
    name="conversations",
    source="conversation",
    columns=(
        Column("id", "int"),
        Column("account", "text"),
        Column("created_at", "second"),
        Column("closed_at", "second"),
    ),
    at="",  # few, and every message needs its conversation
    changed="updated_at",
)

MESSAGES = Table(
    name="messages",
    source="message",
    columns=(
        Column("id", "int"),
        Column("conversation_id", "int"),
        Column("seq", "int"),
        Column("author", "text"),
        Column("at", "moment"),
    ),
    at="at",
)

PAYMENTS = Table(
    name="payments",
    source="payment",
    columns=(
        Column("id", "int"),
        Column("order_id", "int"),
        Column("captured", "int"),
        Column("captured_currency", "text"),
        Column("refunded", "int"),
    ),
    at="",  # of an order in the period, whenever it was opened
    changed="updated_at",
)

CHARGES = Table(
    name="charges",
    source="order_charge",
    columns=(
        Column("id", "int"),
        Column("order_id", "int"),
        Column("kind", "text"),
        Column("amount", "int"),
        Column("included", "flag"),
    ),
    at="",  # of an order in the period; those of an order that staff change go, and others come
)

TABLES: tuple[Table, ...] = (ORDERS, CHARGES, PAYMENTS, REVIEWS, CONVERSATIONS, MESSAGES)

#: Names for labels: JSON by language, of a variant a list of them, one for each of the product's options.
PRODUCTS = Table(
    name="products",
    source="product",
    columns=(Column("id", "int"), Column("sku", "text"), Column("name", "text")),
    at="",
)

VARIANTS = Table(
    name="variants",
    source="variant",
    columns=(Column("product_id", "int"), Column("sku", "text"), Column("option_values", "text"), Column("id", "int")),
    at="",
)
#: They are small, so copied whole at every update.
LABELS = (PRODUCTS, VARIANTS)


def columns(name: str) -> tuple[Column, ...]:
    """The columns of a table or a child in the lake; a child's own, then those that it inherits."""
    for table in (*TABLES, *LABELS):
        if table.name == name:
            return table.columns
        if table.child and table.child.name == name:
            told = {column.name: column for column in table.columns}
            return (*table.child.columns, *(told[inherited] for inherited in table.child.inherits))
    raise KeyError(name)
