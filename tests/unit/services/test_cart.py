"""The catalogue as a customer sees it, and their cart."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from bot.core.errors import Refused
from bot.core.message import FileRef
from bot.core.money import Money
from bot.services import attachments, cart, catalogue, product_search
from bot.services.cart import Cart
from bot.services.catalogue import ProductView
from bot.services.scope import language, words
from models import CartLine, Product
from models.database import transaction
from tests.unit.services.shop import NOW, Shop, costs, lies


@pytest.mark.parametrize(
    ("locale", "expected"), [("zh", "zh"), ("zh-CN", "zh"), ("ZH_tw", "zh"), ("en", "en"), ("de", "en"), ("", "en")]
)
def test_a_locale_reads_one_of_two_languages(locale: str, expected: str) -> None:
    assert language(locale) == expected


def test_words_fall_back_to_what_there_is() -> None:
    assert words({"en": "tea", "zh": "茶"}, "zh-Hant") == "茶"
    assert (words({"en": "tea"}, "zh"), words({"zh": "茶"}, "en"), words({}, "en")) == ("tea", "茶", "")


async def test_the_catalogue_shows_what_is_for_sale_in_order(shop: Shop) -> None:
    picture = await attachments.create(FileRef("image", "", "tea.webp", "image/webp", 9), NOW, public=True)
    tea = await shop.product("tea", stock=3)
    await Product.filter(id=tea.id).update(position=2, picture_id=picture.id)
    await product_search.write([tea.id])
    await shop.product("first")
    await shop.product("gone", active=False)
    await shop.product("euros", currency="EUR")
    scope = await shop.customer(locale="zh")
    first, second = (await catalogue.products(scope)).products
    assert (first.sku, first.picture) == ("first", None)
    assert second == ProductView(
        "tea", "tea茶", "关于tea", Money(6800, "CNY"), 3, picture, "green", "tea", id=second.id, category_name="green"
    )
    assert await catalogue.product(scope, "tea") == second
    assert msgspec.convert(msgspec.to_builtins(second), ProductView) == second
    for sku in ("gone", "euros", "nothing"):
        with pytest.raises(Refused, match="no_product"):
            await catalogue.product(scope, sku)


async def test_available_is_what_nobody_holds(shop: Shop) -> None:
    await shop.product(stock=3)
    ann, bob = await shop.customer(), await shop.customer("Bob")
    await shop.buys(bob, quantity=2)
    assert (await catalogue.product(ann, "tea")).available == 1
    await lies(1)
    assert (await catalogue.product(ann, "tea")).available == 0
    shop.later(minutes=31)
    assert (await catalogue.product(shop.at(ann), "tea")).available == 1


async def test_a_cart_adds_up(shop: Shop) -> None:
    await shop.product("tea", price=6800)
    await shop.product("cup", price=125)
    scope = await shop.customer()
    assert await cart.view(scope) == Cart((), None)
    await shop.wants(scope, "tea")
    await shop.wants(scope, "cup", 3)
    await shop.wants(scope, "tea", 2)
    seen = await cart.view(scope)
    assert [(line.sku, line.quantity, line.subtotal.amount, line.was) for line in seen.lines] == [
        ("tea", 3, 20400, None), ("cup", 3, 375, None),
    ]  # fmt: skip
    assert seen.total == Money(20775, "CNY")
    assert msgspec.convert(msgspec.to_builtins(seen), Cart) == seen


async def test_a_cart_holds_no_more_than_there_is(shop: Shop) -> None:
    await shop.product(stock=3)
    scope = await shop.customer(locale="zh")
    await shop.wants(scope, quantity=2)
    for attempt in (cart.add(scope, "tea", 2), cart.change(scope, "tea", 4)):
        with pytest.raises(Refused) as refused:
            await attempt
        assert (refused.value.code, refused.value.facts) == ("sold_out", {"name": "tea茶", "available": 3})
    assert (await cart.view(scope)).lines[0].quantity == 2


async def test_changing_and_clearing(shop: Shop) -> None:
    await shop.product("tea")
    await shop.product("cup")
    scope = await shop.customer()
    assert (await cart.change(scope, "tea", 4)).lines[0].quantity == 4
    assert (await cart.change(scope, "tea", 1)).lines[0].quantity == 1
    await shop.wants(scope, "cup")
    assert [line.sku for line in (await cart.change(scope, "tea", 0)).lines] == ["cup"]
    assert (await cart.clear(scope)).lines == ()
    assert await CartLine.all().count() == 0


async def test_numbers_that_make_no_sense(shop: Shop) -> None:
    await shop.product()
    scope = await shop.customer()
    for attempt in (cart.add(scope, "tea", 0), cart.add(scope, "tea", -1), cart.change(scope, "tea", -1)):
        with pytest.raises(Refused, match="bad_quantity"):
            await attempt
    with pytest.raises(Refused, match="no_product"):
        await cart.add(scope, "nothing")


async def test_a_changed_price_shows_until_it_is_accepted(shop: Shop) -> None:
    await shop.product(price=6800)
    scope = await shop.customer()
    await shop.wants(scope)
    await costs(7200)
    await shop.wants(scope)
    line = (await cart.view(scope)).lines[0]
    assert (line.price, line.was, line.subtotal) == (Money(7200, "CNY"), Money(6800, "CNY"), Money(14400, "CNY"))
    async with transaction():
        accepted = await cart.accept_prices(scope)
    assert (accepted.lines[0].was, accepted.total) == (None, Money(14400, "CNY"))


async def test_what_is_no_longer_for_sale_can_only_be_taken_out(shop: Shop) -> None:
    await shop.product()
    scope = await shop.customer()
    await shop.wants(scope)
    await Product.filter(sku="tea").update(active=False)
    assert (await cart.view(scope)).lines[0].available == 0
    with pytest.raises(Refused, match="no_product"):
        await cart.change(scope, "tea", 2)
    assert (await cart.change(scope, "tea", 0)).lines == ()


async def test_the_cart_is_the_persons_on_every_channel(shop: Shop) -> None:
    await shop.product()
    web = await shop.customer()
    phone = await shop.customer(account="telegram", contact=web.contact_id)
    stranger = await shop.customer("Bob")
    await shop.wants(web)
    assert (await cart.view(phone)).lines == (await cart.view(web)).lines
    assert (await cart.view(stranger)).lines == ()
    assert (await cart.view(replace(web, currency="EUR"))).total is None
