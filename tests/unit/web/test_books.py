"""Reconciliation at the desk: managers see what differs, explain it once with a word, and see books that are late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.core.money import Money
from bot.services import differences, staff
from bot.services.agreement import Disagreement
from bot.services.differences import Subject
from models import Contact, Order, Payment, Statement
from tests.unit.web.running import Site

PASSWORD = "a long password"


async def enters(site: Site, role: str) -> dict[str, str]:
    """Headers of a member of staff who has logged in."""
    await staff.add(role, role.title(), role, PASSWORD, site.clock(), one_time=False)
    login = {"login": role, "password": PASSWORD}
    told: Any = (await site.json("POST", "/api/desk/login", json=login, headers={"Origin": site.url}))[1]
    return {"Origin": site.url, "X-CSRF-Token": told["csrf"]}


@pytest.fixture
async def payment(site: Site) -> Payment:
    """¥68.00, of which the bank says ¥67.00."""
    times = {"created_at": site.clock(), "updated_at": site.clock()}
    ann = await Contact.create(name="Ann", **times)
    order = await Order.create(
        number="P7K2-4M9Q", contact=ann, state="paid", total=6800, currency="CNY", name="Ann", address="", **times
    )
    row = await Payment.create(
        order=order, provider="local", key="k" * 32, reference="r", amount=6800, currency="CNY", state="paid", **times
    )
    one = Disagreement("payment", "amount", Money(6700, "CNY"), Money(6800, "CNY"), "ch_1")
    await differences.keep(Subject("local", site.clock().date(), row.key, row), [one], site.clock())
    stranger = Disagreement("refund", "missing_here", Money(500, "CNY"), Money(0, "CNY"), "re_1")
    await differences.keep(Subject("local", site.clock().date(), "f" * 32, None), [stranger], site.clock())
    await Statement.create(
        provider="paypal", day=(site.clock() - timedelta(days=4)).date().isoformat(), state="due", attempts=9,
        error="Switch on Transaction search", due_at=site.clock(), created_at=site.clock(),
    )  # fmt: skip
    return row


async def test_a_manager_sees_and_explains_what_differs(site: Site, payment: Payment) -> None:
    headers = await enters(site, "manager")
    told: Any = (await site.json("GET", "/api/desk/differences"))[1]
    stranger, known = told["items"]
    assert (known["theirs"]["text"], known["ours"]["text"], known["order"]["number"]) == (
        "¥67.00",
        "¥68.00",
        "P7K2-4M9Q",
    )
    assert (stranger["ours"], stranger["order"], stranger["reference"]) == (None, None, "re_1")
    assert [one["error"] for one in told["late"]] == ["Switch on Transaction search"]
    listed: Any = (await site.json("GET", "/api/desk/conversations"))[1]
    assert listed["counts"]["books"] == 3
    path = f"/api/desk/differences/{known['id']}/explain"
    status, told = await site.json("POST", path, json={"note": " "}, headers=headers)
    assert (status, told["error"]["code"]) == (422, "no_note")
    status, told = await site.json("POST", path, json={"note": "their rebate"}, headers=headers)
    assert (status, told["difference"]["state"], told["difference"]["note"]) == (200, "explained", "their rebate")
    status, told = await site.json("POST", path, json={"note": "another"}, headers=headers)
    assert (status, told["error"]["code"]) == (409, "overtaken")
    assert await site.status("POST", "/api/desk/differences/99/explain", json={"note": "x"}, headers=headers) == 404
    told = (await site.json("GET", "/api/desk/differences?state=explained"))[1]
    assert [one["id"] for one in told["items"]] == [known["id"]]
    assert await site.status("GET", "/api/desk/differences?state=lost") == 400


async def test_agents_hear_nothing_of_it(site: Site, payment: Payment) -> None:
    await enters(site, "agent")
    assert await site.status("GET", "/api/desk/differences") == 403
    listed: Any = (await site.json("GET", "/api/desk/conversations"))[1]
    assert "books" not in listed["counts"]
