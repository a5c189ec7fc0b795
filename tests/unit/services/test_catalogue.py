"""What customers find, wait for and order again is a variant, whatever it is called and however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.core.money import Money
from bot.services import cart, left_carts, product_search, products, reorder, stock_alerts
from bot.services.products import PriceSpec, ProductSpec, VariantSpec
from bot.services.unasked import Where
from models import Conversation, Message, StockAlert, StockTold, Variant
from models.database import transaction
from tests.unit.services.shop import NOW, Shop, lies

FEN = PriceSpec(Money(100, "CNY"))


async def test_the_last_of_many_variants_is_found(any_shop: Shop) -> None:
    variants = [
        VariantSpec(f"SKU-OF-SPRING-{number:03}", [FEN], [{"en": f"{number} grams"}], barcode=f"69012345678{number:03}")
        for number in range(products.MOST_VARIANTS)
    ]
    await products.save(ProductSpec("tea", {"en": "Tea"}, variants, options=[{"en": "Weight"}]), NOW)
    ann = await any_shop.customer()
    for query in ("sku-of-spring-499", "69012345678499", "499 grams"):
        assert [one.sku for one in (await product_search.find(ann, query)).products] == ["tea"], query


async def test_as_many_are_told_as_there_are_pieces(any_shop: Shop) -> None:
    for sku in ("tea", "cup", "pot", "old"):
        await any_shop.product(sku, stock=0)
    people = [await any_shop.customer(f"Ann {number}") for number in range(4)]
    for sku in ("tea", "cup", "pot", "old"):
        for one in people:
            await stock_alerts.ask(one, sku)
    for sku, pieces in (("tea", 1), ("cup", 9), ("old", 9)):
        await lies(pieces, sku)
    await Variant.filter(sku="old").update(active=False)
    due = await StockAlert.filter(id__in=await stock_alerts.due(NOW)).order_by("id").prefetch_related("variant")
    told = [(row.variant.sku, row.contact_id) for row in due]
    assert told == [("tea", people[0].contact_id), *(("cup", one.contact_id) for one in people)]


async def test_a_piece_is_left_for_who_was_told_until_they_order_or_some_hours_are_over(any_shop: Shop) -> None:
    await any_shop.product(stock=0)
    people = [await any_shop.customer(f"Ann {number}") for number in range(4)]
    for one in people:
        await stock_alerts.ask(one, "tea")

    async def tells() -> list[int]:
        ids = await stock_alerts.due(any_shop.now)
        async with transaction():
            told = await stock_alerts.take(ids, here, any_shop.now)
        return [people.index(one) for one in people if one.contact_id in {row.contact_id for row, _ in told}]

    async def here(_: int) -> Where:
        return Where("webchat", "somebody", waits=False)

    await lies(1)
    assert [await tells(), await tells()] == [[0], []]
    await any_shop.buys(people[0])
    assert await tells() == []
    await lies(2)  # one is held for the first
    assert [await tells(), await tells()] == [[1], []]
    async with transaction():
        await stock_alerts.pass_on(people[1], "tea")
    assert [await tells(), await tells()] == [[2], []]
    async with transaction():
        await stock_alerts.again(people[2], "tea")  # back in the queue, behind the last
    assert [await tells(), await tells()] == [[3], []]
    any_shop.now += stock_alerts.THEIRS
    assert await tells() == [2]
    assert await StockTold.all().count() == 1


async def test_of_two_nodes_at_once_one_tells_of_a_piece(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.product(stock=0)
    people = [await shop.customer(f"Ann {number}") for number in range(2)]
    for one in people:
        await stock_alerts.ask(one, "tea")
    await lies(1)
    fetch, other = stock_alerts.fetch, await stock_alerts.due(NOW)

    async def here(_: int) -> Where:
        return Where("webchat", "somebody", waits=False)

    async def slowly(sql: str, values: Sequence[object] = ()) -> object:
        if sql == stock_alerts._WHO:  # the other node is done just now
            async with transaction():
                await stock_alerts.take(other, here, NOW)
        return await fetch(sql, values)

    monkeypatch.setattr(stock_alerts, "fetch", slowly)
    assert await stock_alerts.due(NOW) == []
    assert [row.contact_id for row in await StockTold.all()] == [people[0].contact_id]


async def test_carts_are_left_by_who_is_not_there_any_more(any_shop: Shop) -> None:
    await any_shop.product()
    ann = await any_shop.customer()
    await cart.add(ann, "tea")
    hours = [await left_carts.due(timedelta(hours=20), NOW + timedelta(hours=after)) for after in (19, 21)]
    assert hours == [[], [ann.contact_id]]
    said = NOW + timedelta(hours=2)
    await Conversation.filter(id=ann.conversation_id).update(last_at=said)
    assert await left_carts.due(timedelta(hours=20), NOW + timedelta(hours=21)) == [ann.contact_id]  # we spoke
    await Message.create(conversation_id=ann.conversation_id, seq=1, author="customer", text="Hello", at=said)
    assert await left_carts.due(timedelta(hours=20), NOW + timedelta(hours=21)) == []


async def test_again_means_the_same_variant_whatever_its_sku_is_today(shop: Shop) -> None:
    tea = await shop.product()
    ann = await shop.customer()
    order = await shop.buys(ann, quantity=2)
    await products.save(
        ProductSpec("green", {"en": "Tea"}, [VariantSpec("green", [FEN], was="tea")]), NOW, product_id=tea.id
    )
    await shop.product("tea")  # something else
    async with transaction():
        found = await reorder.again(ann, order.number)
    assert ([(line.sku, line.quantity) for line in found.cart.lines], found.added) == ([("green", 2)], 2)
    async with transaction():
        found = await reorder.again(ann, order.number)
    assert (found.added, found.short) == (0, ())
    await Variant.filter(sku="green").delete()
    async with transaction():
        found = await reorder.again(ann, order.number)
    assert (found.added, [one.available for one in found.short]) == (0, [0])
