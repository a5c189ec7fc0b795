"""Article numbers of any length: the button works on every channel, after a restart, and when it is an old one."""

from __future__ import annotations

from models import CartLine, Conversation, Message
from tests.kit.simulator import Customer, Simulator
from tests.scenarios.shopkeeping import stock

LONG = "春茶:" + "九曲红梅" * 15  # 63 characters, 187 bytes


async def cart() -> list[tuple[str, int]]:
    return [(line.product.sku, line.quantity) for line in await CartLine.all().prefetch_related("product")]


def _fits(sim: Simulator, data: str) -> bool:
    return len(data.encode()) <= sim.capabilities.button_data


async def _add_buttons(ann: Customer) -> list[str]:
    return [one.data for seen in await ann.screen() for one in seen.buttons if one.label == "Add to cart"]


async def test_a_long_article_number_is_ordered_like_any_other(sim: Simulator) -> None:
    await stock(sim, sku=LONG, name="Nine Bends")
    ann = await sim.customer()
    await ann.says("/shop")
    await ann.picks("Add to cart")
    assert (await cart(), await ann.times("In your cart now: Nine Bends.")) == ([(LONG, 1)], 1)
    await ann.says("/cart")
    await ann.picks("+1 Nine Bends")
    assert await cart() == [(LONG, 2)]


async def test_no_button_carries_more_than_its_channel_takes(sim: Simulator) -> None:
    await stock(sim, sku=LONG, name="Nine Bends")
    ann = await sim.customer()
    await ann.says("/shop")
    if not sim.capabilities.stored_delivery:
        assert all(_fits(sim, data) for data in await _add_buttons(ann))
    # The thread keeps all of it: what is typed, and what the button refers to, is found there.
    assert any(LONG.replace(":", "%3A") in body for body in await Message.all().values_list("body", flat=True))


async def test_an_old_button_still_means_what_it_meant(one_sim: Simulator) -> None:
    await stock(one_sim, sku=LONG, name="Nine Bends")
    ann = await one_sim.customer()
    await ann.says("/shop")
    (data,) = await _add_buttons(ann)
    await stock(one_sim, sku="LJ", name="Longjing")
    for words in ("/shop", "/cart", "/help"):
        await ann.says(words)
    await one_sim.restarts()
    await ann._send(kind="callback", data=data)
    assert await cart() == [(LONG, 1)]


async def test_a_reference_means_nothing_in_another_thread_or_when_nothing_is_there(one_sim: Simulator) -> None:
    await stock(one_sim, sku=LONG, name="Nine Bends")
    ann, eve = await one_sim.customer(), await one_sim.customer("Eve")
    await ann.says("/shop")
    (data,) = await _add_buttons(ann)
    strangers = [data, "m:1:1", "m:2:99", "m:2:0", "m:9999999999:1", "m:", "m:1", "m:-1:1", "m:1:" + "9" * 400]
    for one in strangers:
        await eve._send(kind="callback", data=one)
    assert await eve.times("That button is from earlier and no longer works.") == len(strangers)
    assert await cart() == []


async def test_the_thread_says_what_was_tapped(one_sim: Simulator) -> None:
    await stock(one_sim, sku=LONG, name="Nine Bends")
    ann = await one_sim.customer()
    await ann.says("/shop")
    await ann.picks("Add to cart")
    row = await Conversation.get()
    said = await Message.filter(conversation_id=row.id, author="customer").order_by("-seq").first()
    assert said is not None
    assert said.text == "Add to cart · Nine Bends"
