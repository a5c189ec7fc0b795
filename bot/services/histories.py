"""All that was said with a person, in whichever app, in the order of time: for staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.services import same_person, threads
from bot.services.conversations import cursor, read_cursor
from bot.services.rows import moment, stamp
from bot.services.threads import MessageView
from models.database import fetch, marks

PAGE = 50
_NEWEST = "SELECT conversation_id, seq, id, at FROM message WHERE conversation_id = ? {older} ORDER BY seq DESC LIMIT ?"


@dataclass(frozen=True, slots=True)
class History:
    """A page, oldest first; `accounts` by conversation; `next` is the cursor of what was before, "" at the start."""

    messages: tuple[MessageView, ...]
    accounts: Mapping[int, str]
    next: str


async def page(contact_id: int, before: str = "") -> History:
    """The newest page, or the one before a cursor. Raises `BadInput` for a cursor that is not ours."""
    members = await same_person.members(contact_id)
    talks = await fetch(
        f"SELECT id, account FROM conversation WHERE contact_id IN ({marks(len(members))})",  # noqa: S608 - only marks
        members,
    )
    older, values = "", list[Any]()
    if before:
        at, id_ = read_cursor(before)
        older, values = "AND (at, id) < (?, ?)", [stamp(at), id_]
    found = [row for talk in talks for row in await fetch(_NEWEST.format(older=older), (talk["id"], *values, PAGE + 1))]
    found.sort(key=lambda row: (moment(row["at"]), row["id"]), reverse=True)
    kept = found[:PAGE]
    order = {(row["conversation_id"], row["seq"]): at for at, row in enumerate(kept)}
    said = sorted(await threads.some(order), key=lambda one: -order[one.conversation_id, one.seq])
    following = cursor(moment(kept[-1]["at"]), kept[-1]["id"]) if len(found) > PAGE else ""
    return History(tuple(said), {row["id"]: row["account"] for row in talks}, following)
