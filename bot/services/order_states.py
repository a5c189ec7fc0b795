"""The states of an order as a table: which step leads where, and no other way to change one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from bot.core.errors import BadInput, Refused
from bot.services import store_orders, webhooks
from bot.services.shipments import UNKNOWN, Parcel, Piece
from models import Order, OrderEvent, locks
from models.database import Statement, client, execute
from models.rows import insertion, update

PLACED = "placed"
#: In the order in which they follow each other; "preparing" is "packed" as releases before this one said it.
STATES = (
    "placed", "paid", "confirmed", "preparing", "packed", "partly_shipped", "shipped", "delivered", "completed",
    "cancelled", "expired", "returned", "refunded",
)  # fmt: skip
#: An order that is paid, or is to be paid on delivery, and whose goods have not left yet.
AT_HOME = frozenset({"paid", "confirmed", "preparing", "packed"})
#: A part of its goods has left, and pieces that were not cancelled have not.
PARTLY = "partly_shipped"
#: Whose goods have not left, or not all of them.
UNSENT = AT_HOME | {PARTLY}
_SENT = frozenset({"shipped", "delivered", "completed"})
#: States in which an order that was paid has earned its money: what a report counts and a customer may review.
EARNED = (UNSENT - {"confirmed"}) | _SENT
#: Where the customer has the goods.
ARRIVED = frozenset({"delivered", "completed"})

Actor = Literal["customer", "agent", "manager", "provider", "clock", "store"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `to` from any of `allowed`, taken `by` these; "" keeps the state. A manager may what an agent may.

    While pieces are left to send it leads to `partly` instead, where it has one. `sells` from those states that hold
    pieces yet, `restocks` from those that have sold pieces not yet sent.
    """

    allowed: frozenset[str]
    to: str
    by: tuple[Actor, ...]
    sells: frozenset[str] = frozenset()
    releases: frozenset[str] = frozenset()
    restocks: frozenset[str] = frozenset()
    why: bool = False  # staff say why
    partly: str | None = None


STEPS: Mapping[str, Step] = MappingProxyType(
    {
        # A payment that comes in just after the hold ended reopens the order, if the stock allows.
        "pay": Step(
            frozenset({"placed", "expired", "confirmed"}), "paid", ("provider",), sells=frozenset({"placed", "expired"})
        ),
        # It is paid on delivery: from here on it goes its way, and the money comes whenever it does.
        "confirm": Step(frozenset({"placed"}), "confirmed", ("customer",), sells=frozenset({"placed"})),
        "collect": Step(frozenset({"preparing", "packed", PARTLY}) | _SENT, "", ("provider",)),
        "pack": Step(AT_HOME - {"packed"}, "packed", ("agent", "store")),
        "ship": Step(frozenset({"preparing", "packed", PARTLY}), "shipped", ("agent", "store"), partly=PARTLY),
        # Money goes back for pieces that are not sent any more, or is not asked for on delivery; all of an order is
        # cancelled by "cancel" or "refund".
        "cancel_part": Step(AT_HOME | {PARTLY}, "shipped", ("manager",), why=True, partly=""),
        "deliver": Step(frozenset({"shipped"}), "delivered", ("agent",)),
        "complete": Step(frozenset({"shipped", "delivered"}), "completed", ("customer", "agent", "clock")),
        "cancel": Step(
            AT_HOME | {"placed"},
            "cancelled",
            ("customer", "agent"),
            releases=frozenset({"placed"}),
            restocks=AT_HOME,
            why=True,
        ),
        "expire": Step(frozenset({"placed"}), "expired", ("clock",), releases=frozenset({"placed"})),
        # Whether what came back can be sold again is for whoever holds it in their hands.
        "return": Step(_SENT, "returned", ("agent",)),
        # Goods that were sent do not come back by themselves; a cancelled order's are on the shelf already.
        "refund": Step(
            EARNED | {"cancelled", "expired", "returned"},
            "refunded",
            ("manager",),
            restocks=UNSENT - {"confirmed"},
            why=True,
        ),
    }
)
#: An order that ended so is not to be paid any more.
ENDED = frozenset({"cancelled", "expired", "returned", "refunded"})


@dataclass(frozen=True, slots=True)
class Doing:
    """What staff say of a step: a note, what an order was sent as, and whether what came back is on the shelf again.

    `pieces` are sent or cancelled, None for all that are left; for cancelled ones money goes back unless `keeps`.
    `version` is what they had seen of the order, None for whatever there is; `key` is what the desk calls the click:
    said twice, it is one. `told_as` is what a connected shop calls what left, see `Shipment`.
    """

    note: str = ""
    parcel: Parcel = UNKNOWN
    restock: bool = False
    pieces: tuple[Piece, ...] | None = None
    keeps: bool = False
    version: int | None = None
    key: str = ""
    told_as: str = ""


