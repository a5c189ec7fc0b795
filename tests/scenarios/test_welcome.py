"""Hello, the menu, languages, and what nobody understands."""

from __future__ import annotations

import pytest

from tests.kit.profiles import PROFILES
from tests.kit.simulator import Simulator
from tests.scenarios.shopkeeping import stock
from tests.unit.pictures import png


@pytest.mark.parametrize("answer", ["4", "四", "my orders"])
async def test_a_menu_is_answered_as_people_type(sim: Simulator, answer: str) -> None:
    ann = await sim.customer()
    await ann.says("hello")
    await ann.says(answer)
    assert "You have no orders yet." in (await ann.last()).text


async def test_who_types_start_is_greeted_as_by_a_link(sim: Simulator) -> None:
    ann = await sim.customer()
    for words in ("/start", "/Start from-a-flyer"):
        await ann.says(words)
        assert "good to see you" in (await ann.last()).text
    assert not await ann.sees("I did not quite get that")


async def test_the_customers_language_is_spoken_and_can_be_switched(sim: Simulator) -> None:
    ann = await sim.customer("小安", "zh-hans")
    await ann.says("你好")
    assert "小安，您好，很高兴见到您。" in (await ann.last()).text
    await ann.says("语言")
    await ann.picks("English")
    await ann.says("hello")
    assert "good to see you" in (await ann.last()).text


async def test_what_nobody_understands_gets_the_menu(sim: Simulator) -> None:
    ann = await sim.customer()
    await ann.says("what is the meaning of life")
    assert await ann.sees("I did not quite get that.")


@pytest.mark.parametrize(
    "said",
    ["longjing", "Do you have Longjing?", "how much is the longjing", "I'd like to buy some longjing, please",
     "请问龙井还有货吗？", "我想买龙井", "龙井多少钱", "来一罐龙井"],
)  # fmt: skip
async def test_who_names_what_is_sold_sees_it(one_sim: Simulator, said: str) -> None:
    await stock(one_sim, name="Longjing 龙井")
    ann = await one_sim.customer()
    await ann.says(said)
    assert await ann.sees("Here is what I found for")
    await ann.picks("Add to cart")


@pytest.mark.parametrize("said", ["ok", "G", "?", "1", "in", "sale " * 100])
async def test_what_names_nothing_is_not_looked_for(one_sim: Simulator, said: str) -> None:
    await stock(one_sim)
    ann = await one_sim.customer()
    await ann.says(said)
    assert not await ann.sees("Here is what I found")


@pytest.mark.parametrize(("said", "heard"), [("Thank you!", "You are welcome."), ("好的。", "All right.")])
async def test_who_is_only_polite_is_not_shown_the_menu(one_sim: Simulator, said: str, heard: str) -> None:
    ann = await one_sim.customer()
    await ann.says(said)
    last = await ann.last()
    assert heard in last.text
    assert not last.buttons


async def test_who_waits_for_a_person_is_not_told_that_nobody_understands(sim: Simulator) -> None:
    ann = await sim.customer()
    await ann.says("talk to a human")
    await ann.says("my cup is broken")
    await ann.says("it is the blue one")
    assert "A colleague will read it and answer right here." in (await ann.last()).text
    assert not await ann.sees("I did not quite get that.")


async def test_who_has_not_said_which_is_spoken_to_in_the_language_of_the_platform(sim: Simulator) -> None:
    ann = await sim.customer(locale="")
    await ann.says("?!")
    is_chinese = PROFILES[sim.account].language == "zh"
    assert await ann.sees("我没太明白" if is_chinese else "I did not quite get that.")


async def test_an_album_is_one_message(one_sim: Simulator) -> None:
    ann = await one_sim.customer()
    await ann.says("hello")
    await ann.sends_album([(f"{name}.png", png()) for name in "abc"])
    assert await ann.times("I have kept your 3 files.") == 1


async def test_a_button_of_the_past_is_told_kindly(sim: Simulator) -> None:
    await stock(sim)
    ann = await sim.customer()
    await ann.says("review")
    if not (await ann.last()).buttons:
        return  # without buttons there is nothing old to tap
    old = (await ann.last()).buttons[0]
    await ann.picks("5 ★")
    await ann.taps(old)
    assert await ann.sees("That button is from earlier")
    assert "What should others know?" in (await ann.last()).text
