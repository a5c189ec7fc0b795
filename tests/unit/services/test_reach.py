"""Where a person can be reached: every address with what is possible there, and the best one of them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.core.capabilities import Capabilities
from bot.core.quiet import parse
from bot.services import reach
from bot.services.reach import Instead
from models import Consent, Contact, Conversation, Identity, Message, Opening
from tests.kit.profiles import TELEGRAM, WEBCHAT, WECHAT, WHATSAPP
from tests.unit.services.shop import NOW, Shop

ABLE = {"telegram": TELEGRAM, "wechat": WECHAT, "whatsapp": WHATSAPP, "webchat": WEBCHAT}
HOUR = timedelta(hours=1)


async def somebody() -> Contact:
    """With an address on no channel yet."""
    return await Contact.create(name="Ann", created_at=NOW, updated_at=NOW)


@pytest.fixture
async def ann(shop: Shop) -> Contact:
    return await somebody()


async def writes(ann: Contact, account: str, at: datetime, *, until: datetime | None = None) -> int:
    """She wrote there last at `at`, which opened a window `until` then; her conversation."""
    lane = f"{account}:ann"
    identity = await Identity.create(contact=ann, account=account, external_id="ann", created_at=NOW)
    talk = await Conversation.create(
        lane=lane, identity=identity, contact=ann, account=account, last_at=at, created_at=NOW, updated_at=NOW
    )
    await Message.create(conversation=talk, seq=1, author="customer", text="hi", at=at)
    await Message.create(conversation=talk, seq=2, author="bot", text="hello", at=NOW)  # that we wrote does not count
    if until:
        await Opening.create(conversation=talk, at=at, until=until)
    return talk.id


async def best(of: int, kind: reach.Kind = "orders", able: dict[str, Capabilities] | None = None) -> int:
    return await reach.best(of, able or ABLE, NOW, kind)


async def test_the_channel_that_was_used_last_is_the_best_of_those_that_let_us(any_shop: Shop) -> None:
    ann = await somebody()
    telegram = await writes(ann, "telegram", NOW - 3 * HOUR)
    wechat = await writes(ann, "wechat", NOW - HOUR, until=NOW + HOUR)
    assert [await best(telegram), await best(wechat)] == [wechat, wechat]
    await Opening.all().update(until=NOW)
    assert [await best(telegram), await best(wechat)] == [telegram, telegram]


async def test_one_who_can_be_answered_comes_before_a_template_and_a_template_before_nothing(ann: Contact) -> None:
    wechat = await writes(ann, "wechat", NOW - 60 * HOUR)
    whatsapp = await writes(ann, "whatsapp", NOW - 30 * HOUR)
    assert await best(wechat) == whatsapp
    assert await best(wechat, "reminders") == wechat  # a talk has no template, and nothing else is better
    telegram = await writes(ann, "telegram", NOW - 90 * HOUR)
    assert await best(wechat) == telegram


async def test_the_web_chat_is_read_when_somebody_comes_back_to_it(ann: Contact) -> None:
    web = await writes(ann, "webchat", NOW)
    assert await best(web) == web
    telegram = await writes(ann, "telegram", NOW - 9 * HOUR)
    assert await best(web) == telegram


async def test_who_is_gone_or_does_not_want_it_there_is_told_elsewhere_or_nowhere(ann: Contact) -> None:
    telegram, web = await writes(ann, "telegram", NOW), await writes(ann, "webchat", NOW - HOUR)
    await Identity.filter(account="telegram").update(reachable=False)
    assert await best(telegram) == web
    identity = await Identity.get(account="webchat")
    await Consent.create(identity=identity, kind="orders", given=False, way="word", said="STOP", at=NOW)
    assert await best(telegram) == telegram
    assert [there.why for _, there in await reach.ways(telegram, ABLE, NOW, "orders")] == ["unreachable", "unwanted"]
    assert [there.why for _, there in await reach.ways(telegram, ABLE, NOW, "staff")] == ["unreachable", ""]


async def test_an_account_that_is_gone_is_no_way(ann: Contact) -> None:
    telegram = await writes(ann, "telegram", NOW)
    web = await writes(ann, "webchat", NOW - HOUR)
    assert await best(telegram, able={"webchat": WEBCHAT}) == web


async def test_news_need_a_yes_and_the_newest_word_counts(ann: Contact) -> None:
    telegram = await writes(ann, "telegram", NOW)
    identity = await Identity.get()
    for given in (None, True, False, True):
        if given is not None:
            await Consent.create(identity=identity, kind="news", given=given, way="asked", said="May we?", at=NOW)
        [(_, there)] = await reach.ways(telegram, ABLE, NOW, "news")
        assert (there.ok, there.why) == ((True, "") if given else (False, "unwanted"))


async def test_the_night_of_each_address_counts_and_waiting_is_named(ann: Contact) -> None:
    telegram = await writes(ann, "telegram", NOW)
    quiet = parse("16:00-19:00", "Asia/Shanghai")  # NOW is 17:00 there
    [(_, there)] = await reach.ways(telegram, ABLE, NOW, "orders", quiet)
    assert (there.ok, there.why, there.leaves) == (False, "quiet_hours", True)
    assert there.instead == (Instead("morning", at=NOW + 2 * HOUR),)
    web = await writes(ann, "webchat", NOW - HOUR)
    await Identity.filter(account="webchat").update(timezone="Europe/Berlin")
    here = await reach.address(telegram)  # one of her addresses tells where her clock is
    assert here is not None
    assert (here.zone, quiet.until(NOW, here.zone)) == ("Europe/Berlin", None)
    assert web != telegram


async def test_at_night_a_template_is_no_answer_either(ann: Contact) -> None:
    telegram = await writes(ann, "telegram", NOW - 90 * HOUR)
    whatsapp = await writes(ann, "whatsapp", NOW - 30 * HOUR)
    quiet = parse("16:00-19:00", "Asia/Shanghai")  # NOW is 17:00 there
    assert await reach.best(whatsapp, ABLE, NOW, "orders", quiet) == await best(whatsapp) == telegram


async def test_where_nothing_limits_staff_nothing_is_offered_instead(ann: Contact) -> None:
    telegram, wechat = await writes(ann, "telegram", NOW), await writes(ann, "wechat", NOW - 60 * HOUR)
    found = await reach.of(telegram, TELEGRAM, reachable=True, now=NOW, kind="staff")
    assert (await reach.instead(telegram, found, ABLE, NOW, "staff")).instead == ()
    found = await reach.of(wechat, WECHAT, reachable=True, now=NOW, kind="staff")
    offered = (await reach.instead(wechat, found, ABLE, NOW, "staff")).instead
    assert offered == (Instead("other", telegram, "telegram"), Instead("write"))
