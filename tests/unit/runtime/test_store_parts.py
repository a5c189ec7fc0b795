"""Orders of a connected shop's goods that leave in parts: what it sent, what is ours to send, and what is cancelled."""

from __future__ import annotations

import pytest

from bot.core.store import Dispatch, Made, OutOrder, Sent, SentLine, ThereOrder
from bot.services import orders, store_following, store_orders
from bot.services.order_states import Doing
from bot.services.shipments import Parcel, Piece
from models import (
    Order,
    OrderCharge,
    OrderEvent,
    OrderLine,
    Shipment,
    ShipmentLine,
    StoreHint,
    StoreOrder,
    StoreProblem,
)
from models.database import transaction
from tests.kit.wire_faults import Status
from tests.unit.runtime.test_store_orders import Trade, trade

__all__ = ["trade"]


async def follows(trade: Trade, *dispatches: Dispatch, is_sent: bool = False) -> list[str]:
    """The shop tells of the first order: the states that it then went through."""
    async with transaction():
        there = ThereOrder("700", is_sent, dispatches)
        return [told.order.state for told in await store_following.take("woocommerce", there, trade.now)]


async def of_ours(order: Order) -> OrderLine:
    """A cup of ours is in it, too."""
    return await OrderLine.create(order_id=order.id, sku="ours", name="Cup", quantity=1, price=100)


async def takes(trade: Trade, order: Order, step: str, doing: Doing) -> None:
    async with transaction():
        await orders.advance(order.id, step, "staff:1", trade.now, doing)


async def problems() -> list[str]:
    return [row.code for row in await StoreProblem.all().order_by("id")]


async def test_each_part_that_the_shop_sent_is_sent_here_once_and_never_more_than_is_left(trade: Trade) -> None:
    order = await trade.sells()
    await trade.rounds()
    first = Dispatch("81", (Sent("SF", "SF1"), Sent("SF", "SF2")), (SentLine("1", 1), SentLine("9", 5)))
    assert await follows(trade, Dispatch("80", lines=(SentLine("9", 1),))) == []  # of nothing that we know
    assert await follows(trade, first) == ["partly_shipped"]
    assert await follows(trade, first) == []
    assert await follows(trade, first, Dispatch("82", lines=(SentLine("1", 7),)), is_sent=True) == ["shipped"]
    assert await follows(trade, first, Dispatch("83", lines=(SentLine("1", 1),)), is_sent=True) == []
    assert [(row.carrier, row.number) for row in await Shipment.all().order_by("id")] == [
        ("SF", "SF1"), ("SF", "SF2"), ("", ""),
    ]  # fmt: skip
    assert [row.quantity for row in await ShipmentLine.all().order_by("id")] == [1, 1]
    steps = OrderEvent.filter(order_id=order.id, actor="store:woocommerce").order_by("id")
    assert await steps.values_list("to_state", flat=True) == ["packed", "partly_shipped", "shipped"]
    assert await problems() == []


async def test_parts_that_are_told_at_once_are_parts_all_the_same(trade: Trade) -> None:
    await trade.sells()
    await trade.rounds()
    both = (Dispatch("81", lines=(SentLine("1", 1),)), Dispatch("82", lines=(SentLine("1", 1),)))
    assert await follows(trade, *both) == ["partly_shipped", "shipped"]


def part(id_: str, *numbers: str, pieces: int = 1) -> Dispatch:
    """Tea that left the shop in parcels with these numbers."""
    return Dispatch(id_, tuple(Sent("SF", number) for number in numbers), (SentLine("1", pieces),))


async def numbers() -> list[str]:
    return [row.number for row in await Shipment.all().order_by("id")]


async def gone() -> int:
    return sum([row.quantity for row in await ShipmentLine.all()])


async def test_a_piece_that_left_at_the_desk_and_is_told_by_the_shop_left_once(trade: Trade) -> None:
    order = await trade.sells(3)
    await trade.rounds()
    [line] = await OrderLine.all()
    await takes(trade, order, "pack", Doing())
    await takes(trade, order, "ship", Doing(pieces=(Piece(line.id, 1),)))
    first, second = part("81"), part("82", "SF2")
    assert (await follows(trade, first), await gone()) == ([], 1)
    assert (await follows(trade, first, second), await gone()) == (["partly_shipped"], 2)
    assert await numbers() == ["", "SF2"]
    await takes(trade, order, "ship", Doing())
    both = (first, second, part("83"))
    assert (await follows(trade, *both, is_sent=True), await gone()) == ([], 3)
    assert await problems() == []


