"""The desk sells in a thread: what is found, what it costs, and what becomes of the order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.core.message import Inbound
from bot.core.pricing import Code, Method, Rates
from models import Consent, Contact, Conversation, Identity, Opening, Order, OrderEvent, PersonCode
from models import Inbound as InboundRow
from tests.kit.profiles import TELEGRAM, WECHAT
from tests.kit.simulator import SimChannel
from tests.unit.services.shop import Shop
from tests.unit.web.running import Site
from tests.unit.web.test_desk_payments import enters

RATES = Rates(
    methods=(
        Method("post", {"en": "Post", "zh": "邮寄"}, {"CNY": 800}),
        Method("courier", {"en": "Courier", "zh": "快递"}, {"CNY": 1500}),
    ),
    codes={"TEA10": Code("TEA10", percent=10)},
)


@pytest.fixture
async def talk(site: Site) -> Conversation:
    """Ann has written on WeChat; there are ten teas at ¥68.00, and two ways to send them."""
    site.runtime.channels["wechat"] = SimChannel("wechat", WECHAT)
    site.runtime.rates = RATES
    await site.runtime.accept([Inbound("wechat", "k1", "ann", text="hello")])
    await Shop().product()
    row = await Conversation.get()
    now = site.clock()
    await Opening.create(conversation_id=row.id, token="", at=now, until=now.replace(day=24), most=5, used=0)
    return row


def basket(**more: Any) -> dict[str, Any]:
    return {"lines": [{"sku": "tea", "quantity": 2}], **more}


def wish(**more: Any) -> dict[str, Any]:
    to = {"name": "Ann", "phone": "555 0100", "address": "1 Tea Lane", "method": "post", "note": "a gift"}
    return {**basket(), **to, "key": "k1", "agreed": 14400, **more}


async def test_products_are_found_as_in_the_chat(site: Site, talk: Conversation) -> None:
    await enters(site, "agent")
    for words, names in (("te", ["tea茶"]), ("", ["tea茶"]), ("coffee", [])):
        status, told = await site.json("GET", f"/api/desk/conversations/{talk.id}/goods?q={words}")
        items: Any = told["items"]
        assert (status, [one["name"] for one in items]) == (200, names)
        assert all((one["price"]["text"], one["available"]) == ("¥68.00", 10) for one in items)


async def test_the_total_is_that_of_the_checkout(site: Site, talk: Conversation) -> None:
    headers = await enters(site, "agent")
    path = f"/api/desk/conversations/{talk.id}/quote"
    status, told = await site.json("POST", path, json=basket(method="gone", code="tea10"), headers=headers)
    charges: Any = told["charges"]
    assert (status, told["total"]["text"], told["method"]) == (200, "¥130.40", "post")  # type: ignore[index]
    assert [(one["kind"], one["amount"]["amount"]) for one in charges] == [("discount", -1360), ("shipping", 800)]


async def test_it_is_sent_and_remembered(site: Site, talk: Conversation) -> None:
    headers = await enters(site, "agent")
    path = f"/api/desk/conversations/{talk.id}"
    status, told = await site.json("POST", f"{path}/orders", json=wish(), headers=headers)
    order = await Order.get()
    assert (status, told["told"], told["why"]) == (201, True, "")
    assert str(told["link"]).startswith(f"{site.settings.public_url}/order/{order.number}/")
    assert [(one.kind, one.data) for one in site.runtime.accepted[1:]] == [("offer", order.number)]
    assert (order.total, (await OrderEvent.get()).note) == (14400, "a gift")
    known = (await site.json("GET", f"{path}/order"))[1]["addresses"]
    assert known == [{"name": "Ann", "phone": "555 0100", "address": "1 Tea Lane", "country": "", "parts": None}]


async def test_an_address_that_was_pasted_is_read_field_by_field(site: Site) -> None:
    headers = await enters(site, "agent")
    body = {"country": "de", "text": "Torstr. 1, 10119 Berlin"}
    status, told = await site.json("POST", "/api/desk/address-form", json=body, headers=headers)
    fields: Any = told["fields"]
    assert (status, told["parts"]) == (200, {"street": "Torstr. 1", "city": "Berlin", "postcode": "10119"})
    assert [(one["name"], one["label"], one["required"]) for one in fields] == [
        ("street", "Street and house number", True),
        ("postcode", "Postcode", True),
        ("city", "City", True),
    ]
    body = {"country": "JP"}
    told = (await site.json("POST", "/api/desk/address-form", json=body, headers=headers))[1]
    [region] = [one for one in told["fields"] if one["name"] == "region"]  # type: ignore[index, attr-defined]
    assert (told["parts"], region["options"][0]) == ({}, {"value": "北海道", "name": "北海道"})


async def test_an_address_in_parts_is_checked_by_its_country_and_kept(site: Site, talk: Conversation) -> None:
    site.runtime.rates = replace(RATES, countries=("DE", "FR"))
    headers = await enters(site, "agent")
    path = f"/api/desk/conversations/{talk.id}/orders"
    parts = {"street": "Torstr. 1", "city": "Berlin", "postcode": "1011"}
    body = wish(address="", parts=parts, country="DE")
    status, refused = await site.json("POST", path, json=body, headers=headers)
    error: Any = refused["error"]
    assert (status, error["code"]) == (422, "bad_address")
    assert error["fields"] == {"postcode": "1011 is no postcode there; it looks like 26133."}
    parts["postcode"] = "10119"
    left = {"region": "CA", "district": "Bay"}  # of another country, whose fields were filled in before
    status, told = await site.json("POST", path, json=body | {"parts": parts | left}, headers=headers)
    order: Any = told["order"]
    assert (status, order["address"], order["parts"]) == (201, "Torstr. 1\n10119 Berlin", parts)
    known: Any = (await site.json("GET", f"/api/desk/conversations/{talk.id}/order"))[1]["addresses"]
    assert (known[0]["parts"], known[0]["country"]) == (parts, "DE")
    for odd in ({"planet": "Mars"}, {"street": 7}, ["Torstr. 1"]):
        assert (await site.json("POST", path, json=wish(address="", parts=odd), headers=headers))[0] == 400


async def test_a_click_that_is_sent_again_says_what_became_of_it(site: Site, talk: Conversation) -> None:
    headers = await enters(site, "agent")
    path = f"/api/desk/conversations/{talk.id}/orders"
    await Identity.all().update(reachable=False)
    first: Any = (await site.json("POST", path, json=wish(), headers=headers))[1]
    number = first["order"]["number"]
    for other in ({"note": "", "address": "2 Tea Lane"}, {"agreed": 21200, "lines": [{"sku": "tea", "quantity": 3}]}):
        status, refused = await site.json("POST", path, json=wish(**other), headers=headers)
        assert (status, refused["error"]["code"]) == (409, "ordered_before")  # type: ignore[index]
        assert number in refused["error"]["text"]  # type: ignore[index]
    told = []
    for reachable in (False, True, False):  # with the last one it is on its way already
        await Identity.all().update(reachable=reachable)
        again: Any = (await site.json("POST", path, json=wish(), headers=headers))[1]
        told.append((again["order"]["number"], again["told"], bool(again["why"])))
        if reachable:
            [sent] = site.runtime.accepted[1:]
            row = {"account": "wechat", "key": sent.key, "lane": "", "kind": "offer", "payload": ""}
            await InboundRow.create(**row, received_at=site.clock())
    assert told == [(number, False, True), (number, True, False), (number, True, False)]
    assert (await Order.all().count(), len(site.runtime.accepted)) == (1, 2)


@pytest.mark.parametrize("why", ["unreachable", "window_closed", "unwanted"])
async def test_where_the_customer_may_not_be_told_staff_get_the_link(site: Site, talk: Conversation, why: str) -> None:
    headers = await enters(site, "agent")
    if why == "unreachable":
        await Identity.all().update(reachable=False)
    elif why == "window_closed":
        await Opening.all().delete()
        await Contact.all().update(updated_at=site.clock())
    else:
        identity = await Identity.get()
        await Consent.create(identity_id=identity.id, kind="orders", given=False, way="said", said="", at=site.clock())
    status, told = await site.json("POST", f"/api/desk/conversations/{talk.id}/orders", json=wish(), headers=headers)
    assert (status, told["told"], bool(told["why"]), bool(told["link"])) == (201, False, True, True)
    assert (await Order.all().count(), len(site.runtime.accepted)) == (1, 1)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (wish(agreed=1), (409, "total_changed")),
        (wish(address="  "), (409, "no_address")),
        (wish(lines=[]), (409, "cart_empty")),
        (wish(lines=[{"sku": "gone", "quantity": 1}]), (409, "no_variant")),
        (wish(lines=[{"sku": "tea", "quantity": 0}]), (422, "bad_quantity")),
        (wish(lines=[{"sku": "tea", "quantity": 11}]), (409, "sold_out")),
        (wish(method="rocket"), (409, "choose_method")),
        (wish(code="gone"), (409, "no_code")),
        (wish(key=""), (400, "bad_request")),
        (wish(agreed=True), (400, "bad_request")),
        (wish(lines=[7]), (400, "bad_request")),
    ],
)
async def test_what_cannot_be_sent_is_refused(
    site: Site, talk: Conversation, body: dict[str, Any], answer: tuple[int, str]
) -> None:
    headers = await enters(site, "agent")
    status, told = await site.json("POST", f"/api/desk/conversations/{talk.id}/orders", json=body, headers=headers)
    assert (status, told["error"]["code"]) == answer  # type: ignore[index]
    assert await Order.all().count() == 0


async def test_an_order_is_changed_once_with_a_reason(site: Site, talk: Conversation) -> None:
    headers = await enters(site, "agent")
    sent: Any = (await site.json("POST", f"/api/desk/conversations/{talk.id}/orders", json=wish(), headers=headers))[1]
    path, version = f"/api/desk/orders/{sent['order']['id']}", sent["order"]["version"]
    lines = [{"sku": "tea", "quantity": 10}]  # all that are there, two of which it holds
    quoted = await site.json("POST", f"{path}/quote", json={"lines": lines, "method": "post"}, headers=headers)
    assert (quoted[0], quoted[1]["total"]["text"]) == (200, "¥688.00")  # type: ignore[index]
    body = wish(lines=lines, version=version, agreed=68800)
    for reason, answer in (("", (422, "no_reason")), ("more", (200, "")), ("once more", (409, "overtaken"))):
        told: Any = await site.json("PUT", path, json=body | {"reason": reason}, headers=headers)
        assert (told[0], told[1].get("error", {}).get("code", "")) == answer
        if told[0] == 200:
            assert (told[1]["told"], told[1]["why"], told[1]["order"]["total"]["text"]) == (True, "", "¥688.00")
            assert str(told[1]["link"]).startswith(f"{site.settings.public_url}/order/")
    assert [one["what"] for one in (await site.json("GET", path))[1]["events"]] == ["", "changed"]  # type: ignore[attr-defined]
    assert [(one.kind, one.text) for one in site.runtime.accepted[1:]] == [("offer", ""), ("offer", "changed")]


async def test_staff_hear_that_a_change_cannot_be_told(site: Site, talk: Conversation) -> None:
    headers = await enters(site, "agent")
    sent: Any = (await site.json("POST", f"/api/desk/conversations/{talk.id}/orders", json=wish(), headers=headers))[1]
    await Identity.all().update(reachable=False)
    body = wish(version=sent["order"]["version"], reason="she moves")
    told: Any = await site.json("PUT", f"/api/desk/orders/{sent['order']['id']}", json=body, headers=headers)
    assert (told[0], told[1]["told"], bool(told[1]["why"]), bool(told[1]["link"])) == (200, False, True, True)


async def test_the_page_of_what_staff_sent_makes_nobody_its_customer(site: Site, talk: Conversation) -> None:
    """The link is passed on, and the customer's chat has more in it than this order."""
    site.runtime.channels["telegram"] = SimChannel("telegram", TELEGRAM)
    await site.runtime.accept([Inbound("webchat", "k2", "visitor", text="hello")])
    visitor = await Conversation.get(account="webchat")
    headers = await enters(site, "agent")
    path = f"/api/desk/conversations/{visitor.id}/orders"
    _, told = await site.json("POST", path, json=wish(), headers=headers)
    page = str(told["link"]).removeprefix(site.settings.public_url)
    form = {"data": {"chat": "telegram"}, "headers": {"Origin": site.url}}
    async with site.client.post(site.url + page, **form) as answer:
        shown = await answer.text()
    assert (answer.status, "start=webchat" in shown, "start=link-" in shown) == (200, True, False)
    assert await PersonCode.all().count() == 0
