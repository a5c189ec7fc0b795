"""Erasing at the desk: every process hears of it once it is committed."""

from __future__ import annotations

from bot.core.events import ContactErased, Event
from bot.services import staff
from models import Contact
from tests.unit.web.running import Site


async def test_an_erasure_is_told_after_its_commit(site: Site) -> None:
    await staff.add("boss", "Boss", "manager", "a long password", site.clock(), one_time=False)
    credentials = {"login": "boss", "password": "a long password"}
    headers = {"Origin": site.url}
    async with site.client.post(f"{site.url}/api/desk/login", json=credentials, headers=headers) as response:
        headers["X-CSRF-Token"] = (await response.json())["csrf"]
    ann = await Contact.create(name="Ann Lee", created_at=site.clock(), updated_at=site.clock())
    heard: list[Event] = []
    site.runtime.bus.forward(heard.append)
    path = f"/api/desk/contacts/{ann.id}/erase"
    assert await site.status("POST", path, json={"confirm": "Ann"}, headers=headers) == 422
    assert heard == []
    assert await site.status("POST", path, json={"confirm": "Ann Lee"}, headers=headers) == 200
    assert heard == [ContactErased(ann.id)]
    assert (await Contact.get(id=ann.id)).name == ""
