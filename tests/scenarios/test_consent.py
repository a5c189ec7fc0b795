"""What people allow us to write unasked: asked plainly, proved, obeyed at once, on every channel."""

from __future__ import annotations

import pytest

from bot.core.message import Inbound
from bot.services import consents
from models import Consent, Dialog, Order
from models.database import transaction
from tests.kit.simulator import Customer, Simulator
from tests.scenarios.test_order import who_ordered

STOPPED = "no more news and reminders here"


async def standing(of: Customer) -> dict[str, bool]:
    """The newest of each kind that was ever said."""
    rows = await Consent.filter(identity_id=(await of.identity()).id).order_by("id")
    return {row.kind: row.given for row in rows}


async def ships(sim: Simulator, to: Customer) -> None:
    """The shop sends the order, and the customer would be told."""
    number = (await Order.get()).number
    await Order.all().update(state="shipped")
    await sim.deliver(Inbound(sim.account, f"order:{number}:shipped", to.sender, "order", data=number))


async def test_news_are_asked_for_stopped_in_the_middle_of_anything_and_come_back(sim: Simulator) -> None:
    """On every channel, with each message delivered twice and a restart before each."""
    ann = await sim.customer()
    await ann.says("/news")
    await ann.picks("Yes")
    proof = await Consent.get()
    assert (proof.kind, proof.given, proof.way, proof.at, proof.staff_id) == ("news", True, "asked", sim.now, None)
    assert proof.said.startswith("May we write to you here now and then")
    await ann.says("review")
    await ann.picks("5 ★")
    await ann.says("Stop!")  # words are asked for, but nobody's review is STOP
    assert await standing(ann) == {"news": False, "reminders": False}
    assert (await ann.times(STOPPED), await Dialog.all().count()) == (1, 0)
    before = await ann.screen()
    await ann.says("退订")
    assert await ann.screen() == before
    await ann.says("START")
    assert await standing(ann) == {"news": True, "reminders": True}


@pytest.mark.parametrize("word", ["/stop", "STOP.", "ＳＴＯＰ", "unsubscribe", "退订。", "TD"])
async def test_stop_in_every_spelling(one_sim: Simulator, word: str) -> None:
    ann = await one_sim.customer()
    await ann.says(word)
    assert (await standing(ann), await ann.times(STOPPED)) == ({"reminders": False}, 1)


async def test_stop_is_obeyed_while_a_person_has_the_word_and_nobody_else_speaks(one_sim: Simulator) -> None:
    ann, mei = await one_sim.customer(), await one_sim.staff()
    await ann.says("hello")
    await one_sim.runtime.desk.take_over((await ann.conversation()).id, mei.id)
    before = list(await ann.screen())
    await ann.says("退订")
    assert (await standing(ann), await ann.screen()) == ({"reminders": False}, before)


async def test_news_of_own_orders_go_on_until_they_are_named(one_sim: Simulator) -> None:
    ann = await who_ordered(one_sim)
    await ann.pays()
    await ann.says("STOP")
    await ships(one_sim, ann)
    assert await ann.times("is on its way to you") == 1


async def test_who_wants_nothing_gets_nothing_unasked_and_every_answer(one_sim: Simulator) -> None:
    ann = await who_ordered(one_sim)
    await ann.pays()
    await ann.says("STOP")
    await ann.picks("Not even of my orders")
    assert await standing(ann) == {"reminders": False, "orders": False}
    await ships(one_sim, ann)
    assert await ann.times("is on its way to you") == 0
    await ann.says("my orders")
    assert await ann.sees("Here are your orders.")


async def test_a_no_is_kept_as_well(one_sim: Simulator) -> None:
    ann = await one_sim.customer()
    await ann.says("/news")
    await ann.picks("No")
    assert await standing(ann) == {"news": False}
    await ann.says("/news")
    assert await ann.sees("News of the shop: no")


async def test_start_asks_before_it_means_news(one_sim: Simulator) -> None:
    """Who types "start" to begin a talk has not asked for news."""
    ann = await one_sim.customer()
    await ann.says("STOP")
    await ann.says("START")
    assert await standing(ann) == {"reminders": True}
    assert (await ann.last()).text.startswith("May we write to you here")


async def test_start_takes_back_no_more_than_their_own_stop(one_sim: Simulator) -> None:
    """Staff wrote down that she wants no news, or she said no when she was asked: a later word is no yes."""
    ann = await one_sim.customer()
    mei = await one_sim.staff("Mei", "manager")
    await ann.says("/news")
    await ann.picks("Yes")
    async with transaction():
        await consents.change((await ann.identity()).id, "news", False, "", mei.id, one_sim.now)
    await ann.says("START")
    assert await standing(ann) == {"news": False}
    await ann.picks("Yes")
    assert await standing(ann) == {"news": True}
    await ann.says("STOP")
    await ann.says("START")
    assert await standing(ann) == {"news": True, "reminders": True}


async def test_the_platforms_own_switch_gives_back_what_it_took(one_sim: Simulator) -> None:
    ann = await one_sim.customer()
    await ann.says("/news")
    await ann.picks("Yes")

    async def switches(to: str) -> dict[str, bool]:
        key = one_sim.key()
        await one_sim.deliver(Inbound(one_sim.account, key, ann.sender, "reach", text=f"C2C {to}", data=to))
        return await standing(ann)

    assert await switches("answers") == {"news": False, "orders": False, "reminders": False}
    assert await switches("unasked") == {"news": True, "orders": True, "reminders": True}
    await ann.says("STOP")
    assert await switches("answers") == {"news": False, "orders": False, "reminders": False}
    assert await switches("unasked") == {"news": False, "orders": True, "reminders": False}
    assert await Consent.filter(way="switch").count() == 8


async def test_who_wants_no_reminders_is_not_reminded(one_sim: Simulator) -> None:
    ann = await one_sim.customer()
    await ann.says("STOP")
    await ann.says("review")
    await one_sim.passes("1d")
    assert await ann.times("Are you still there?") == 0
    await ann.picks("5 ★")
    assert "What should others know?" in (await ann.last()).text
