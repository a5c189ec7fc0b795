"""The desk's orders and reviews: lists, one order, and the steps that staff take."""

from __future__ import annotations

from aiohttp import web

from bot.core.events import ReviewChanged
from bot.services import audit, backoffice, reviews
from models.database import transaction
from web.auth import me, needs
from web.desk.conversations import shapes
from web.desk.payments import detail
from web.http import Problem, answer, path_id, read_object, text_of
from web.keys import CLOCK, RUNTIME

STATES = ("", "placed", "paid", "confirmed", "preparing", "shipped", "completed", "cancelled", "expired", "refunded")
REVIEW_STATES = ("pending", "accepted", "rejected")
STEPS = ("prepare", "ship", "complete", "cancel", "refund")
_FOR_MANAGERS = ("refund",)


@needs("agent")
async def listed(request: web.Request) -> web.Response:
    """GET /api/desk/orders."""
    state = request.query.get("state", "")
    if state not in STATES:
        raise Problem(400, "bad_request")
    page = await backoffice.orders(state, request.query.get("q", "").strip()[:40], request.query.get("before", ""))
    shape = shapes(request)
    return answer({"items": [shape.order(order) for order in page.items], "next": page.next or None})


@needs("agent")
async def opened(request: web.Request) -> web.Response:
    """GET /api/desk/orders/{id}."""
    return answer(await detail(request, path_id(request)))


@needs("agent")
async def step(request: web.Request) -> web.Response:
    """POST /api/desk/orders/{id}/{step}."""
    order_id, wanted, who = path_id(request), request.match_info["step"], me(request)
    if wanted not in STEPS:
        raise Problem(404, "not_found")
    if wanted in _FOR_MANAGERS and not who.may("manager"):
        raise Problem(403, "forbidden")
    note = text_of(await read_object(request), "note", 300, default="")
    await request.app[RUNTIME].step_order(order_id, wanted, who.id, note)
    return answer({"order": await detail(request, order_id)})


@needs("agent")
async def reviews_listed(request: web.Request) -> web.Response:
    """GET /api/desk/reviews."""
    state = request.query.get("state", "pending")
    if state not in REVIEW_STATES:
        raise Problem(400, "bad_request")
    page = await backoffice.reviews(state, request.query.get("before", ""))
    shape = shapes(request)
    return answer({"items": [shape.review(review) for review in page.items], "next": page.next or None})


@needs("agent")
async def review_accepted(request: web.Request) -> web.Response:
    """POST /api/desk/reviews/{id}/accept."""
    return await _decide(request, "accept")


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
