"""Products at the desk: seen, made and changed by who may, counted without undoing a sale, and each change noted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

import msgspec
import pytest
from PIL import Image

from bot.core.message import FileRef
from bot.services import products, staff
from models import Attachment, Audit, Price, Product, locks
from tests.unit.web.running import Site

SIZE = {"en": "Size", "zh": "尺寸"}
SMALL = {
    "sku": "S",
    "values": [{"en": "Small", "zh": "小"}],
    "prices": [{"currency": "CNY", "amount": "99.50", "compare_at": "120"}, {"currency": "JPY", "amount": "1500"}],
}
SHIRT: dict[str, Any] = {"sku": "shirt", "name": {"en": "Shirt", "zh": "衬衫"}, "options": [SIZE], "variants": [SMALL]}

VISITOR = msgspec.json.encode(FileRef("image", "webchat:somebody")).decode()
PASSWORD = "a long password"


async def enters(site: Site, role: str) -> None:
    await staff.add(role, role.title(), role, PASSWORD, site.clock(), one_time=False)
    site.client.cookie_jar.clear()
    login = {"login": role, "password": PASSWORD}
    assert (await site.json("POST", "/api/desk/login", json=login, headers={"Origin": site.url}))[0] == 200


async def asks(site: Site, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    csrf = (await site.json("GET", "/api/desk/me"))[1]["csrf"]
    sent = {"json": body} if body is not None else {}
    return await site.json(method, path, headers={"Origin": site.url, "X-CSRF-Token": str(csrf)}, **sent)


async def test_a_manager_makes_a_product_and_an_agent_counts_it(site: Site) -> None:
    await enters(site, "manager")
    status, body = await asks(site, "POST", "/api/desk/products", SHIRT)
    assert status == 201, body
    made = body["product"]
    assert made["variants"][0]["prices"] == [
        {
            "currency": "CNY", "amount": "99.50", "compare_at": "120.00",
            "text": "¥99.50", "compare_at_text": "¥120.00",
        },
        {"currency": "JPY", "amount": "1500", "compare_at": "", "text": "¥1,500", "compare_at_text": ""},
    ]  # fmt: skip
    assert sorted(await Price.all().values_list("amount", flat=True)) == [1500, 9950]
    assert (await asks(site, "PUT", "/api/desk/places", {"code": "north", "name": {"en": "North"}}))[0] == 200
    await enters(site, "agent")
    assert (await asks(site, "PUT", f"/api/desk/products/{made['id']}", SHIRT))[0] == 403
    count = {"sku": "S", "pieces": {"north": 5}, "was": {"north": 0}}
    assert (await asks(site, "PUT", "/api/desk/stock", count))[0] == 200
    status, body = await asks(site, "PUT", "/api/desk/stock", count)
    assert (status, body["error"]["code"], body["error"]["pieces"]) == (409, "stock_moved", 5)
    for pieces, code in (({"north": 10**30}, "bad_request"), ({"\ud800": 1}, "bad_text")):
        status, body = await asks(site, "PUT", "/api/desk/stock", {"sku": "S", "pieces": pieces})
        assert (status, body["error"]["code"]) == (400, code)
    for query in ("", "?q=衬", "?q=SHIR"):
        _, body = await asks(site, "GET", f"/api/desk/products{query}")
        assert [(one["sku"], one["variants"][0]["pieces"]) for one in body["items"]] == [("shirt", {"north": 5})]
    noted = [action for action in await Audit.all().order_by("id").values_list("action", flat=True) if "." in action]
    assert [one for one in noted if not one.startswith("staff.")] == ["product.save", "place.save", "stock.count"]


async def test_a_category_is_named_and_chosen_by(site: Site) -> None:
    await enters(site, "manager")
    for change in (
        {"category": " tea ", "category_name": {"en": "Tea", "zh": " 茶叶 "}},
        {"sku": "hat", "category": "hats", "variants": [SMALL | {"sku": "H"}]},
        {"sku": "cap", "category": "tea", "variants": [SMALL | {"sku": "C"}]},  # without a name it keeps that
    ):
        assert (await asks(site, "POST", "/api/desk/products", SHIRT | change))[0] == 201
    _, body = await asks(site, "GET", "/api/desk/categories")
    assert body["items"] == [{"code": "hats", "name": {}}, {"code": "tea", "name": {"en": "Tea", "zh": "茶叶"}}]
    for query, found in (
        ("category=tea", ["shirt", "cap"]),
        ("category=tea&q=cap", ["cap"]),
        ("q=茶叶", ["shirt", "cap"]),
        ("category=no%00", []),
    ):
        _, body = await asks(site, "GET", f"/api/desk/products?{query}")
        assert [one["sku"] for one in body["items"]] == found, query
    long = {"sku": "tie", "category": "tea", "category_name": {"zh": "茶" * 65}, "variants": [SMALL | {"sku": "T"}]}
    status, body = await asks(site, "POST", "/api/desk/products", SHIRT | long)
    assert (status, body["error"]["code"], body["error"]["field"]) == (409, "too_long", "category_name")


async def test_what_a_colleague_changed_meanwhile_stays(site: Site) -> None:
    await enters(site, "manager")
    made = (await asks(site, "POST", "/api/desk/products", SHIRT))[1]["product"]
    path = f"/api/desk/products/{made['id']}"
    site.clock.passes(seconds=0.001)
    dearer = SMALL | {"prices": [{"currency": "CNY", "amount": "120"}]}
    change = SHIRT | {"variants": [dearer], "seen": made["updated_at"]}
    assert (await asks(site, "PUT", path, change))[0] == 200
    site.clock.passes(seconds=0.001)
    status, body = await asks(site, "PUT", path, SHIRT | {"name": {"en": "Old"}, "seen": made["updated_at"]})
    assert (status, body["error"]["code"]) == (409, "overtaken")
    for seen in ("", "now", "2026-11-23T09:00:00", None):
        assert (await asks(site, "PUT", path, SHIRT | {"seen": seen}))[0] == 400
    _, body = await asks(site, "PUT", f"{path}/active", {"active": False})  # from a list that was read before
    shown = body["product"]
    assert (shown["active"], shown["variants"][0]["prices"][0]["amount"]) == (False, "120.00")
    assert shown["updated_at"] > made["updated_at"]
    assert (await asks(site, "PUT", f"{path}/active", {}))[0] == 400
    assert (await asks(site, "PUT", "/api/desk/products/77/active", {"active": True}))[0] == 404


async def test_what_cannot_be_sold_is_told(site: Site) -> None:
    await enters(site, "manager")
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"variants": [SMALL | {"prices": [{"currency": "JPY", "amount": "1500.5"}]}]}, 422, "bad_price"),
        ({"variants": [SMALL | {"prices": [{"currency": "XX", "amount": "1"}]}]}, 422, "bad_price"),
        ({"variants": [SMALL | {"prices": []}]}, 409, "no_price"),
        ({"name": {"en": "x" * (products.NAME + 1)}}, 409, "too_long"),
        ({"name": {}}, 409, "missing"),
        ({"variants": "S"}, 400, "bad_request"),
        ({"active": "yes"}, 400, "bad_request"),
    ]
    for change, wanted, code in cases:
        status, body = await asks(site, "POST", "/api/desk/products", SHIRT | change)
        assert (status, body["error"]["code"]) == (wanted, code)
        assert "{" not in body["error"]["text"]
        if code != "bad_request":
            assert body["error"]["field"] in ("prices", "name")
        if code in ("bad_price", "no_price"):
            assert body["error"]["sku"] == "S"
    assert await Product.all().count() == 0
    assert (await asks(site, "GET", "/api/desk/products/77"))[0] == 404


async def test_pictures_are_for_everybody_once_a_product_has_them(site: Site) -> None:
    await enters(site, "manager")
    csrf = (await site.json("GET", "/api/desk/me"))[1]["csrf"]
    headers = {"Origin": site.url, "X-CSRF-Token": str(csrf)}
    path = "/api/desk/products/picture?name=shirt.png"
    assert (await site.json("POST", path, headers=headers, data=b"no picture"))[0] == 415
    made = [await site.json("POST", path, headers=headers, data=png()) for _ in range(3)]
    assert [status for status, _ in made] == [201] * 3
    front, back, other = (picture["id"] for _, picture in made)

    async def saved(change: dict[str, Any]) -> list[int]:
        _, before = await asks(site, "GET", f"/api/desk/products/{id_}")
        change = SHIRT | {"seen": before["product"]["updated_at"]} | change
        status, body = await asks(site, "PUT", f"/api/desk/products/{id_}", change)
        assert status == 200, body
        assert (await Product.get(id=id_)).picture_id == next((one["id"] for one in body["product"]["pictures"]), None)
        return [one["id"] for one in body["product"]["pictures"]]

    status, body = await asks(site, "POST", "/api/desk/products", SHIRT | {"pictures": [front, back, front]})
    assert (status, [one["id"] for one in body["product"]["pictures"]]) == (201, [front, back])
    id_ = body["product"]["id"]
    row = await Attachment.get(id=back)
    assert (row.public, row.source) == (True, "")
    assert await saved({}) == [front, back]  # those that are not named stay
    assert await saved({"pictures": [other, back, front]}) == [other, back, front]
    await Product.filter(id=id_).update(picture_id=front)  # as the release before puts another one there
    assert await saved({}) == [front, other, back]
    assert await saved({"pictures": [back]}) == [back]
    twin = SHIRT | {"sku": "hat", "variants": [SMALL | {"sku": "H"}], "pictures": [back]}
    assert (await asks(site, "POST", "/api/desk/products", twin))[0] == 201

    async def seen_by_all() -> list[int]:
        ids = (front, back, other)
        return [id_ for id_ in ids if await site.status("GET", f"/pictures/{id_}/d") == 200]

    assert (await saved({"pictures": []}), await seen_by_all()) == ([], [back])  # the other product has that one
    assert (await saved({"pictures": [front]}), await seen_by_all()) == ([front], [front, back])
    theirs = await Attachment.create(kind="image", name="x", state="stored", created_at=site.clock(), source=VISITOR)
    for ids, code in (([theirs.id], "no_file"), ([77], "no_file"), ([*range(100, 111)], "too_many")):
        _, body = await asks(site, "POST", "/api/desk/products", SHIRT | {"sku": "hat", "pictures": ids})
        assert (body["error"]["code"], body["error"]["field"]) == (code, "pictures")
    assert not (await Attachment.get(id=theirs.id)).public


async def test_a_product_is_locked_before_its_pictures(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await enters(site, "manager")
    made = (await asks(site, "POST", "/api/desk/products", SHIRT))[1]["product"]
    front = await Attachment.create(kind="image", name="x", state="stored", created_at=site.clock(), public=True)
    taken: list[str] = []
    for name in ("products", "files"):
        monkeypatch.setattr(locks, name, _noting(taken, name))
    change = SHIRT | {"seen": made["updated_at"], "pictures": [front.id]}
    assert (await asks(site, "PUT", f"/api/desk/products/{made['id']}", change))[0] == 200
    assert taken == ["products", "files"]  # as who takes it from a connected shop does, or both wait in a circle


def _noting(taken: list[str], name: str) -> Callable[[Any], Awaitable[Any]]:
    original = getattr(locks, name)

    async def noted(wanted: Any) -> Any:
        taken.append(name)
        return await original(wanted)

    return noted


def png() -> bytes:
    file = BytesIO()
    Image.new("RGB", (900, 600), "green").save(file, "PNG")
    return file.getvalue()
