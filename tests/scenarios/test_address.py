"""Where to, as each country writes it: what is missing or wrong is asked for alone, and what was told is remembered."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from bot.core.message import Field, Reply
from bot.core.postal import Postal
from bot.core.pricing import Rates
from models import Message, Order
from tests.kit.profiles import PROFILES
from tests.kit.simulator import Customer, Simulator
from tests.scenarios.shopkeeping import stock
from tests.scenarios.test_order import go_to_checkout


async def at_checkout(sim: Simulator, *countries: str, locale: str = "en") -> Customer:
    """Somebody who is asked where to, in a shop that sells to these."""
    sim.rates = Rates(countries=countries)
    await sim.restarts()
    await stock(sim)
    ann = await sim.customer(locale=locale)
    await ann.says("/shop")
    await ann.picks("加入购物车" if locale == "zh" else "Add to cart")
    await ann.picks("去结账" if locale == "zh" else "Check out")
    return ann


async def parts() -> Postal:
    return msgspec.json.decode((await Order.get()).postal, type=Postal)


async def test_what_is_missing_or_wrong_is_asked_for_alone(one_sim: Simulator) -> None:
    ann = await at_checkout(one_sim, "US", "DE")
    await ann.picks("United States")
    await ann.says("Ann Lee")
    await ann.says("+1 212 555 0100")
    assert "street and house number · city · state · ZIP code" in (await ann.last()).text
    await ann.says("1 Main St, Springfield")
    assert (await ann.last()).text == "What is the state?"
    await ann.says("Ilinois")
    assert (await ann.last()).text == "I do not know the state “Ilinois”. Is it Illinois?\nWhat is the state?"
    await ann.says("illinois")
    assert "What is the ZIP code? It looks like 95014." in (await ann.last()).text
    await ann.says("94043")
    assert await ann.times("The ZIP code 94043 is not in that region.") == 1
    assert "What is the ZIP code?" in (await ann.last()).text
    await ann.says("62701")
    await ann.picks("Place the order")
    order = await Order.get()
    assert (order.name, order.country, order.address) == ("Ann Lee", "US", "1 Main St\nSpringfield, IL 62701")
    assert await parts() == Postal("1 Main St", "", "Springfield", "IL", "62701")
    await go_to_checkout(ann)
    assert "Ann Lee, 1 Main St, Springfield, IL 62701, United States, as last time?" in (await ann.last()).text


async def test_a_code_of_another_state_is_told_at_once(one_sim: Simulator) -> None:
    ann = await at_checkout(one_sim, "US")
    await ann.says("Ann Lee, +1 212 555 0100, 1 Main St, Springfield, IL 94043")
    assert await ann.times("The ZIP code 94043 is not in that region.") == 1
    assert "What is the ZIP code?" in (await ann.last()).text
    await ann.says("62701")
    await ann.picks("Place the order")
    assert (await parts()).postcode == "62701"


async def test_a_code_that_is_told_twice_is_right_and_the_state_is_another(one_sim: Simulator) -> None:
    ann = await at_checkout(one_sim, "US")
    await ann.says("Anna, +1 212 555 0100, 350 5th Ave, New York, CA 10118")
    await ann.says("10118")
    assert (await ann.last()).text == "What is the state?"
    await ann.says("New York")
    await ann.picks("Place the order")
    assert await parts() == Postal("350 5th Ave", "", "New York", "NY", "10118")


async def test_what_is_no_phone_number_is_not_taken_for_one(one_sim: Simulator) -> None:
    ann = await at_checkout(one_sim, "US")
    await ann.says("Name: Bob\nPhone: call me\nCity: Springfield")
    assert "That does not look like a phone number" in (await ann.last()).text


async def test_all_in_one_message_in_chinese(sim: Simulator) -> None:
    ann = await at_checkout(sim, "CN", locale="zh")
    await ann.says("张三 13800138000 浙江省杭州市西湖区文三路1号")
    await ann.picks("确认下单")
    order = await Order.get()
    assert (order.name, order.phone, order.address) == ("张三", "13800138000", "浙江省杭州市西湖区\n文三路1号")
    assert await parts() == Postal("文三路1号", "西湖区", "杭州市", "浙江省")


async def test_few_regions_are_buttons(one_sim: Simulator) -> None:
    ann = await at_checkout(one_sim, "HK")
    await ann.says("Ann Lee")
    await ann.says("9123 4567")
    await ann.says("1 Nathan Road")
    await ann.picks("Kowloon")
    await ann.picks("Place the order")
    assert (await Order.get()).address == "1 Nathan Road\nKowloon"


async def test_an_address_where_nobody_sells_to_any_more_is_not_offered(one_sim: Simulator) -> None:
    ann = await at_checkout(one_sim, "DE")
    await ann.says("Ann Lee, +49 30 1234567, Torstr. 1, 10115 Berlin")
    await ann.picks("Place the order")
    one_sim.rates = Rates(countries=("FR",))
    await one_sim.restarts()
    await go_to_checkout(ann)
    assert await ann.times("as last time?") == 0
    assert "Who is it for?" in (await ann.last()).text


async def test_a_place_on_the_map_is_held_to_the_country_too(one_sim: Simulator) -> None:
    ann = await at_checkout(one_sim, "DE")
    await ann.says("Ann Lee")
    await ann.says("+49 30 1234567")
    await ann.says("📍 52.530000, 13.390000")
    await ann.says("Torstr. 1, 10115")
    await ann.says("Berlin")
    await ann.picks("Place the order")
    assert (await Order.get()).address == "Torstr. 1\n10115 Berlin\n📍 52.530000, 13.390000"


@pytest.mark.parametrize("again", [False, True])
async def test_a_note_goes_with_the_order(one_sim: Simulator, again: bool) -> None:
    ann = await at_checkout(one_sim)
    for said in ("Ann Lee", "+49 30 1234567", "1 Tea Lane"):
        await ann.says(said)
    await ann.picks("Add a note")
    await ann.says("Ring twice")
    if again:
        await ann.picks("Change the note")
        await ann.says("Knock")
    note = "Knock" if again else "Ring twice"
    assert f"Note: {note}" in (await ann.last()).text
    await ann.picks("Place the order")
    assert (await Order.get()).note == note


async def test_a_form_says_what_is_wrong_at_its_field(sqlite_url: str, tmp_path: Path) -> None:
    async with Simulator(PROFILES["webchat"], tmp_path, sqlite_url) as sim:
        ann = await at_checkout(sim, "US")
        asked = await shown()
        assert [(one.name, one.fills, bool(one.options)) for one in asked] == [
            ("name", "name", False), ("phone", "tel", False), ("street", "street-address", False),
            ("city", "address-level2", False), ("region", "address-level1", True), ("postcode", "postal-code", False),
        ]  # fmt: skip
        told = {"name": "Ann Lee", "phone": "212 555 0100", "street": "1 Main St: rear", "region": "Illinois"}
        await ann.says("\n".join(f"{one.label}: {told[one.name]}" for one in asked if one.name in told))
        asked = await shown()
        assert {one.name: one.value for one in asked if one.value} == told
        assert {one.name: one.problem for one in asked if one.problem} == {
            "city": "This is needed.", "postcode": "This is needed.",
        }  # fmt: skip
        told |= {"city": "Springfield", "postcode": "62701"}
        await ann.says("\n".join(f"{one.label}: {told[one.name]}" for one in asked))
        await ann.picks("Place the order")
        assert (await Order.get()).address == "1 Main St: rear\nSpringfield, IL 62701"


async def shown() -> tuple[Field, ...]:
    """The form of the newest message."""
    newest = await Message.filter(author="bot").order_by("-seq").first()
    return msgspec.json.decode(newest.body, type=Reply).form if newest else ()
