"""One person, several apps: proved with a code, asked where the code was shown, and parted again."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.core import message
from bot.services import codes, people, person_codes, same_person, staff
from models import (
    ApiKey,
    ApiOrder,
    Audit,
    CartLine,
    Contact,
    Conversation,
    Dialog,
    Inbound,
    LoginAttempt,
    Message,
    Order,
    PersonCode,
    PersonLink,
)
from models.database import transaction
from tests.kit.profiles import PROFILES
from tests.kit.simulator import MODES, Customer, Mode, Simulator
from tests.scenarios.shopkeeping import stock

CODE = re.compile(r"[A-Z2-9]{4}-[A-Z2-9]{4}")


@pytest.fixture(params=MODES, ids=lambda mode: mode.name)
async def shops(request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Simulator]:
    """A shop on the web, on Telegram and on a channel without buttons."""
    mode: Mode = request.param
    more = (PROFILES["telegram"], PROFILES["sms"])
    async with Simulator(PROFILES["webchat"], tmp_path, sqlite_url, mode, more=more) as world:
        yield world


async def code_of(customer: Customer) -> str:
    await customer.says("/link")
    found = CODE.search((await customer.last()).text)
    assert found is not None
    return found[0]


async def enters(customer: Customer, code: str) -> None:
    """Type a code, and say that both are oneself."""
    await customer.says(f"/link {code}")
    await customer.picks("Yes, both are me")


async def link_of(sim: Simulator, customer: Customer) -> str:
    """A link of the chat box's menu, which stands in no thread."""
    async with transaction():
        code = await person_codes.make((await customer.identity()).id, sim.now, shown=False)
    assert len(code) == codes.LONG
    return f"https://t.test/?start={person_codes.CARRIED}{code}"


async def follows(customer: Customer, link: str) -> None:
    """Open a link, and say that both are oneself."""
    await customer.opens(link)
    await customer.picks("Yes, both are me")


async def connected(sim: Simulator, on: str = "telegram") -> tuple[Customer, Customer]:
    """Ann on the web and elsewhere, who has proved that both are hers."""
    web, app = await sim.customer("Ann"), await sim.customer("Annie", on=on)
    await enters(app, await code_of(web))
    await web.picks("Yes, that is me")
    return web, app


async def bought(sim: Simulator, customer: Customer) -> Order:
    await customer.says("/shop")
    await customer.picks("Add to cart")
    await customer.picks("Check out")
    if "as last time" in (await customer.last()).text:
        await customer.picks("Yes")
    else:
        for text in ("Ann", "13800138000", "Hangzhou"):
            await customer.says(text)
    await customer.picks("Place the order")
    return await Order.all().order_by("-id").first()  # type: ignore[return-value]


@pytest.mark.parametrize("on", ["telegram", "sms"])
async def test_a_code_makes_two_addresses_one_person(shops: Simulator, on: str) -> None:
    web, app = await shops.customer("Ann"), await shops.customer("Annie", on=on)
    code = await code_of(web)
    await app.says(f"/link {code.lower()}")
    assert "“Ann” in the chat on our website. Are you the one there, too?" in (await app.last()).text
    assert not await web.sees("Annie")  # they hear of nobody who only looks
    await app.picks("Yes, both are me")
    assert "go back to where you got the code" in (await app.last()).text
    assert "“Annie” has entered your code" in (await web.last()).text
    assert "your orders and addresses are in both" in (await web.last()).text
    assert await PersonLink.all().count() == 0

    await web.picks("Yes, that is me")
    assert "Connected: we know you in" in (await web.last()).text
    assert await app.sees("Good to see you here. We know you from the chat on our website")
    assert await PersonLink.all().count() == 1
    contacts = await Contact.all().order_by("id")
    assert [one.person_id for one in contacts] == [contacts[0].id, contacts[0].id]
    assert await Audit.filter(action="person.join").count() == 1
    person = await people.person(contacts[1].id)
    assert [known.account for known in person.identities] == ["webchat", on]


