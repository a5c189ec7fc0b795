"""Money at the desk's door: who may, which amounts are any, and one click is one."""

from __future__ import annotations

from typing import Any

import pytest

from bot.payments import transfer
from bot.services import staff
from bot.services.receipts import Books
from models import Contact, Order, Payment, Receipt, Refund
from tests.unit.web.running import Site

PASSWORD = "a long password"


async def enters(site: Site, role: str) -> dict[str, str]:
    """Headers of a member of staff who has logged in."""
    await staff.add(role, role.title(), role, PASSWORD, site.clock(), one_time=False)
    told: Any = (
        await site.json(
            "POST", "/api/desk/login", json={"login": role, "password": PASSWORD}, headers={"Origin": site.url}
        )
    )[1]
    return {"Origin": site.url, "X-CSRF-Token": told["csrf"]}


@pytest.fixture
async def payment(site: Site) -> Payment:
    """¥68.00 by transfer, of which nothing has come."""
    settings = transfer.Settings(account=("IBAN DE89",))
    site.runtime.providers["transfer"] = transfer.opened(settings, site.clock, Books(site.clock))
    times = {"created_at": site.clock(), "updated_at": site.clock()}
    ann = await Contact.create(name="Ann", **times)
    order = await Order.create(
        number="P7K2-4M9Q", contact=ann, state="placed", total=6800, currency="CNY", name="Ann", address="", **times
    )
    return await Payment.create(
        order=order, provider="transfer", key="key-1", reference="key-1", amount=6800, currency="CNY", state="open",
        **times,
    )  # fmt: skip


async def test_money_that_came_is_written_down_once(site: Site, payment: Payment) -> None:
    headers, path = await enters(site, "manager"), f"/api/desk/payments/{payment.id}/receive"
    click = {"amount": "68.00", "seen": 0, "note": "statement 7", "key": "click-1"}
    for _ in range(2):
        status, told = await site.json("POST", path, json=click, headers=headers)
        assert status == 200
    shown: Any = told["order"]
    assert (shown["payments"][0]["by_hand"], shown["payments"][0]["left"]) == (True, None)
    status, told = await site.json("POST", path, json=click | {"key": "click-2"}, headers=headers)
    assert (status, told["error"]["code"]) == (409, "seen_otherwise")  # type: ignore[index]
    row = await Receipt.get()
    assert (row.amount, row.note, row.staff_id) == (6800, "statement 7", 1)


@pytest.mark.parametrize("amount", ["", "0", "-1", "1.005", "1e3", "６", "12,50", "99999999999999"])
async def test_what_is_no_amount_is_told(site: Site, payment: Payment, amount: str) -> None:
    headers, path = await enters(site, "manager"), f"/api/desk/payments/{payment.id}/receive"
    click = {"amount": amount, "seen": 0, "key": "click-1"}
    status, told = await site.json("POST", path, json=click, headers=headers)
    assert (status, told["error"]["code"]) == (422, "bad_amount")  # type: ignore[index]
    assert await Receipt.all().count() == 0


async def test_a_part_is_given_back_with_a_reason(site: Site, payment: Payment) -> None:
    await Payment.filter(id=payment.id).update(state="paid", captured=6800, captured_currency="CNY")
    headers, path = await enters(site, "manager"), f"/api/desk/payments/{payment.id}/refund"
    click = {"amount": "8", "reason": "a broken cup", "key": "click-1"}
    for _ in range(2):
        status, told = await site.json("POST", path, json=click, headers=headers)
        assert status == 200
    shown: Any = told["order"]
    assert [(one["amount"]["text"], one["state"], one["reason"]) for one in shown["payments"][0]["refunds"]] == [
        ("¥8.00", "asked", "a broken cup")
    ]
    assert (shown["payments"][0]["left"]["amount"], shown["events"][-1]["note"]) == (6000, "8.00 CNY: a broken cup")
    for wrong, code in (({"amount": "60.01", "key": "2"}, "too_much"), ({"reason": " ", "key": "3"}, "no_reason")):
        _, told = await site.json("POST", path, json=click | wrong, headers=headers)
        assert told["error"]["code"] == code  # type: ignore[index]
    status, _ = await site.json("POST", f"/api/desk/refunds/{(await Refund.get()).id}/retry", json={}, headers=headers)
    assert status == 404  # it is not unknown


async def test_an_agent_moves_no_money(site: Site, payment: Payment) -> None:
    headers = await enters(site, "agent")
    for act in ("receive", "refund"):
        path = f"/api/desk/payments/{payment.id}/{act}"
        body = {"amount": "1", "seen": 0, "reason": "x", "key": "k"}
        assert await site.status("POST", path, json=body, headers=headers) == 403
    assert (await Receipt.all().count(), await Refund.all().count()) == (0, 0)
