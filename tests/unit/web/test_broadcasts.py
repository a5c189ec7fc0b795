"""News at the desk: what one may choose, what a preview tells, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.core.message import Inbound
from bot.runtime.pruning import purge_uploads
from bot.services import staff
from models import Attachment, Audit, Broadcast, Consent, Identity
from tests.kit.profiles import TELEGRAM
from tests.kit.simulator import SimChannel
from tests.unit.pictures import png
from tests.unit.web.running import Site

PASSWORD = "a long password"
NOW = "2026-11-22T09:00:00.000Z"


@pytest.fixture
async def desk(site: Site) -> Site:
    """Mei, a manager, is logged in; Ann wants news on Telegram, Bob has said nothing."""
    site.runtime.channels["telegram"] = SimChannel("telegram", TELEGRAM)
    for name in ("ann", "bob"):
        await site.runtime.accept([Inbound("telegram", name, name, text="hello")])
    ann = await Identity.get(external_id="ann")
    await Consent.create(identity=ann, kind="news", given=True, way="asked", said="May we?", at=site.clock())
    await staff.add("mei", "Mei", "manager", PASSWORD, site.clock(), one_time=False)
    await site.json(
        "POST", "/api/desk/login", json={"login": "mei", "password": PASSWORD}, headers={"Origin": site.url}
    )
    return site


async def calls(site: Site, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
    csrf = (await site.json("GET", "/api/desk/me"))[1]["csrf"]
    headers = {"Origin": site.url, "X-CSRF-Token": str(csrf)}
    sent = {"json": body} if body is not None else options
    return await site.json("POST", f"/api/desk/broadcasts{path}", headers=headers, **sent)


async def test_one_sees_before_how_many_get_it_and_why_others_do_not(desk: Site) -> None:
    told = (await calls(desk, "/preview", {}))[1]
    nobody = {"code": "unwanted", "text": "They have not said yes to this.", "count": 1}
    assert told == {"all": 2, "now": 1, "template": 0, "later": 0, "not": [nobody], "more": False}
    told = (await calls(desk, "/preview", {"bought": "yes"}))[1]
    assert (told["all"], told["now"]) == (0, 0)


async def test_news_are_sent_shown_and_stopped(desk: Site) -> None:
    status, body = await calls(
        desk,
        "",
        {"id": "n1", "text": "New tea", "label": "Look", "command": "shop", "accounts": ["telegram"], "language": "en"},
    )
    made = body["broadcast"]
    assert status == 201
    assert {name: made[name] for name in ("text", "label", "command", "accounts", "language", "bought", "picture")} == {
        "text": "New tea", "label": "Look", "command": "shop", "accounts": ["telegram"], "language": "en", "bought": "",
        "picture": None,
    }  # fmt: skip
    assert (made["state"], made["send_at"], made["staff"], made["counts"]["planned"]) == ("scheduled", NOW, "Mei", 0)
    listed = (await desk.json("GET", "/api/desk/broadcasts"))[1]
    assert [one["id"] for one in listed["items"]] == [made["id"]]
    assert listed["choices"]["commands"] == [{"name": "shop", "title": "Browse and order"}]
    assert {"account": "telegram", "channel": "telegram"} in listed["choices"]["accounts"]
    stopped = (await calls(desk, f"/{made['id']}/stop", {}))[1]["broadcast"]
    assert (stopped["state"], stopped["ended_at"]) == ("stopped", NOW)
    assert (await calls(desk, f"/{made['id']}/stop", {}))[0] == 404
    done = await Audit.filter(action__startswith="broadcast.").order_by("id").values_list("action", flat=True)
    assert done == ["broadcast.create", "broadcast.stop"]


async def test_a_picture_comes_with_them(desk: Site) -> None:
    status, picture = await calls(desk, "/picture?name=tea.png", data=png())
    assert (status, picture["kind"]) == (201, "image")
    made = (await calls(desk, "", {"id": "n1", "text": "New tea", "picture": picture["id"]}))[1]["broadcast"]
    assert made["picture"]["id"] == picture["id"]
    unused = (await calls(desk, "/picture?name=cup.png", data=png()))[1]
    late = desk.clock() + timedelta(days=2)
    assert await purge_uploads(late, late) > 0
    assert await Attachment.all().values_list("id", flat=True) == [picture["id"]]
    refused = await calls(desk, "", {"id": "n2", "text": "New cups", "picture": unused["id"]})
    assert (refused[0], refused[1]["error"]["code"]) == (409, "no_file")
    assert (await calls(desk, "/picture?name=a.txt", data=b"no picture"))[0] == 415


async def test_a_time_to_come_is_kept(desk: Site) -> None:
    made = (await calls(desk, "", {"id": "n1", "text": "Soon", "send_at": "2026-11-23T10:00:00+08:00"}))[1]["broadcast"]
    assert made["send_at"] == "2026-11-23T02:00:00.000Z"


async def test_what_is_sent_again_because_an_answer_was_lost_is_sent_once(desk: Site) -> None:
    body = {"id": "n1", "text": "New tea", "accounts": ["telegram"]}
    first, again = [await calls(desk, "", body) for _ in range(2)]
    assert (first[0], again) == (201, first)
    status, refused = await calls(desk, "", body | {"text": "Old tea"})
    assert (status, refused["error"]["code"]) == (409, "sent_before")
    assert (await calls(desk, "", body | {"id": "n2"}))[1]["broadcast"]["id"] != first[1]["broadcast"]["id"]
    assert (await Broadcast.all().count(), await Audit.filter(action="broadcast.create").count()) == (2, 2)


async def test_what_is_wrong_is_told_in_a_sentence(desk: Site) -> None:
    for body, words in (
        ({"text": " "}, "Write something or add a file first."),
        ({"text": "x", "send_at": "2026-11-23T10:00:00"}, "Write the time with its zone, such as"),
    ):
        assert words in (await calls(desk, "", {"id": "n1"} | body))[1]["error"]["text"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": "  "}, 409),
        ({}, 400),
        ({"id": "", "text": "x"}, 400),
        ({"id": None, "text": "x"}, 400),
        ({"text": "x", "accounts": ["pigeon"]}, 400),
        ({"text": "x", "accounts": [["telegram"]]}, 400),
        ({"text": "x", "accounts": [{}]}, 400),
        ({"text": "x", "language": "fr"}, 400),
        ({"text": "x", "bought": "maybe"}, 400),
        ({"text": "x", "command": "format", "label": "Go"}, 400),
        ({"text": "x", "send_at": "tomorrow"}, 400),
        ({"text": "x", "send_at": "0001-01-01T00:00:00+08:00"}, 400),
        ({"text": "x", "send_at": "2026-11-23T10:00:00"}, 400),
        ({"text": "x", "picture": 999}, 409),
        ({"text": "x", "picture": True}, 400),
    ],
)
async def test_what_makes_no_sense_is_refused(desk: Site, body: dict[str, Any], status: int) -> None:
    assert (await calls(desk, "", {"id": "n1"} | body))[0] == status
    assert await Broadcast.all().count() == 0


async def test_a_customers_picture_is_not_the_shops(desk: Site) -> None:
    theirs = await Attachment.create(
        conversation_id=1, kind="image", name="a.png", media_type="image/png", state="stored", created_at=desk.clock()
    )
    assert (await calls(desk, "", {"id": "n1", "text": "x", "picture": theirs.id}))[0] == 409
