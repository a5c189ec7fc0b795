"""Who news are for and what became of them, in the words of each database."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.core.errors import Refused
from bot.core.message import FileRef
from bot.core.quiet import NEVER
from bot.services import attachments, audiences, broadcasts, consents, reach, same_person
from bot.services.audiences import Audience
from bot.services.broadcasts import Draft
from bot.services.scope import Scope
from bot.services.tallies import Counts
from models import Broadcast, BroadcastCopy, Contact, Identity, Message, Order, Staff
from models.database import transaction
from tests.kit.profiles import LINE, TELEGRAM
from tests.unit.services.shop import NOW, Shop


async def reader(shop: Shop, name: str, locale: str, *answers: bool) -> Scope:
    """Somebody on Telegram who was asked so often, and gave these answers."""
    scope = await shop.customer(name, account="telegram", locale=locale)
    await Contact.filter(id=scope.contact_id).update(locale=locale)
    for given in answers:
        await consents.answered(scope, "news", given, "May we?")
    return scope


async def meant(audience: Audience, after: int = 0, limit: int = 9) -> list[int]:
    return [one.conversation_id for one in await audiences.recipients(audience, after, limit)]


async def chosen(audience: Audience | None = None) -> list[audiences.Chosen]:
    """Everybody who wants news, at the address at which they are told."""
    of = audience or Audience()
    page = await audiences.recipients(of, 0, 9)
    return await audiences.chosen(page, of, {"telegram": TELEGRAM, "line": LINE}, NEVER, NOW)


async def test_whom_news_are_for(any_shop: Shop) -> None:
    ann = await reader(any_shop, "Ann", "en", True)
    li = await reader(any_shop, "Li", "zh-hans", False, True)
    await reader(any_shop, "Bob", "en", True, False)
    await reader(any_shop, "Eve", "en")
    paid = {"name": "Ann", "address": "here", "created_at": NOW, "updated_at": NOW, "paid_at": NOW}
    await Order.create(number="A", contact_id=ann.contact_id, state="paid", total=1, currency="CNY", **paid)
    everybody = [ann.conversation_id, li.conversation_id]
    assert (await meant(Audience()), await audiences.size(Audience())) == (everybody, 4)
    assert await meant(Audience(), after=ann.identity_id) == await meant(Audience(language="zh")) == everybody[1:]
    assert await meant(Audience(language="en")) == await meant(Audience(bought="yes")) == everybody[:1]
    assert await meant(Audience(("telegram", "line"), "en", "no")) == await meant(Audience(("line",))) == []
    assert await meant(Audience(), limit=1) == everybody[:1]
    assert [(one.at.conversation_id, one.reach.ok) for one in await chosen()] == [(id_, True) for id_ in everybody]
    assert await audiences.size(Audience(bought="no")) == 3


async def test_the_language_is_the_one_that_the_bot_speaks_to_them(any_shop: Shop) -> None:
    ann, li = await reader(any_shop, "Ann", "", True), await reader(any_shop, "Li", "zh", True)
    for scope, locale in ((ann, "en"), (li, "")):
        await Identity.filter(id=scope.identity_id).update(locale=locale)
    both = [ann.conversation_id, li.conversation_id]
    assert [await meant(Audience(language=tag)) for tag in ("zh", "en")] == [both[1:], both[:1]]
    async with transaction():
        await same_person.join(ann.identity_id, li.identity_id, NOW)
    assert [await meant(Audience(language=tag)) for tag in ("zh", "en")] == [both, []]  # chosen in the other app
    await reader(any_shop, "Mo", "", True)
    await Identity.filter(name="Mo").update(locale="")
    for chinese, count in (((), 1), (("line",), 1), (("telegram", "line"), 2)):
        assert await audiences.size(Audience(language="zh"), chinese) == count


async def test_a_linked_chat_of_staff_is_no_customers(shop: Shop) -> None:
    ann, mei = [await reader(shop, name, "en", True) for name in ("Ann", "Mei")]
    account = await Staff.create(login="mei", name="Mei", role="manager", password_hash="x", created_at=NOW)
    await Identity.filter(id=mei.identity_id).update(staff_id=account.id)
    assert await meant(Audience()) == [ann.conversation_id]


async def test_a_picture_may_come_with_news_again_until_it_is_gone(any_shop: Shop) -> None:
    async with transaction():
        picture = await attachments.create(FileRef("image", "p", "tea.png"), NOW)
    draft = Draft("New tea", Audience(), picture.id)
    for _ in range(2):
        async with transaction():
            await broadcasts.create(draft, NOW, 1, NOW)
    with pytest.raises(Refused, match="no_file"):
        async with transaction():
            await attachments.used(picture.id + 1)


async def test_what_became_of_them(any_shop: Shop) -> None:
    people = [await reader(any_shop, str(number), "en", True) for number in range(7)]
    async with transaction():
        id_ = await broadcasts.create(Draft("New tea", Audience()), NOW, 1, NOW)
    for _ in range(2):  # said again, nothing changes
        await broadcasts.plan(id_, await chosen(), NOW)
    fates = ("sent", "delivered", "read", "failed", "quiet", "")
    for scope, delivery in zip(people, fates, strict=False):
        await Message.create(
            conversation_id=scope.conversation_id, seq=1, author="bot", client_id=f"news:{id_}", delivery=delivery,
            at=NOW,
        )  # fmt: skip
    any_shop.now = NOW + timedelta(hours=1)
    await consents.stop(any_shop.at(people[1]), "STOP", ("news", "reminders"))
    found = await broadcasts.view(id_)
    told = {one.id: None for one in await broadcasts.due(id_, (), NOW, 9)}
    assert (len(told), await broadcasts.is_waited_for(id_)) == (7, True)
    assert len(await broadcasts.due(id_, ("telegram",), NOW, 9)) == 0
    async with transaction() as connection:
        await broadcasts.settle(connection, told)
    assert not await broadcasts.is_waited_for(id_)
    assert found.counts == Counts(7, waiting=1, sent=2, delivered=1, read=1, failed=1, unsubscribed=1)
    assert (found.staff_name, found.draft.text, found.state) == ("", "New tea", "scheduled")
    assert [one.id for one in await broadcasts.listed(NOW)] == [id_]
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


async def test_addresses_of_one_person_are_one_recipient_among_those_who_are_meant(any_shop: Shop) -> None:
    english = await reader(any_shop, "Ann", "en", True)
    line = await any_shop.customer("安", account="line", locale="zh")
    await Contact.filter(id=line.contact_id).update(locale="zh")
    await consents.answered(line, "news", True, "May we?")
    async with transaction():
        await same_person.join(english.identity_id, line.identity_id, NOW)
    first, second = english.conversation_id, line.conversation_id
    for of, there in ((Audience(), first), (Audience(language="zh"), second), (Audience(("line",)), second)):
        assert [one.at.conversation_id for one in await chosen(of)] == [there]
        assert await audiences.size(of) == 1
    await Message.create(conversation_id=second, seq=9, author="customer", text="hi", at=NOW)
    async with transaction():
        id_ = await broadcasts.create(Draft("New tea", Audience()), NOW, 1, NOW)
    await broadcasts.plan(id_, await chosen(), NOW)
    await Message.create(conversation_id=first, seq=9, author="customer", text="hi", at=NOW + timedelta(hours=1))
    await broadcasts.plan(id_, await chosen(), NOW)  # the best one is another by now
    assert await BroadcastCopy.all().values_list("conversation_id", flat=True) == [second]


async def test_whoever_is_one_person_at_the_moment_has_one_row(any_shop: Shop) -> None:
    ann, line = await reader(any_shop, "Ann", "en", True), await reader(any_shop, "Annie", "en", True)
    apart = await chosen()
    async with transaction():
        id_, other = [await broadcasts.create(Draft("New tea", Audience()), NOW, 1, NOW) for _ in range(2)]
        made = await same_person.join(ann.identity_id, line.identity_id, NOW)

    async def rows(of: int) -> list[object]:
        return await BroadcastCopy.filter(broadcast_id=of).order_by("id").values_list("conversation_id", flat=True)

    await broadcasts.plan(id_, apart, NOW)  # looked for before they were one
    assert await rows(id_) == [ann.conversation_id]
    await broadcasts.plan(other, apart[1:], NOW)
    async with transaction():
        await same_person.part(made.link or 0, None, NOW)
    await broadcasts.plan(other, await chosen(), NOW)  # two again, and one of them was told
    assert await rows(other) == [line.conversation_id, ann.conversation_id]


async def test_a_second_send_of_one_id_is_the_same_broadcast(any_shop: Shop) -> None:
    draft = Draft("New tea", Audience(("telegram",), "en", "no"), label="Look", command="shop")

    async def made(staff_id: int, of: Draft = draft, at: datetime | None = None, after: int = 0) -> int:
        async with transaction():
            return await broadcasts.create(of, at, staff_id, NOW + timedelta(seconds=after), "n1")

    ids = [await made(1), await made(1, after=5), await made(1, at=NOW, after=5), await made(2)]
    assert ids[0] == ids[1] == ids[2] != ids[3]
    tomorrow = NOW + timedelta(days=1)
    assert await made(3, at=tomorrow) == await made(3, at=tomorrow, after=5)
    for staff_id, of, at in ((1, Draft("Old tea", Audience()), None), (1, draft, tomorrow), (3, draft, None)):
        with pytest.raises(Refused, match="sent_before"):
            await made(staff_id, of, at)
    async with transaction():  # without an id each is its own
        assert len({await broadcasts.create(draft, NOW, 1, NOW) for _ in range(2)}) == 2


async def test_many_looks_are_one_count_and_in_the_end_none(any_shop: Shop) -> None:
    ann = await reader(any_shop, "Ann", "en", True)
    async with transaction():
        id_ = await broadcasts.create(Draft("New tea", Audience()), NOW, 1, NOW)
    await broadcasts.plan(id_, await chosen(), NOW)

    async def seen(after: timedelta) -> Counts:
        return (await broadcasts.listed(NOW + after))[0].counts

    async def becomes(delivery: str) -> None:
        await Message.filter(conversation_id=ann.conversation_id).update(delivery=delivery)

    second, day = timedelta(seconds=1), timedelta(days=1)
    assert await seen(second) == Counts()  # nothing can have become of it
    await Broadcast.all().update(state="running")
    await Message.create(
        conversation_id=ann.conversation_id, seq=1, author="bot", client_id=f"news:{id_}", delivery="queued", at=NOW
    )
    assert await seen(second) == Counts(planned=1, waiting=2)
    await BroadcastCopy.all().update(due_at=None)
    await becomes("sent")
    assert await seen(4 * second) == Counts(planned=1, waiting=2)
    assert await seen(6 * second) == Counts(planned=1, sent=1)
    await becomes("delivered")
    await Broadcast.all().update(state="done", ended_at=NOW + 7 * second)
    assert await seen(8 * second) == Counts(planned=1, delivered=1)  # how it ended is not missed
    await becomes("read")
    assert await seen(day) == Counts(planned=1, read=1)
    await becomes("failed")
    assert await seen(day + 60 * second) == Counts(planned=1, read=1)  # of old ones nobody waits for a second
    assert await seen(8 * day) == Counts(planned=1, failed=1)
    await becomes("read")
    assert await seen(99 * day) == Counts(planned=1, failed=1)
