"""What the desk is told of a channel's window, of messages that changed, and of answers elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from bot.core.message import Inbound, Reply
from bot.core.profiles import WECHAT
from bot.services import staff, threads
from models import Attachment, Conversation, Message, Opening
from tests.kit.simulator import SimChannel
from tests.unit.web.running import Site
from web import views
from web.files import LINKS
from web.texts import TEXTS

PASSWORD = "a long password"


@pytest.fixture
async def talk(site: Site) -> Conversation:
    """Ann has written on WeChat; Mei is logged in and owns it."""
    site.runtime.channels["wechat"] = SimChannel("wechat", WECHAT)
    await site.runtime.accept([Inbound("wechat", "k1", "ann", text="hello")])
    mei = await staff.add("mei", "Mei", "agent", PASSWORD, site.clock(), one_time=False)
    body = {"login": "mei", "password": PASSWORD}
    await site.json("POST", "/api/desk/login", json=body, headers={"Origin": site.url})
    row = await Conversation.get()
    await site.runtime.take_over(row.id, mei.id)
    return row


async def opened(site: Site, talk: Conversation) -> Any:
    return (await site.json("GET", f"/api/desk/conversations/{talk.id}"))[1]


async def says(site: Site, talk: Conversation, text: str) -> tuple[int, Any]:
    csrf = (await site.json("GET", "/api/desk/me"))[1]["csrf"]
    headers = {"Origin": site.url, "X-CSRF-Token": str(csrf)}
    path = f"/api/desk/conversations/{talk.id}/messages"
    return await site.json("POST", path, json={"id": text, "text": text}, headers=headers)


async def allows(site: Site, talk: Conversation, *, used: int, hours_ago: int = 0) -> None:
    at = site.clock() - timedelta(hours=hours_ago)
    await Opening.all().delete()
    until = at + timedelta(hours=48)
    await Opening.create(conversation_id=talk.id, token="", at=at, until=until, most=5, used=used)


async def test_the_composer_learns_what_the_window_allows(site: Site, talk: Conversation) -> None:
    await allows(site, talk, used=3)
    told = (await opened(site, talk))["can_send"]
    assert told == {"ok": True, "why": "", "until": "2026-11-24T09:00:00.000Z", "left": 2, "how": "answer"}


@pytest.mark.parametrize(("hours", "code"), [(0, "quota_used"), (49, "window_closed")])
async def test_what_cannot_be_sent_is_refused_with_the_same_sentence(
    site: Site, talk: Conversation, hours: int, code: str
) -> None:
    await allows(site, talk, used=5, hours_ago=hours)
    told = (await opened(site, talk))["can_send"]
    status, body = await says(site, talk, "hi")
    assert (status, body["error"]["code"]) == (409, code)
    assert told == {"ok": False, "why": TEXTS[code]["en"], "until": None, "left": None, "how": ""}
    assert body["error"]["text"] == told["why"]


async def test_staff_see_what_the_customer_changed_and_what_stood_there_before(site: Site, talk: Conversation) -> None:
    await Message.filter(seq=1).update(text="hello there", changed="edited")
    before = msgspec.json.encode(Reply("hello")).decode()
    await Message.create(conversation=talk, seq=9, author="event", text="edited", body=before, at=site.clock())
    shown = {one["seq"]: one for one in (await opened(site, talk))["messages"]}
    assert (shown[1]["text"], shown[1]["changed"], shown[1]["was"]) == ("hello there", "edited", "")
    assert (shown[9]["text"], shown[9]["changed"], shown[9]["was"]) == ("edited", "", "hello")


async def test_of_a_deleted_message_no_file_is_shown_either(site: Site, talk: Conversation) -> None:
    await Attachment.create(
        conversation_id=talk.id, message_seq=1, kind="image", name="card.png", media_type="image/png", size=1,
        state="stored", created_at=site.clock(),
    )  # fmt: skip
    assert len((await opened(site, talk))["messages"][0]["files"]) == 1
    await Message.filter(seq=1).update(text="", body="", changed="deleted")
    told = (await opened(site, talk))["messages"][0]
    assert (told["text"], told["files"], told["changed"]) == ("", [], "deleted")


async def test_visitors_are_not_told_of_changes(site: Site, talk: Conversation) -> None:
    [view] = await threads.some([(talk.id, 1)])
    told = views.message(view, site.app[LINKS], staff=False)
    assert {"changed", "was"}.isdisjoint(told)


async def test_a_row_tells_until_when_a_person_answers_elsewhere(site: Site, talk: Conversation) -> None:
    assert (await opened(site, talk))["row"]["elsewhere_until"] is None
    await Conversation.filter(id=talk.id).update(elsewhere_until=site.clock() + timedelta(hours=2))
    assert (await opened(site, talk))["row"]["elsewhere_until"] == "2026-11-22T11:00:00.000Z"