async def test_who_says_no_stays_alone(shops: Simulator) -> None:
    web, bob = await shops.customer("Ann"), await shops.customer("Bob", on="telegram")
    code = await code_of(web)
    await enters(bob, code)
    await web.picks("No, not me")
    assert "nothing is connected" in (await web.last()).text
    assert "not confirmed" in (await bob.last()).text
    assert await PersonLink.all().count() == 0
    ends = f"identity:{(await web.identity()).id} identity:{(await bob.identity()).id}"
    assert await Audit.filter(action="person.decline", object=ends).count() == 1
    await bob.says(f"/link {code}")
    assert "wrong, or used" in (await bob.last()).text


@pytest.mark.parametrize("answer", ["No", "cancel", None])
async def test_whoever_opens_a_strangers_link_is_asked_and_stays_alone(shops: Simulator, answer: str | None) -> None:
    """The stranger would read the orders, the addresses, and cancel what was bought."""
    await stock(shops)
    eve, ann = await shops.customer("Eve"), await shops.customer("Ann", on="telegram")
    order = await bought(shops, ann)
    await eve.says("hello")
    await ann.opens(await link_of(shops, eve))
    asked = (await ann.last()).text
    assert "Are you the one there, too?" in asked
    assert "the chat on our website" in asked
    assert "If somebody else sent you this, say no." in asked
    assert await PersonLink.all().count() == 0
    if answer:
        await ann.picks(answer)
    else:
        await shops.passes("11m")
        await ann.picks("Yes, both are me")
    assert await PersonLink.all().count() == 0
    await eve.says("/orders")
    assert not any(order.number in button.label for seen in await eve.screen() for button in seen.buttons)
    assert not await eve.sees("not confirmed")


async def test_every_other_code_gets_an_answer_that_tells_nothing(shops: Simulator) -> None:
    web, app = await shops.customer("Ann"), await shops.customer("Bob", on="telegram")
    old = await code_of(web)
    await web.says(f"/link {old}")
    assert "from this very chat" in (await web.last()).text
    await shops.passes("11m")
    fresh = await code_of(web)
    answers = []
    for code in (old, "ABCD-2345"):
        await app.says(f"/link {code}")
        answers.append((await app.last()).text)
    assert len(set(answers)) == 1
    assert "wrong, or used, or older than ten minutes" in answers[0]
    await app.says(fresh)  # without the command
    await app.picks("Yes, both are me")
    await web.picks("Yes, that is me")
    third = await shops.customer("Eve", on="sms")
    await third.says(f"/link {fresh}")
    assert (await third.last()).text == answers[0]