async def test_of_what_the_shop_tells_in_one_piece_only_what_the_desk_had_not_sent_leaves(trade: Trade) -> None:
    order = await trade.sells(3)
    await trade.rounds()
    [line] = await OrderLine.all()
    await takes(trade, order, "pack", Doing())
    await takes(trade, order, "ship", Doing(pieces=(Piece(line.id, 1),)))
    assert (await follows(trade, part("81", pieces=2)), await gone()) == (["partly_shipped"], 2)


async def test_a_number_that_the_desk_did_not_have_is_kept_on_its_parcel_and_told(trade: Trade) -> None:
    order = await trade.sells()
    await trade.rounds()
    [line] = await OrderLine.all()
    await takes(trade, order, "pack", Doing())
    await takes(trade, order, "ship", Doing(pieces=(Piece(line.id, 1),)))
    assert await told(trade, part("81", "SF1")) == ["SF1"]
    assert await told(trade, part("81", "SF1")) == []
    assert await numbers() == ["SF1"]
    given = Doing(parcel=Parcel("DHL", "D2", ""))
    await takes(trade, order, "ship", given)
    assert await told(trade, part("81", "SF1"), part("82", "D2")) == []
    gift = Dispatch("83", (Sent("SF", "GIFT"),), (SentLine("9", 1),))
    assert await told(trade, part("81", "SF1"), part("82", "SF2"), gift) == ["SF2"]
    assert await numbers() == ["SF1", "D2", "SF2"]  # what staff gave stays


@pytest.mark.parametrize("before", [(), ("SF1",)])
async def test_a_number_that_comes_later_is_told_once_and_takes_the_place_of_the_one_before(
    trade: Trade, before: tuple[str, ...]
) -> None:
    await trade.sells()
    await trade.rounds()
    assert await follows(trade, part("81", *before, pieces=2), is_sent=True) == ["shipped"]
    now = part("81", "SF2", pieces=2)
    assert [await told(trade, now, is_sent=True) for _ in range(2)] == [["SF2"], []]
    assert await numbers() == ["SF2"]
    again = part("82", "SF3", "SF4", pieces=2)  # the one before was cancelled there
    assert [await told(trade, again, is_sent=True) for _ in range(2)] == [["SF3", "SF4"], []]
    assert (await numbers(), await gone()) == (["SF3", "SF4"], 2)
    events = OrderEvent.filter(what="tracked").order_by("id")
    assert await events.values_list("from_state", "to_state") == [("shipped", "shipped")] * 3
    await Order.all().update(name="")  # who it went to was forgotten
    assert await told(trade, part("82", "SF5", pieces=2), is_sent=True) == []


async def test_a_number_goes_to_the_parcel_that_it_is_of_and_to_none_that_nobody_knows_here(trade: Trade) -> None:
    order = await trade.sells()
    await trade.rounds()
    gift = Dispatch("80", (Sent("SF", "GIFT"),), (SentLine("9", 1),))
    assert await told(trade, gift) == []
    both = part("81", ""), part("82", "")
    assert await follows(trade, gift, *both) == ["partly_shipped", "shipped"]
    assert await told(trade, gift, part("81", ""), part("82", "SF2")) == ["SF2"]
    assert await told(trade, gift, part("81", "SF1"), part("82", "SF2")) == ["SF1"]
    assert await numbers() == ["SF1", "SF2"]
    assert await problems() == []
    assert (await Order.get(id=order.id)).state == "shipped"


async def test_the_number_of_what_was_cancelled_here_is_told_to_nobody(trade: Trade) -> None:
    order = await trade.sells()
    await trade.rounds()
    ours, [line] = await of_ours(order), await OrderLine.filter(sku="SKU-1")
    await takes(trade, order, "cancel_part", Doing("broken", pieces=(Piece(line.id, 2),)))
    assert await told(trade, part("81", "SF1"), is_sent=True) == []
    await takes(trade, order, "pack", Doing())
    await takes(trade, order, "ship", Doing(pieces=(Piece(ours.id, 1),)))
    assert (await told(trade, part("81", "SF1"), is_sent=True), await numbers()) == ([], [""])


