"""Who blocked us gets nothing that nobody waits for, and is written to again once they let us."""

from __future__ import annotations

from datetime import timedelta

from bot.core.message import Inbound
from models import Dialog, Effect, ReportDelivery, ReportRun
from tests.kit.simulator import Customer, Simulator


async def test_a_block_is_known_at_once_and_so_is_its_end(sim: Simulator) -> None:
    ann = await sim.customer()
    await ann.says("hello")
    before = await ann.screen()
    await ann.blocks()
    assert (await ann.identity()).reachable is False
    await ann.unblocks()
    assert (await ann.identity()).reachable is True
    assert await ann.screen() == before


async def test_who_blocked_us_is_not_reminded(sim: Simulator) -> None:
    ann = await sim.customer()
    await ann.says("review")
    await ann.blocks()
    await sim.passes("1d")
    assert await ann.times("Are you still there?") == 0
    dialog = await Dialog.get()
    assert (dialog.state, dialog.remind_at) == ("asking", None)
    await ann.unblocks()
    await ann.picks("5 ★")
    assert "What should others know?" in (await ann.last()).text


async def test_a_report_waits_at_the_desk_for_who_cannot_be_written_to(one_sim: Simulator) -> None:
    mei = await manager(one_sim)
    await mei.blocks()
    assert await told_of_a_report(one_sim, mei) == ("failed", 0)
    assert await Effect.filter(state="pending").count() == 0
    await mei.unblocks()
    assert await told_of_a_report(one_sim, mei) == ("sent", 1)


async def manager(sim: Simulator) -> Customer:
    """A manager whose chat is linked."""
    mei, account = await sim.customer("Mei"), await sim.staff("Mei", "manager")
    await mei.says("hello")
    identity = await mei.identity()
    identity.staff_id = account.id
    await identity.save()
    return mei


async def told_of_a_report(sim: Simulator, mei: Customer) -> tuple[str, int]:
    """What became of the delivery of one more report, and how often the chat was told so far."""
    run = await ReportRun.create(
        report="sales", slot=sim.key(), period_start=sim.now - timedelta(days=7), period_end=sim.now,
        timezone="UTC", state="failed", error="memory ran out", created_at=sim.now,
    )  # fmt: skip
    talk = await mei.conversation()
    delivery = await ReportDelivery.create(run=run, conversation_id=talk.id, created_at=sim.now)
    await sim.deliver(Inbound(sim.account, f"report:{run.id}", mei.sender, "report", data=str(run.id)))
    await delivery.refresh_from_db()
    return delivery.state, await mei.times("memory ran out")