async def test_guessing_locks_the_address_and_nobody_else(one_shop: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    sim = one_shop
    web, eve = await sim.customer("Ann"), await sim.customer("Eve", on="telegram")
    code = await code_of(web)
    for _ in range(codes.FREE_OF_ONE):
        await eve.says("/link AAAA-2222")
    await eve.says(f"/link {code}")
    assert "Too many codes" in (await eve.last()).text
    await sim.passes("11m")
    await eve.says("/link AAAA-2222")
    assert "wrong, or used" in (await eve.last()).text

    monkeypatch.setattr(codes, "ALARMING", 3)
    for name in ("Mo", "Jo", "Bo"):
        one = await sim.customer(name, on="telegram")
        await one.says("/link AAAA-2222")
    alarms = await Audit.filter(action="code.guessing").order_by("object").values_list("object", flat=True)
    assert alarms == ["codes:customers", "codes:staff"]
    late, code = await sim.customer("Lo", on="telegram"), await code_of(web)
    await late.says(f"/link {code}")
    assert "Are you the one there, too?" in (await late.last()).text


async def test_a_link_is_no_guess_and_a_code_from_the_desk_is_none_of_a_customers(one_shop: Simulator) -> None:
    sim = one_shop
    web, eve, mei = await sim.customer("Ann"), await sim.customer("Eve", on="telegram"), await sim.staff("Mei")
    await web.says("hello")
    for _ in range(2 * codes.FREE_OF_ONE):
        await eve.opens(f"https://t.test/?start={person_codes.CARRIED}{codes.make(codes.LONG)}")
    await eve.opens(await link_of(sim, web))
    assert "Are you the one there, too?" in (await eve.last()).text
    await eve.picks("No")
    for _ in range(codes.FREE_OF_ONE - 1):
        await eve.says("/link AAAA-2222")
    code, _ends = await staff.make_link_code(mei.id, sim.now)
    await eve.says(code)  # without the command
    assert "linked to your staff account" in (await eve.last()).text


@pytest.mark.parametrize("word", ["thanks4u", "Galaxy23", "ABCD-2345"])
async def test_words_that_look_like_a_code_are_words(one_shop: Simulator, word: str) -> None:
    eve, web = await one_shop.customer("Eve", on="telegram"), await one_shop.customer("Ann")
    for _ in range(2 * codes.FREE_OF_ONE):
        await eve.says(word)
        assert "I did not quite get that" in (await eve.last()).text
    assert await LoginAttempt.filter(locked_until__not_isnull=True).count() == 0
    before = await LoginAttempt.all().values_list("subject", "failures")
    old = await code_of(web)
    await one_shop.passes("11m")
    await eve.says(old)
    assert "wrong, or used, or older than ten minutes" in (await eve.last()).text
    assert await LoginAttempt.filter(subject__contains="alone").values_list("subject", "failures") == [
        one for one in before if "alone" in one[0]
    ]


async def test_codes_are_not_tried_by_leaving_the_command_out(
    one_shop: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim = one_shop
    monkeypatch.setattr(codes, "ALARMING", codes.FREE_ALONE)
    web, eve, ann = [await sim.customer(name, on=on) for name, on in (("Ann", ""), ("Eve", "telegram"), ("Bo", "sms"))]
    for _ in range(codes.FREE_ALONE):
        await eve.says("AAAA2222")
        assert "I did not quite get that" in (await eve.last()).text
    code = await code_of(web)
    for said in (code, "AAAA2222"):  # a right one tells them nothing, either
        await eve.says(said)
        assert "Too many codes" in (await eve.last()).text
    assert await Audit.filter(action="code.guessing", object="codes:customers").count() == 1
    await ann.says(code)  # nobody else waits for them
    assert "Are you the one there, too?" in (await ann.last()).text


async def test_a_code_that_the_customer_sees_survives_that_it_is_made_again(one_shop: Simulator) -> None:
    """After a crash the call is made again, and the first answer of it has the word."""
    web, app = await one_shop.customer("Ann"), await one_shop.customer("Annie", on="telegram")
    code = await code_of(web)
    await one_shop.runtime.persons.invite("call:again", (await web.identity()).id)
    await app.says(f"/link {code}")
    assert "Are you the one there, too?" in (await app.last()).text
    other = await code_of(web)
    await code_of(web)
    await app.says(f"/link {other}")  # whoever asks for another one has that alone
    assert "wrong, or used" in (await app.last()).text


async def test_a_link_that_nobody_saw_moves_the_talk_after_one_question(shops: Simulator) -> None:
    await stock(shops)
    web, app = await shops.customer("Ann"), await shops.customer("Annie", on="telegram")
    await web.says("/shop")
    await web.picks("Add to cart")
    await web.picks("Check out")
    await web.says("Ann")
    link = await link_of(shops, web)
    await follows(app, link)
    assert "Connected" in (await web.last()).text
    assert await app.sees("Good to see you here")
    assert await app.sees("/unlink takes it back")
    talk, there = await web.conversation(), await app.conversation()
    assert talk.continues_in == there.id

    # What was asked on the web is offered in the app, with every answer kept.
    assert "We had not finished" in (await app.last()).text
    await app.picks("Go on")
    for text in ("13800138000", "Hangzhou"):
        await app.says(text)
    await app.picks("Place the order")
    order = await Order.get()
    assert (order.name, order.contact_id) == ("Ann", there.contact_id)
    assert await CartLine.all().count() == 0

    await web.says("/orders")
    assert (await web.conversation()).continues_in is None
    assert any(order.number in button.label for seen in await web.screen() for button in seen.buttons)
    await app.opens(link)  # once more, to the same end, and nothing is asked
    assert await app.times("Are you the one there, too?") == 1
    assert "You are connected with the chat on our website already" in (await app.last()).text
    assert await PersonLink.all().count() == 1


async def test_parting_gives_the_question_back_and_the_same_link_asks_again(shops: Simulator) -> None:
    await stock(shops)
    web, app = await shops.customer("Ann"), await shops.customer("Annie", on="telegram")
    for said in ("/shop", "Add to cart", "Check out", "Ann"):
        await web.picks(said)
    link = await link_of(shops, web)
    await follows(app, link)
    await app.picks("Go on")
    await app.says("13800138000")
    await app.says("/unlink")
    await app.picks("Yes")
    assert (await web.conversation()).continues_in is None
    assert [row.conversation_id for row in await Dialog.filter(handler="checkout.check_out")] == [
        (await web.conversation()).id
    ]
    before = len(await app.screen())
    await app.says("Hangzhou")
    assert not any("Hangzhou" in seen.text for seen in (await app.screen())[before:])

    await app.opens(link)
    assert "That code is wrong" in (await app.last()).text
    assert await PersonLink.all().count() == 0
    assert await web.sees("are apart now")
    await web.picks("Go on")
    for said in ("555 0100", "Suzhou"):
        await web.says(said)
    await web.picks("Place the order")
    order = await Order.get()
    assert (order.name, order.phone, order.address) == ("Ann", "555 0100", "Suzhou")


async def test_orders_and_carts_are_one_until_staff_part_them(shops: Simulator) -> None:
    await stock(shops)
    web, app = await connected(shops)
    first = await bought(shops, web)
    await app.says("/shop")
    await app.picks("Add to cart")
    await web.says("/shop")
    await web.picks("Add to cart")
    await web.says("/cart")
    assert "¥136.00" in (await web.last()).text
    second = await bought(shops, app)
    await app.says("/orders")
    labels = [button.label for seen in await app.screen() for button in seen.buttons]
    assert all(any(one.number in label for label in labels) for one in (first, second))

    mei, link = await shops.staff("Mei", "manager"), await PersonLink.get()
    await shops.runtime.persons.part(link.id, mei.id)
    assert [one.person_id for one in await Contact.all()] == [None, None]
    assert await PersonLink.all().count() == 0
    assert {first.contact_id, second.contact_id} == {
        (await web.conversation()).contact_id,
        (await app.conversation()).contact_id,
    }
    await app.says("/orders")
    assert not any(first.number in button.label for button in (await app.last()).buttons)
    assert await Audit.filter(action="person.part", staff_id=mei.id).count() == 1


async def test_whoever_was_with_them_goes_along(shops: Simulator) -> None:
    web, app, mei = await shops.customer("Ann"), await shops.customer("Annie", on="telegram"), await shops.staff("Mei")
    await web.says("Do you have Longjing?")
    talk = await web.conversation()
    await shops.runtime.desk.take_over(talk.id, mei.id)
    await follows(app, await link_of(shops, web))
    assert not await app.sees("Longjing")  # what was said there stays there
    assert "Mei goes on with you here." in (await app.last()).text
    there = await app.conversation()
    assert there.owner_id == mei.id
    before = len(await app.screen())
    await app.says("hello?")
    assert len(await app.screen()) == before
    await shops.runtime.desk.say(there.id, mei.id, "m1", "Yes, we have", ())
    await shops.runtime.idle()
    assert (await app.last()).text == "Yes, we have"


async def test_two_codes_that_cross_make_one_person_once(one_shop: Simulator) -> None:
    sim = one_shop
    web, app = await sim.customer("Ann"), await sim.customer("Annie", on="telegram")
    mine, theirs = await code_of(web), await code_of(app)
    await enters(app, mine)
    await enters(web, theirs)
    await web.picks("Yes, that is me")
    await app.picks("Yes, that is me")
    assert await PersonLink.all().count() == 1
    assert await Inbound.filter(state="parked").count() == 0
    assert await Dialog.filter(state="calling").count() == 0


async def test_three_apps_are_parted_at_the_very_proof(one_shop: Simulator) -> None:
    sim = one_shop
    web, app = await connected(sim)
    third = await sim.customer("Anna", on="sms")
    await enters(third, await code_of(app))
    await app.picks("Yes, that is me")
    ids = [(await one.identity()).contact_id for one in (web, app, third)]
    assert await same_person.members(ids[2]) == sorted(ids)
    mei = await sim.staff("Mei", "manager")
    between = await PersonLink.get(asked_id=(await web.identity()).id)
    await sim.runtime.persons.part(between.id, mei.id)
    assert await same_person.members(ids[0]) == [ids[0]]
    assert await same_person.members(ids[1]) == sorted(ids[1:])


async def test_a_code_that_is_not_confirmed_is_over(one_shop: Simulator) -> None:
    sim = one_shop
    web, app = await sim.customer("Ann"), await sim.customer("Annie", on="telegram")
    await enters(app, await code_of(web))
    await sim.passes("11m")
    assert "not confirmed in the other app" in (await app.last()).text
    await sim.passes("1m")
    assert await app.times("not confirmed in the other app") == 1
    await web.picks("Yes, that is me")
    assert await PersonLink.all().count() == 0
    await sim.passes("30m")
    async with transaction():
        await person_codes.prune(sim.now)
    assert await PersonCode.all().count() == 0
    assert await Conversation.filter(continues_in__not_isnull=True).count() == 0


@pytest.fixture
async def one_shop(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Simulator]:
    """The same shops, plainly: for what does not depend on how often things arrive."""
    more = (PROFILES["telegram"], PROFILES["sms"])
    async with Simulator(PROFILES["webchat"], tmp_path, sqlite_url, more=more) as world:
        yield world


async def test_an_order_number_is_no_wrong_code(one_shop: Simulator) -> None:
    await stock(one_shop)
    web = await one_shop.customer("Ann")
    order = await bought(one_shop, web)
    await web.says(order.number.lower())
    assert (await web.last()).text == "That is the number of your order."
    await web.picks("Show the order")
    assert order.number in (await web.last()).text


async def test_news_of_an_order_go_where_the_customer_was_last(one_shop: Simulator) -> None:
    sim = one_shop
    await stock(sim)
    web, app = await connected(sim)
    order, mei = await bought(sim, web), await sim.staff("Mei", "manager")
    await sim.passes("1m")
    await app.says("hello")
    await web.pays()
    await sim.runtime.till.step(order.id, "pack", mei.id)
    await sim.runtime.idle()
    assert await app.sees(f"Order {order.number} is packed and will leave soon.")
    assert not await web.sees(f"Order {order.number} is packed and will leave soon.")
    link = await PersonLink.get()
    await sim.runtime.persons.part(link.id, mei.id)
    await sim.runtime.till.step(order.id, "ship", mei.id)
    await sim.runtime.idle()
    assert await web.sees(f"Order {order.number} is on its way to you.")
    assert not await app.sees("is on its way")


async def test_the_servers_join_and_part_as_well(server_url: str, tmp_path: Path) -> None:
    async with Simulator(PROFILES["webchat"], tmp_path, server_url, MODES[1], more=(PROFILES["telegram"],)) as sim:
        await stock(sim)
        web, app = await connected(sim)
        order = await bought(sim, web)
        await app.says("/orders")
        assert any(order.number in button.label for seen in await app.screen() for button in seen.buttons)
        mei, link = await sim.staff("Mei", "manager"), await PersonLink.get()
        assert (await people.listed())[0].accounts == ("webchat", "telegram")
        await sim.runtime.persons.part(link.id, mei.id)
        await app.says("/orders")
        assert "You have no orders yet." in (await app.last()).text


async def test_two_chats_of_one_app_are_told_apart(one_shop: Simulator) -> None:
    app, one, other = [await one_shop.customer(name, on="telegram") for name in ("Ann", "Work", "Home")]
    for phone in (one, other):
        await enters(phone, await code_of(app))
        await app.picks("Yes, that is me")
    await app.says("/unlink")
    assert [button.label for button in (await app.last()).buttons][:2] == ["Telegram (Work)", "Telegram (Home)"]
    await app.picks("Telegram (Home)")
    await app.picks("Yes")
    assert "This chat and Telegram are apart now" in (await other.last()).text
    assert not await one.sees("are apart now")


async def test_a_group_is_nobody(one_shop: Simulator) -> None:
    web, group = await one_shop.customer("Ann"), await one_shop.customer("Tea friends", on="telegram")
    code = await code_of(web)
    for said in ("/link", f"/link {code}", code):
        await one_shop.deliver(message.Inbound("telegram", one_shop.key(), group.sender, text=said, shared=True))
        assert "Several people read along here" in (await group.last()).text
    assert await PersonCode.filter(used_at__not_isnull=True).count() == 0


async def test_the_customer_takes_it_back(shops: Simulator) -> None:
    web, app = await connected(shops)
    await app.says("/unlink")
    assert "Shall this chat and the chat on our website (Ann) be apart again?" in (await app.last()).text
    await app.picks("Yes")
    for one in (app, web):
        assert "are apart now. Orders and cart are again where they were made" in (await one.last()).text
    assert await Message.filter(author="event", text="unlinked", staff_id=None).count() == 2
    assert await PersonLink.all().count() == 0
    assert await Audit.filter(action="person.part", staff_id=None).count() == 1
    await web.says("/unlink")
    assert "connected with no other app" in (await web.last()).text


async def test_a_shop_with_one_channel_names_no_others(sqlite_url: str, tmp_path: Path) -> None:
    async with Simulator(PROFILES["webchat"], tmp_path, sqlite_url, MODES[0]) as sim:
        ann = await sim.customer()
        await ann.says("/link")
        said = (await ann.last()).text
        assert "on your other device" in said
        assert "find us" not in said


async def test_an_order_page_leads_one_person_to_their_order_and_nobody_into_what_they_have(shops: Simulator) -> None:
    """Two open the same link at once: whoever is first is its customer, and the other one sees nothing of theirs."""
    page, ann, bob = await shops.customer(), await shops.customer(on="telegram"), await shops.customer(on="sms")
    for one in (page, ann, bob):
        await one.says("hello")
    key = await ApiKey.create(name="site", key_hash="x", scopes="", created_at=shops.now)
    order = await Order.create(
        number="P7K2-4M9Q", contact_id=(await page.identity()).contact_id, state="placed", total=1, currency="CNY",
        name="Ann", phone="", address="x", created_at=shops.now, updated_at=shops.now,
    )  # fmt: skip
    await ApiOrder.create(key=key, request_hash="x", order=order, created_at=shops.now)
    async with transaction():
        link = await person_codes.make((await page.identity()).id, shops.now, shown=False)
        typed = await person_codes.make((await page.identity()).id, shops.now, shown=True)
    await ann.says(f"/link {typed}")
    await bob.says(f"/link {link}")
    await ann.picks("Yes, both are me")  # nobody reads along on the page: there is nobody to be asked
    await bob.picks("Yes, both are me")
    first, second = [(await Contact.get(id=(await one.identity()).contact_id)).person_id for one in (ann, bob)]
    assert (first is not None, second) == (True, None)
    assert await bob.sees("That code is wrong, or used, or older than ten minutes.")
