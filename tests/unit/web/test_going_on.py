"""Going on in another app: the chat box is told how, and the desk sees one person, reads all of it, and parts them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.services import codes, same_person, staff
from models import Conversation, Identity, PersonCode, PersonLink
from models.database import transaction
from tests.kit.profiles import PROFILES
from tests.kit.simulator import SimChannel
from tests.unit.web.running import Browser, Site
from tests.unit.web.test_staff import PASSWORD, log_in
from web.qr import picture

MakeBrowser = Callable[..., Awaitable[Browser]]


def with_telegram(site: Site) -> None:
    site.runtime.channels["telegram"] = SimChannel("telegram", PROFILES["telegram"])


async def desk(site: Site, role: str) -> dict[str, str]:
    await staff.add(role, role.title(), role, PASSWORD, site.clock(), one_time=False)
    _, told = await log_in(site, site.client, role, PASSWORD)
    return {"X-CSRF-Token": str(told["csrf"]), "Origin": site.url}


async def test_who_said_nothing_yet_goes_without_a_code(site: Site, browser_of: MakeBrowser) -> None:
    with_telegram(site)
    ann = await browser_of()
    assert await ann.calls("apps", {}) == {"ok": True, "apps": [{"account": "telegram", "name": "Telegram"}]}
    way = await ann.calls("go_on", {"account": "telegram"})
    assert (way["typed"], way["link"]) == ("", "https://telegram.test/?start=webchat")
    assert await PersonCode.all().count() == 0


async def test_the_link_is_one_that_nobody_saw_and_the_picture_is_not(site: Site, browser_of: MakeBrowser) -> None:
    with_telegram(site)
    ann = await browser_of()
    await ann.says("hello")
    await ann.hears(lambda: len(ann.texts) == 2)
    way = await ann.calls("go_on", {"account": "telegram"})
    hidden, shown = str(way["link"]).rpartition("link-")[2], codes.plain(str(way["typed"]).removeprefix("/link "))
    assert (len(hidden), len(shown)) == (codes.LONG, codes.SHORT)
    assert way["qr"] == picture(f"https://telegram.test/?start=link-{shown}")
    assert {row.shown for row in await PersonCode.all()} == {True, False}
    for account in ("webchat", "nope", ""):
        refused = await ann.calls("go_on", {"account": account})
        assert refused["ok"] is False
    for _ in range(3):
        last = await ann.calls("go_on", {"account": "telegram"})
    assert last["ok"] is False  # each asks the platform and costs two codes
    assert await PersonCode.all().count() == 2


async def test_every_tab_says_where_the_talk_goes_on(site: Site, browser_of: MakeBrowser) -> None:
    with_telegram(site)
    ann = await browser_of()
    await ann.says("hello")
    await ann.hears(lambda: len(ann.texts) == 2)
    own = await Identity.get()
    app = await Identity.create(
        contact_id=own.contact_id, account="telegram", external_id="7", name="Ann", created_at=site.clock()
    )
    talk = await Conversation.get()
    there = await Conversation.create(
        lane="telegram:7", identity_id=app.id, contact_id=own.contact_id, account="telegram", last_at=site.clock(),
        created_at=site.clock(), updated_at=site.clock(),
    )  # fmt: skip
    await Conversation.filter(id=talk.id).update(continues_in=there.id)
    again = await browser_of(ann.token)
    session = next(body for event, body in again.heard if event == "session")
    assert isinstance(session, dict)
    assert session["continues"] == "Telegram"


async def test_the_desk_reads_all_of_a_person_and_parts_them(site: Site, browser_of: MakeBrowser) -> None:
    with_telegram(site)
    ann, bob = await browser_of(), await browser_of()
    for browser, words in ((ann, "hello"), (bob, "it is me")):
        await browser.says(words)
        await browser.hears(lambda browser=browser: len(browser.texts) == 2)
    one, other = await Identity.all().order_by("id")
    async with transaction():
        made = await same_person.join(one.id, other.id, site.clock())
    headers = await desk(site, "agent")
    _, told = await site.json("GET", f"/api/desk/contacts/{other.contact_id}/history")
    items = told["items"]
    assert isinstance(items, list)
    assert [item["text"] for item in items] == [
        "hello",
        "echo: hello",
        "it is me",
        "echo: it is me",
        "joined",
        "joined",
    ]
    assert {item["channel"] for item in items} == {"webchat"}
    assert len({item["conversation_id"] for item in items}) == 2
    assert (await site.json("GET", f"/api/desk/contacts/{one.contact_id}/history?before=x"))[0] == 400
    _, person = await site.json("GET", f"/api/desk/contacts/{other.contact_id}")
    assert [proof["id"] for proof in person["proofs"]] == [made.link]  # type: ignore[attr-defined]
    assert await site.status("DELETE", f"/api/desk/proofs/{made.link}", headers=headers) == 403

    headers = await desk(site, "manager")
    assert await site.status("DELETE", f"/api/desk/proofs/{made.link}", headers=headers) == 200
    assert await PersonLink.all().count() == 0
    assert await site.status("DELETE", f"/api/desk/proofs/{made.link}", headers=headers) == 409


def test_a_picture_has_its_corners_and_a_quiet_zone() -> None:
    found = picture("https://t.me/shop_bot?start=link-K7MW2FPQ")
    assert found["size"] == 29 + 8
    assert found["path"].startswith("M4 4h7v1h-7zM")
    assert min(int(step.split()[0]) for step in found["path"].split("M")[1:]) == 4
