"""A manager subscribes to a report in the chat, sees what comes when, and ends it."""

from __future__ import annotations

import pytest

from bot.app_reports import fill_registry
from bot.services import staff
from models import ReportSubscription
from models.database import transaction
from tests.kit.simulator import Customer, Simulator


@pytest.fixture
async def boss(one_sim: Simulator) -> Customer:
    """A manager whose chat is linked to the account."""
    fill_registry()
    manager, found = await one_sim.staff("Mei", "manager"), await one_sim.customer("Mei")
    async with transaction():
        code, _ = await staff.make_link_code(manager.id, one_sim.now)
    await found.says(f"/link {code}")
    assert await found.sees("this chat is linked to your staff account.")
    return found


async def test_a_subscription_is_made_shown_and_ended(boss: Customer) -> None:
    await boss.says("/reports")
    await boss.picks("Subscribe")
    await boss.picks("Sales")
    await boss.picks("Every Monday")
    await boss.says("quarter past")
    assert await boss.sees("Please write the time like 09:00.")
    await boss.says("09:15")
    await boss.says("Asia/Shanghai")
    assert await boss.sees("Done. “Sales” comes here next on")
    assert (await ReportSubscription.get()).cron == "15 9 * * mon"

    await boss.says("/reports")
    await boss.picks("My subscriptions")
    assert await boss.sees("09:15 (Asia/Shanghai)")
    await boss.picks("Keep them")
    assert await ReportSubscription.all().count() == 1

    await boss.says("/reports")
    await boss.picks("My subscriptions")
    await boss.picks("End one")
    await boss.says("1")
    assert await boss.sees("Ended: Sales")
    assert await ReportSubscription.all().count() == 0
    await boss.says("/reports")
    await boss.picks("My subscriptions")
    assert await boss.sees("You have no subscriptions in this chat yet.")


async def test_news_are_not_promised_to_a_chat_of_staff(boss: Customer) -> None:
    await boss.says("/news")
    assert "news of the shop do not come here" in (await boss.last()).text
    assert not (await boss.last()).buttons
