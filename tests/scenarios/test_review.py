"""Reviews, on every channel, doubled and restarted."""

from __future__ import annotations

from datetime import timedelta

from models import Conversation, Dialog, Message, Review
from tests.kit.simulator import Simulator
from tests.unit.pictures import png


async def test_a_review_is_saved_once(sim: Simulator) -> None:
    ann = await sim.customer("Ann")
    await ann.says("/review")
    await ann.picks("5 ★")
    await sim.restarts()
    await ann.says("Great tea")
    await ann.skips()

    review = await Review.get()
    assert (review.stars, review.text, review.account) == (5, "Great tea", sim.account)
    assert await ann.times("Thank you. Your review will show") == 1
    assert await Dialog.all().count() == 0


async def test_an_unhappy_customer_gets_a_person(sim: Simulator) -> None:
    ann = await sim.customer("Ann", "zh-Hans")
    await ann.says("写评价")
    await ann.says("②")
    await ann.says("不好喝")
    await ann.skips()

    row = await Conversation.get()
    assert (await Review.get()).stars == 2
    assert (row.reason, row.priority) == ("差评", 1)
    assert row.waiting_since == sim.now


async def test_photos_come_one_by_one_until_done(sim: Simulator) -> None:
    ann = await sim.customer()
    await ann.says("review")
    await ann.picks("4 ★")
    await ann.skips()
    for name in ("a.png", "b.png"):
        await ann.sends(name, png())
    await ann.picks("Done")

    review = await Review.get().prefetch_related("photos__attachment")
    assert [photo.attachment.name for photo in review.photos] == ["a.png", "b.png"]
    assert {photo.attachment.state for photo in review.photos} == {"stored"}


async def test_an_answer_that_does_not_parse_is_asked_again(sim: Simulator) -> None:
    ann = await sim.customer()
    await ann.says("review")
    await ann.says("wonderful")
    assert "one to five stars" in (await ann.last()).text
    await ann.picks("3 ★")
    assert "What should others know?" in (await ann.last()).text


async def test_back_changes_the_stars(sim: Simulator) -> None:
    ann = await sim.customer()
    await ann.says("review")
    await ann.picks("1 ★")
    await ann.says("back")
    await ann.picks("5 ★")
    await ann.skips()
    await ann.skips()
    assert (await Review.get()).stars == 5


async def test_a_new_command_sets_the_review_aside_and_offers_it_again(sim: Simulator) -> None:
    ann = await sim.customer()
    await ann.says("review")
    await ann.says("/orders")
    assert "How was it?" in (await ann.last()).text
    await ann.picks("Go on")
    await ann.picks("5 ★")
    assert "What should others know?" in (await ann.last()).text


async def test_what_is_left_for_later_is_offered_once_in_a_visit(sim: Simulator) -> None:
    ann = await sim.customer()
    await ann.says("review")
    await ann.says("later")
    for command in ("/orders", "/cart", "/help"):
        await ann.says(command)
    assert await ann.times("We had not finished") == 1
    await sim.passes("12h")
    await ann.says("/orders")
    assert await ann.times("We had not finished") == 2
    await ann.picks("Go on")
    assert "How was it?" in (await ann.last()).text
    await ann.says("/orders")
    assert await ann.times("We had not finished") == 3  # it was set aside anew
    await ann.picks("Drop it")
    assert await Dialog.all().count() == 0


async def test_a_reminder_comes_once_and_then_the_end(sim: Simulator) -> None:
    ann = await sim.customer()
    await ann.says("review")
    await sim.passes("1d")
    await sim.passes("1d")
    window = sim.capabilities.reply_window
    may = window is None or window > timedelta(days=1)  # else the platform takes nothing that is unprompted
    assert await ann.times("Are you still there?") == int(may)
    await sim.passes("2d")
    assert await ann.times("I have closed what we had begun") == int(window is None or window > timedelta(days=4))
    assert await Dialog.all().count() == 0
    assert await Review.all().count() == 0


async def test_every_message_shows_once_and_in_order(sim: Simulator) -> None:
    ann = await sim.customer()
    for text in ("hello", "review", "5", "good", "skip"):
        await ann.says(text)
    said = await Message.filter(author="customer").order_by("seq").values_list("text", flat=True)
    assert list(said) == ["hello", "review", "5", "good", "skip"]
    seqs = await Message.all().order_by("seq").values_list("seq", flat=True)
    assert list(seqs) == list(range(1, len(seqs) + 1))
