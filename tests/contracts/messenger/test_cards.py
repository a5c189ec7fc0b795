"""Products beside each other, as Messenger and Instagram show them."""

from __future__ import annotations

from bot.channels.messenger import MessengerChannel, Settings
from bot.core.message import Button, Card, Wire
from tests.contracts.channel_contract import PHOTO, Inbox, Shelf
from tests.contracts.hook import Hook
from tests.kit.platforms.around import around
from tests.kit.platforms.meta import MetaUser

ADD, SHOP = Button("Add to cart", "add:1"), Button("In the shop", url="https://shop.example/tea")


async def test_each_card_has_its_picture_its_words_and_its_buttons(
    channel: MessengerChannel, ann: MetaUser, shelf: Shelf
) -> None:
    photo = shelf.put(PHOTO, "tea.jpg", "image/jpeg")
    cards = (Card("Longjing", "Flat leaves", "¥68", photo, (ADD, SHOP)), Card("Pu'er", price="¥88"))
    await channel.send(ann.id, Wire(cards=cards), "k")
    payload = (await ann.reads()).raw["attachment"]["payload"]
    buttons = [
        {"type": "postback", "title": "Add to cart", "payload": "add:1"},
        {"type": "web_url", "title": "In the shop", "url": "https://shop.example/tea"},
    ]
    assert payload == {
        "template_type": "generic",
        "elements": [
            {"title": "Longjing", "subtitle": "¥68\nFlat leaves", "image_url": shelf.link(photo), "buttons": buttons},
            {"title": "Pu'er", "subtitle": "¥88"},
        ],
    }


async def test_without_a_public_address_a_card_has_no_picture(settings: Settings, ann: MetaUser, shelf: Shelf) -> None:
    channel = MessengerChannel(settings, around("messenger", shelf.open))
    await channel.send(ann.id, Wire(cards=(Card("Tea", "Green", image=shelf.put(PHOTO, "", "image/jpeg")),)), "k")
    assert ann.shown[0].raw["attachment"]["payload"]["elements"] == [{"title": "Tea", "subtitle": "Green"}]
    await channel.stop()


async def test_a_tap_on_a_card_is_what_its_button_says(
    channel: MessengerChannel, hook: Hook, ann: MetaUser, inbox: Inbox
) -> None:
    await channel.send(ann.id, Wire(cards=(Card("Tea", buttons=(ADD,)),)), "k")
    await ann.taps("Add to cart")
    inbound = await inbox.next()
    assert (inbound.kind, inbound.text, inbound.data) == ("callback", "Add to cart", "add:1")
