"""Reviews that were written in connected shops, as the desk lists them."""

from __future__ import annotations

from typing import Any

from bot.services.backoffice import PAGE, Page, ReviewRow, paged
from bot.services.conversations import read_cursor
from bot.services.rows import moment, stamp
from models.database import fetch

_REVIEW = (
    "SELECT s.id, s.store, s.stars, s.text, s.shown, s.written_at, s.name, s.contact_id, p.name AS product "
    "FROM store_review s LEFT JOIN product p ON p.id = s.product_id"
)


async def listed(before: str = "") -> Page[ReviewRow]:
    """Reviews that were written in connected shops, newest first. Raises `BadInput` for a cursor that is not ours."""
    values: list[Any] = []
    keyset = ""
    if before:
        at, id_ = read_cursor(before)
        keyset = "AND (s.written_at, s.id) < (?, ?)"
        values += [stamp(at), id_]
    found = await fetch(
        f"{_REVIEW} WHERE s.state = 'theirs' {keyset} ORDER BY s.written_at DESC, s.id DESC LIMIT ?",
        [*values, PAGE + 1],
    )
    return paged(tuple(_row(row) for row in found[:PAGE]), len(found))


def _row(row: Any) -> ReviewRow:
    return ReviewRow(
        id=row["id"],
        stars=row["stars"],
        text=row["text"],
        state="accepted" if row["shown"] else "pending",
        created_at=moment(row["written_at"]),
        display_name=row["name"],
        contact_id=row["contact_id"],
        conversation_id=None,
        order_number=None,
        product=row["product"],
        photos=(),
        store=row["store"],
    )
