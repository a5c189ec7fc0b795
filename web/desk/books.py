"""The books of providers at the desk: where they differ from ours, and those that could not be read."""

from __future__ import annotations

from aiohttp import web

from bot.services import differences
from bot.services.differences import DifferenceRow, LateBooks
from web.auth import me, needs
from web.desk.conversations import shapes
from web.desk.values import books
from web.http import Problem, answer, path_id, query_int, read_object, text_of
from web.keys import CLOCK
from web.said import says
from web.views import money, time, time_or_none


@says(books.Differences, query=books.ListQuery)
@needs("manager")
async def listed(request: web.Request) -> web.Response:
    """GET /api/desk/differences."""
    state = request.query.get("state", "open")
    if state not in differences.STATES:
        raise Problem(400, "bad_request")
    rows, following = await differences.listed(state, query_int(request, "before"))
    late = await differences.late(request.app[CLOCK]())
    items = [_difference(row, shapes(request).locale) for row in rows]
    return answer({"items": items, "next": str(following) if following else None, "late": [_late(one) for one in late]})


@says(books.OneDifference, takes=books.Explanation, refuses={404: "no_difference", 409: "overtaken", 422: "no_note"})
@needs("manager")
async def explained(request: web.Request) -> web.Response:
    """POST /api/desk/differences/{id}/explain."""
    id_, body = path_id(request), await read_object(request)
    note = text_of(body, "note", 300).strip()
    if not note:
        raise Problem(422, "no_note")
    row = await differences.explain(id_, me(request).id, note, request.app[CLOCK]())
    return answer({"difference": _difference(row, shapes(request).locale)})


def _difference(row: DifferenceRow, locale: str) -> books.Difference:
    return {
        "id": row.id,
        "provider": row.provider,
        "key": row.key,
        "side": row.side,
        "kind": row.kind,
        "reference": row.reference,
        "day": row.day,
        "state": row.state,
        "note": row.note,
        "staff_id": row.staff_id,
        "theirs": money(row.theirs, locale) if row.theirs.amount else None,
        "ours": money(row.ours, locale) if row.ours.amount else None,
        "order": {"id": row.order_id, "number": row.order_number} if row.order_id else None,
        "found_at": time(row.found_at),
        "closed_at": time_or_none(row.closed_at),
    }


def _late(one: LateBooks) -> books.LateBooks:
    return {"provider": one.provider, "day": one.day, "error": one.error}
