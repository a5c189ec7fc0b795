"""Reviews of ours are in a connected shop once, and what is written there is here; who is forgotten is so there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.errors import LeaseLost
from bot.core.message import Attachment
from bot.runtime.lease import Lease
from bot.runtime.store_sending import IN_A_ROW
from bot.services import privacy, reviews, store_review_lists, store_reviews, store_states
from models import Contact, Order, Price, Product, Review, StoreProblem, StoreReview
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


async def test_one_of_ours_stays_ours_as_spam_and_is_taken_away_and_forgotten(talk: Talk) -> None:
    review = await talk.reviewed()
    await talk.rounds()
    [there] = talk.server.reviews
    there["status"] = "spam"
    await talk.rounds(minutes=25 * 60)
    there["status"] = "approved"
    await talk.rounds(minutes=1)
    assert await StoreReview.all().values_list("state", "external_id", "review_id") == [("sent", "900", review.id)]
    there["id"] = 950  # the shop was restored elsewhere
    await StoreReview.create(store="woocommerce", key="there:950", external_id="950", state="theirs", at=NOW)  # once
    await talk.rounds(minutes=25 * 60)
    assert await StoreReview.all().values_list("state", "external_id", "review_id") == [("sent", "950", review.id)]
    there["status"] = "spam"
    async with transaction():
        await privacy.erase(review.contact_id, talk.now)
    await talk.rounds()
    assert (talk.server.reviews, await StoreReview.all().count()) == ([], 0)


async def test_of_a_shop_with_many_of_ours_each_has_its_id(talk: Talk) -> None:
    review = await talk.reviewed()
    await talk.rounds()
    row = await StoreReview.get(review_id=review.id)
    many = {str(number): f"review-{number}" for number in range(1000, 41_000)}  # more than a statement takes values
    await store_reviews.compared("woocommerce", many | {"950": row.key})
    assert (await StoreReview.get(id=row.id)).external_id == "950"


async def test_one_of_ours_that_stands_there_twice_keeps_its_id_and_goes_wholly(talk: Talk) -> None:
    review = await talk.reviewed()
    await talk.rounds()
    [there] = talk.server.reviews
    for _ in range(100):  # the copy is on another page
        talk.server.hears(1, "Fine", 4)
    talk.server.reviews.append(there | {"id": 2000, "date_created_gmt": talk.server.reviews[-1]["date_created_gmt"]})
    for _ in range(2):
        await talk.rounds(minutes=25 * 60)
        assert (await StoreReview.get(review_id=review.id)).external_id == "900"
    await reviews.reject(review.id, 1, talk.now)
    await talk.rounds()
    assert {row["reviewer"] for row in talk.server.reviews} == {"Bob"}


async def test_a_lost_answer_about_what_the_shop_takes_for_spam_makes_no_second_one(talk: Talk) -> None:
    talk.server.fails("review", Lost())
    await talk.reviewed()
    await talk.rounds()
    talk.server.reviews[0]["status"] = "spam"
    await talk.rounds(minutes=6)
    assert await StoreReview.all().values_list("state", "external_id") == [("sent", "900")]
    talk.server.fails("review", Status(409, "Duplicate comment detected"))
    await talk.reviewed("Fine, too")
    await talk.rounds()
    assert (await StoreReview.get(state="refused")).error.endswith("Duplicate comment detected")


async def test_reviews_that_the_shop_keeps_from_us_stop_nothing_else(talk: Talk) -> None:
    odd = talk.server.hears(1, "When was that?", 3)
    odd["date_created_gmt"] = "-0001-11-30T00:00:00"
    talk.server.hears(1, "Lovely", 5, who="Eve")
    await talk.rounds()
    assert [row.name for row in await StoreReview.all()] == ["Eve"]
    talk.server.fails("reviews", *[Status(403)] * 2)
    talk.server.sells(1, price="70.00")
    for _ in range(2):
        await talk.rounds(minutes=1)
    sync = await store_states.view("woocommerce")
    assert (sync.state, sync.error, await Price.all().values_list("amount", flat=True)) == ("idle", "", [7000])
    [problem] = await StoreProblem.all()
    assert (problem.code, problem.external_id) == ("no_reviews", "")
    await talk.rounds(minutes=1)
    assert await StoreProblem.all().count() == 0


async def test_a_shop_that_takes_no_reviews_now_is_not_asked_for_each(talk: Talk) -> None:
    for words in ("One", "Two", "Three", "Four", "Five"):
        talk.server.sells(1, price="68.00", stock_quantity=9)
        await talk.rounds()
        await talk.reviewed(words)
    await StoreReview.all().update(state="due", external_id="", tries=0)
    talk.server.reviews.clear()
    before = talk.server.count("review")
    talk.server.fails("review", *[Status(503)] * 5)
    await talk.rounds(minutes=1)
    assert talk.server.count("review") - before == IN_A_ROW
    later = await StoreReview.filter(retry_at__isnull=False).count()
    assert (later, await store_reviews.any_due("woocommerce", talk.now)) == (IN_A_ROW, True)
    assert not await talk.syncing._reviewing.is_told()  # or rounds would follow each other without a rest
    await StoreReview.filter(retry_at=None).delete()
    assert not await store_reviews.any_due("woocommerce", talk.now)
    assert not await store_reviews.trying(0, talk.now)  # nobody wants it there any more


async def test_no_review_leaves_after_the_lease_is_over(talk: Talk) -> None:
    await talk.reviewed()
    talk.syncing._reviewing._lease = Lease()
    with pytest.raises(LeaseLost):
        await talk.syncing._reviewing.run()
    assert talk.there() == []
