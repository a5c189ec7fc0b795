"""Browsing what the shop sells, and the cart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.core.callback import Callback
from bot.core.carousel import fitted
from bot.core.chat import Chat
from bot.core.errors import Refused
from bot.core.message import Button, Card, Summary, SummaryLine
from bot.core.router import RUN, Router
from bot.core.text import _
from bot.services import cart, catalogue, categories
from bot.services.cart import Cart
from bot.services.catalogue import LED, AboutProduct, Add, ProductView, Tell, VariantView
from bot.services.categories import Kinds
from handlers import refusals

router = Router("shop")

#: Cards beside each other where the channel shows cards, messages below each other elsewhere.
CARDS, MESSAGES = 12, 3


class Browse(Callback):
    """Another page of products."""

    page: int


class Choose(Callback):
    """Which of a product's variants."""

    sku: str


class Details(Callback):
    """All that there is to read about a product."""

    sku: str


class Change(Callback):
    """Set how many of these are in the cart; 0 takes them out."""

    sku: str
    quantity: int


class Empty(Callback):
    """Empty the cart."""


class ShowCart(Callback, prefix="cart"):
    """Show the cart."""


@router.command("shop", "products", "browse", "商品", "看看商品", "买茶", title=_("Browse and order"), menu=10)
async def browse(chat: Chat) -> None:
    """What there is today."""
    await show_page(chat, 0)


@router.on(Browse)
async def browse_on(chat: Chat, more: Browse) -> None:
    """The next products."""
    await show_page(chat, more.page)


@router.on(Add)
async def add(chat: Chat, item: Add) -> None:
    """One more of it."""
    await put(chat, item.sku)


@router.on(Choose)
async def choose(chat: Chat, wanted: Choose) -> None:
    """Each of its options is a question; what nobody can have at the moment can be waited for."""
    try:
        found = await chat.do(catalogue.variants, wanted.sku)
    except Refused as refusal:
        chat.say(refusals.words(refusal), buttons=[browse_button(chat)])
        return
    left = found.variants
    for number, option in enumerate(found.options):
        values = list(dict.fromkeys(one.values[number] for one in left))
        if len(values) > 1:
            labels = {
                value: offer(chat, value, [one for one in left if one.values[number] == value]) for value in values
            }
            value = await chat.choose(
                _("{name}: which {option}?", name=found.product.name, option=option),
                values,
                label=labels.__getitem__,
                expire="1d",
            )
            left = tuple(one for one in left if one.values[number] == value)
    if left[0].available:
        await put(chat, left[0].sku)
    else:
        name = f"{found.product.name} ({', '.join(left[0].values)})"
        chat.say(_("{name} is sold out at the moment.", name=name), buttons=[tell_button(chat, left[0].sku)])


def offer(chat: Chat, value: str, variants: Sequence[VariantView]) -> str:
    """A value with its price, where one and the same price is left, and a mark where nobody can have it."""
    prices = {one.price for one in variants}
    words = f"{value} · {prices.pop().format(chat.locale)}" if len(prices) == 1 else value
    if any(one.available for one in variants):
        return words
    return chat.words(_("{value} (sold out)", value=words))


async def put(chat: Chat, sku: str) -> None:
    """One more of a variant into the cart."""
    try:
        basket = await chat.do(cart.add, sku)
    except Refused as refusal:
        chat.say(refusals.words(refusal))
        return
    name = next((line.name for line in basket.lines if line.sku == sku), sku)
    chat.say(_("In your cart now: {name}.", name=name), summary=summary(chat, basket), buttons=cart_buttons(chat))


@router.command("cart", "购物车", "我的购物车", title=_("My cart"), menu=15)
@router.on(ShowCart)
async def show_cart(chat: Chat, _tap: ShowCart | None = None) -> None:
    """What lies in the cart, and how to change it."""
    basket = await chat.do(cart.view)
    if not basket.lines:
        chat.say(_("Your cart is empty."), buttons=[browse_button(chat)])
        return
    changes = [button for line in basket.lines for button in line_buttons(chat, line.sku, line.name, line.quantity)]
    chat.say(summary=summary(chat, basket), buttons=[*changes, *cart_buttons(chat, shown=True)])


@router.on(Change)
async def change(chat: Chat, wanted: Change) -> None:
    """More, fewer or none of it."""
    try:
        basket = await chat.do(cart.change, wanted.sku, wanted.quantity)
    except Refused as refusal:
        chat.say(refusals.words(refusal))
        return
    if basket.lines:
        chat.say(_("Changed."), summary=summary(chat, basket), buttons=cart_buttons(chat))
    else:
        chat.say(_("Your cart is empty."), buttons=[browse_button(chat)])


@router.on(Empty)
async def empty(chat: Chat, _tap: Empty) -> None:
    """Start over."""
    await chat.do(cart.clear)
    chat.say(_("Your cart is empty."), buttons=[browse_button(chat)])


@router.scene(LED)
async def led(chat: Chat) -> None:
    """A link from the product's page brought them here."""
    try:
        product = await chat.do(catalogue.led_to, chat.arguments)
    except Refused as refusal:
        chat.say(refusals.words(refusal), buttons=[browse_button(chat)])
        return
    chat.say(cards=[card(chat, product)], buttons=[browse_button(chat), cart_button(chat)])


