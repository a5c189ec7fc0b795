"""Pages and headers: both languages, hostile words as text, nothing inline, health that tells the truth."""

from __future__ import annotations

import re

import pytest

from bot.core.errors import StorageUnavailable
from bot.core.money import Money
from bot.services import products
from bot.services.products import PriceSpec, ProductSpec, VariantSpec
from models import Contact, Review
from tests.unit.web.running import Site
from web.page_texts import PAGE_TEXTS
from web.sockets import problem_of
from web.texts import TEXTS, choose_language, say

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}"


async def page(site: Site, path: str, **headers: str) -> str:
    async with site.client.get(site.url + path, headers=headers) as response:
        assert response.status == 200
        return await response.text()


async def test_hostile_words_stay_words(site: Site) -> None:
    now = site.clock()
    names = {"en": HOSTILE, "zh": HOSTILE}
    price = PriceSpec(Money(100, "CNY"))
    await products.save(ProductSpec("x", names, [VariantSpec("x", [price])], description=names), now)
    contact = await Contact.create(created_at=now, updated_at=now)
    await Review.create(
        contact=contact, stars=1, text=HOSTILE, display_name=HOSTILE, state="accepted", created_at=now, updated_at=now
    )
    html = await page(site, f"/?lang=en&before={10**6}&x=%22%3E%3Cscript%3E") + await page(site, "/?lang=en")
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 4
    assert "<script>" not in html
    assert "<img src=x" not in html
    assert "49" not in re.sub(r"[0-9a-f]{8}", "", html.replace(site.url, ""))  # its port may have it


async def test_the_language_is_asked_for_or_the_browsers(site: Site) -> None:
    assert "全部商品" in await page(site, "/", **{"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    assert "All products" in await page(site, "/", **{"Accept-Language": "fr"})
    assert "全部商品" in await page(site, "/?lang=zh", **{"Accept-Language": "en"})


EVERYWHERE = ["/", "/privacy", "/deletion/x", "/nope", "/api/chat/config", "/files/x", "/widget.js", "/socket.io/"]


@pytest.mark.parametrize("path", EVERYWHERE)
async def test_every_answer_wears_the_headers(site: Site, path: str) -> None:
    async with site.client.get(site.url + path, headers={"Accept": "text/html"}) as response:
        policy = response.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"]
        assert "Server" not in response.headers
        text = await response.text()
    assert "style=" not in text.partition("<body")[2] or path == "/widget.js"


async def test_pages_carry_no_inline_script_or_style(site: Site) -> None:
    for path in ("/", "/shop", "/privacy", "/api/docs"):
        html = await page(site, path)
        assert not re.search(r"<style|<script(?! src=)|\son\w+=|javascript:", html)


@pytest.mark.parametrize("path", ["/public/../app.py", "/public/..%2fapp.py", "/static/..%2f..%2fapp.py", "/public/"])
async def test_no_way_out_of_the_public_folders(site: Site, path: str) -> None:
    assert await site.status("GET", path) == 404


@pytest.mark.parametrize("code", ["x", "x" * 65, "%00", "%ff", "%ED%A0%80"])
async def test_a_code_of_deletion_that_can_be_none_is_not_known(site: Site, code: str) -> None:
    assert await site.status("GET", f"/deletion/{code}") == 404


async def test_a_polling_post_of_any_size_is_answered_at_once(site: Site) -> None:
    path = "/socket.io/?EIO=4&transport=polling&sid=none"
    assert await site.status("POST", path, data=b"x" * 200_000) == 413

    async def unknown_length() -> object:
        yield b"x"

    assert await site.status("POST", path, data=unknown_length()) == 411


async def test_health_tells_what_is_wrong(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await site.json("GET", "/readyz") == (200, {"ok": True, "reasons": []})

    async def full() -> None:
        raise StorageUnavailable("the disk is full")

    monkeypatch.setattr(site.runtime.storage, "check", full)
    assert await site.json("GET", "/readyz") == (503, {"ok": False, "reasons": ["the file store cannot be used"]})
    assert await site.json("GET", "/healthz") == (200, {"ok": True})


async def test_metrics_are_for_this_machine(site: Site) -> None:
    assert await site.status("GET", "/metrics") == 200
    assert await site.status("GET", "/metrics", headers={"X-Forwarded-For": "8.8.8.8"}) == 404


async def test_an_unexpected_error_has_a_number_and_no_trace(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    site.runtime.storage = None  # type: ignore[assignment]
    site.runtime.channels = None  # type: ignore[assignment]
    status, body = await site.json("POST", "/hooks/any", data="{}")
    error = body["error"]
    assert isinstance(error, dict)
    assert (status, error["code"]) == (500, "internal")
    assert error["id"] in str(error["text"])
    assert "Traceback" not in str(body)
    assert any(getattr(record, "error_id", None) == error["id"] for record in caplog.records)


async def test_a_page_is_one_line_in_the_log_and_its_parts_are_none_unless_they_fail(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "parley.access")
    for path, status in (("/", 200), ("/theme.css", 200), ("/public/shop.css", 200), ("/public/no.css", 404)):
        assert await site.status("GET", path) == status
    lines = [(record.__dict__["route"], record.__dict__["status"]) for record in caplog.records]
    assert lines == [("/", 200), ("/public/{path}", 404)]


def test_the_log_learns_what_went_wrong_and_where_but_not_what_was_written(caplog: pytest.LogCaptureFixture) -> None:
    def inner(words: str) -> None:
        raise KeyError(words)

    try:
        try:
            inner("my card is golden")
        except KeyError as error:
            raise ValueError("my card is golden") from error
    except ValueError as error:
        problem_of(error, "POST /somewhere")
    (record,) = caplog.records
    assert (record.__dict__["error"], record.__dict__["where"]) == ("ValueError < KeyError", "POST /somewhere")
    assert re.search(r"tests/unit/web/test_pages\.py:\d+ inner$", record.__dict__["place"])
    assert "golden" not in str(record.__dict__) + caplog.text


def test_every_sentence_has_both_languages() -> None:
    for code, texts in [*TEXTS.items(), *PAGE_TEXTS.items()]:
        assert set(texts) == {"en", "zh"}, code
        assert all(texts.values()), code
        assert set(re.findall(r"{\w+}", texts["en"])) == set(re.findall(r"{\w+}", texts["zh"])), code
    assert say("no such code", "zh-CN") == TEXTS["refused"]["zh"]


@pytest.mark.parametrize(
    ("header", "language"),
    [("", "en"), ("zh-TW", "zh"), ("en;q=0.1, zh;q=0.9", "zh"), ("zh;q=0", "en"), ("de, zh", "zh"), ("x;q=a", "en")],
)
def test_accept_language(header: str, language: str) -> None:
    assert choose_language(header, ("en", "zh")) == language