async def test_a_number_whose_webhook_was_lost_is_found_within_days(trade: Trade) -> None:
    await trade.sells()
    await trade.rounds()
    trade.server.sends(0, number="")
    await trade.hears("700")
    trade.server.sends(0, number="SF1")
    await trade.rounds(minutes=25 * 60)
    assert await numbers() == ["SF1"]
    asked = trade.server.count("one_order")
    await trade.rounds(minutes=4 * 24 * 60)
    assert trade.server.count("one_order") == asked


async def told(trade: Trade, *dispatches: Dispatch, is_sent: bool = False) -> list[str]:
    """The numbers that came later to what had left."""
    async with transaction():
        there = ThereOrder("700", is_sent, dispatches)
        news = await store_following.take("woocommerce", there, trade.now)
    return [(await Shipment.get(id=one.tracked.shipment)).number for one in news if one.tracked]


async def test_goods_of_ours_are_for_staff_to_send_after_the_shops_have_left(trade: Trade) -> None:
    order = await trade.sells()
    await trade.rounds()
    await of_ours(order)
    trade.server.sends(0, number="SF1")
    for _ in range(2):
        await trade.hears("700")
    assert (await Order.get(id=order.id)).state == "partly_shipped"
    assert await Shipment.all().values_list("number", flat=True) == ["SF1"]
    assert await problems() == ["part_sent"]
    await takes(trade, order, "ship", Doing())
    assert ((await Order.get(id=order.id)).state, await problems()) == ("shipped", [])


async def test_what_was_taken_out_of_the_order_there_is_not_told_as_sent(trade: Trade) -> None:
    await trade.sells()
    await trade.rounds()
    assert await follows(trade, Dispatch("81", lines=(SentLine("1", 1),)), is_sent=True) == ["partly_shipped"]
    assert await problems() == ["part_sent"]


@pytest.mark.parametrize("is_there", [True, False])
async def test_pieces_that_are_cancelled_here_are_for_staff_to_take_out_there_or_never_go_there(
    trade: Trade, is_there: bool
) -> None:
    order = await trade.sells()
    [line] = await OrderLine.all()
    if is_there:
        await trade.rounds()
    await takes(trade, order, "cancel_part", Doing("broken", pieces=(Piece(line.id, 1),)))
    await trade.rounds()
    assert trade.server.orders[0]["line_items"][0]["quantity"] == (2 if is_there else 1)
    assert [(row.code, row.facts) for row in await StoreProblem.all()] == (
        [("cancelled_here", {"pieces": "Tea 1: 2 → 1"})] if is_there else []
    )
    assert await follows(trade, is_sent=True) == ["shipped"]
    assert await problems() == ["cancelled_here"] * is_there  # only staff know when that is done


