"""Who may decide by mail: whoever reads what we write to the address, and nobody who only writes in its name."""

from __future__ import annotations

from datetime import UTC, datetime

from models import Conversation, Order
from tests.contracts.email.test_whole import SERVER, Shop, shop

__all__ = ["shop"]


async def ordered(shop: Shop) -> Order:
    """Ann has written, and paid for an order."""
    await shop.ann.says("hello")
    await shop.ann.reads()
    talk, now = await Conversation.get(account="email"), datetime.now(UTC)
    return await Order.create(
        number="P7K2-4M9Q", contact_id=talk.contact_id, conversation_id=talk.id, state="paid", currency="CNY",
        total=13600, name="Ann", phone="1", address="x", paid_at=now, created_at=now, updated_at=now,
    )  # fmt: skip


async def test_what_may_be_forged_decides_nothing(shop: Shop) -> None:
    """Whoever writes as Ann reads no answer, and could still say "1", "1", "yes"."""
    order = await ordered(shop)

    async def forges(text: str) -> str:
        await shop.ann.sends(text, subject=text)  # in answer to nothing
        return (await shop.ann.reads()).text

    assert "P7K2-4M9Q" in await forges("/orders")  # what only asks is answered, to her
    assert "in your name" in await forges("1")
    await shop.ann.says("1")
    assert "P7K2-4M9Q" in (await shop.ann.reads()).text
    await shop.ann.says("1")
    assert "Shall I cancel" in (await shop.ann.reads()).text
    for text in ("yes", "cancel", "/menu"):
        asked = await forges(text)
        assert "in your name" in asked
        assert "Shall I cancel" in asked
    assert (await Order.get(id=order.id)).state == "paid"
    await shop.ann.says("yes")
    await shop.until(lambda: Order.filter(id=order.id).exclude(state="paid").exists())


async def test_what_is_vouched_for_decides_without_an_answer(shop: Shop) -> None:
    await ordered(shop)
    await shop.ann.sends("/orders", subject="/orders")
    await shop.ann.sees("P7K2-4M9Q")
    passed = f"{SERVER}; dmarc=pass header.from=people.example"
    await shop.ann.sends("1", subject="1", Authentication_Results=passed)
    await shop.ann.sees("is paid")


async def test_news_are_not_brought_back_in_anothers_name(shop: Shop) -> None:
    await shop.ann.says("hello")
    await shop.ann.reads()
    await shop.ann.sends("", subject="STOP")
    await shop.ann.sees("no more news")
    await shop.ann.sends("", subject="START")
    await shop.ann.sees("in your name")
    await shop.ann.says("START")
    await shop.ann.sees("your orders")
