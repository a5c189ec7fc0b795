"""Who refuses unasked messages at their platform, or news, is answered all the same, and hears nothing of that kind."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.services import consents
from models import Consent, Identity
from tests.kit.simulator import Simulator


@pytest.mark.parametrize("word", ["C2C_MSG_REJECT"])
async def test_who_refuses_pushes_is_answered(one_sim: Simulator, word: str) -> None:
    ann = await one_sim.customer()
    await ann.says("hello")
    await one_sim.deliver(ann._inbound(kind="reach", data="answers", text=word))
    identity = await Identity.get()
    allowed = (await consents.of([identity.id]))[identity.id]
    assert (identity.reachable, allowed.orders.given, allowed.reminders.given) == (True, False, False)
    assert allowed.orders.said == word
    said = len(await ann.screen())
    await ann.says("hello again")
    assert len(await ann.screen()) > said
    one_sim.now += timedelta(days=1)
    await one_sim.deliver(ann._inbound(kind="reach", data="unasked", text="C2C_MSG_RECEIVE"))
    allowed = (await consents.of([identity.id]))[identity.id]
    assert (allowed.orders.given, allowed.reminders.given, allowed.news.given) == (True, True, False)


async def test_who_wants_no_news_hears_of_their_orders(one_sim: Simulator) -> None:
    ann = await one_sim.customer()
    await ann.says("hello")
    identity = await Identity.get()
    await Consent.create(identity_id=identity.id, kind="news", given=True, way="asked", said="?", at=one_sim.now)
    for data, news in (("no_news", False), ("news", True)):
        one_sim.now += timedelta(days=1)
        await one_sim.deliver(ann._inbound(kind="reach", data=data, text=f"User requested {data}"))
        allowed = (await consents.of([identity.id]))[identity.id]
        assert (allowed.orders.given, allowed.reminders.given, allowed.news.given) == (True, True, news)
        assert allowed.news.said == f"User requested {data}"
