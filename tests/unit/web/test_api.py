"""Another site places orders for its customers, and each customer sees theirs by its link, and no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.core.money import Money
from bot.core.pricing import Code, Method, Rates
from bot.payments.local import LocalPayments
from bot.services import api_keys, orders, privacy
from bot.services.order_states import Doing
from bot.services.products import PriceSpec, ProductSpec, VariantSpec
from bot.services.shipments import Parcel, Piece
from models import ApiKey, ApiOrder, Audit, Contact, Order, OrderLine, Payment
from models.database import client, transaction
from tests.kit.profiles import PROFILES
from tests.kit.simulator import SimChannel
from tests.unit.services.shop import stocked
from tests.unit.web.running import Site
from tests.unit.web.running import site as running_site
from web.settings import WebSettings

TEA = {"sku": "tea", "quantity": 2}
ANN = {"name": "Ann Lee", "address": "1 Tea Lane", "email": "ann@example.com", "phone": "555 0100"}
BODY = {"lines": [TEA], "customer": ANN}
#: What only the key that placed an order is told of it.
OWN = ("delivery", "note", "status_url", "pay_url")


@dataclass
class Caller:
    """A site with a key."""

    site: Site
    token: str

    async def calls(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        told = {"Authorization": f"Bearer {self.token}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        options = {} if method == "GET" else ({"data": body} if isinstance(body, bytes) else {"json": body})
        return await self.site.json(method, f"/api/v1/{path}", headers=told, **options)

    async def orders(self, body: object = BODY, key: str = "one") -> tuple[int, Any]:
        return await self.calls("POST", "orders", body, Idempotency_Key=key)


async def caller(site: Site, *scopes: str) -> Caller:
    _, token = await api_keys.make("The shop's site", scopes or api_keys.SCOPES, site.clock(), by=None)
    return Caller(site, token)


@pytest.fixture
async def tea(site: Site) -> Site:
    spec = ProductSpec("tea", {"en": "Longjing", "zh": "龙井"}, [VariantSpec("tea", [PriceSpec(Money(6800, "CNY"))])])
    await stocked(spec, {"tea": {"main": 5}}, site.clock())
    return site


async def test_an_order_is_placed_once_however_often_it_is_asked_for(tea: Site) -> None:
    shop = await caller(tea)
    answers = await asyncio.gather(*(shop.orders() for _ in range(6)))
    assert {status for status, _ in answers} == {201}
    first = answers[0][1]
    assert all(told == first for _, told in answers)
    assert (first["state"], first["total"]) == ("placed", {"amount": 13600, "currency": "CNY", "text": "¥136.00"})
    tea.clock.passes(hours=30)
    assert await shop.orders() == (201, first)
    assert (await Order.all().count(), await Contact.all().count()) == (1, 1)
    status, told = await shop.orders({"lines": [{"sku": "tea", "quantity": 1}], "customer": ANN})
    assert (status, told["code"]) == (422, "other_body")


async def test_every_key_that_reads_orders_reads_them_all_and_has_the_links_of_its_own(tea: Site) -> None:
    shop, books = await caller(tea), await caller(tea, "orders:read")
    _, mine = await shop.orders()
    number = mine["number"]
    assert await shop.calls("GET", f"orders/{number}") == (200, mine)
    assert await books.calls("GET", f"orders/{number}") == (200, mine | dict.fromkeys(OWN))


async def test_who_types_an_address_is_nobody_who_had_it_before(tea: Site) -> None:
    shop = await caller(tea)
    known = await Contact.create(
        email="ann@example.com", phone="555 0100", created_at=tea.clock(), updated_at=tea.clock()
    )
    await shop.orders(key="a")
    await shop.orders(key="b")
    owners = await Order.all().values_list("contact_id", flat=True)
    assert len({known.id, *owners}) == 3


async def test_what_was_refused_may_be_asked_for_again(tea: Site) -> None:
    shop = await caller(tea)
    status, told = await shop.orders({"lines": [{"sku": "tea", "quantity": 6}], "customer": ANN})
    assert (status, told["code"], told["detail"]) == (409, "sold_out", "Of Longjing there are 5 left.")
    assert (await ApiOrder.all().count(), await Contact.all().count()) == (0, 0)
    assert (await shop.orders())[0] == 201


WRONG: dict[str, tuple[object, int, str]] = {
    "no JSON": (b"{", 400, "bad_json"),
    "no UTF-8": (b'{"language": "\xff"}', 400, "bad_json"),
    "nothing wanted": ({"lines": [], "customer": ANN}, 422, "bad_body"),
    "no pieces": ({"lines": [TEA | {"quantity": 0}], "customer": ANN}, 422, "bad_body"),
    "a field that is not known": (BODY | {"discount": 100}, 422, "bad_body"),
    "no name": ({"lines": [TEA], "customer": ANN | {"name": "  "}}, 422, "bad_body"),
    "a NUL": ({"lines": [TEA], "customer": ANN | {"phone": "5\x00"}}, 422, "bad_body"),
    "no e-mail address": ({"lines": [TEA], "customer": ANN | {"email": "ann"}}, 422, "bad_body"),
    "no such variant": ({"lines": [TEA | {"sku": "coffee"}], "customer": ANN}, 422, "no_variant"),
}


async def test_what_is_wrong_is_said_as_a_problem(tea: Site) -> None:
    shop = await caller(tea)
    for what, (body, status, code) in WRONG.items():
        found, told = await shop.orders(body)
        assert (what, found, told["code"], told["status"]) == (what, status, code, status)
        assert told["detail"]
    assert (await shop.calls("POST", "orders", BODY))[1]["code"] == "no_idempotency_key"
    assert (await shop.calls("GET", "orders/%00"))[0] == 404
    assert (await shop.calls("GET", "products?first=x"))[0] == 400
    async with tea.client.get(f"{tea.url}/api/v1/products") as response:
        assert (response.status, response.content_type) == (401, "application/problem+json")
        assert response.headers["WWW-Authenticate"] == "Bearer"


async def test_a_shop_that_ships_abroad_says_what_it_must_be_told(tea: Site) -> None:
    ways = (Method("post", {"en": "Post"}, {"CNY": 1200}), Method("fast", {"en": "Courier"}, {"CNY": 3000}))
    codes = {
        "TEA": Code("TEA", percent=10, minimum={"CNY": 20_000}), "ONCE": Code("ONCE", percent=10, uses_per_person=1)
    }  # fmt: skip
    tea.runtime.rates = Rates(countries=("CN", "DE"), methods=ways, codes=codes, taxes={"DE": 19_000})
    shop, to = await caller(tea), BODY | {"country": "DE"}
    for body, status, code, says in (
        (BODY, 422, "no_country", "Say as country where it goes: this shop sells to CN, DE."),
        (to, 422, "no_method", "Say as shipping how it is sent: post, fast."),
        (to | {"shipping": "post", "code": "milk"}, 422, "no_code", "There is no such discount code now."),
        (
            to | {"shipping": "post", "code": "once"},
            422,
            "code_personal",
            "This discount code is counted for each person: it can be used in the shop's chats only.",
        ),
        (
            to | {"shipping": "post", "code": "tea"},
            409,
            "code_minimum",
            "This discount code is for orders from ¥200.00.",
        ),
    ):
        found, told = await shop.orders(body)
        assert (found, told["code"], told["detail"]) == (status, code, says)
    status, told = await shop.orders(to | {"shipping": "post"})
    assert (status, told["total"]["amount"]) == (201, 13600 + 1200)
    parts = [(one["kind"], one["amount"]["amount"], one["included"]) for one in told["charges"]]
    assert parts == [("shipping", 1200, False), ("tax", 2363, True)]
    shown = await Page(tea, told["status_url"].removeprefix(tea.url)).shows()
    assert all(part in shown for part in ("Shipping: Post", "¥12.00", "Tax included", "¥23.63"))


async def test_a_key_is_good_for_its_scopes_until_it_is_revoked(tea: Site) -> None:
    shop = await caller(tea, "products:read")
    status, told = await shop.calls("GET", "products")
    assert (status, told["items"][0]["variants"][0]["sku"], told["next"]) == (200, "tea", None)
    assert (await shop.orders())[1]["code"] == "no_scope"
    row = await ApiKey.get()
    assert (row.used_at, shop.token in row.key_hash) == (tea.clock(), False)
    await api_keys.revoke(row.id, tea.clock(), by=None)
    assert (await shop.calls("GET", "products"))[0] == 401
    assert await Audit.all().order_by("id").values_list("action", flat=True) == ["api_key.make", "api_key.revoke"]


async def test_who_calls_too_often_is_told_to_wait(tmp_path: Path) -> None:
    async with running_site(tmp_path, WebSettings(api_rate=(2, 60.0), api_strangers=(1, 60.0))) as site:
        shop = await caller(site)
        assert [(await shop.calls("GET", "products"))[0] for _ in range(3)] == [200, 200, 429]
        shop.token = "parley_wrong"
        assert [(await shop.calls("GET", "products"))[0] for _ in range(2)] == [401, 429]


async def test_strangers_cost_the_database_nothing_and_shut_nobody_out(tmp_path: Path) -> None:
    async with running_site(tmp_path, WebSettings(api_rate=(9, 60.0), api_strangers=(1, 60.0))) as site:
        shop, other = await caller(site), Caller(site, "parley_wrong")
        assert (await shop.calls("GET", "products"))[0] == 200
        assert [(await other.calls("GET", "products"))[0] for _ in range(2)] == [401, 429]
        asked: list[str] = []
        await client()._connection.set_trace_callback(asked.append)
        assert (await other.calls("GET", "products"))[0] == 429
        assert [one for one in asked if "api_key" in one] == []
        assert (await shop.calls("GET", "products"))[0] == 200  # from the same address
        assert [one for one in asked if "api_key" in one] != []
        await client()._connection.set_trace_callback(None)


async def test_an_order_of_many_lines_asks_as_little_as_one_of_two(site: Site) -> None:
    skus = [f"tea-{number}" for number in range(40)]
    variants = [VariantSpec(sku, [PriceSpec(Money(100, "CNY"))], [{"en": sku}]) for sku in skus]
    spec = ProductSpec("tea", {"en": "Tea"}, variants, options=[{"en": "Kind"}])
    await stocked(spec, {sku: {"main": 9} for sku in skus}, site.clock())
    shop, counts = await caller(site), []
    for many in (2, 40):
        lines, asked = [{"sku": sku, "quantity": 1} for sku in [*skus[:many], skus[0]]], list[str]()
        await client()._connection.set_trace_callback(asked.append)
        status, told = await shop.orders({"lines": lines, "customer": ANN}, key=f"of-{many}")
        await client()._connection.set_trace_callback(None)
        counts.append(sum("SELECT" in one and ("variant" in one or "cart_line" in one) for one in asked))
        assert (status, [(one["sku"], one["quantity"]) for one in told["lines"]]) == (
            201, [(skus[0], 2), *((sku, 1) for sku in skus[1:many])],
        )  # fmt: skip
    assert 0 < counts[0] == counts[1]


async def test_who_is_forgotten_is_not_ordered_for_again(tea: Site) -> None:
    shop = await caller(tea)
    _, told = await shop.orders()
    order = await Order.get()
    async with transaction():
        await privacy.erase(order.contact_id, tea.clock())
    assert (await shop.orders())[1]["code"] == "forgotten"
    assert await tea.status("GET", told["status_url"].removeprefix(tea.url)) == 404


@dataclass
class Page:
    """An order's page, as its customer opens it."""

    site: Site
    path: str

    async def shows(self, **headers: str) -> str:
        async with self.site.client.get(self.site.url + self.path, headers=headers) as response:
            assert response.status == 200
            assert (response.headers["X-Robots-Tag"], response.headers["Referrer-Policy"]) == ("noindex", "no-referrer")
            return await response.text()