NOTHING = Doing()


@dataclass(frozen=True, slots=True)
class Mark:
    """What an audit row says besides the step, see `OrderEvent`."""

    what: str = ""
    asked_as: str = ""
    shipment_id: int | None = None


PLAIN = Mark()


def role(name: str) -> Literal["", "agent", "manager"]:
    """Who of the staff takes this step at the desk; "" for what is no step of theirs."""
    by = STEPS[name].by if name in STEPS else ()
    return "agent" if "agent" in by else "manager" if "manager" in by else ""


def may(actor: Actor, name: str, state: str) -> bool:
    """Whether this one may take the step from this state."""
    return actor in STEPS[name].by and state in STEPS[name].allowed


#: The steps that staff take at the desk.
BY_STAFF = tuple(name for name in STEPS if role(name))


def allowed(state: str) -> tuple[str, ...]:
    """The steps that lead on from `state`."""
    return tuple(name for name, step in STEPS.items() if state in step.allowed)


def paying(order: Order) -> str:
    """The step by which the order takes its money; "" where it takes none, since it has ended or has been paid."""
    if order.paid_at is not None:
        return ""
    return next((name for name in ("pay", "collect") if order.state in STEPS[name].allowed), "")


def check(order: Order, name: str, actor: str) -> Step:
    """The step, if the order may take it and `actor` ("customer", "staff:<id>", "provider:<name>", "clock",
    "store:<name>") may.

    Raises `BadInput` for no step of ours or of theirs, `Refused("wrong_state")`(number, state, step).
    """
    step = STEPS.get(name)
    if step is None:
        raise BadInput(f"{name!r} is not a step of an order; it is one of {', '.join(STEPS)}")
    kind = actor.partition(":")[0]
    if not (role(name) if kind == "staff" else kind in step.by):
        raise BadInput(f"{name!r} is not a step for {kind!r}; it is for {', '.join(step.by)}")
    if order.state not in step.allowed:
        raise Refused("wrong_state", number=order.number, state=order.state, step=name)
    return step


async def version(order_id: int) -> int:
    """Another one after each thing that happened to the order; 0 where nothing did."""
    newest = await OrderEvent.filter(order_id=order_id).order_by("-id").first()
    return newest.id if newest else 0


async def is_heard(order_id: int, key: str) -> bool:
    """Whether a click was heard before, see `Doing`; said again meanwhile, it waits here for the first one's end."""
    return bool(key and await locks.order(order_id)) and await OrderEvent.exists(order_id=order_id, asked_as=key)


async def heard(order_id: int, keys: Sequence[str]) -> frozenset[str]:
    """Which of these a locked order has heard before, see `Doing`."""
    known = OrderEvent.filter(order_id=order_id, asked_as__in=list(keys))
    return frozenset([str(key) for key in await known.values_list("asked_as", flat=True)]) if keys else frozenset()


async def record(
    order: Order,
    before: str,
    actor: str,
    now: datetime,
    note: str = "",
    mark: Mark = PLAIN,
    beside: Sequence[Statement] = (),
) -> None:
    """The audit row of a step that the order just took, or of what else happened to it.

    It is written with what is `beside`. Whoever must know of it is told, as the shop of its goods.
    """
    event = OrderEvent(
        order_id=order.id,
        from_state=before,
        to_state=order.state,
        actor=actor,
        note=note[:300],
        what=mark.what,
        asked_as=mark.asked_as or None,
        shipment_id=mark.shipment_id,
        at=now,
    )
    await execute(client(), [*beside, insertion([event])])
    await webhooks.of_order(order, before, actor, now, mark.what, mark.shipment_id)
    if before not in AT_HOME and order.state in ("paid", "confirmed"):
        await store_orders.want(order, now)
    elif before in AT_HOME and order.state in ENDED:
        await store_orders.give_up(order)
    if before in UNSENT and order.state not in AT_HOME:
        await store_orders.left(order, now, is_over=order.state != PARTLY)
    if order.state == "refunded":
        await store_orders.given_back(order)


async def take(
    order: Order, name: str, actor: str, now: datetime, note: str = "", mark: Mark = PLAIN, *, partly: bool = False
) -> Step:
    """Move a locked order on and write its audit row; `partly` where pieces are left to send. Raises as `check`."""
    step = check(order, name, actor)
    to = step.partly if partly and step.partly is not None else step.to
    before, order.state, order.updated_at = order.state, to or order.state, now
    order.hold_until = None
    if name in ("pay", "collect"):
        order.paid_at = now
    if order.state in ARRIVED and order.delivered_at is None:
        order.delivered_at = now
    taken = [update(order, "state", "updated_at", "hold_until", "paid_at", "delivered_at")]
    if name in ("pay", "collect"):
        taken.append(store_orders.paid(order))
    await record(order, before, actor, now, note, mark, taken)
    return step
