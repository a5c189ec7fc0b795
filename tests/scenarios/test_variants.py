"""Choosing a variant, waiting for one that is sold out, and searching, on every channel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.money import Money
from bot.core.quiet import NEVER, parse
from bot.services import products, same_person
from bot.services.products import PriceSpec, ProductSpec, VariantSpec
from models import CartLine, StockAlert
from models.database import transaction
from tests.kit.profiles import PROFILES
from tests.kit.simulator import Customer, Simulator
from tests.unit.services.shop import lies, stocked

SIZE, COLOUR = {"en": "size", "zh": "尺寸"}, {"en": "colour", "zh": "颜色"}
SMALL, LARGE = {"en": "Small", "zh": "小"}, {"en": "Large", "zh": "大"}
RED, BLUE = {"en": "Red", "zh": "红"}, {"en": "Blue", "zh": "蓝"}


async def shirts(sim: Simulator) -> None:
    """Red ones in two sizes, and a large blue one, of which there is none at the moment."""
    made = (("S-R", 9900, (SMALL, RED)), ("L-R", 9900, (LARGE, RED)), ("L-B", 10900, (LARGE, BLUE)))
    variants = [VariantSpec(sku, [PriceSpec(Money(price, "CNY"))], values) for sku, price, values in made]
    spec = ProductSpec("shirt", {"en": "Shirt", "zh": "衬衫"}, variants, options=[SIZE, COLOUR])
    await stocked(spec, {"S-R": {"main": 2}, "L-R": {"main": 1}, "L-B": {"main": 0}}, sim.now)


async def wants_the_blue_one(ann: Customer) -> None:
    await ann.says("/search shirt")
    await ann.picks("See the options")
    await ann.picks("Large")
    await ann.picks("Blue · ¥109.00 (sold out)")


async def test_each_option_is_a_question(sim: Simulator) -> None:
    await shirts(sim)
    ann = await sim.customer()
    await ann.says("search SHIR")
    await ann.picks("See the options")
    assert "Shirt: which size?" in (await ann.last()).text
    await ann.picks("Small · ¥99.00")
    assert await ann.times("In your cart now: Shirt (Small, Red).") == 1
    assert (await CartLine.get().select_related("variant")).variant.sku == "S-R"


async def test_who_waits_for_what_is_sold_out_is_told_once(sim: Simulator) -> None:
    await shirts(sim)
    ann = await sim.customer()
    await wants_the_blue_one(ann)
    await ann.picks("Tell me when back")
    assert await ann.sees("I will tell you here when Shirt (Large, Blue) is back.")
    await sim.passes("1m")
    assert await ann.times("Shirt (Large, Blue) is back, as you asked.") == 0
    await lies(1, "L-B")
    await sim.passes("1m")
    await sim.passes("1m")
    assert await ann.times("Shirt (Large, Blue) is back, as you asked.") == 1
    assert await StockAlert.all().count() == 0
    await ann.picks("Add to cart")
    assert await ann.times("In your cart now: Shirt (Large, Blue).") == 1


@pytest.mark.parametrize(
    ("channel", "quiet"), [("wechat", ""), ("telegram", "22:00-08:00")], ids=["window_closed", "night"]
)
async def test_what_waited_to_be_told_is_told_although_they_write(
    channel: str, quiet: str, sqlite_url: str, tmp_path: Path
) -> None:
    """What goes on with a talk is moot once they write; that it is back is news still."""
    night = parse(quiet, "UTC") if quiet else NEVER
    async with Simulator(PROFILES[channel], tmp_path, sqlite_url, quiet=night) as sim:
        await shirts(sim)
        ann = await sim.customer()
        await wants_the_blue_one(ann)
        await ann.picks("Tell me when back")
        await sim.passes("14h" if quiet else "5d")
        await lies(1, "L-B")
        await sim.passes("1m")
        assert await StockAlert.all().count() == 0
        await ann.says("hello")
        await sim.passes("10h")
        assert await ann.times("Shirt (Large, Blue) is back, as you asked.") == 1


async def test_who_is_told_at_night_has_the_piece_from_the_morning_on(sqlite_url: str, tmp_path: Path) -> None:
    async with Simulator(PROFILES["telegram"], tmp_path, sqlite_url, quiet=parse("22:00-08:00", "UTC")) as sim:
        await shirts(sim)
        ann, bob = await sim.customer(), await sim.customer("Bob")
        for one in (ann, bob):
            await wants_the_blue_one(one)
            await one.picks("Tell me when back")
        sim.now = sim.now.replace(hour=23)
        await lies(1, "L-B")
        for span, told in (("1m", [0, 0]), ("7h", [0, 0]), ("3h", [1, 0]), ("2h", [1, 0]), ("3h", [1, 1])):
            await sim.passes(span)
            assert [await one.times("is back, as you asked") for one in (ann, bob)] == told


async def test_who_talks_with_a_person_is_told_afterwards_and_keeps_nobody_waiting(one_sim: Simulator) -> None:
    await shirts(one_sim)
    ann, bob, mei = await one_sim.customer(), await one_sim.customer("Bob"), await one_sim.staff()
    for one in (ann, bob):
        await wants_the_blue_one(one)
        await one.picks("Tell me when back")
    talk = (await ann.conversation()).id
    await one_sim.runtime.desk.take_over(talk, mei.id)
    await lies(1, "L-B")
    await one_sim.passes("1m")
    assert [await one.times("is back, as you asked") for one in (ann, bob)] == [0, 1]
    await one_sim.runtime.desk.give_back(talk, mei.id)
    for span, told in (("5h", [0, 1]), ("2h", [1, 1])):  # the one piece is Bob's for six hours
        await one_sim.passes(span)
        assert [await one.times("is back, as you asked") for one in (ann, bob)] == told


async def test_who_talks_with_a_person_where_they_are_reached_best_is_told_elsewhere(
    sqlite_url: str, tmp_path: Path
) -> None:
    """Of one piece Ann hears first, and Bob behind her of the next, whoever has the word with her in another app."""
    async with Simulator(PROFILES["telegram"], tmp_path, sqlite_url, more=[PROFILES["sms"]]) as sim:
        await shirts(sim)
        ann, bob, mei = await sim.customer(on="sms"), await sim.customer("Bob"), await sim.staff()
        for one in (ann, bob):
            await wants_the_blue_one(one)
            await one.picks("Tell me when back")
        app = await sim.customer("Annie")
        await app.says("hello")
        async with transaction():
            await same_person.join((await ann.identity()).id, (await app.identity()).id, sim.now)
        await sim.passes("1m")
        await app.says("I talk here now")
        await sim.runtime.desk.take_over((await app.conversation()).id, mei.id)
        for pieces, told in ((1, [1, 0, 0]), (2, [1, 0, 1])):
            await lies(pieces, "L-B")
            await sim.passes("1m")
            assert [await one.times("is back, as you asked") for one in (ann, app, bob)] == told


async def test_who_asked_in_two_apps_and_is_one_person_is_told_once(sqlite_url: str, tmp_path: Path) -> None:
    async with Simulator(PROFILES["telegram"], tmp_path, sqlite_url, more=[PROFILES["sms"]]) as sim:
        await shirts(sim)
        ann, app, bob = await sim.customer(on="sms"), await sim.customer("Annie"), await sim.customer("Bob")
        for one in (ann, app, bob):
            await wants_the_blue_one(one)
            await one.picks("Tell me when back")
        async with transaction():
            await same_person.join((await ann.identity()).id, (await app.identity()).id, sim.now)
        await lies(2, "L-B")
        for _ in range(3):
            await sim.passes("1m")
        told = [await one.times("is back, as you asked") for one in (ann, app, bob)]
        assert (sum(told[:2]), told[2], await StockAlert.all().count()) == (1, 1, 0)


async def test_who_wants_no_reminders_is_not_told(one_sim: Simulator) -> None:
    await shirts(one_sim)
    ann = await one_sim.customer()
    await wants_the_blue_one(ann)
    await ann.picks("Tell me when back")
    await ann.says("STOP")
    await lies(1, "L-B")
    await one_sim.passes("1m")
    assert await ann.times("is back, as you asked") == 0


async def test_products_are_found_by_pieces_in_both_languages(one_sim: Simulator) -> None:
    await shirts(one_sim)
    spec = ProductSpec(
        "LJ-1", {"en": "Longjing", "zh": "龙井茶"}, [VariantSpec("LJ-1", [PriceSpec(Money(100, "CNY"))])]
    )
    await stocked(spec, {"LJ-1": {"main": 1}}, one_sim.now)
    ann = await one_sim.customer()
    for words, name in (
        ("/search 井", "Longjing"),
        ("搜索龙井", "Longjing"),
        ("search lj-1", "Longjing"),
        ("搜索 红 衬", "Shirt"),
    ):
        await ann.says(words)
        assert name in str((await ann.screen())[-2:]), words
    await ann.says("search")
    await ann.says("50%_")
    assert await ann.sees("I found nothing for 50%_.")
    await products.save(replace(spec, sku="LJ-1", active=False), one_sim.now, product_id=2)
    await ann.says("search longjing")
    assert await ann.sees("I found nothing for longjing.")


async def test_an_account_sells_in_its_own_currency(one_sim: Simulator) -> None:
    await shirts(one_sim)
    ann = await one_sim.customer()
    one_sim.currencies = {one_sim.account: "EUR"}
    await one_sim.restarts()
    await ann.says("/search shirt")
    assert await ann.sees("I found nothing for shirt.")
