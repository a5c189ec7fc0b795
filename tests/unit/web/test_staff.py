"""Logging in: throttled, the same for logins that do not exist, sessions that end, and codes that link a chat once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest

from bot.core.errors import Refused
from bot.services import reports, sessions, staff
from bot.services.scope import Scope
from models import Audit, Contact, Conversation, Identity, LoginAttempt, StaffSession
from tests.unit.web.running import Site

PASSWORD = "a long password"


async def log_in(site: Site, client: aiohttp.ClientSession, login: str, password: str) -> tuple[int, dict[str, object]]:
    async with client.post(
        f"{site.url}/api/desk/login", json={"login": login, "password": password}, headers={"Origin": site.url}
    ) as response:
        return response.status, await response.json()


@pytest.fixture
async def mei(site: Site) -> staff.StaffView:
    return await staff.add("mei", "Mei", "agent", PASSWORD, site.clock(), one_time=False)


async def test_the_right_password_opens_and_a_wrong_one_says_no_more_than_that(
    site: Site, mei: staff.StaffView
) -> None:
    assert (await log_in(site, site.client, "mei", "wrong password"))[0] == 401
    _, unknown = await log_in(site, site.client, "nobody", "wrong password")
    _, wrong = await log_in(site, site.client, "mei", "wrong password")
    assert unknown == wrong
    status, body = await log_in(site, site.client, " MEI ", PASSWORD)
    assert (status, body["staff"]["name"]) == (200, "Mei")  # type: ignore[index]
    assert await site.status("GET", "/api/desk/me") == 200
    (cookie,) = list(site.client.cookie_jar)
    assert (cookie.key, cookie["httponly"], cookie["samesite"], cookie["path"]) == ("parley", True, "Lax", "/")


async def test_five_wrong_ones_lock_the_login_and_time_opens_it(site: Site, mei: staff.StaffView) -> None:
    statuses = [(await log_in(site, site.client, "mei", "wrong password"))[0] for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    status, body = await log_in(site, site.client, "mei", PASSWORD)
    assert (status, body["error"]["code"], body["error"]["retry"]) == (429, "locked", 31)  # type: ignore[index]
    site.clock.passes(seconds=31)
    assert (await log_in(site, site.client, "mei", PASSWORD))[0] == 200
    assert (await LoginAttempt.get(subject="login:mei")).failures == 0


async def test_guesses_at_once_are_all_counted(site: Site, mei: staff.StaffView) -> None:
    answers = await asyncio.gather(*(log_in(site, site.client, "mei", f"wrong number {n}") for n in range(12)))
    assert sorted(status for status, _ in answers) == [401] * 5 + [429] * 7


async def test_login_needs_our_own_page(site: Site, mei: staff.StaffView) -> None:
    credentials = {"login": "mei", "password": PASSWORD}
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        assert await site.status("POST", "/api/desk/login", json=credentials, headers=headers) == 403
    assert await StaffSession.all().count() == 0


MALFORMED = ["", "[]", "{", '{"login": 1, "password": "x"}', '{"login": "a"}', '{"a": NaN}', "[" * 5000]


@pytest.mark.parametrize("body", MALFORMED)
async def test_malformed_logins_are_4xx(site: Site, body: str) -> None:
    status = await site.status("POST", "/api/desk/login", data=body, headers={"Origin": site.url})
    assert 400 <= status < 500


async def test_a_session_ends_by_idleness_and_in_any_case_by_age(site: Site, mei: staff.StaffView) -> None:
    lifetime = sessions.Lifetime()
    _, token = await sessions.log_in("mei", PASSWORD, "1.2.3.4", "test", site.clock(), lifetime)
    for _ in range(28):
        site.clock.passes(hours=11, minutes=59)
        assert await sessions.find(token, site.clock(), lifetime) is not None
    site.clock.passes(hours=11)
    assert await sessions.find(token, site.clock(), lifetime) is None
    _, token = await sessions.log_in("mei", PASSWORD, "1.2.3.4", "test", site.clock(), lifetime)
    site.clock.passes(hours=12)
    assert await sessions.find(token, site.clock(), lifetime) is None


async def test_a_one_time_password_opens_nothing_but_its_change(site: Site) -> None:
    await staff.add("new", "New", "admin", PASSWORD, site.clock())
    _, body = await log_in(site, site.client, "new", PASSWORD)
    headers = {"Origin": site.url, "X-CSRF-Token": str(body["csrf"])}
    assert await site.status("GET", "/api/desk/me") == 200
    assert await site.status("GET", "/api/desk/conversations") == 403
    change = {"old": PASSWORD, "new": "another long one"}
    assert await site.status("POST", "/api/desk/password", json=change, headers=headers) == 200
    assert await site.status("GET", "/api/desk/conversations") == 200


async def test_a_new_password_ends_every_other_session(site: Site, mei: staff.StaffView) -> None:
    lifetime = sessions.Lifetime()
    here, token = await sessions.log_in("mei", PASSWORD, "a", "", site.clock(), lifetime)
    _, elsewhere = await sessions.log_in("mei", PASSWORD, "b", "", site.clock(), lifetime)
    with pytest.raises(Refused, match="same_password"):
        await sessions.change_password(here, PASSWORD, PASSWORD, site.clock())
    with pytest.raises(Refused, match="weak_password"):
        await sessions.change_password(here, PASSWORD, "short", site.clock())
    await sessions.change_password(here, PASSWORD, "another long one", site.clock())
    assert await sessions.find(token, site.clock(), lifetime) is not None
    assert await sessions.find(elsewhere, site.clock(), lifetime) is None


async def test_a_switched_off_account_is_out_at_once_and_one_admin_stays(site: Site, mei: staff.StaffView) -> None:
    lifetime = sessions.Lifetime()
    _, token = await sessions.log_in("mei", PASSWORD, "a", "", site.clock(), lifetime)
    await staff.change(mei.id, site.clock(), by=mei.id, active=False)
    assert await sessions.find(token, site.clock(), lifetime) is None
    boss = await staff.add("boss", "Boss", "admin", PASSWORD, site.clock())
    for change in ({"role": "agent"}, {"active": False}):
        with pytest.raises(Refused, match="last_admin"):
            await staff.change(boss.id, site.clock(), by=boss.id, **change)


async def test_two_accounts_cannot_share_a_login(site: Site, mei: staff.StaffView) -> None:
    with pytest.raises(Refused, match="login_taken"):
        await staff.add("MEI", "Other", "agent", PASSWORD, site.clock())


async def chat(site: Site) -> Scope:
    now = site.clock()
    contact = await Contact.create(created_at=now, updated_at=now)
    identity = await Identity.create(contact=contact, account="webchat", external_id=str(contact.id), created_at=now)
    lane = f"webchat:{contact.id}"
    thread = await Conversation.create(
        lane=lane, identity=identity, contact=contact, account="webchat", last_at=now, created_at=now, updated_at=now
    )
    return Scope(thread.id, contact.id, identity.id, "webchat", "en", now, "CNY")


async def test_a_code_links_one_chat_once_however_it_is_typed(site: Site, mei: staff.StaffView) -> None:
    first, second = await chat(site), await chat(site)
    code, expires = await staff.make_link_code(mei.id, site.clock())
    assert (len(code), expires - site.clock()) == (9, timedelta(minutes=10))
    linked = await staff.use_link_code(first, code.lower().replace("-", " "))
    assert linked == mei
    assert await staff.use_link_code(second, code) is None
    assert (await staff.staff_of(first), await staff.staff_of(second)) == (mei, None)
    assert await Audit.filter(action="link_code.use").count() == 1
    names = (
        await Contact.filter(id__in=[first.contact_id, second.contact_id]).order_by("id").values_list("name", flat=True)
    )
    assert names == ["Mei", ""]


async def test_who_has_a_name_keeps_it_when_the_chat_is_linked(site: Site, mei: staff.StaffView) -> None:
    scope = await chat(site)
    await Contact.filter(id=scope.contact_id).update(name="Mei Chen")
    code, _ = await staff.make_link_code(mei.id, site.clock())
    await staff.use_link_code(scope, code)
    assert (await Contact.get(id=scope.contact_id)).name == "Mei Chen"


async def test_an_old_or_wrong_code_links_nothing(site: Site, mei: staff.StaffView) -> None:
    scope = await chat(site)
    code, _ = await staff.make_link_code(mei.id, site.clock())
    later = replace(scope, now=site.clock() + timedelta(minutes=10))
    assert await staff.use_link_code(later, code) is None
    for wrong in ("", "AAAA-AAAA", "🍵", "x" * 500):
        assert await staff.use_link_code(scope, wrong) is None
    assert await staff.staff_of(scope) is None


async def test_linked_chats_are_listed_and_let_go_with_their_reports(site: Site) -> None:
    boss = await staff.add("boss", "Boss", "manager", PASSWORD, site.clock(), one_time=False)
    other = await staff.add("other", "Other", "manager", PASSWORD, site.clock(), one_time=False)
    mine, theirs = await chat(site), await chat(site)
    for scope, who in ((mine, boss), (theirs, other)):
        code, _ = await staff.make_link_code(who.id, site.clock())
        await staff.use_link_code(scope, code)
        await reports.subscribe(
            who.id, scope.conversation_id, "sales", "0 9 * * 1", "UTC", "en", site.clock(), known={"sales"}
        )
    _, body = await log_in(site, site.client, "boss", PASSWORD)
    headers = {"Origin": site.url, "X-CSRF-Token": str(body["csrf"])}

    _, listed = await site.json("GET", "/api/desk/linked-chats")
    assert listed == {
        "items": [
            {
                "id": mine.identity_id,
                "name": f"Visitor {mine.contact_id}",
                "account": "webchat",
                "channel": "webchat",
                "reachable": True,
                "conversation_id": mine.conversation_id,
                "subscriptions": 1,
            }
        ]
    }
    assert await site.status("DELETE", f"/api/desk/linked-chats/{theirs.identity_id}", headers=headers) == 404
    assert await site.status("DELETE", f"/api/desk/linked-chats/{mine.identity_id}", headers=headers) == 200
    assert await site.json("GET", "/api/desk/linked-chats") == (200, {"items": []})
    assert (await staff.staff_of(mine), await staff.staff_of(theirs)) == (None, other)
    assert [one.conversation_id for one in await reports.list_subscriptions()] == [theirs.conversation_id]
    assert await Audit.filter(action="chat.unlink", staff_id=boss.id).count() == 1


async def test_ready_made_replies_are_the_teams_and_nobody_overwrites_a_colleague(
    site: Site, mei: staff.StaffView
) -> None:
    _, body = await log_in(site, site.client, "mei", PASSWORD)
    headers = {"Origin": site.url, "X-CSRF-Token": str(body["csrf"])}
    path, hello = "/api/desk/canned/en", {"name": "hello", "text": "Hello, this is {me}"}
    assert await site.json("GET", path) == (200, {"items": [], "version": ""})

    _, kept = await site.json("PUT", path, json={"items": [hello], "version": ""}, headers=headers)
    assert kept["items"] == [hello]
    assert await site.json("GET", path) == (200, kept)
    assert await site.json("GET", "/api/desk/canned/zh") == (200, {"items": [], "version": ""})
    status, refused = await site.json("PUT", path, json={"items": [], "version": ""}, headers=headers)
    assert (status, refused["error"]["code"]) == (409, "overtaken")  # type: ignore[index]
    _, emptied = await site.json("PUT", path, json={"items": [], "version": kept["version"]}, headers=headers)
    assert (emptied["items"], emptied["version"] != "") == ([], True)

    for wrong in ([{"name": " ", "text": "x"}], [{"name": "x" * 25, "text": "x"}], ["x"], "x", [hello] * 201):
        refusal = {"items": wrong, "version": emptied["version"]}
        assert await site.status("PUT", path, json=refusal, headers=headers) in (400, 413, 422)
    assert await site.status("GET", "/api/desk/canned/de") == 404
    assert await Audit.filter(action="canned.change", staff_id=mei.id).count() == 2
