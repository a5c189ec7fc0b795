"""Reviews of ours are in a connected shop once, and what is written there is here; who is forgotten is so there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.message import Attachment
from bot.services import privacy, reviews, store_review_lists
from models import Contact, Order, Product, Review, StoreReview
from models.database import transaction
from tests.kit.platforms.woocommerce import WooCommerceServer
from tests.kit.wire_faults import Lost, Status
from tests.unit.runtime.test_store_orders import Trade
from tests.unit.runtime.test_stores import NOW

NONE: tuple[Attachment, ...] = ()


class Talk(Trade):
    """A connected shop whose customers say what they think."""

    async def reviewed(self, text: str = "Fine", stars: int = 4) -> Review:
        """Somebody bought tea, and staff accepted what they said of it."""
        order = await self.sells()
        await Order.filter(id=order.id).update(state="delivered")
        contact = await Contact.get(id=order.contact_id)
        scope = await self.shop.customer(contact=contact.id)
        async with transaction():
            view = await reviews.record(scope, order.number, stars, text, NONE)
            await reviews.accept(view.id, 1, self.now)
        return await Review.get(id=view.id)

    def there(self) -> list[tuple[str, int, str]]:
        """What the shop has."""
        return [(row["review"], row["rating"], row["status"]) for row in self.server.reviews]


@pytest.fixture
async def talk(database: str, tmp_path: Path) -> AsyncIterator[Talk]:
    assert database
    async with WooCommerceServer(NOW - timedelta(days=1), currency="CNY") as server:
        talk = Talk(server, tmp_path)
        server.sells(1, price="68.00")
        await talk.rounds()
        server.now = NOW
        yield talk
        await talk.store.close()


async def test_an_accepted_review_is_there_once_however_its_answer_is_lost(talk: Talk) -> None:
    talk.server.fails("review", Lost())
    await talk.reviewed()
    for _ in range(3):
        await talk.rounds(minutes=6)
    assert talk.there() == [("Fine", 4, "hold")]
    [row] = await StoreReview.all()
    assert (row.state, row.external_id, row.tries) == ("sent", "900", 1)
    [made] = talk.server.reviews
    assert made["reviewer"] == "Ann L."
    assert made["reviewer_email"].endswith("@parley.invalid")
    assert [one.text for one in (await store_review_lists.listed()).items] == []  # ours is none of the shop's
    assert talk.server.refusals == []


async def test_stars_alone_go_there_and_what_is_rejected_later_goes_away(talk: Talk) -> None:
    review = await talk.reviewed(text="", stars=5)
    await talk.rounds()
    assert talk.there() == [("★★★★★", 5, "hold")]
    for _ in range(2):
        await reviews.reject(review.id, 1, talk.now)
        talk.server.fails("drop_review", Status(503))
        await talk.rounds()
        await talk.rounds(minutes=6)
        assert (talk.there(), await StoreReview.all().count()) == ([], 0)
        await reviews.accept(review.id, 1, talk.now)
        await talk.rounds()
        assert len(talk.there()) == 1


async def test_what_is_written_there_is_here_as_it_is_there(talk: Talk) -> None:
    first = talk.server.hears(1, "Too <b>green</b>", 3)
    talk.server.hears(1, "Lovely", 5, who="Eve")
    await talk.rounds()
    shown = (await store_review_lists.listed()).items
    assert [(one.display_name, one.text, one.stars, one.state, one.store) for one in shown] == [
        ("Eve", "Lovely", 5, "accepted", "woocommerce"), ("Bob", "Too green", 3, "accepted", "woocommerce"),
    ]  # fmt: skip
    assert {row.product_id for row in await StoreReview.all()} == {(await Product.get()).id}
    first["status"] = "hold"
    talk.server.reviews.pop(1)
    await talk.rounds(minutes=25 * 60)
    [left] = (await store_review_lists.listed()).items
    assert (left.display_name, left.state) == ("Bob", "pending")


async def test_who_is_forgotten_here_is_forgotten_there(talk: Talk) -> None:
    review = await talk.reviewed()
    await Contact.filter(id=review.contact_id).update(email="ann@example.com")
    talk.server.hears(1, "As before", 4, who="Ann Lee", email="Ann@example.com")
    talk.server.hears(1, "Somebody else", 4)
    await talk.rounds()
    assert len(talk.there()) == 3
    async with transaction():
        await privacy.erase(review.contact_id, talk.now)
    left = [(row.name, row.text) for row in await StoreReview.all()]
    assert [one for one in left if one != ("", "")] == [("Bob", "Somebody else")]
    await talk.rounds()
    assert [words for words, _, _ in talk.there()] == ["Somebody else"]
    await talk.rounds(minutes=25 * 60)
    assert await StoreReview.all().count() == 1


async def test_a_shop_that_shares_no_reviews_hears_of_none(database: str, tmp_path: Path) -> None:
    assert database
    async with WooCommerceServer(NOW - timedelta(days=1), currency="CNY") as server:
        talk = Talk(server, tmp_path, reviews="off")
        server.sells(1, price="68.00")
        server.hears(1, "Fine", 5)
        await talk.rounds()
        await talk.reviewed()
        await talk.rounds()
        assert (server.count("reviews"), len(server.reviews), await StoreReview.filter(state="theirs").count()) == (
            0, 1, 0,
        )  # fmt: skip
        await talk.store.close()
