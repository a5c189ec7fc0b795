"""Another site tells where an order goes, as one text or in parts, and what its customer notes."""

from __future__ import annotations

import hashlib

import pytest

from models import ApiOrder, Order
from tests.unit.web.running import Site
from tests.unit.web.test_api import ANN, TEA, caller
from tests.unit.web.test_api import tea as tea

BERLIN = {"street": "Torstr. 1", "city": "Berlin", "postcode": "d-10115"}
NOT_RIGHT: dict[str, tuple[dict[str, str], dict[str, object], dict[str, str]]] = {
    "a postcode of no form": (BERLIN | {"postcode": "123"}, {}, {"postcode": "123 is no postcode there"}),
    "what is missing, and a phone that is none": (
        {"street": "Torstr. 1"},
        {"phone": "ask me"},
        {"city": "needed", "postcode": "needed", "phone": "phone number"},
    ),
    "a state that has no such ZIP code": (
        {"street": "1 Main St", "city": "Reno", "region": "nevada", "postcode": "10001"},
        {"country": "US"},
        {"postcode": "The ZIP code 10001 is not in that region."},
    ),
    "no country": (BERLIN, {"country": ""}, {"country": "needed"}),
}


@pytest.mark.parametrize("what", NOT_RIGHT)
async def test_each_part_that_is_not_right_is_named(tea: Site, what: str) -> None:
    shop, (address, more, wrong) = await caller(tea), NOT_RIGHT[what]
    customer = ANN | {"address": address, "phone": more.get("phone", "")}
    country = more.get("country", "DE")
    status, told = await shop.orders({"lines": [TEA], "customer": customer, "country": country})
    assert (status, told["code"], told["fields"].keys()) == (422, "bad_address", wrong.keys())
    assert [name for name, said in wrong.items() if said not in told["fields"][name]] == []
    assert await Order.all().count() == 0


async def test_an_address_in_parts_and_a_note_are_told_to_who_placed_the_order(tea: Site) -> None:
    shop, books = await caller(tea), await caller(tea, "orders:read")
    to = {"lines": [TEA], "customer": ANN | {"address": BERLIN}, "country": "DE", "note": "Ring twice"}
    status, told = await shop.orders(to)
    parts = {"street": "Torstr. 1", "district": "", "city": "Berlin", "region": "", "postcode": "10115"}
    delivery = {"name": "Ann Lee", "phone": "555 0100", "country": "DE", "address": "Torstr. 1\n10115 Berlin"}
    assert (status, told["note"], told["delivery"]) == (201, "Ring twice", delivery | {"parts": parts})
    assert await shop.orders(to) == (201, told)
    _, seen = await books.calls("GET", f"orders/{told['number']}")
    assert (seen["note"], seen["delivery"]) == (None, None)


async def test_a_request_of_the_version_before_is_still_the_same(tea: Site) -> None:
    """What is kept of it must not change with what can be said by now."""
    await (await caller(tea)).orders()
    before = (
        b'{"lines":[{"sku":"tea","quantity":2}],"customer":{"name":"Ann Lee","address":"1 Tea Lane","email":'
        b'"ann@example.com","phone":"555 0100"},"language":"en","country":"","shipping":"","code":""}'
    )
    assert (await ApiOrder.get()).body_hash == hashlib.sha256(before).hexdigest()