@router.on(AboutProduct)
async def about(chat: Chat, wanted: AboutProduct) -> None:
    """Show it again, and have a colleague answer what the customer would like to know."""
    try:
        product = await chat.do(catalogue.product, wanted.sku)
    except Refused as refusal:
        chat.say(refusals.words(refusal), buttons=[browse_button(chat)])
        return
    chat.say(cards=[card(chat, product)])
    question = await chat.ask(_("What would you like to know about {name}?", name=product.name), most=500, expire="1h")
    await chat.hand_over(_("About {name}: {question}", name=product.name, question=question))
    chat.say(_("I have passed your question to a colleague, who will answer right here."))


@router.on(Details)
async def details(chat: Chat, wanted: Details) -> None:
    """The product by itself, with all that is written about it."""
    try:
        product = await chat.do(catalogue.product, wanted.sku)
    except Refused as refusal:
        chat.say(refusals.words(refusal), buttons=[browse_button(chat)])
        return
    chat.say(cards=[card(chat, product)])


async def show_page(chat: Chat, page: int) -> None:
    """Some products, and how to see more of them."""
    size = page_size(chat)
    shelf = await chat.do(catalogue.products, page * size, size)
    if not shelf.products:
        chat.say(_("That is all we have."), buttons=[cart_button(chat)])
        return
    more = [Button(chat.words(_("More")), Browse(page=page + 1).pack())] if shelf.more else []
    if len(await chat.do(categories.sold, "", 2)) > 1:
        more.append(kinds_button(chat))
    text = _("Here is what we have today.") if page == 0 else _("And here is more.")
    chat.say(text, cards=cards(chat, shelf.products), buttons=[*more, cart_button(chat)])


def page_size(chat: Chat) -> int:
    """How many products are shown at once."""
    room = chat.person.capabilities
    if room.carousel:
        return room.carousel.cards
    return CARDS if room.cards else MESSAGES


def cards(chat: Chat, products: Sequence[ProductView]) -> list[Card]:
    """Products beside each other; one whose card has no room for its text has a button that shows all of it."""
    found = [card(chat, product) for product in products]
    room = chat.person.capabilities.carousel
    if not room or len(found) == 1:
        return found
    return [
        one if fitted(one, room) is one else replace(one, buttons=(*one.buttons, details_button(chat, product)))
        for one, product in zip(found, products, strict=True)
    ]


def card(chat: Chat, product: ProductView) -> Card:
    """A product with its picture and one action: to buy it, to choose which one, or to wait for it."""
    price = product.price.format(chat.locale)
    if product.varies:
        price = chat.words(_("from {price}", price=price))
    if product.available <= 0:
        text = "\n".join(filter(None, [chat.words(_("Sold out at the moment")), product.description]))
        action = tell_button(chat, product.only) if product.only else choose_button(chat, product)
        return Card(product.name, text, price, product.picture, (action,))
    button = choose_button(chat, product)
    if product.only:
        button = Button(chat.words(_("Add to cart")), Add(sku=product.only).pack(), style="primary")
    return Card(product.name, product.description, price, product.picture, (button,))


def choose_button(chat: Chat, product: ProductView) -> Button:
    """Which of its variants."""
    return Button(chat.words(_("See the options")), Choose(sku=product.sku).pack(), style="primary")


def details_button(chat: Chat, product: ProductView) -> Button:
    """All that there is to read about it."""
    return Button(chat.words(_("Details")), Details(sku=product.sku).pack())


def tell_button(chat: Chat, sku: str) -> Button:
    """Wait for a variant."""
    return Button(chat.words(_("Tell me when back")), Tell(sku=sku).pack())


def summary(chat: Chat, basket: Cart) -> Summary:
    """The cart as lines and a total."""
    lines = tuple(
        SummaryLine(f"{line.quantity} × {line.name}", line.subtotal.format(chat.locale)) for line in basket.lines
    )
    return Summary(chat.words(_("Your cart")), lines, basket.total.format(chat.locale) if basket.total else "")


def line_buttons(chat: Chat, sku: str, name: str, quantity: int) -> list[Button]:
    """One more and one fewer of a product."""
    return [
        Button(chat.words(_("+1 {name}", name=name)), Change(sku=sku, quantity=quantity + 1).pack()),
        Button(chat.words(_("−1 {name}", name=name)), Change(sku=sku, quantity=quantity - 1).pack()),
    ]


def cart_buttons(chat: Chat, *, shown: bool = False) -> list[Button]:
    """What to do with the cart."""
    checkout = Button(chat.words(_("Check out")), f"{RUN}checkout", style="primary")
    if shown:
        return [checkout, Button(chat.words(_("Empty the cart")), Empty().pack()), browse_button(chat)]
    return [checkout, browse_button(chat), cart_button(chat)]


def cart_button(chat: Chat) -> Button:
    """Show the cart."""
    return Button(chat.words(_("My cart")), ShowCart().pack())


def kinds_button(chat: Chat) -> Button:
    """Show the categories."""
    return Button(chat.words(_("Categories")), Kinds("").pack())


def browse_button(chat: Chat) -> Button:
    """Show the products."""
    return Button(chat.words(_("Browse and order")), Browse(page=0).pack())