async def test_pieces_that_are_cancelled_while_the_order_is_on_its_way_there_are_for_staff_to_take_out(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await trade.sells()
    [line] = await OrderLine.all()
    push = trade.store.push

    async def meanwhile(out: OutOrder) -> Made:
        await takes(trade, order, "cancel_part", Doing("broken", pieces=(Piece(line.id, 1),)))
        return await push(out)

    monkeypatch.setattr(trade.store, "push", meanwhile)
    await trade.rounds()
    assert [one["line_items"][0]["quantity"] for one in trade.server.orders] == [2]
    assert [(row.code, row.facts) for row in await StoreProblem.all()] == [
        ("cancelled_here", {"pieces": "Tea 1: 2 → 1"})
    ]


async def test_what_is_cancelled_piece_by_piece_is_told_to_its_end(trade: Trade) -> None:
    scope = await trade.shop.customer()
    order = await trade.shop.buys(scope, "SKU-1", 4)
    await trade.shop.pays(scope, order)
    await trade.rounds()
    [line] = await OrderLine.all()
    for left in (3, 2, 1):
        async with transaction():
            doing = Doing("broken", pieces=(Piece(line.id, 1),))
            await orders.advance(order.id, "cancel_part", "staff:1", trade.now, doing)
        [problem] = await StoreProblem.all()
        assert (problem.facts, problem.done_at) == ({"pieces": f"Tea 1: 4 → {left}"}, None)
        if left == 2:  # staff took out what they were told of
            await StoreProblem.filter(id=problem.id).update(done_at=trade.now)


async def test_a_shop_whose_goods_are_all_cancelled_has_nothing_to_send(trade: Trade) -> None:
    order = await trade.sells()
    [line] = await OrderLine.all()
    await of_ours(order)
    await trade.rounds()
    await takes(trade, order, "cancel_part", Doing("broken", pieces=(Piece(line.id, 2),)))
    await trade.rounds()
    assert (await StoreOrder.get(order_id=order.id)).state == "ended"
    await trade.hears("700")  # of what we did there
    assert (await trade.counts(), await problems()) == ((5, 5, ["cancelled"]), [])
    async with transaction():
        await store_following.lost("woocommerce", "700", trade.now)
    assert await problems() == []


async def test_of_an_order_that_is_over_there_all_goods_are_asked_for(trade: Trade) -> None:
    trade.server.sells(2, price="9.00")
    await trade.rounds()
    scope = await trade.shop.customer()
    await trade.shop.wants(scope, "SKU-2")
    order = await trade.shop.buys(scope, "SKU-1")
    await trade.shop.pays(scope, order)
    await trade.rounds()
    first, _ = await OrderLine.all().order_by("id")
    await takes(trade, await Order.get(), "cancel_part", Doing("broken", pieces=(Piece(first.id, 1),)))
    await takes(trade, await Order.get(), "cancel", Doing("gone"))
    [one] = await store_orders.due("woocommerce", trade.now)
    await store_orders.ended(one, "woocommerce", trade.now)
    asked = StoreHint.filter(key__startswith="ended:").order_by("external_id")
    assert await asked.values_list("external_id", flat=True) == ["1", "2"]


async def test_an_order_that_costs_less_before_it_goes_there_costs_as_much_there(trade: Trade) -> None:
    scope = await trade.shop.customer()
    order = await trade.shop.buys(scope, "SKU-1", 3)
    for kind, amount, rate in (("discount", -2000, 0), ("shipping", 1200, 0), ("tax", 1960, 10_000)):
        await OrderCharge.create(order_id=order.id, kind=kind, name=kind, amount=amount, rate=rate)
    await Order.all().update(total=21560)
    order = await trade.shop.is_delivered_unpaid(scope, order)
    [line] = await OrderLine.all()
    await takes(trade, await Order.get(), "cancel_part", Doing("broken", pieces=(Piece(line.id, 2),)))
    await trade.rounds()
    [made] = trade.server.orders
    assert (made["total"], made["line_items"][0]["quantity"]) == ("80.66", 1)
    assert ((await Order.get()).total, await problems()) == (8066, [])


async def test_the_rest_of_an_order_that_is_refunded_is_for_staff_to_take_out_there(trade: Trade) -> None:
    order = await trade.sells()
    await trade.rounds()
    await follows(trade, Dispatch("81", lines=(SentLine("1", 1),)))
    await takes(trade, order, "refund", Doing("broken"))
    assert await problems() == ["cancelled_here"]
    assert await store_orders.to_ask("woocommerce", ["refunded"], trade.now) == ["700"]


async def test_goods_that_the_shop_refused_stay_sold_and_listed_while_goods_of_ours_leave(trade: Trade) -> None:
    order = await trade.sells()
    [line] = await OrderLine.all()
    ours = await of_ours(order)
    trade.server.fails("order", Status(400, "Invalid product."))
    await trade.rounds()
    for step, piece, here in (("pack", None, 3), ("ship", ours, 3), ("ship", line, 4), ("ship", line, 5)):
        sent = (Piece(piece.id, 1),) if piece else None
        await takes(trade, order, step, Doing(pieces=sent))
        trade.server.touch(1)
        await trade.rounds(minutes=1)
        assert (await trade.counts())[:2] == (here, 5), step
        assert await problems() == ([] if here == 5 else ["order_refused"])
