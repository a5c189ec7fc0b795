"""The inbox: acknowledged means kept, the same event once, and one bad event harms nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.core.errors import BadInput, DatabaseBusy
from bot.core.message import Inbound
from bot.runtime.group import MOST_AT_ONCE, GroupCommit
from bot.runtime.inbox import Inbox, unfinished
from bot.runtime.ledger import Ledger, Waiting
from models import Contact, Conversation, Identity, database
from models import Inbound as Row
from models.database import Overtaken, transaction

NOW = datetime(2026, 5, 1, tzinfo=UTC)


class Arrivals:
    """An inbox, and who arrived through it."""

    def __init__(self) -> None:
        self.heard: list[Waiting] = []
        self.waiting = 0
        self.ledger = Ledger(self.heard.extend)
        self.inbox = Inbox(self.ledger, backlog=lambda: self.waiting, most=100)

    async def accept(self, *inbounds: Inbound) -> int:
        return await self.inbox.accept(inbounds)


@pytest.fixture
async def arrivals(database: str) -> AsyncIterator[Arrivals]:
    made = Arrivals()
    yield made
    await made.ledger.close()


def event(key: str, text: str = "hi", sender: str = "ann", account: str = "telegram") -> Inbound:
    return Inbound(account, key, sender, text=text)


async def test_what_is_accepted_is_in_the_table_and_heard_of_in_order(arrivals: Arrivals) -> None:
    events = [event(str(number), sender=f"s{number % 3}") for number in range(500)]
    assert await arrivals.accept(*events) == 500
    rows = await Row.all().order_by("id")
    assert [row.key for row in rows] == [one.key for one in events]
    assert [waiting.inbound for waiting in arrivals.heard] == events
    assert [waiting.id for waiting in arrivals.heard] == [row.id for row in rows]
    assert {(row.state, row.lane) for row in rows} == {("pending", f"telegram:s{number}") for number in range(3)}


async def test_all_that_meets_in_a_commit_is_one_insert(arrivals: Arrivals, monkeypatch: pytest.MonkeyPatch) -> None:
    inserts: list[list[str]] = []
    commit = database._engine.commit

    async def counted(connection: Any, guard: Any, queries: Any, statements: Any, begin: Any) -> Any:
        inserts.append([sql.split(" (")[0] for sql, _ in queries])
        return await commit(connection, guard, queries, statements, begin)

    monkeypatch.setattr(database._engine, "commit", counted)
    new = await asyncio.gather(*(arrivals.accept(event(str(number))) for number in range(MOST_AT_ONCE + 1)))
    assert new == [1] * (MOST_AT_ONCE + 1)
    assert inserts == [["INSERT INTO inbound"]] * 2


async def test_the_same_event_is_kept_once_however_it_comes(arrivals: Arrivals) -> None:
    await arrivals.accept(event("1"), event("1"))
    await asyncio.gather(*(arrivals.accept(event("1", text="again")) for _ in range(5)))
    await asyncio.gather(*(arrivals.accept(event("2"), event("3")) for _ in range(5)))
    assert await arrivals.accept(event("3"), event("1", account="other")) == 1
    assert sorted((row.account, row.key) for row in await Row.all()) == [
        ("other", "1"), ("telegram", "1"), ("telegram", "2"), ("telegram", "3"),
    ]  # fmt: skip
    assert len(arrivals.heard) == 4
    assert arrivals.heard[0].inbound.text == "hi"


async def test_arrivals_of_one_moment_share_a_commit() -> None:
    groups: list[list[int]] = []

    async def flush(items: Sequence[int]) -> list[int]:
        groups.append(list(items))
        await asyncio.sleep(0)
        return [item * 10 for item in items]

    group = GroupCommit(flush, most=4)
    assert await asyncio.gather(*(group.submit(number) for number in range(10))) == [n * 10 for n in range(10)]
    assert groups == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    await group.close()


async def test_what_a_commit_leaves_out_comes_first_in_the_next_ones_which_are_smaller() -> None:
    groups: list[list[int]] = []
    full = [2, 1]

    async def flush(items: Sequence[int]) -> list[int]:
        groups.append(list(items))
        await asyncio.sleep(0)
        return list(items)[: full.pop(0) if full else None]

    group = GroupCommit(flush, most=4)
    assert await asyncio.gather(*(group.submit(number) for number in range(10))) == [*range(10)]
    assert groups == [[0, 1, 2, 3], [2, 3], [3], [4, 5], [6, 7, 8, 9]]
    await group.close()


async def test_a_gap_lets_more_share_a_commit() -> None:
    groups: list[list[int]] = []
    began: list[float] = []

    async def flush(items: Sequence[int]) -> list[int]:
        began.append(asyncio.get_running_loop().time())
        groups.append(list(items))
        return list(items)

    group = GroupCommit(flush, gap=0.1)
    assert await group.submit(1) == 1
    one_by_one = [asyncio.create_task(group.submit(number)) for number in (2, 3)]
    await asyncio.sleep(0)
    assert await group.submit(4) == 4
    assert await asyncio.gather(*one_by_one) == [2, 3]
    assert groups == [[1], [2, 3, 4]]
    assert began[1] - began[0] >= 0.1
    await group.close()


async def test_a_commit_that_fails_is_told_to_the_one_to_blame_only() -> None:
    async def flush(items: Sequence[int]) -> list[int]:
        if 3 in items:
            raise ValueError("three")
        return list(items)

    group = GroupCommit(flush)
    results = await asyncio.gather(*(group.submit(number) for number in range(5)), return_exceptions=True)
    assert [result if isinstance(result, int) else str(result) for result in results] == [0, 1, 2, "three", 4]
    await group.close()


async def test_a_busy_database_is_told_to_everyone_and_the_next_commit_is_tried() -> None:
    busy = [DatabaseBusy("locked")]

    async def flush(items: Sequence[int]) -> list[int]:
        if busy:
            raise busy.pop()
        return list(items)

    group = GroupCommit(flush)
    results = await asyncio.gather(group.submit(1), group.submit(2), return_exceptions=True)
    assert [type(result) for result in results] == [DatabaseBusy, DatabaseBusy]
    assert await group.submit(3) == 3
    await group.close()


async def test_closing_commits_what_waits_and_refuses_what_comes_after(arrivals: Arrivals) -> None:
    waiting = asyncio.create_task(arrivals.accept(event("1")))
    await asyncio.sleep(0)
    await arrivals.ledger.close()
    assert await waiting == 1
    with pytest.raises(DatabaseBusy, match="stopping"):
        await arrivals.accept(event("2"))
    assert [row.key for row in await Row.all()] == ["1"]


async def test_a_sender_who_hangs_up_is_kept_all_the_same(arrivals: Arrivals) -> None:
    task = asyncio.create_task(arrivals.accept(event("1")))
    await asyncio.sleep(0)
    task.cancel()
    await arrivals.accept(event("2"))
    assert sorted(waiting.inbound.key for waiting in arrivals.heard) == ["1", "2"]


async def test_too_much_is_refused_with_a_time_to_come_back(arrivals: Arrivals) -> None:
    arrivals.waiting = 100
    with pytest.raises(DatabaseBusy) as refused:
        await arrivals.accept(event("1"))
    assert refused.value.after == 2.0
    assert await Row.all().count() == 0


async def test_a_nul_in_words_is_dropped(arrivals: Arrivals) -> None:
    await arrivals.accept(event("1", text="a\x00b"))
    assert arrivals.heard[0].inbound.text == "ab"


@pytest.mark.parametrize(
    "bad",
    [
        event("1", text="\ud83c"),
        event("\x001"),
        event("1", sender="a\x00"),
        event("1", sender="x" * 192),
        Inbound("telegram", "1", "ann", data="a\x00"),
        Inbound("telegram", "1", "ann", client_id="x" * 65),
    ],
    ids=["surrogate", "key", "sender", "long sender", "data", "client id"],
)
async def test_what_no_database_takes_is_refused_and_its_neighbours_are_kept(arrivals: Arrivals, bad: Inbound) -> None:
    results = await asyncio.gather(
        arrivals.accept(event("before")), arrivals.accept(bad), arrivals.accept(event("after")), return_exceptions=True
    )
    assert [type(result) for result in results] == [int, BadInput, int]
    assert [waiting.inbound.key for waiting in arrivals.heard] == ["before", "after"]


async def test_after_a_restart_the_unfinished_come_back_in_order_and_equal(arrivals: Arrivals) -> None:
    events = [event(str(number), text="茶🍵") for number in range(5)]
    await arrivals.accept(*events)
    await Row.filter(key="1").update(state="done")
    await Row.filter(key="2").update(state="parked")
    await Row.filter(key="3").update(attempts=2)
    first = await unfinished(0, 2)
    rest = await unfinished(first[-1].id, 2)
    assert [waiting.inbound for waiting in first + rest] == [events[0], events[3], events[4]]
    assert [waiting.attempts for waiting in first + rest] == [0, 2, 0]


async def test_keeping_within_a_transaction_ends_with_it(arrivals: Arrivals) -> None:
    kept: list[Waiting] = []

    async def fails() -> None:
        async with transaction() as connection:
            kept.extend(await arrivals.inbox.keep_within(connection, [event("1"), event("2"), event("1")]))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()
    assert [waiting.inbound.key for waiting in kept] == ["1", "2"]
    assert await Row.all().count() == 0


async def test_who_was_overtaken_writes_nothing_and_its_neighbours_all(arrivals: Arrivals) -> None:
    contact = await Contact.create(created_at=NOW, updated_at=NOW)
    talks = []
    for sender in ("ann", "bob"):
        identity = await Identity.create(contact=contact, account="telegram", external_id=sender, created_at=NOW)
        talks.append(
            await Conversation.create(
                lane=f"telegram:{sender}", identity=identity, contact=contact, account="telegram",
                last_at=NOW, created_at=NOW, updated_at=NOW,
            )
        )  # fmt: skip
    ann, bob = talks
    rename = "UPDATE conversation SET reason = ? WHERE id = ?"
    found = await asyncio.gather(
        arrivals.ledger.write([(rename, [("late", ann.id)])], ann.id, ann.version - 1),
        arrivals.ledger.write([(rename, [("in time", bob.id)])], bob.id, bob.version),
        arrivals.accept(event("1")),
        return_exceptions=True,
    )
    assert isinstance(found[0], Overtaken)
    assert list(found[1:]) == [None, 1]
    assert [row.reason for row in await Conversation.all().order_by("id")] == ["", "in time"]
    assert await Row.all().count() == 1
