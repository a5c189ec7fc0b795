"""What somebody tells in one app of theirs holds in the others at once, until they tell something else there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.services import contacts, conversations, same_person
from bot.services.scope import Scope
from models import Contact
from models.database import transaction
from tests.kit.profiles import PROFILES
from tests.kit.simulator import Customer, Simulator


@pytest.fixture
async def shop(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Simulator]:
    """A shop on the web, on Telegram and on a channel without buttons."""
    more = (PROFILES["telegram"], PROFILES["sms"])
    async with Simulator(PROFILES["webchat"], tmp_path, sqlite_url, more=more) as world:
        yield world


async def three(shop: Simulator) -> tuple[Customer, Customer, Customer]:
    """Ann on three channels, of whom the last one tells no name; she has written in all of them."""
    web, app = await shop.customer("Ann"), await shop.customer("Annie", on="telegram")
    sms = await shop.customer("", on="sms")
    for one in (web, app, sms):
        await one.says("help")
    for one in (app, sms):
        async with transaction():
            await same_person.join((await web.identity()).id, (await one.identity()).id, shop.now)
    for one in (web, app, sms):
        await one.says("help")
    return web, app, sms


async def tells(shop: Simulator, customer: Customer, language: str) -> None:
    shop.now += timedelta(minutes=1)
    await customer.says("/language")
    await customer.picks(language)


async def test_a_language_holds_at_once_and_of_two_the_one_told_last(shop: Simulator) -> None:
    web, app, sms = await three(shop)
    spoken = []
    for customer, language in ((app, "中文"), (web, "English"), (app, "中文")):
        await tells(shop, customer, language)
        await sms.says("/help")
        spoken.append("en" if "you can say" in (await sms.last()).text else "zh")
    assert spoken == ["zh", "en", "zh"]


async def test_of_two_names_the_one_told_last_is_shown(shop: Simulator) -> None:
    web, _, sms = await three(shop)
    talk = await sms.conversation()
    contact = (await web.conversation()).contact_id
    for name in ("Zoe", "Abe"):
        shop.now += timedelta(minutes=1)
        async with transaction():
            await contacts.rename(Scope(1, contact, 1, "webchat", "en", shop.now, "CNY"), name)
        assert await Contact.filter(id=talk.contact_id).values_list("name", flat=True) == [""]
        assert (await conversations.row(talk.id)).name == name
