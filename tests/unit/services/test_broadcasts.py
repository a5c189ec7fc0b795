"""Who news are for and what became of them, in the words of each database."""

from __future__ import annotations

from datetime import timedelta

from bot.core.profiles import TELEGRAM
from bot.services import broadcasts, consents, reach
from bot.services.broadcasts import Audience, Counts, Draft
from bot.services.scope import Scope
from models import Broadcast, Contact, Identity, Message, Order, Staff
from models.database import transaction
from tests.unit.services.shop import NOW, Shop


async def reader(shop: Shop, name: str, locale: str, *answers: bool) -> Scope:
    """Somebody on Telegram who was asked so often, and gave these answers."""
    scope = await shop.customer(name, account="telegram", locale=locale)
    await Contact.filter(id=scope.contact_id).update(locale=locale)
    for given in answers:
        await consents.answered(scope, "news", given, "May we?")
    return scope


async def meant(audience: Audience, after: int = 0, limit: int = 9) -> list[int]:
    return [one.conversation_id for one in await broadcasts.recipients(audience, after, limit)]


async def test_whom_news_are_for(any_shop: Shop) -> None:
    ann = await reader(any_shop, "Ann", "en", True)
    li = await reader(any_shop, "Li", "zh-hans", False, True)
    await reader(any_shop, "Bob", "en", True, False)
    await reader(any_shop, "Eve", "en")
    paid = {"name": "Ann", "address": "here", "created_at": NOW, "updated_at": NOW, "paid_at": NOW}
    await Order.create(number="A", contact_id=ann.contact_id, state="paid", total=1, currency="CNY", **paid)
    everybody = [ann.conversation_id, li.conversation_id]
    assert (await meant(Audience()), await broadcasts.size(Audience())) == (everybody, 4)
    assert await meant(Audience(), after=ann.conversation_id) == await meant(Audience(language="zh")) == everybody[1:]
    assert await meant(Audience(language="en")) == await meant(Audience(bought="yes")) == everybody[:1]
    assert await meant(Audience(("telegram", "line"), "en", "no")) == await meant(Audience(("line",))) == []
    assert await meant(Audience(), limit=1) == everybody[:1]
    ways = await reach.of_many(everybody, {"telegram": TELEGRAM}, NOW, "news")
    assert [way.ok for way in ways.values()] == [True, True]
    assert await broadcasts.size(Audience(bought="no")) == 3


async def test_a_linked_chat_of_staff_is_no_customers(shop: Shop) -> None:
    ann, mei = [await reader(shop, name, "en", True) for name in ("Ann", "Mei")]
    account = await Staff.create(login="mei", name="Mei", role="manager", password_hash="x", created_at=NOW)
    await Identity.filter(id=mei.identity_id).update(staff_id=account.id)
    assert await meant(Audience()) == [ann.conversation_id]


async def test_what_became_of_them(any_shop: Shop) -> None:
    people = [await reader(any_shop, str(number), "en", True) for number in range(7)]
    async with transaction():
        id_ = await broadcasts.create(Draft("New tea", Audience()), NOW, 1, NOW)
    row = await Broadcast.get(id=id_)
    for _ in range(2):  # said again, nothing changes
        await broadcasts.plan(row, await broadcasts.recipients(Audience(), 0, 9))
    fates = ("sent", "delivered", "read", "failed", "quiet", "")
    for scope, delivery in zip(people, fates, strict=False):
        await Message.create(
            conversation_id=scope.conversation_id, seq=1, author="bot", client_id=f"news:{id_}", delivery=delivery,
            at=NOW,
        )  # fmt: skip
    any_shop.now = NOW + timedelta(hours=1)
    await consents.stop(any_shop.at(people[1]), "STOP", ("news", "reminders"))
    found = await broadcasts.view(id_)
    assert found.counts == Counts(7, waiting=1, sent=2, delivered=1, read=1, failed=1, unsubscribed=1)
    assert (found.staff_name, found.draft.text, found.state) == ("", "New tea", "scheduled")
    assert [one.id for one in await broadcasts.listed()] == [id_]
    assert not await broadcasts.is_stopped(people[0].conversation_id, 1)
    async with transaction():
        await broadcasts.stop(id_, 1, NOW)
    assert await broadcasts.is_stopped(people[0].conversation_id, 1)
    assert await broadcasts.letter(people[0], id_) is None


async def test_addresses_of_one_person_share_what_is_known_of_their_clock(any_shop: Shop) -> None:
    ann = await reader(any_shop, "Ann", "en", True)
    second = await any_shop.customer(account="line", contact=ann.contact_id)
    await Identity.filter(id=second.identity_id).update(timezone="Europe/Berlin")
    assert [one.zone for one in await reach.addresses(ann.conversation_id)] == ["Europe/Berlin"] * 2
