"""One review for each order, public once it is accepted, under a name that tells strangers little."""

from __future__ import annotations

import msgspec
import pytest

from bot.core.errors import Refused
from bot.core.message import Attachment, FileRef
from bot.core.ports import StoredFile
from bot.services import attachments, reviews
from bot.services.reviews import PublicReview, ReviewView, public_name
from bot.services.scope import Scope
from models import Attachment as AttachmentRow
from models import Audit, Identity, Review, ReviewPhoto
from tests.unit.services.shop import NOW, Shop


async def a_photo(scope: Scope, name: str = "a.jpg", *, is_stored: bool = True) -> Attachment:
    made = await attachments.create(
        FileRef("image", "", name), NOW, conversation_id=scope.conversation_id, contact_id=scope.contact_id
    )
    if is_stored:
        key = f"image/{made.id}.jpg"
        await attachments.stored(made.id, StoredFile(key, 3, "00", "image/jpeg"), "image", "image/jpeg", key, key)
    return await attachments.view(made.id)


async def a_paid_order(shop: Shop, scope: Scope, sku: str = "tea") -> str:
    await shop.product(sku)
    order = await shop.buys(scope, sku)
    await shop.pays(scope, order)
    return order.number


async def test_a_review_of_an_order(shop: Shop) -> None:
    scope = await shop.customer(locale="zh-CN")
    number = await a_paid_order(shop, scope)
    photos = (await a_photo(scope), await a_photo(scope, "b.jpg"))
    made = await reviews.record(scope, number, 2, "  bland ", photos)
    assert made == ReviewView(made.id, 2, "bland", "pending", True, number, "Ann L.")
    assert msgspec.convert(msgspec.to_builtins(made), ReviewView) == made
    row = await Review.get().select_related("product")
    assert row.product is not None
    assert (row.product.sku, row.account, row.locale, row.created_at) == ("tea", "webchat", "zh", NOW)
    kept = await ReviewPhoto.all().order_by("position")
    assert [photo.attachment_id for photo in kept] == [photo.id for photo in photos]
    assert await reviews.public("en", None, 10) == ()


@pytest.mark.parametrize(("stars", "unhappy"), [(1, True), (2, True), (3, False), (5, False)])
async def test_unhappy_is_two_stars_or_fewer(shop: Shop, stars: int, unhappy: bool) -> None:
    scope = await shop.customer()
    assert (await reviews.record(scope, None, stars, None, ())).is_unhappy is unhappy


async def test_a_second_one_replaces_the_first_until_it_is_decided(shop: Shop) -> None:
    scope = await shop.customer()
    number = await a_paid_order(shop, scope)
    old, new = await a_photo(scope), await a_photo(scope, "b.jpg")
    first = await reviews.record(scope, number, 1, "no", (old,))
    second = await reviews.record(scope, number, 5, "yes", (new, new))
    assert (second.id, second.stars, await Review.all().count()) == (first.id, 5, 1)
    assert [photo.attachment_id for photo in await ReviewPhoto.all()] == [new.id]
    await reviews.accept(first.id, 1, NOW)
    with pytest.raises(Refused, match="already_reviewed"):
        await reviews.record(scope, number, 1, "no", ())
    general = [await reviews.record(scope, None, stars, None, ()) for stars in (3, 4)]
    assert (general[0].id, general[1].stars, general[1].order_number) == (general[1].id, 4, None)


async def test_what_cannot_be_reviewed(shop: Shop) -> None:
    scope, stranger = await shop.customer(), await shop.customer("Bob")
    number = await a_paid_order(shop, scope)
    unpaid = (await shop.buys(scope)).number
    for code, attempt in (
        ("bad_stars", reviews.record(scope, number, 0, None, ())),
        ("bad_stars", reviews.record(scope, number, 6, None, ())),
        ("no_order", reviews.record(stranger, number, 5, None, ())),
        ("no_order", reviews.record(scope, "P7K2-4M9Q", 5, None, ())),
        ("wrong_state", reviews.record(scope, unpaid, 5, None, ())),
        ("too_long", reviews.record(scope, number, 5, "x" * 4001, ())),
        ("no_file", reviews.record(scope, number, 5, None, (await a_photo(stranger),))),
    ):
        with pytest.raises(Refused, match=code):
            await attempt
    assert await Review.all().count() == 0


async def test_accepting_makes_it_and_its_photos_public(shop: Shop) -> None:
    scope = await shop.customer()
    number = await a_paid_order(shop, scope)
    shown, late = await a_photo(scope), await a_photo(scope, "late.jpg", is_stored=False)
    made = await reviews.record(scope, number, 5, "good", (shown, late))
    shop.later(hours=1)
    assert (await reviews.accept(made.id, 7, shop.now)).state == "accepted"
    (seen,) = await reviews.public("zh", None, 10)
    assert seen == PublicReview(made.id, 5, "good", "Ann L.", "tea茶", (shown,), "en", NOW)
    assert await AttachmentRow.filter(public=True).count() == 2
    row = await Review.get()
    assert (row.decided_by, row.decided_at, row.updated_at) == (7, shop.now, shop.now)
    assert (await reviews.reject(made.id, 8, shop.now)).state == "rejected"
    assert await reviews.public("zh", None, 10) == ()
    assert await AttachmentRow.filter(public=True).count() == 0
    assert [(one.staff_id, one.action, one.object) for one in await Audit.all().order_by("id")] == [
        (7, "review.accept", f"review:{made.id}"), (8, "review.reject", f"review:{made.id}"),
    ]  # fmt: skip
    for decide in (reviews.accept, reviews.reject):
        with pytest.raises(Refused, match="no_review"):
            await decide(made.id + 1, 7, NOW)


async def test_the_public_page_goes_back_in_time(any_shop: Shop) -> None:
    made = []
    for number in range(5):
        scope = await any_shop.customer(f"Customer{number}")
        made.append((await reviews.record(scope, None, 5, str(number), ())).id)
        await reviews.accept(made[-1], 1, NOW)
    first = await reviews.public("en", None, 2)
    assert [review.id for review in first] == made[:2:-1]
    assert [review.id for review in await reviews.public("en", first[-1].id, 9)] == made[2::-1]


@pytest.mark.parametrize(
    ("name", "locale", "shown"),
    [
        ("Ann Lee", "en", "Ann L."),
        ("ann maria lee", "en", "ann L."),
        ("Ann", "en", "Ann"),
        ("王小明", "zh", "王**"),
        ("王", "en", "王**"),
        ("欧阳 修", "zh", "欧**"),
        ("", "en", "A customer"),
        ("  ", "zh", "顾客"),
        ("ann@example.com", "en", "A customer"),
        ("138 0000 0000", "zh", "顾客"),
        ("Ann 555", "en", "A customer"),
    ],
)
def test_a_public_name_tells_strangers_little(name: str, locale: str, shown: str) -> None:
    assert public_name(name, locale) == shown


async def test_without_a_name_the_channels_name_is_used(shop: Shop) -> None:
    scope = await shop.customer("")
    await Identity.filter(id=scope.identity_id).update(name="李雷")
    assert (await reviews.record(scope, None, 5, None, ())).display_name == "李**"
