"""The desk's orders and reviews: lists, one order, and the steps that staff take."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.core.events import OrderChanged, ReviewChanged
from bot.services import audit, backoffice, order_notes, order_states, reviews, shipments, store_review_lists
from bot.services.order_states import Doing
from bot.services.shipments import Parcel, Piece
from models.database import transaction
from web.auth import me, needs
from web.desk.conversations import shapes
from web.desk.payments import detail
from web.desk.values import trade
from web.http import Problem, answer, path_id, read_object, text_of
from web.keys import CLOCK, RUNTIME
from web.said import says


@says(trade.Orders, query=trade.ListQuery)
@needs("agent")
async def listed(request: web.Request) -> web.Response:
    """GET /api/desk/orders."""
    state = request.query.get("state", "")
    if state not in ("", *order_states.STATES):
        raise Problem(400, "bad_request")
    page = await backoffice.orders(state, request.query.get("q", "").strip()[:40], request.query.get("before", ""))
    shape = shapes(request)
    return answer({"items": [shape.order(order) for order in page.items], "next": page.next or None})


@says(trade.Order, refuses={404: "no_order"})
@needs("agent")
async def opened(request: web.Request) -> web.Response:
    """GET /api/desk/orders/{id}."""
    return answer(await detail(request, path_id(request)))


@says(
    trade.OneOrder,
    takes=trade.TakenStep,
    refuses={
        403: "forbidden",
        404: "no_order",
        409: "all_of_it no_pieces nothing_paid overtaken too_many_pieces too_much wrong_state",
        422: "bad_link no_reason",
    },
)
@needs("agent")
async def step(request: web.Request) -> web.Response:
    """POST /api/desk/orders/{id}/{step}."""
    order_id, wanted, who = path_id(request), request.match_info["step"], me(request)
    role = order_states.role(wanted)
    if not role:
        raise Problem(404, "not_found")
    if not who.may(role):
        raise Problem(403, "forbidden")
    doing = _doing(await read_object(request))
    if order_states.STEPS[wanted].why and not doing.note:
        raise Problem(422, "no_reason")
    await request.app[RUNTIME].till.step(order_id, wanted, who.id, doing)
    return answer({"order": await detail(request, order_id)})


@says(trade.OneOrder, takes=trade.NoteTaken, refuses={404: "no_order", 409: "forgotten too_many", 422: "no_text"})
@needs("agent")
async def note(request: web.Request) -> web.Response:
    """POST /api/desk/orders/{id}/notes."""
    order_id = path_id(request)
    text = text_of(await read_object(request), "text", order_notes.MOST).strip()
    if not text:
        raise Problem(422, "no_text")
    async with transaction():
        await order_notes.add(order_id, text, me(request).id, request.app[CLOCK]())
    request.app[RUNTIME].bus.publish(OrderChanged(order_id))
    return answer({"order": await detail(request, order_id)})


def _doing(body: dict[str, Any]) -> Doing:
    pieces = body.get("pieces")
    return Doing(
        note=text_of(body, "note", 300, default="").strip(),
        parcel=Parcel(*(text_of(body, field, most, default="").strip() for field, most in shipments.MOST.items())),
        restock=body.get("restock", False),
        pieces=None if pieces is None else tuple(Piece(one["line"], one["quantity"]) for one in pieces),
        keeps=body.get("keep_money", False),
        version=body.get("version"),
        key=body.get("key", ""),
    )


@says(trade.Reviews, query=trade.ReviewsQuery)
@needs("agent")
async def reviews_listed(request: web.Request) -> web.Response:
    """GET /api/desk/reviews."""
    state = request.query.get("state", "pending")
    if state not in trade.REVIEW_STATES:
        raise Problem(400, "bad_request")
    before = request.query.get("before", "")
    page = await (store_review_lists.listed(before) if state == "shop" else backoffice.reviews(state, before))
    shape = shapes(request)
    return answer({"items": [shape.review(review) for review in page.items], "next": page.next or None})


@says(trade.OneReview, refuses={404: "no_review"})
@needs("agent")
async def review_accepted(request: web.Request) -> web.Response:
    """POST /api/desk/reviews/{id}/accept."""
    return await _decide(request, "accept")


@says(trade.OneReview, refuses={404: "no_review"})
@needs("agent")
async def review_rejected(request: web.Request) -> web.Response:
    """POST /api/desk/reviews/{id}/reject."""
    return await _decide(request, "reject")


async def _decide(request: web.Request, verdict: str) -> web.Response:
    review_id, who, now = path_id(request), me(request), request.app[CLOCK]()
    decide = reviews.accept if verdict == "accept" else reviews.reject
    async with transaction():
        await decide(review_id, who.id, now)
        await audit.record(who.id, f"review.{verdict}", f"review:{review_id}", now)
    request.app[RUNTIME].bus.publish(ReviewChanged(review_id))
    shown = await backoffice.reviews_by_id([review_id])
    return answer({"review": shapes(request).review(shown[0])})
