"""Products: asked about from the shop's page or a card, in the middle of anything, with the bot or a person."""

from __future__ import annotations

from bot.core.message import Button
from bot.services.catalogue import LED, AboutProduct
from models import Conversation, Dialog, Message, Product
from tests.kit.simulator import Simulator
from tests.scenarios.shopkeeping import stock

ASK = Button("Ask about it", AboutProduct("LJ").pack())


async def test_a_question_about_a_product_reaches_a_person_with_its_name(sim: Simulator) -> None:
    await stock(sim)
    ann = await sim.customer()
    await ann.taps(ASK)
    assert await ann.sees("Longjing")
    assert "What would you like to know about Longjing?" in (await ann.last()).text
    await ann.says("Is it from this spring?")
    row = await Conversation.get()
    assert (row.reason, row.waiting_since) == ("About Longjing: Is it from this spring?", sim.now)
    assert await ann.times("I have passed your question to a colleague") == 1
    assert await Dialog.all().count() == 0


async def test_a_link_from_the_page_of_a_product_shows_it(sim: Simulator) -> None:
    await stock(sim)
    ann = await sim.customer()
    row = await Product.get(sku="LJ")
    await ann.opens(f"https://t.me/shop?start={LED}{row.id}")
    assert await ann.sees("Longjing")
    await ann.picks("Add to cart")
    assert await ann.sees("In your cart now: Longjing")
    for lost in ("999", "", "x" * 30):
        await ann.opens(f"https://t.me/shop?start={LED}{lost}")
        assert "We no longer have that one." in (await ann.last()).text


async def test_a_question_in_between_leaves_the_open_one_for_later(sim: Simulator) -> None:
    await stock(sim)
    ann = await sim.customer()
    await ann.says("review")
    await ann.taps(ASK)
    assert "What would you like to know about Longjing?" in (await ann.last()).text
    await ann.says("4")
    assert (await Conversation.get()).reason == "About Longjing: 4"
    assert "How was it?" in (await ann.last()).text
    await ann.picks("Go on")
    await ann.picks("5 ★")
    assert "What should others know?" in (await ann.last()).text


async def test_who_talks_to_a_person_asks_that_person(sim: Simulator) -> None:
    await stock(sim)
    ann, mei = await sim.customer(), await sim.staff("Mei")
    await ann.says("hello")
    await sim.runtime.desk.take_over((await ann.conversation()).id, mei.id)
    before = len(await ann.screen())
    await ann._send(kind="callback", data=ASK.data, text="I have a question about Longjing")
    assert len(await ann.screen()) == before
    said = await Message.filter(author="customer").order_by("-seq").first()
    assert said is not None
    assert said.text == "I have a question about Longjing"


async def test_the_thread_says_which_product_was_added(sim: Simulator) -> None:
    for sku, name in (("LJ", "Longjing"), ("PE", "Pu'er")):
        await stock(sim, sku=sku, name=name)
    ann = await sim.customer()
    await ann.says("/shop")
    # Tapped, as on a channel with buttons, or typed as the second number.
    if any(button.data == "add:PE" for seen in await ann.screen() for button in seen.buttons):
        await ann.taps(Button("Add to cart", "add:PE"))
        assert "Add to cart · Pu'er" in await Message.filter(author="customer").values_list("text", flat=True)
    else:
        await ann.says("2")
    assert await ann.times("In your cart now: Pu'er.") == 1


async def test_a_product_that_is_gone_is_told(sim: Simulator) -> None:
    ann = await sim.customer()
    await ann.taps(ASK)
    assert await ann.sees("We no longer have that one.")


async def test_a_tap_on_an_older_card_reads_with_its_product(sim: Simulator) -> None:
    for sku, name in (("LJ", "Longjing"), ("PE", "Pu'er")):
        await stock(sim, sku=sku, name=name)
    ann = await sim.customer()
    await ann.says("/shop")
    for words in ("/help", "/cart", "/orders"):  # what numbers and labels stand for is another message's now
        await ann.says(words)
    await ann._send(kind="callback", data="add:PE", text="Add to cart")
    assert "Add to cart · Pu'er" in await Message.filter(author="customer").values_list("text", flat=True)
    assert await ann.times("In your cart now: Pu'er.") == 1


async def test_data_that_the_thread_never_offered_reads_as_the_platform_said_it(one_sim: Simulator) -> None:
    await stock(one_sim)
    ann = await one_sim.customer()
    await ann.says("/shop")
    await ann._send(kind="callback", data="nobody:knows", text="A button")
    assert await Message.filter(author="customer").order_by("seq").values_list("text", flat=True) == [
        "/shop",
        "A button",
    ]
