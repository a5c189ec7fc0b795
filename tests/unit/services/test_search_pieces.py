"""PostgreSQL's index of pieces: no row is missed, and nothing stays of what was changed or deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest

from bot.services import privacy, search
from bot.services.scope import Scope
from bot.services.search import postings
from bot.services.search.sources import CONTACTS, MESSAGES, Source
from models import Contact, Message
from models.database import fetch, transaction
from tests.unit.services.shop import NOW, Shop

#: An id behind the first part: rows before it are in a part that is full.
BEHIND = 1 << MESSAGES.part


async def says(scope: Scope, id_: int, text: str) -> None:
    await Message.create(id=id_, conversation_id=scope.conversation_id, seq=id_, author="customer", text=text, at=NOW)


async def found(query: str) -> list[int]:
    """The messages that a search shows."""
    return [one.said.seq for one in await search.conversations(query) if one.said]


async def parts(source: Source = MESSAGES) -> list[int]:
    return [row["part"] for row in await fetch(f"SELECT part FROM {source.table}_search_part ORDER BY part")]


async def places(source: Source, text: str) -> list[int]:
    """Where the first part of the index has all groups of a text."""
    kept = {
        key: posting
        for row in await fetch(f"SELECT keys, places FROM {source.table}_search WHERE part = 0")
        for key, posting in zip(row["keys"], row["places"], strict=True)
    }
    wanted = [kept.get(postings.key(group), b"") for group in postings.groups([text])]
    return postings.common(wanted, source.places)


async def index() -> None:
    while await search.index_some(rest=0):
        pass


async def test_a_part_is_in_the_index_once_it_is_full(postgres: Shop) -> None:
    ann = await postgres.customer()
    await says(ann, 5, "the first Longjing")
    await says(ann, BEHIND - 1, "the last Longjing")
    await index()
    assert await parts() == []
    assert await found("longjing") == [BEHIND - 1]
    await says(ann, BEHIND, "one more")
    await index()
    assert await parts() == [0]
    assert await places(MESSAGES, "longjing") == [0, MESSAGES.places - 1]
    assert await found("first long") == [5]
    assert await found("one more") == [BEHIND]


async def test_the_newest_part_comes_first(postgres: Shop) -> None:
    ann = await postgres.customer()
    for part in range(4):
        await says(ann, BEHIND * part + 1, f"word number {part}")
    assert await search.index_some(rest=0)
    assert await parts() == [2]
    assert [await found(f"number {part}") for part in range(4)] == [[BEHIND * part + 1] for part in range(4)]
    await index()
    assert await parts() == [0, 1, 2]
    assert [await found(f"number {part}") for part in range(4)] == [[BEHIND * part + 1] for part in range(4)]


async def test_a_row_that_shows_late_is_not_missed(postgres: Shop, empty_postgres: str) -> None:
    ann = await postgres.customer()
    late = await asyncpg.connect(empty_postgres)
    try:
        writing = late.transaction()
        await writing.start()
        await late.execute(
            "INSERT INTO message (id, conversation_id, seq, author, text, at) VALUES (9, $1, 9, 'customer', $2, now())",
            ann.conversation_id, "I am late",
        )  # fmt: skip
        await says(ann, 1, "the first")
        await says(ann, BEHIND, "behind it")
        assert not await search.index_some(rest=0)
        assert await parts() == []
        await writing.commit()
    finally:
        await late.close()
    await index()
    assert await parts() == [0]
    assert await places(MESSAGES, "i am late") == [0]
    assert await found("am late") == [9]


async def test_who_only_reads_keeps_nothing_up(postgres: Shop, empty_postgres: str) -> None:
    ann = await postgres.customer()
    await says(ann, 1, "hello")
    await says(ann, BEHIND, "behind it")
    reader = await asyncpg.connect(empty_postgres)
    try:
        reading = reader.transaction(isolation="repeatable_read")
        await reading.start()
        await reader.fetch("SELECT * FROM message")
        await index()
        assert await parts() == [0]
        await reading.rollback()
    finally:
        await reader.close()


async def test_another_node_that_is_at_it_is_left_alone(postgres: Shop, empty_postgres: str) -> None:
    ann = await postgres.customer()
    await says(ann, 1, "hello")
    await says(ann, BEHIND, "behind it")
    other = await asyncpg.connect(empty_postgres)
    try:
        async with other.transaction():
            await other.execute("SELECT pg_advisory_xact_lock(hashtext('parley search'))")
            assert not await search.index_some(rest=0)
            assert await parts() == []
    finally:
        await other.close()
    await index()
    assert await parts() == [0]


async def test_a_fill_that_is_cut_off_leaves_nothing_and_is_done_again(postgres: Shop) -> None:
    ann = await postgres.customer()
    await says(ann, 1, "hello")
    await says(ann, BEHIND, "behind it")
    task = asyncio.create_task(search.index_some(rest=0))
    while not await fetch("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await parts() == []
    assert await fetch("SELECT part FROM message_search") == []
    await index()
    assert await places(MESSAGES, "hello") == [0]


@pytest.fixture
async def talks(postgres: Shop) -> tuple[Scope, Scope]:
    """Ann and Bob side by side in a part that is in the index, with people, too."""
    made = []
    for number, name in ((1, "Ann Lindqvist"), (2, "Bob Lindgren")):
        row = await Contact.create(id=number, name=name, phone=f"555 010{number}", created_at=NOW, updated_at=NOW)
        made.append(await postgres.customer(name, contact=row.id))
    await Contact.create(id=1 << CONTACTS.part, name="Behind", created_at=NOW, updated_at=NOW)
    ann, bob = made
    await says(ann, 1, "zebra in the garden")
    await says(bob, 2, "a zebroid in the garden")
    await says(bob, BEHIND, "behind it")
    await index()
    assert (await parts(), await parts(CONTACTS)) == ([0], [0])
    return ann, bob


async def changed() -> list[object]:
    """What the index has yet to forget."""
    return [
        tuple(row.values())
        for source in (MESSAGES, CONTACTS)
        for row in await fetch(f"SELECT id, text FROM {source.table}_search_changed")
    ]


async def test_an_erasure_takes_the_words_out_with_its_commit(talks: tuple[Scope, Scope]) -> None:
    ann, _ = talks
    assert await places(MESSAGES, "zebra") == [0]
    assert await places(CONTACTS, "lindq") == [1]
    async with transaction():
        await privacy.erase(ann.contact_id, NOW)
    assert await changed() == []
    # Whatever Bob said as well is still there, and nothing else.
    assert [await places(MESSAGES, word) for word in ("bra", "ra ", "zeb", "in the garden")] == [[], [], [0], [0]]
    assert [await places(CONTACTS, word) for word in ("ann", "dq", "0101", "0102", "lind")] == [[], [], [], [2], [2]]
    assert (await found("zebra"), await found("zebro"), await found("garden")) == ([], [2], [2])


async def test_an_erasure_that_is_undone_leaves_the_words(talks: tuple[Scope, Scope]) -> None:
    ann, _ = talks

    async def erase() -> None:
        async with transaction():
            await privacy.erase(ann.contact_id, NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await erase()
    assert await places(MESSAGES, "zebra") == [0]
    assert await found("zebra") == [1]


async def test_what_is_written_anew_is_found_at_once(talks: tuple[Scope, Scope]) -> None:
    await Message.filter(id=1).update(text="an OKAPI, 长颈鹿")
    await Contact.filter(id=2).update(name="Roberto")
    assert (await found("okapi"), await found("颈鹿"), await found("zebra")) == ([1], [1], [])
    assert await search.contacts("berto") == (2,)
    assert await search.contacts("lindgren") == ()
    await index()
    assert await changed() == []
    assert [await places(MESSAGES, word) for word in ("okapi", "颈鹿", "zebra")] == [[0], [0], []]
    assert [await places(CONTACTS, word) for word in ("berto", "ndgren")] == [[2], []]
    assert (await found("okapi"), await found("颈鹿"), await search.contacts("berto")) == ([1], [1], (2,))


async def test_what_an_older_version_deletes_leaves_the_index_soon(talks: tuple[Scope, Scope]) -> None:
    await fetch("DELETE FROM message WHERE id = 1")
    assert await changed() == [(1, "zebra in the garden")]
    assert await found("zebra") == []
    await index()
    assert await changed() == []
    assert (await places(MESSAGES, "bra"), await places(MESSAGES, "zeb")) == ([], [0])


async def test_what_was_changed_before_it_was_indexed_leaves_nothing(postgres: Shop) -> None:
    ann = await postgres.customer()
    await says(ann, 1, "zebra")
    await Message.filter(id=1).update(text="okapi", delivery="sent")
    await index()
    assert await changed() == []
    await says(ann, BEHIND, "behind it")
    await index()
    assert (await places(MESSAGES, "zebra"), await places(MESSAGES, "okapi")) == ([], [0])


@pytest.mark.parametrize("authors", [("bot",), ("event", "bot")])
async def test_what_nobody_looks_for_is_not_noted(postgres: Shop, authors: Sequence[str]) -> None:
    ann = await postgres.customer()
    for id_, author in enumerate(authors, start=1):
        await Message.create(
            id=id_, conversation_id=ann.conversation_id, seq=id_, author=author, text="Hello, and welcome", at=NOW
        )
    await says(ann, BEHIND, "behind it")
    await index()
    await Message.filter(author__in=authors).update(text="Good bye")
    assert (await changed(), await places(MESSAGES, "hello"), await found("good")) == ([], [], [])
