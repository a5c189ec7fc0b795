"""What the desk is told of a channel's window, of messages that changed, and of answers elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from bot.core.capabilities import Capabilities
from bot.core.message import Inbound, Reply
from bot.services import staff, threads
from models import Attachment, Audit, Consent, Conversation, Identity, Message, Opening
from tests.kit.profiles import TELEGRAM, WEBCHAT, WECHAT
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
    await site.runtime.desk.take_over(row.id, mei.id)
    return row


async def opened(site: Site, talk: Conversation) -> Any:
    return (await site.json("GET", f"/api/desk/conversations/{talk.id}"))[1]


async def calls(site: Site, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    csrf = (await site.json("GET", "/api/desk/me"))[1]["csrf"]
    headers = {"Origin": site.url, "X-CSRF-Token": str(csrf)}
    return await site.json(method, path, json=body, headers=headers)


async def says(site: Site, talk: Conversation, text: str, **more: Any) -> tuple[int, Any]:
    path = f"/api/desk/conversations/{talk.id}/messages"
    return await calls(site, "POST", path, {"id": text, "text": text} | more)


async def allows(site: Site, talk: Conversation, *, used: int, hours_ago: int = 0) -> None:
    at = site.clock() - timedelta(hours=hours_ago)
    await Opening.all().delete()
    until = at + timedelta(hours=48)
    await Opening.create(conversation_id=talk.id, token="", at=at, until=until, most=5, used=used)


async def test_the_composer_learns_what_the_window_allows(site: Site, talk: Conversation) -> None:
    await allows(site, talk, used=3)
    told = (await opened(site, talk))["can_send"]
    until = "2026-11-24T09:00:00.000Z"
    assert told == {"ok": True, "why": "", "until": until, "left": 2, "how": "answer", "instead": []}


@pytest.mark.parametrize(("hours", "code"), [(0, "quota_used"), (49, "window_closed")])
async def test_what_cannot_be_sent_is_refused_with_the_same_sentence(
    site: Site, talk: Conversation, hours: int, code: str
) -> None:
    await allows(site, talk, used=5, hours_ago=hours)
    told = (await opened(site, talk))["can_send"]
    status, body = await says(site, talk, "hi")
    assert (status, body["error"]["code"]) == (409, code)
    wait = {"kind": "write", "conversation_id": None, "account": "", "channel": ""}
    assert told == {
        "ok": False, "why": TEXTS[code]["en"], "until": None, "left": None, "how": "", "instead": [wait],
    }  # fmt: skip
    assert body["error"]["text"] == told["why"]


async def test_what_may_not_leave_now_may_be_left_until_the_customer_writes(site: Site, talk: Conversation) -> None:
    await allows(site, talk, used=5)
    status, body = await says(site, talk, "Your tin is ready", wait=True)
    assert (status, body["message"]["text"]) == (201, "Your tin is ready")


async def test_who_cannot_be_reached_is_not_written_to_by_waiting(site: Site, talk: Conversation) -> None:
    await Identity.all().update(reachable=False)
    status, body = await says(site, talk, "hi", wait=True)
    assert (status, body["error"]["code"]) == (409, "unreachable")


async def another(site: Site, talk: Conversation, account: str, able: Capabilities, **facts: Any) -> Conversation:
    """The same person writes on another channel, too."""
    site.runtime.channels[account] = SimChannel(account, able)
    await site.runtime.accept([Inbound(account, "k2", "ann", text="hello from here")])
    row = await Conversation.get(account=account)
    row.contact_id = talk.contact_id
    await row.save()
    await Identity.filter(id=row.identity_id).update(contact_id=talk.contact_id, **facts)
    return row


async def instead(site: Site, talk: Conversation) -> list[tuple[str, int | None, str]]:
    told = (await opened(site, talk))["can_send"]["instead"]
    return [(one["kind"], one["conversation_id"], one["channel"]) for one in told]


async def test_the_persons_other_channels_come_before_waiting(site: Site, talk: Conversation) -> None:
    there = await another(site, talk, "telegram", TELEGRAM)
    await allows(site, talk, used=0)
    assert await instead(site, talk) == []
    await allows(site, talk, used=5)
    assert await instead(site, talk) == [("other", there.id, "telegram"), ("write", None, "")]
    await Identity.filter(account="telegram").update(reachable=False)
    assert await instead(site, talk) == [("write", None, "")]


async def test_the_web_chat_is_the_last_of_the_other_channels(site: Site, talk: Conversation) -> None:
    web = await another(site, talk, "webchat", WEBCHAT)
    telegram = await another(site, talk, "telegram", TELEGRAM)
    await allows(site, talk, used=5)
    assert [id_ for _, id_, _ in await instead(site, talk)] == [telegram.id, web.id, None]


async def test_outside_the_window_a_template_is_possible_and_so_is_another_channel(
    site: Site, talk: Conversation
) -> None:
    there = await another(site, talk, "telegram", TELEGRAM)
    site.runtime.channels["wechat"] = SimChannel("wechat", replace(WECHAT, proactive="template"))
    await allows(site, talk, used=0, hours_ago=49)
    told = (await opened(site, talk))["can_send"]
    assert (told["ok"], told["how"], told["instead"][0]["conversation_id"]) == (True, "template", there.id)


async def test_staff_write_down_what_a_customer_told_them(site: Site, talk: Conversation) -> None:
    path = f"/api/desk/identities/{talk.identity_id}/consents"
    status, body = await calls(site, "PUT", path, {"kind": "news", "given": True, "why": ""})
    assert (status, body["error"]["code"]) == (409, "blank")  # a yes needs its proof
    status, body = await calls(site, "PUT", path, {"kind": "news", "given": True, "why": "said so on the phone"})
    assert status == 200
    assert body["identities"][0]["consents"][2] == {
        "kind": "news", "given": True, "way": "staff", "said": "said so on the phone",
        "at": "2026-11-22T09:00:00.000Z",
    }  # fmt: skip
    await calls(site, "PUT", path, {"kind": "orders", "given": False})
    told = (await opened(site, talk))["contact"]["identities"][0]["consents"]
    assert [(one["kind"], one["given"]) for one in told] == [("orders", False), ("reminders", True), ("news", True)]
    done = await Audit.filter(action__startswith="consent.").order_by("id").values_list("action", "object")
    subject = f"identity:{talk.identity_id}"
    assert done == [("consent.give", subject), ("consent.withdraw", subject)]


@pytest.mark.parametrize(
    ("id_", "body", "status"),
    [(0, {"kind": "sms", "given": True, "why": "x"}, 422), (0, {"kind": "news", "given": "yes"}, 400),
     (999, {"kind": "news", "given": False}, 404)],
)  # fmt: skip
async def test_other_consents_are_refused(
    site: Site, talk: Conversation, id_: int, body: dict[str, Any], status: int
) -> None:
    path = f"/api/desk/identities/{id_ or talk.identity_id}/consents"
    assert (await calls(site, "PUT", path, body))[0] == status
    assert await Consent.all().count() == 0


async def test_the_customers_clock_is_set_at_the_desk(site: Site, talk: Conversation) -> None:
    path = f"/api/desk/contacts/{talk.contact_id}"
    assert (await calls(site, "PUT", path, {"timezone": "Mars/Olympus"}))[0] == 422
    assert (await calls(site, "PUT", path, {"timezone": "Europe/Berlin"}))[1]["timezone"] == "Europe/Berlin"
    assert (await Identity.get(id=talk.identity_id)).timezone == "Europe/Berlin"
    assert (await calls(site, "PUT", path, {"timezone": ""}))[1]["timezone"] == ""


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
