"""Two contacts become one person by a proof, are shown, exported and erased as one, and are parted exactly."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tortoise.models import Model

import models
from bot.cli.people import addresses
from bot.core.errors import DatabaseBusy, Refused
from bot.core.events import ContactErased
from bot.runtime.state import find_states
from bot.runtime.writes import DELETE_DIALOG
from bot.services import attachments, cart, contacts, orders, people, person_codes, privacy, reach, reviews, same_person
from bot.services.contacts import Address
from bot.services.same_person import Joined
from bot.services.scope import Scope
from bot.storage.local import LocalStorage
from models import Audit, Contact, Conversation, Dialog, Identity, PersonCode, PersonLink
from models.database import execute, transaction
from tests.unit.services.race import Rival, before
from tests.unit.services.shop import NOW, Shop

#: What a proof is known by: the tables that may differ once it was taken back.
TRACES = {"Audit", "Message", "PersonLink", "Setting"}
CHANGES = {"version", "updated_at", "last_seq"}


@pytest.fixture(params=["shop", "postgres"])
def racing(request: pytest.FixtureRequest) -> Shop:
    """A shop where transactions wait for each other, and one where they run side by side."""
    made: Shop = request.getfixturevalue(request.param)
    return made


async def joined(one: Scope, other: Scope) -> Joined:
    """As the runtime does it: a deadlock that the server ended is tried again."""
    while True:
        try:
            async with transaction():
                return await same_person.join(one.identity_id, other.identity_id, one.now)
        except DatabaseBusy:
            continue


async def at(scope: Scope) -> Scope:
    """The scope as the next turn has it."""
    contact = await Contact.get(id=scope.contact_id)
    return replace(scope, person_id=contact.person_id)


async def asks(scope: Scope, token: str, state: str = "asking", **facts: Any) -> Dialog:
    """A question that is open in this conversation."""
    return await Dialog.create(
        conversation_id=scope.conversation_id, token=token, handler="x.y", state=state, created_at=NOW, updated_at=NOW,
        **facts,
    )  # fmt: skip


async def parted(one: Scope, other: Scope) -> None:
    """The proof between these two is taken back."""
    link = await PersonLink.get(asked_id=one.identity_id, entered_id=other.identity_id)
    async with transaction():
        await same_person.part(link.id, None, NOW)


async def rows() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for name in models.__all__:
        table: type[Model] = getattr(models, name)
        if name not in TRACES:
            order = table._meta.pk_attr
            values = await table.all().order_by(order).values()
            found[name] = [{key: value for key, value in row.items() if key not in CHANGES} for row in values]
    return found


async def test_parting_leaves_every_row_as_it_was(any_shop: Shop) -> None:
    await any_shop.product()
    ann, web = await any_shop.customer("Ann"), await any_shop.customer("", account="telegram")
    await any_shop.buys(ann)
    await any_shop.wants(web, quantity=2)
    for token, state in (("a", "asking"), ("p", "paused")):
        await asks(ann, token, state, remind_at=NOW, expire_at=NOW)
    await Conversation.filter(id=ann.conversation_id).update(waiting_since=NOW, reason="help", priority=1)
    before = await rows()
    async with transaction():
        made = await same_person.join(ann.identity_id, web.identity_id, NOW)
    assert made.link is not None
    assert await rows() != before
    async with transaction():
        await same_person.part(made.link, None, NOW)
    assert await rows() == before
    with pytest.raises(Refused, match="no_link"):
        await same_person.part(made.link, None, NOW)


async def test_what_is_made_meanwhile_stays_where_it_was_made(shop: Shop) -> None:
    await shop.product()
    ann, web = await shop.customer("Ann"), await shop.customer("", account="telegram")
    first = await shop.buys(ann)
    made = await joined(ann, web)
    ann, web = await at(ann), await at(web)
    second = await shop.buys(web)
    await contacts.remember(web, "Anna", "138", "Hangzhou")
    assert {one.number for one in await orders.mine(ann)} == {first.number, second.number}
    told = await contacts.last_address(ann)
    assert told is not None
    assert told.address == "Hangzhou"
    assert made.link is not None
    async with transaction():
        await same_person.part(made.link, None, NOW)
    ann, web = await at(ann), await at(web)
    assert [one.number for one in await orders.mine(ann)] == [first.number]
    assert [one.number for one in await orders.mine(web)] == [second.number]
    assert await contacts.last_address(ann) is None
    assert await orders.find(ann, second.number) is None


async def test_a_cart_is_one_and_each_line_keeps_its_place(shop: Shop) -> None:
    await shop.product(stock=9)
    ann, web = await shop.customer("Ann"), await shop.customer("", account="telegram")
    await cart.add(ann, "tea", 2)
    await joined(ann, web)
    ann, web = await at(ann), await at(web)
    assert (await cart.add(web, "tea", 3)).lines[0].quantity == 5
    assert [line.quantity for line in await models.CartLine.all().order_by("id")] == [2, 3]
    assert (await cart.change(web, "tea", 4)).lines[0].quantity == 4
    assert (await cart.change(web, "tea", 2)).lines[0].quantity == 2
    assert [line.quantity for line in await models.CartLine.all().order_by("id")] == [2]
    assert (await cart.change(web, "tea", 1)).lines[0].quantity == 1
    assert await models.CartLine.filter(contact_id=ann.contact_id).count() == 0
    with pytest.raises(Refused, match="sold_out"):
        await cart.add(ann, "tea", 9)
    await cart.add(ann, "tea", 1)
    order = await orders.place(web, Address("Ann", "", "Hangzhou"))
    assert [line.quantity for line in order.lines] == [2]
    assert await models.CartLine.all().count() == 0
    assert (await cart.clear(ann)).lines == ()


async def test_reviews_and_files_are_one_persons(shop: Shop) -> None:
    await shop.product()
    ann, web = await shop.customer("Ann Lee"), await shop.customer("", account="telegram")
    order = await shop.buys(ann)
    await shop.pays(ann, order)
    file = await attachments.create(
        attachments.FileRef("image", "x"), NOW, conversation_id=ann.conversation_id, contact_id=ann.contact_id
    )
    await joined(ann, web)
    web = await at(web)
    review = await reviews.record(web, order.number, 5, "Good", (file,))
    assert review.display_name == "Ann L."
    assert (await people.person(ann.contact_id)).review_count == 1
    stranger = await shop.customer("Eve", account="telegram")
    with pytest.raises(Refused, match="no_file"):
        await attachments.mine(stranger, (file.id,))


async def test_a_person_is_one_line_and_corrected_where_it_was_told(shop: Shop) -> None:
    web, ann = await shop.customer(""), await shop.customer("Ann", account="telegram")
    await Contact.filter(id=ann.contact_id).update(phone="138")
    made = await joined(web, ann)
    (row,) = await people.listed()
    assert (row.id, row.name, row.phone, row.accounts) == (web.contact_id, "Ann", "138", ("webchat", "telegram"))
    assert await people.listed(ids=[ann.contact_id]) == (row,)
    await people.change(web.contact_id, {"name": "Anna", "phone": "138", "email": "a@b.test"}, 1, NOW)
    assert made.link is not None
    await same_person.part(made.link, 1, NOW)
    told = {one.id: (one.name, one.phone, one.email) for one in await Contact.all()}
    assert told == {web.contact_id: ("", "", "a@b.test"), ann.contact_id: ("Anna", "138", "")}


async def test_the_word_that_was_told_last_holds_whatever_else_changed_since(any_shop: Shop) -> None:
    web, ann, line = [await any_shop.customer(name, account=name or "web") for name in ("", "telegram", "line")]
    await Identity.all().update(name="", locale="")
    tell: list[tuple[Scope, Any, tuple[str, ...]]] = [
        (ann, contacts.rename, ("Ann",)),
        (line, contacts.choose_locale, ("zh",)),
        (ann, contacts.remember, ("Ann", "138", "Hangzhou")),
        (line, contacts.rename, ("Annie",)),
        (ann, contacts.choose_locale, ("en",)),
        (line, contacts.remember, ("Annie", "139", "Suzhou")),
        (ann, contacts.remember, ("Ann", "138", "Shanghai")),
    ]
    for hour, (scope, service, words) in enumerate(tell):
        await service(replace(scope, now=NOW + timedelta(hours=hour)), *words)
    await people.change(line.contact_id, {"phone": "555"}, 1, NOW + timedelta(days=1))
    for one in (ann, line):
        await joined(web, one)
    lane = (await Conversation.get(id=web.conversation_id)).lane
    state = (await find_states([lane]))[lane]
    told = await contacts.last_address(await at(web))
    assert (state.name, state.locale, told and told.address) == ("Annie", "en", "Shanghai")


async def test_what_is_cleared_is_cleared_and_a_clock_is_set_wherever_there_is_one(shop: Shop) -> None:
    web, ann, line = [await shop.customer(name, account=name) for name in ("Web", "Ann", "Line")]
    for one, zone in ((ann, "Asia/Shanghai"), (line, "Asia/Tokyo")):
        await Identity.filter(id=one.identity_id).update(timezone=zone)
        await joined(web, one)
    await people.change(web.contact_id, {"name": "", "timezone": "Europe/Berlin"}, 1, NOW)
    assert [row.name for row in await Contact.all()] == [""] * 3
    assert [row.timezone for row in await Identity.all().order_by("id")] == ["", "Europe/Berlin", "Europe/Berlin"]
    assert [one.zone for one in await reach.addresses(web.conversation_id)] == ["Europe/Berlin"] * 3
    await people.change(web.contact_id, {"timezone": ""}, 1, NOW)
    assert [row.timezone for row in await Identity.all().order_by("id")] == [""] * 3
    await people.change(web.contact_id, {"timezone": "Asia/Tokyo"}, 1, NOW)
    assert [row.timezone for row in await Identity.all().order_by("id")] == ["Asia/Tokyo", "", ""]


async def test_who_joined_while_they_were_erased_is_published_and_audited(postgres: Shop, tmp_path: Path) -> None:
    ann, web = await postgres.customer("Ann"), await postgres.customer("", account="telegram")
    heard: list[ContactErased] = []
    rival = Rival(lambda: joined(ann, web))
    with before(same_person, "locked", rival.comes):
        await privacy.forget(web.contact_id, None, LocalStorage(tmp_path / "files"), NOW, heard.append)
    await rival.ends()
    assert sorted(event.contact_id for event in heard) == [ann.contact_id, web.contact_id]
    told = await Audit.filter(action="contact.erase").values_list("object", flat=True)
    assert sorted(told) == [f"contact:{ann.contact_id}", f"contact:{web.contact_id}"]


async def test_an_operator_is_told_every_address_that_goes(shop: Shop) -> None:
    ann, web = await shop.customer("Ann"), await shop.customer("", account="telegram")
    await joined(ann, web)
    assert await addresses(web.contact_id) == ["webchat:visitor1", "telegram:visitor2"]


async def test_export_and_erasure_are_of_the_whole_person_and_of_each_alone_again(any_shop: Shop) -> None:
    await any_shop.product()
    ann, web, bob = [await any_shop.customer(name, account=name) for name in ("Ann", "Web", "Bob")]
    await any_shop.buys(ann)
    await any_shop.buys(web)
    made = await joined(ann, web)
    assert len((await privacy.export(web.contact_id))["order"]) == 2
    assert made.link is not None
    async with transaction():
        await same_person.part(made.link, None, NOW)
    assert len((await privacy.export(web.contact_id))["order"]) == 1

    await joined(ann, web)
    async with transaction():
        await person_codes.make(ann.identity_id, NOW, shown=True)
    async with transaction():
        await privacy.erase(web.contact_id, NOW)
    assert [row.id for row in await Identity.all()] == [bob.identity_id]
    assert [row.name for row in await Contact.all().order_by("id")] == ["", "", "Bob"]
    assert [row.person_id for row in await Contact.all()] == [None, None, None]
    assert await PersonLink.all().count() + await PersonCode.all().count() == 0
    with pytest.raises(Refused, match="gone"):
        await same_person.join(ann.identity_id, bob.identity_id, NOW)


async def test_joining_at_once_from_both_sides_is_joining_once(racing: Shop) -> None:
    ann, web = await racing.customer("Ann"), await racing.customer("", account="telegram")
    made = await asyncio.gather(*(joined(*pair) for pair in [(ann, web), (web, ann)] * 4))
    assert len([one for one in made if one.link is not None]) == 1
    assert await PersonLink.all().count() == 1
    assert {row.person_id for row in await Contact.all()} == {ann.contact_id}
    assert await models.Message.filter(text="joined").count() == 2


async def test_many_who_join_at_once_are_one(racing: Shop) -> None:
    some = [await racing.customer(str(n), account="telegram") for n in range(5)]
    pairs = [(one, other) for one in some for other in some if one is not other]
    random.Random(4).shuffle(pairs)
    await asyncio.gather(*(joined(*pair) for pair in pairs))
    assert {row.person_id for row in await Contact.all()} == {some[0].contact_id}
    assert await PersonLink.all().count() == len(some) - 1


async def test_who_is_erased_while_they_join_leaves_nothing(racing: Shop) -> None:
    for _ in range(4):
        ann, web = await racing.customer("Ann"), await racing.customer("", account="telegram")

        async def erases(who: Scope = web) -> None:
            async with transaction():
                await privacy.erase(who.contact_id, NOW)

        async def joins(one: Scope = ann, other: Scope = web) -> None:
            with suppress(Refused):
                await joined(one, other)

        await asyncio.gather(joins(), erases())
        assert await PersonLink.all().count() == 0
        assert await Contact.filter(person_id__not_isnull=True).count() == 0
        assert await Identity.filter(contact_id=web.contact_id).count() == 0


async def test_what_was_asked_is_set_aside_where_the_talk_goes_on(shop: Shop) -> None:
    ann, app = await shop.customer("Ann"), await shop.customer("", account="telegram")
    for token, state, background in (("a", "asking", False), ("c", "calling", False), ("b", "asking", True)):
        await asks(ann, token, state, background=background, remind_at=NOW, journal=f"[{token}]")
    await Conversation.filter(id=ann.conversation_id).update(waiting_since=NOW, reason="help", priority=1)
    await joined(ann, app)
    moved = await Dialog.get(conversation_id=app.conversation_id)
    assert (moved.journal, moved.state, moved.remind_at) == ("[a]", "paused", None)
    left = Dialog.filter(conversation_id=ann.conversation_id, moved_to_id=None)
    assert {row.token for row in await left} == {"b", "c"}
    there, here = await Conversation.get(id=app.conversation_id), await Conversation.get(id=ann.conversation_id)
    assert (there.waiting_since, there.reason, there.priority) == (NOW, "help", 1)
    assert (here.waiting_since, here.continues_in) == (None, app.conversation_id)


async def test_parting_takes_what_was_answered_meanwhile_with_it(any_shop: Shop) -> None:
    ann, app = await any_shop.customer("Ann"), await any_shop.customer("Mallory", account="telegram")
    await asks(ann, "a", journal='["Hangzhou"]')
    await joined(ann, app)
    await Dialog.filter(conversation_id=app.conversation_id).update(state="asking", journal='["Hangzhou","138"]')
    await parted(ann, app)
    (kept,) = await Dialog.all()
    assert (kept.conversation_id, kept.token, kept.state, kept.journal, kept.moved_to_id) == (
        ann.conversation_id, "a", "asking", '["Hangzhou"]', None,
    )  # fmt: skip
    async with transaction():
        await privacy.erase(ann.contact_id, NOW)
    assert await Dialog.all().count() == 0


async def test_a_question_that_ended_elsewhere_does_not_come_back(any_shop: Shop) -> None:
    ann, app = await any_shop.customer("Ann"), await any_shop.customer("", account="telegram")
    await asks(ann, "a")
    await joined(ann, app)
    copy = await Dialog.get(conversation_id=app.conversation_id)
    async with transaction() as connection:
        await execute(connection, [(DELETE_DIALOG, [(copy.token,)])])
    assert await Dialog.all().count() == 0


@pytest.mark.parametrize("first", ["web", "sms"])
async def test_what_went_along_twice_comes_back_from_either(shop: Shop, first: str) -> None:
    web, app, sms = [await shop.customer(name, account=name) for name in ("web", "app", "sms")]
    await asks(web, "a")
    await Conversation.filter(id=web.conversation_id).update(waiting_since=NOW, reason="help", priority=1)
    before = await rows()
    await joined(web, app)
    await joined(app, sms)
    assert (await Conversation.get(id=sms.conversation_id)).waiting_since == NOW
    for one, other in [(web, app), (app, sms)] if first == "web" else [(app, sms), (web, app)]:
        await parted(one, other)
    assert await rows() == before


async def test_who_asked_for_a_person_there_too_waits_on_and_who_was_served_does_not(shop: Shop) -> None:
    ann, app = await shop.customer("Ann"), await shop.customer("", account="telegram")
    waiting, there = Conversation.filter(id=ann.conversation_id), Conversation.filter(id=app.conversation_id)
    await waiting.update(waiting_since=NOW, reason="help", priority=1)
    await joined(ann, app)
    await there.update(reason="another thing")
    await parted(ann, app)
    assert [(row.waiting_since, row.reason) for row in await Conversation.all().order_by("id")] == [
        (NOW, "help"), (NOW, "another thing"),
    ]  # fmt: skip
    await there.update(waiting_since=None, reason="")
    await joined(ann, app)
    await there.update(waiting_since=None)  # taken over
    await parted(ann, app)
    assert await Conversation.filter(waiting_since__not_isnull=True).count() == 0


async def test_a_code_takes_the_talk_along_once(shop: Shop) -> None:
    """The call that joins is made again after a crash, and what was asked since stays where it was asked."""
    ann, app = await shop.customer("Ann"), await shop.customer("", account="telegram")
    async with transaction():
        code = await person_codes.make(ann.identity_id, NOW, shown=True)
        taken = (await person_codes.enter(app, code)).code
    for _ in range(2):
        async with transaction():
            await same_person.join(ann.identity_id, app.identity_id, NOW, taken)
        await Conversation.filter(id=ann.conversation_id).update(continues_in=None)
        await asks(ann, f"since{_}")
    assert await Dialog.filter(conversation_id=app.conversation_id).count() == 0
    assert (await Conversation.get(id=ann.conversation_id)).continues_in is None


async def test_of_two_who_say_a_code_at_once_one_has_it(racing: Shop) -> None:
    ann = await racing.customer("Ann")
    others = [await racing.customer(str(n), account="telegram") for n in range(4)]
    async with transaction():
        code = await person_codes.make(ann.identity_id, NOW, shown=True)

    async def says(scope: Scope) -> str:
        async with transaction():
            return (await person_codes.enter(scope, code)).state

    states = await asyncio.gather(*(says(one) for one in others))
    assert sorted(states) == ["taken", "wrong", "wrong", "wrong"]
    late = replace(ann, now=NOW + timedelta(minutes=30))
    assert (await person_codes.enter(late, code)).state == "own"
