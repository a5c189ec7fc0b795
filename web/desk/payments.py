"""The money of an order at the desk: what came by hand, what is given back, and what nobody knows."""

from __future__ import annotations

from aiohttp import web

from bot.core.errors import BadInput
from bot.core.money import Money
from bot.services import backoffice, desk_payments
from bot.services.desk_payments import PaymentRow, RefundRow
from bot.services.receipts import Confirmed
from bot.services.refunds import Wish
from web.auth import me, needs
from web.desk.conversations import shapes
from web.desk.values import trade
from web.http import Problem, answer, path_id, read_object, text_of
from web.keys import RUNTIME
from web.said import says
from web.views import money, time

_MOST = 10**15  # minor units: more is a slip of the finger
_KEY = 64  # characters of what a page calls one click


async def detail(request: web.Request, order_id: int) -> trade.Order:
    """An order as JSON. Raises `Refused("no_order")`."""
    found, shape = await backoffice.order(order_id), shapes(request)
    by_hand = {name for name, one in request.app[RUNTIME].providers.items() if one.terms.by_hand}
    payments: list[trade.Payment] = [
        {**_payment(one, shape.locale), "by_hand": one.provider in by_hand} for one in found.payments
    ]
    return {**shape.order_detail(found), "payments": payments}


@says(
    trade.OneOrder,
    takes=trade.Received,
    refuses={404: "no_payment", 409: "no_money_due not_by_hand seen_otherwise wrong_amount", 422: "bad_amount"},
)
@needs("manager")
async def receive(request: web.Request) -> web.Response:
    """POST /api/desk/payments/{id}/receive."""
    payment_id, body = path_id(request), await read_object(request)
    known = await desk_payments.known(payment_id)
    note = text_of(body, "note", 300, default="")
    money_ = Confirmed(_amount(body, known.asked), body["seen"], _key(body), me(request).id, note)
    await request.app[RUNTIME].till.receive(payment_id, money_)
    return answer({"order": await detail(request, known.order_id)})


@says(
    trade.OneOrder,
    takes=trade.GivenBack,
    refuses={404: "no_payment", 409: "nothing_paid too_much", 422: "bad_amount no_reason"},
)
@needs("manager")
async def refund(request: web.Request) -> web.Response:
    """POST /api/desk/payments/{id}/refund."""
    payment_id, body = path_id(request), await read_object(request)
    known = await desk_payments.known(payment_id)
    reason = text_of(body, "reason", 200, default="").strip()
    if not reason:
        raise Problem(422, "no_reason")
    wish = Wish(me(request).id, reason, _key(body))
    await request.app[RUNTIME].till.give_back(payment_id, _amount(body, known.paid), wish)
    return answer({"order": await detail(request, known.order_id)})


@says(trade.OneOrder, refuses={404: "no_failure no_payment"})
@needs("manager")
async def ask_again(request: web.Request) -> web.Response:
    """POST /api/desk/refunds/{id}/retry."""
    refund_id = path_id(request)
    _, order_id = await desk_payments.refund(refund_id)
    await request.app[RUNTIME].till.ask_again(refund_id, me(request).id)
    return answer({"order": await detail(request, order_id)})


def _amount(body: dict[str, object], currency: str) -> Money:
    try:
        found = Money.parse(text_of(body, "amount", 20), currency)
    except BadInput as error:
        raise Problem(422, "bad_amount", {"currency": currency}) from error
    if not 0 < found.amount <= _MOST:
        raise Problem(422, "bad_amount", {"currency": currency})
    return found


def _key(body: dict[str, object]) -> str:
    key = text_of(body, "key", _KEY)
    if not key:
        raise Problem(400, "bad_request")
    return key


def _payment(payment: PaymentRow, locale: str) -> trade.PaymentFacts:
    return {
        "id": payment.id,
        "provider": payment.provider,
        "reference": payment.reference,
        "amount": money(payment.amount, locale),
        "state": payment.state,
        "captured": payment.captured,
        "refunded": payment.refunded,
        "taken": money(payment.taken, locale) if payment.taken else None,
        "left": money(payment.left, locale) if payment.left and payment.left.amount > 0 else None,
        "created_at": time(payment.created_at),
        "refunds": [_refund(one, locale) for one in payment.refunds],
    }


def _refund(refund: RefundRow, locale: str) -> trade.Refund:
    return {
        "id": refund.id,
        "state": refund.state,
        "reason": refund.reason,
        "error": refund.error,
        "staff_id": refund.staff_id,
        "amount": money(refund.amount, locale),
        "at": time(refund.created_at),
    }
