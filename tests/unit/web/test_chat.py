"""The chat box's namespace, with real clients: kept before acknowledged, in order, once, and nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import socketio  # type: ignore[import-untyped]

from bot.services import visitors
from models import Identity, Inbound, Visitor
from tests.unit.web.running import Browser, Site
from web.app import CHAT

MakeBrowser = Callable[..., Awaitable[Browser]]


async def test_a_message_is_acknowledged_kept_and_answered(site: Site, browser_of: MakeBrowser) -> None:
    ann = await browser_of()
    assert await ann.says("hello", id="c-1") == {"ok": True, "id": "c-1"}
    await ann.hears(lambda: len(ann.texts) == 2)
    assert ann.texts == [(1, "hello"), (2, "echo: hello")]
    own = next(body for event, body in ann.heard if event == "message")
    assert isinstance(own, dict)
    assert (own["id"], own["author"]) == ("c-1", "customer")


async def test_the_same_id_again_is_the_same_message_but_not_another_visitors(
    site: Site, browser_of: MakeBrowser
) -> None:
    ann, bob = await browser_of(), await browser_of()
    for browser in (ann, ann, bob):
        assert (await browser.says("once", id="same"))["ok"] is True
    assert [inbound.text for inbound in site.runtime.accepted] == ["once", "once"]
    assert len({inbound.sender for inbound in site.runtime.accepted}) == 2


async def test_the_browser_tells_where_the_visitors_clock_is(site: Site, browser_of: MakeBrowser) -> None:
    ann = await browser_of()
    await ann.says("hello")
    for told, known in (("Mars/Olympus", ""), (7, ""), ("Europe/Berlin", "Europe/Berlin"), ("UTC", "Europe/Berlin")):
        again = Browser(site.url, ann.token)
        await again.opens(zone=told)
        async with asyncio.timeout(30):
            while (await Identity.get()).timezone != known:
                await asyncio.sleep(0.01)
        await again.client.disconnect()


async def test_without_an_id_one_is_made(site: Site, browser_of: MakeBrowser) -> None:
    ann = await browser_of()
    first, second = await ann.says("hi"), await ann.says("hi")
    assert first["id"] != second["id"]
    assert await Inbound.all().count() == 2


async def test_looking_leaves_no_row_and_the_token_still_works_later(site: Site, browser_of: MakeBrowser) -> None:
    ann = await browser_of()
    assert await Visitor.all().count() == 0
    again = await browser_of(ann.token)
    assert again.token == ann.token
    await again.says("now I write")
    await ann.hears(lambda: len(ann.texts) == 2)
    async with asyncio.timeout(30):  # the row is made behind the ack
        while await Visitor.all().count() != 1:
            await asyncio.sleep(0.01)


async def test_a_visitor_has_a_row_though_the_end_cuts_off_its_writing(
    site: Site, browser_of: MakeBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def hangs(*_: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(visitors, "remember", hangs)
        await (await browser_of()).says("hello")
        async with asyncio.timeout(30):
            await begun.wait()
    await site.app[CHAT].stop()
    assert await Visitor.all().count() == 1


async def test_whoever_comes_back_sees_everything_once(site: Site, browser_of: MakeBrowser) -> None:
    ann = await browser_of()
    await ann.says("one")
    await ann.hears(lambda: len(ann.texts) == 2)
    await ann.leaves()
    other = await browser_of(ann.token, after=1)
    assert other.texts == [(2, "echo: one")]
    whole = await browser_of(ann.token)
    assert whole.texts == [(1, "one"), (2, "echo: one")]
    assert (whole.session["last"], whole.session["more"]) == (2, False)


async def test_a_burst_arrives_in_order_without_gaps_in_every_tab(site: Site, browser_of: MakeBrowser) -> None:
    ann = await browser_of()
    await ann.says("first")
    tab = await browser_of(ann.token, after=0)
    await asyncio.gather(*(ann.says(f"m{n}", id=f"m{n}") for n in range(40)))
    for browser in (ann, tab):
        await browser.hears(lambda browser=browser: len(browser.texts) == 82)
        assert [seq for seq, _ in browser.texts] == list(range(1, 83))
    assert [text for _, text in ann.texts if text.startswith("m")] == [f"m{n}" for n in range(40)]


async def test_sync_pages_both_ways(site: Site, browser_of: MakeBrowser) -> None:
    ann = await browser_of()
    site.runtime.answers = False
    for n in range(1, 121):
        await ann.says(f"m{n}")
    later = await ann.calls("sync", {"after": 100})
    assert ([m["seq"] for m in later["messages"]], later["more"]) == (list(range(101, 121)), False)  # type: ignore[attr-defined]
    older = await ann.calls("sync", {"before": 60})
    assert ([m["seq"] for m in older["messages"]], older["more"]) == (list(range(10, 60)), True)  # type: ignore[attr-defined]
    fresh = await browser_of(ann.token)
    assert ([seq for seq, _ in fresh.texts], fresh.session["more"]) == (list(range(71, 121)), True)


async def test_far_behind_gets_two_hundred_and_goes_on_live(site: Site, browser_of: MakeBrowser) -> None:
    ann = await browser_of()
    site.runtime.answers = False
    for n in range(1, 211):
        await ann.says(f"m{n}")
    back = await browser_of(ann.token, after=1)
    assert (back.texts[0][0], back.texts[-1][0], back.session["more"], back.session["last"]) == (2, 201, True, 210)
    await ann.says("live")
    await back.hears(lambda: back.texts[-1][0] == 211)


@pytest.mark.parametrize("token", ["x", "0" * 80, "é" * 80, 17, "f" * 64])
async def test_a_wrong_token_is_refused(site: Site, token: object) -> None:
    client = socketio.AsyncClient(reconnection=False)
    told: list[object] = []
    client.on("connect_error", told.append, namespace="/chat")
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(site.url, namespaces=["/chat"], auth={"token": token}, transports=["websocket"])
    assert told == [{"message": "unauthorised", "data": {"code": "unauthorised"}}]
    await client.disconnect()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (None, "bad_request"),
        ([1], "bad_request"),
        ("text", "bad_request"),
        ({}, "empty"),
        ({"text": "   "}, "empty"),
        ({"text": "\0\0"}, "empty"),
        ({"text": 7}, "bad_request"),
        ({"text": "x" * 4001}, "too_long"),
        ({"text": "lone \ud800 surrogate"}, "bad_text"),
        ({"text": "hi", "id": 5}, "bad_request"),
        ({"text": "hi", "id": "x" * 65}, "too_long"),
        ({"text": "hi", "id": "a\nb"}, "bad_request"),
        ({"text": "hi", "files": "1"}, "bad_request"),
        ({"text": "hi", "files": [True]}, "bad_request"),
        ({"text": "hi", "files": [2**63]}, "bad_request"),
        ({"text": "hi", "files": list(range(1, 12))}, "too_many_files"),
        ({"text": "hi", "files": [999]}, "no_file"),
        ({"data": {"a": 1}}, "bad_request"),
    ],
)
async def test_bad_input_is_refused_in_words_and_leaves_no_row(
    site: Site, browser_of: MakeBrowser, body: object, code: str
) -> None:
    ann = await browser_of(lang="en")
    answer = await ann.calls("message", body)
    assert answer["ok"] is False
    error = answer["error"]
    assert isinstance(error, dict)
    assert error["code"] == code
    assert error["text"]
    assert await Inbound.all().count() == 0


async def test_nul_is_taken_out(site: Site, browser_of: MakeBrowser) -> None:
    ann = await browser_of()
    await ann.says("a\0b")
    assert site.runtime.accepted[0].text == "ab"


async def test_a_tap_is_a_callback_with_its_label(site: Site, browser_of: MakeBrowser) -> None:
    ann = await browser_of(lang="zh")
    await ann.calls("message", {"data": "buy:1", "label": "购买"})
    got = site.runtime.accepted[0]
    assert (got.kind, got.data, got.text, got.locale) == ("callback", "buy:1", "购买", "zh")


async def test_a_busy_database_is_told_with_a_time(site: Site, browser_of: MakeBrowser) -> None:
    ann = await browser_of(lang="en")
    site.runtime.busy = True
    answer = await ann.says("hello")
    assert answer == {
        "ok": False,
        "error": {"code": "busy", "retry": 3, "text": "We are very busy. Try again in a moment."},
    }


async def test_unknown_events_and_reserved_names_do_nothing(site: Site, browser_of: MakeBrowser) -> None:
    ann = await browser_of()
    for event in ("opened", "closed", "trigger_event", "send", "__init__"):
        answer = await ann.calls(event, {"token": "x"})
        assert answer["ok"] is False
    assert (await ann.says("still here"))["ok"] is True
