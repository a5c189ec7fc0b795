"""What happens to orders, payments and reviews is written down with it for those who want to be told alone."""

from __future__ import annotations

import msgspec
import pytest

from bot.core.errors import Refused
from bot.core.money import Money
from bot.services import orders, reviews, webhooks
from bot.services import webhook_endpoints as endpoints
from bot.services.contacts import Address
from bot.services.order_changes import Change, change
from bot.services.order_states import version
from bot.services.scope import Scope
from bot.services.staff_orders import Basket
from models import WebhookEndpoint, WebhookEvent
from models.database import transaction
from tests.unit.services.shop import NOW, Shop

URL = "https://shop.example/hooks"


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    webhooks.forget()


async def happened() -> list[str]:
    return [row.name for row in await WebhookEvent.all().order_by("id")]


async def test_an_order_from_the_shelf_to_its_review(any_shop: Shop) -> None:
    await endpoints.create(URL, ("order.*", "payment.*", "review.*"), False, 1, NOW)
    await any_shop.product()
    ann = await any_shop.customer()
    order = await any_shop.buys(ann, quantity=2)
    await any_shop.pays(ann, order)
    await any_shop.advances(order, "pack", "ship", "complete")
    async with transaction():
        review = await reviews.record(any_shop.at(ann), order.number, 5, "Ann's own words", ())
    async with transaction():
        await reviews.accept(review.id, 1, NOW)
    assert await happened() == [
        "order.placed", "payment.created", "payment.opened", "order.paid", "payment.settled",
        "order.packed", "order.shipped", "order.completed", "review.received", "review.accepted",
    ]  # fmt: skip
    placed = await WebhookEvent.get(name="order.placed")
    told = msgspec.json.decode(placed.body)
    assert (told["type"], told["version"], placed.subject) == ("order.placed", 1, f"order:{order.id}")
    assert told["data"]["total"] == {"amount": 13600, "currency": "CNY"}
    assert told["data"]["lines"] == [
        {"sku": "tea", "quantity": 2, "cancelled": 0, "price": {"amount": 6800, "currency": "CNY"}}
    ]
    assert told["data"]["number"] == order.number
    for row in await WebhookEvent.all():
        assert not any(words in row.body for words in ("Ann", "555 0100", "Tea Lane"))


async def test_a_change_by_staff_says_so(shop: Shop) -> None:
    await endpoints.create(URL, ("order.changed",), False, 1, NOW)
    await shop.product()
    ann = await shop.customer()
    order = await shop.buys(ann)
    wish = Change(Basket([("tea", 3)]), Address("Ann", "", "2 Tea Lane"), "more", await version(order.id), 20400)
    async with transaction():
        await change(shop.at(ann), order.id, wish, 7)
    data = msgspec.json.decode((await WebhookEvent.get()).body)["data"]
    assert (data["from"], data["state"], data["by"], data["what"]) == ("placed", "placed", "staff:7", "changed")
    assert (data["country"], data["has_note"], "note" in data, "address" in data) == (None, False, False, False)
    assert (data["total"]["amount"], [line["quantity"] for line in data["lines"]]) == (20400, [3])


async def _cancel_and_fail(scope: Scope, number: str) -> None:
    async with transaction():
        await orders.cancel(scope, number)
        raise ZeroDivisionError


async def test_what_did_not_happen_is_not_told(shop: Shop) -> None:
    await endpoints.create(URL, ("order.*",), False, 1, NOW)
    await shop.product()
    ann = await shop.customer()
    order = await shop.buys(ann)
    with pytest.raises(ZeroDivisionError):
        await _cancel_and_fail(shop.at(ann), order.number)
    await shop.settles(await shop.opens_payment(ann, order), paid=Money(1, "CNY"))
    assert await happened() == ["order.placed"]


@pytest.mark.parametrize("wanted", [(), ("review.accepted", "message.*"), ("order.shipped",)])
async def test_nothing_is_written_that_nobody_wants(shop: Shop, wanted: tuple[str, ...]) -> None:
    if wanted:
        await endpoints.create(URL, wanted, False, 1, NOW)
    await shop.product()
    ann = await shop.customer()
    await shop.pays(ann, await shop.buys(ann))
    assert await happened() == []


async def test_who_wants_what_is_asked_once_in_a_while(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def fetch(sql: str) -> list[dict[str, str]]:
        asked.append(sql)
        return []

    monkeypatch.setattr(webhooks, "fetch", fetch)
    for _ in range(100):
        assert await webhooks.wanted() == frozenset()
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("url", "plain", "is_good"),
    [
        ("https://a.example/x?y=1", False, True),
        ("https://a.example:8443/", False, True),
        ("http://a.example/", False, False),
        ("http://10.0.0.8/", True, True),
        ("https://user:word@a.example/", False, False),
        ("https://a.example/#part", False, False),
        ("https:///", False, False),
        ("https://[::1", False, False),
        ("https://a.example:99999/", False, False),
        ("ftp://a.example/", True, False),
        ("https://a.example/" + "x" * 500, False, False),
        ("https://a.example/\u00fc", False, False),
        ("https://a.example/a b", False, False),
        ("", False, False),
    ],
)
async def test_addresses(shop: Shop, url: str, plain: bool, is_good: bool) -> None:
    if is_good:
        await endpoints.create(url, ("order.*",), plain, 1, NOW)
    else:
        with pytest.raises(Refused, match=r"bad_webhook_url|webhook_tls"):
            await endpoints.create(url, ("order.*",), plain, 1, NOW)
    assert await WebhookEndpoint.all().count() == is_good


@pytest.mark.parametrize("events", [(), ("order",), ("*",), ("order.*", "shop.*"), ("order.Paid",), ("webhook.test",)])
async def test_names_that_cannot_be(shop: Shop, events: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match="bad_events"):
        await endpoints.create(URL, events, False, 1, NOW)


async def test_no_more_than_can_be_called(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "MOST", 1)
    await endpoints.create(URL, ("order.*",), False, 1, NOW)
    with pytest.raises(Refused, match="too_many_webhooks"):
        await endpoints.create(URL, ("order.*",), False, 1, NOW)


async def test_a_test_goes_to_one_and_the_log_is_read_in_pages(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    one, _ = await endpoints.create(URL, ("order.*",), False, 1, NOW)
    other, _ = await endpoints.create(URL, ("order.*",), False, 1, NOW)
    for _ in range(3):
        await endpoints.test(one, 1, NOW)
    page = await endpoints.log(one, limit=2)
    assert [entry.name for entry in page.items] == ["webhook.test"] * 2
    rest = await endpoints.log(one, before=page.next, limit=2)
    assert (len(rest.items), rest.next) == (1, None)
    assert (await endpoints.log(other)).items == ()
    assert (await endpoints.log(one, "failed")).items == ()
    assert (await endpoints.view(one, NOW)).waiting == 3
    monkeypatch.setattr(endpoints, "MOST_COUNTED", 2)
    assert (await endpoints.view(one, NOW)).waiting == 2
    await endpoints.remove(one, 1, NOW)
    with pytest.raises(Refused, match="no_webhook"):
        await endpoints.log(one)
    for missing in (endpoints.pause, endpoints.resume, endpoints.rotate, endpoints.remove, endpoints.test):
        with pytest.raises(Refused, match="no_webhook"):
            await missing(one, 1, NOW)