@pytest.fixture
async def page(tea: Site, tmp_path: Path) -> AsyncIterator[Page]:
    bank = LocalPayments(tmp_path / "bank.db", "s3cret", tea.url, clock=tea.clock)
    tea.runtime.providers["local"] = bank
    _, told = await (await caller(tea)).orders()
    assert told["pay_url"] == f"{told['status_url']}#pay"
    yield Page(tea, told["status_url"].removeprefix(tea.url))
    await bank.close()


async def test_the_page_of_an_order_leads_to_its_payment(page: Page) -> None:
    shown = await page.shows()
    assert "Waiting for the payment" in shown
    assert "2 × Longjing" in shown
    assert "1 Tea Lane" not in shown  # a link is passed on more easily than a letter is opened
    site, ours = page.site, {"Origin": page.site.url}
    async with site.client.post(
        site.url + page.path, data={"pay": "local"}, headers=ours, allow_redirects=False
    ) as answer:
        assert (answer.status, answer.headers["Location"].startswith(f"{site.url}/pay/")) == (303, True)
    assert (await Payment.get()).amount == 13600
    assert await site.status("POST", page.path, data={"pay": "gold"}, headers=ours) == 400
    assert await site.status("POST", page.path, data={"pay": "local"}) == 403


async def test_the_page_says_how_it_stands_and_offers_no_payment_then(page: Page) -> None:
    order = await Order.get()
    assert ">Paid<" in await page.shows()
    async with transaction():
        await orders.move(order, "confirm", "customer", page.site.clock())
    shown = await page.shows()
    assert (">Confirmed, to be paid on delivery<" in shown, ">Paid<" in shown) == (True, False)
    async with transaction():
        await orders.move(order, "cancel", "customer", page.site.clock())
    shown = await page.shows(**{"Accept-Language": "zh"})
    assert "Cancelled" in shown  # the customer's language, not the browser's
    assert 'name="pay"' not in shown
    page.path += "?lang=zh"
    assert "已取消" in await page.shows()


