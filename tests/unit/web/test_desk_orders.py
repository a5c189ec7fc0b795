"""Steps of orders at the desk's door: who may, what is said of them, and what leads on."""

from __future__ import annotations

from typing import Any

import pytest

from models import Contact, Order, OrderCharge, OrderLine, OrderNote, Shipment
from tests.unit.web.running import Site
from tests.unit.web.test_desk_payments import enters


@pytest.fixture
async def order(site: Site) -> Order:
    """One that is packed."""
    times = {"created_at": site.clock(), "updated_at": site.clock()}
    ann = await Contact.create(name="Ann", **times)
    order = await Order.create(
        number="P7K2-4M9Q", contact=ann, state="packed", total=6800, currency="CNY", name="Ann", address="",
        paid_at=site.clock(), **times,
    )  # fmt: skip
    await OrderCharge.create(order=order, kind="shipping", name="dhl", title="DHL", amount=1200)
    await OrderCharge.create(order=order, kind="tax", name="US", title="", amount=554, rate=8875, included=True)
    return order


PARCEL = {"carrier": "SF Express", "number": "SF1234567", "url": "https://sf.example/SF1234567"}


async def test_what_it_was_sent_as_is_shown_and_what_leads_on(site: Site, order: Order) -> None:
    headers = await enters(site, "agent")
    status, told = await site.json("POST", f"/api/desk/orders/{order.id}/ship", json=PARCEL, headers=headers)
    shown: Any = told["order"]
    assert (status, shown["state"], shown["parcels"]) == (200, "shipped", [{**PARCEL, "lines": []}])
    assert [(one["kind"], one["title"], one["rate"], one["amount"]["text"]) for one in shown["charges"]] == [
        ("shipping", "DHL", "0", "¥12.00"),
        ("tax", "", "8.875", "¥5.54"),
    ]
    assert shown["steps"] == [
        {"name": "deliver", "role": "agent", "why": False},
        {"name": "complete", "role": "agent", "why": False},
        {"name": "return", "role": "agent", "why": False},
        {"name": "refund", "role": "manager", "why": True},
    ]


async def test_a_part_is_sent_by_its_pieces_once_and_not_over_a_colleagues_head(site: Site, order: Order) -> None:
    headers = await enters(site, "manager")
    tea, cup = [
        await OrderLine.create(order=order, sku=sku, name=sku, quantity=2, price=price)
        for sku, price in (("tea", 3400), ("cup", 0))
    ]
    path = f"/api/desk/orders/{order.id}"
    _, seen = await site.json("GET", path, headers=headers)
    assert [(one["line"], one["quantity"], one["price"]["text"]) for one in seen["left"]] == [
        (tea.id, 2, "¥34.00"), (cup.id, 2, "¥0.00"),
    ]  # fmt: skip
    wish = {**PARCEL, "pieces": [{"line": tea.id, "quantity": 1}], "version": seen["version"], "key": "k1"}
    for body, answer in ((wish, 200), (wish, 200), ({**wish, "key": "k2"}, 409)):
        assert await site.status("POST", f"{path}/ship", json=body, headers=headers) == answer
    _, shown = await site.json("GET", path, headers=headers)
    lines = [{"sku": "tea", "name": "tea", "quantity": 1}]
    assert (shown["state"], shown["parcels"]) == ("partly_shipped", [{**PARCEL, "lines": lines}])
    assert [(one["sku"], one["quantity"]) for one in shown["left"]] == [("tea", 1), ("cup", 2)]
    assert [step["name"] for step in shown["steps"]] == ["ship", "cancel_part", "refund"]
    for pieces, answer in (
        ([{"line": tea.id, "quantity": 2}], (409, "too_many_pieces")),
        ([], (409, "no_pieces")),
        ([{"line": 10**6, "quantity": 1}], (400, "bad_request")),
        ([{"line": tea.id}], (400, "bad_request")),
        ({"line": tea.id}, (400, "bad_request")),
    ):
        status, told = await site.json("POST", f"{path}/ship", json={"pieces": pieces}, headers=headers)
        assert (status, told["error"]["code"]) == answer  # type: ignore[index]
    body = {"note": "broken", "keep_money": True}
    status, told = await site.json("POST", f"{path}/cancel_part", json=body, headers=headers)
    assert (status, told["order"]["state"], [one["cancelled"] for one in told["order"]["lines"]]) == (  # type: ignore[index]
        200, "shipped", [1, 2],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("step", "body", "answer"),
    [
        ("ship", {"url": "javascript:alert(1)"}, (422, "bad_link")),
        ("ship", {"number": "7" * 81}, (413, "too_long")),
        ("ship", {"carrier": 7}, (400, "bad_request")),
        ("return", {"restock": "yes"}, (400, "bad_request")),
        ("deliver", {}, (409, "wrong_state")),
        ("cancel", {"note": "  "}, (422, "no_reason")),
        ("refund", {"note": "broken"}, (403, "forbidden")),
        ("cancel_part", {"note": "broken"}, (403, "forbidden")),
        ("pay", {}, (404, "not_found")),
        ("expire", {}, (404, "not_found")),
    ],
)
async def test_what_is_no_step_of_theirs_is_refused(
    site: Site, order: Order, step: str, body: dict[str, object], answer: tuple[int, str]
) -> None:
    headers = await enters(site, "agent")
    status, told = await site.json("POST", f"/api/desk/orders/{order.id}/{step}", json=body, headers=headers)
    assert (status, told["error"]["code"]) == answer  # type: ignore[index]
    assert ((await Order.get()).state, await Shipment.all().count()) == ("packed", 0)


async def test_staff_write_notes_for_each_other_and_read_the_customers(site: Site, order: Order) -> None:
    headers = await enters(site, "agent")
    await Order.filter(id=order.id).update(note="Ring twice", country="US", conversation_id=1)
    path = f"/api/desk/orders/{order.id}/notes"
    for text in ("  fragile  ", "called her"):
        status, told = await site.json("POST", path, json={"text": text}, headers=headers)
        assert status == 200
    shown: Any = told["order"]
    assert ([one["text"] for one in shown["notes"]], shown["note"], shown["country"]) == (
        ["fragile", "called her"], "Ring twice", "US",
    )  # fmt: skip
    assert shown["notes"][0]["staff_id"] is not None
    assert await site.json("POST", path, json={"text": " "}, headers=headers) == (422, WRITE_SOMETHING)
    assert await site.status("POST", "/api/desk/orders/999/notes", json={"text": "x"}, headers=headers) == 404
    await Order.filter(id=order.id).update(conversation_id=None)  # as of a customer who was forgotten
    status, told = await site.json("POST", path, json={"text": "of her"}, headers=headers)
    assert (status, told["error"]["text"]) == (409, "Whoever ordered this was forgotten.")  # type: ignore[index]
    await Order.filter(id=order.id).update(conversation_id=1)
    await OrderNote.bulk_create(OrderNote(order=order, text="x", at=site.clock()) for _ in range(98))
    assert await site.status("POST", path, json={"text": "x"}, headers=headers) == 409


WRITE_SOMETHING = {"error": {"code": "no_text", "text": "Write something."}}
