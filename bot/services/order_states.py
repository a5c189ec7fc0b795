"""The states of an order as a table: which step leads where, and no other way to change one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from bot.core.errors import BadInput, Refused
from bot.services import webhooks
from models import Order, OrderEvent

PLACED = "placed"
#: States in which an order that was paid has earned its money: what a report counts and a customer may review.
EARNED = frozenset({"paid", "preparing", "shipped", "completed"})


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `to` from any of `allowed`, "" keeps the state; `sells` from those states that hold pieces yet.

    `restocks` from those that have sold pieces not yet sent.
    """

    allowed: frozenset[str]
    to: str
    sells: frozenset[str] = frozenset()
    releases: frozenset[str] = frozenset()
    restocks: frozenset[str] = frozenset()


STEPS: Mapping[str, Step] = MappingProxyType(
    {
        # A payment that comes in just after the hold ended reopens the order, if the stock allows.
        "pay": Step(frozenset({"placed", "expired", "confirmed"}), "paid", sells=frozenset({"placed", "expired"})),
        # It is paid on delivery: from here on it goes its way, and the money comes whenever it does.
        "confirm": Step(frozenset({"placed"}), "confirmed", sells=frozenset({"placed"})),
        "collect": Step(frozenset({"preparing", "shipped", "completed"}), ""),
        "prepare": Step(frozenset({"paid", "confirmed"}), "preparing"),
        "ship": Step(frozenset({"preparing"}), "shipped"),
        "complete": Step(frozenset({"shipped"}), "completed"),
        "cancel": Step(
            frozenset({"placed", "paid", "confirmed", "preparing"}),
            "cancelled",
            releases=frozenset({"placed"}),
            restocks=frozenset({"paid", "confirmed", "preparing"}),
        ),
        "expire": Step(frozenset({"placed"}), "expired", releases=frozenset({"placed"})),
        # Goods that were sent do not come back by themselves; a cancelled order's are on the shelf already.
        "refund": Step(
            frozenset({"paid", "preparing", "shipped", "completed", "cancelled", "expired"}),
            "refunded",
            restocks=frozenset({"paid", "preparing"}),
        ),
    }
)
#: An order that ended so is not to be paid any more.
ENDED = frozenset({"cancelled", "expired", "refunded"})
#: The steps that staff take at the desk.
BY_STAFF = ("prepare", "ship", "complete", "cancel", "refund")


def allowed(state: str) -> tuple[str, ...]:
    """The steps that lead on from `state`."""
    return tuple(name for name, step in STEPS.items() if state in step.allowed)


def paying(order: Order) -> str:
    """The step by which the order takes its money; "" where it takes none, since it has ended or has been paid."""
    if order.paid_at is not None:
        return ""
    return next((name for name in ("pay", "collect") if order.state in STEPS[name].allowed), "")


def check(order: Order, name: str) -> Step:
    """The step, if the order may take it. Raises `BadInput` for no step of ours, `Refused("wrong_state")`."""
    step = STEPS.get(name)
    if step is None:
        raise BadInput(f"{name!r} is not a step of an order; it is one of {', '.join(STEPS)}")
    if order.state not in step.allowed:
        raise Refused("wrong_state", number=order.number, state=order.state, step=name)
    return step


async def record(order: Order, before: str, actor: str, now: datetime, note: str = "") -> None:
    """The audit row of a step that the order just took; who wants to know of steps is told."""
    await OrderEvent.create(
        order_id=order.id, from_state=before, to_state=order.state, actor=actor, note=note[:300], at=now
    )
    await webhooks.of_order(order, before, actor, now)


async def take(order: Order, name: str, actor: str, now: datetime, note: str = "") -> Step:
    """Move a locked order on and write its audit row. Raises as `check` does."""
    step = check(order, name)
    before, order.state, order.updated_at = order.state, step.to or order.state, now
    order.hold_until = None
    if name in ("pay", "collect"):
        order.paid_at = now
    await order.save(update_fields=["state", "updated_at", "hold_until", "paid_at"])
    await record(order, before, actor, now, note)
    return step
