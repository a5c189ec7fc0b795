"""The desk's search finds a piece of a name, a phone, an address or a sentence, whatever its case, on each engine."""

from __future__ import annotations

import pytest

from bot.services import search
from models import Contact, Message
from tests.unit.services.shop import NOW, Shop


@pytest.mark.parametrize(
    "query", ["ann lind", "LINDQVIST", "3800138", "@Example", "wonderful t", "WONDERFUL", "龙井", "  Ann   Lindqvist "]
)
async def test_a_piece_in_any_case_finds_the_conversation_and_no_other(any_shop: Shop, query: str) -> None:
    ann = await any_shop.customer("Ann Lindqvist")
    bob = await any_shop.customer("Bob Okafor")
    await Contact.filter(id=ann.contact_id).update(phone="+8613800138000", email="ann@example.org")
    for scope, text in ((ann, "A wonderful tea, 龙井"), (bob, "Where is it?")):
        await Message.create(conversation_id=scope.conversation_id, seq=1, author="customer", text=text, at=NOW)
    while await search.index_some():
        pass
    assert [found.row.id for found in await search.conversations(query)] == [ann.conversation_id]


async def test_what_the_bot_said_is_not_looked_through(any_shop: Shop) -> None:
    ann = await any_shop.customer()
    await Message.create(conversation_id=ann.conversation_id, seq=1, author="bot", text="Your parcel left", at=NOW)
    assert await search.conversations("parcel") == ()