async def test_the_page_tells_what_is_in_each_part_that_was_sent(page: Page) -> None:
    order, line = await Order.get(), await OrderLine.get()
    await Order.all().update(state="packed", paid_at=page.site.clock())
    sf = Parcel("SF", "SF1", "https://sf.example/SF1")
    async with transaction():
        part = Doing(parcel=sf, pieces=(Piece(line.id, 1),))
        await orders.advance(order.id, "ship", "staff:1", page.site.clock(), part)
    shown = await page.shows()
    assert ("<h1>Partly on its way</h1>" in shown, "Sent: 1 × Longjing<br>SF SF1" in shown) == (True, True)
    assert "Still to come: 1 × Longjing" in shown
    async with transaction():
        await orders.advance(order.id, "cancel_part", "staff:1", page.site.clock(), Doing("broken", keeps=True))
    page.path += "?lang=zh"
    shown = await page.shows()
    assert ("<h1>已发货</h1>" in shown, "不再发货：1 × Longjing" in shown, "SF SF1" in shown) == (True, True, True)


async def test_the_link_proves_who_ordered_until_they_are_known_elsewhere(page: Page) -> None:
    """Links are forwarded: whoever opens it later is led to the chat, and not into what its customer has there."""
    site, ours = page.site, {"Origin": page.site.url}
    site.runtime.channels |= {name: SimChannel(name, PROFILES[name]) for name in ("telegram", "sms")}

    async def led(account: str = "telegram") -> str:
        async with site.client.post(site.url + page.path, data={"chat": account}, headers=ours) as answer:
            assert answer.status == 200
            return await answer.text()

    known = await Contact.create(created_at=site.clock(), updated_at=site.clock())
    elsewhere = Contact.filter(id=(await Order.get()).contact_id)
    assert "start=link-" in await led()
    await elsewhere.update(person_id=known.id)
    plain = await led()
    assert ("start=webchat" in plain, "link-" in plain, "/link" in plain) == (True, False, False)
    await elsewhere.update(person_id=None)
    site.clock.passes(hours=24 * 31)
    assert "link-" not in await led()
    assert await site.status("POST", page.path, data={"chat": "nope"}, headers=ours) == 409


async def test_a_link_opens_one_order_and_is_in_no_log(page: Page, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    await page.shows()
    start, _, mark = page.path.rpartition("/")
    assert mark not in caplog.text
    wrong = "0" if mark[0] != "0" else "1"
    for path in (f"{start}/{wrong}{mark[1:]}", f"/order/P7K2-4M9Q/{mark}", f"{start}/%00", f"{start}/%ff"):
        assert await page.site.status("GET", path) == 404
