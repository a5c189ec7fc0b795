"""Two or three nodes on one server: shares, deaths, late comers, and what staff do from another node."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.core.chat import Chat
from bot.core.errors import ConfigError, DatabaseBusy, Refused
from bot.core.message import Inbound, Wire
from bot.core.ports import ORDINARY, Accept, Occasion, Sent
from bot.core.registry import reads
from bot.core.router import Router
from bot.runtime import errands as errands_module
from bot.runtime import roll
from bot.runtime.lease import Terms
from bot.runtime.speech import SendPayload
from bot.services.scope import Scope
from models import Conversation, Dialog, Duty, Effect, Errand, Message, Node, Order, OrderEvent, Shard, Staff, database
from models import Inbound as InboundRow
from models.database import Overtaken, close_database, open_database
from tests.kit.profiles import TELEGRAM
from tests.kit.several import ACCOUNT, TERMS, Several, until
from tests.kit.simulator import START, SimChannel


class Gates:
    """Handlers wait at the gate that is named after what they were told."""

    def __init__(self) -> None:
        self.open: dict[str, asyncio.Event] = {}
        self.runs: Counter[str] = Counter()

    def router(self) -> Router:
        router = Router("gates")

        @reads
        async def waits(scope: Scope, text: str) -> None:
            self.runs[text] += 1
            if text in self.open:
                await self.open[text].wait()

        @router.command("ask")
        async def asks(chat: Chat) -> None:
            await chat.ask("Your name?", remind="1h", expire="1d")

        @router.fallback
        async def answer(chat: Chat) -> None:
            await chat.do(waits, chat.inbound.text)
            chat.say(f"echo {chat.inbound.text}")

        return router


@pytest.fixture
def gates() -> Gates:
    return Gates()


@pytest.fixture
def server_url(request: pytest.FixtureRequest) -> str:
    """Of an empty database on PostgreSQL, or on what the test is marked with."""
    url: str = request.getfixturevalue(getattr(request, "param", "empty_postgres"))
    return url


#: What leans on a server's own locks and clock is shown on each of them.
on_both = pytest.mark.parametrize(
    "server_url", ["empty_postgres", "empty_mariadb"], ids=["postgres", "mariadb"], indirect=True
)


@pytest.fixture
async def several(server_url: str, tmp_path: Path, gates: Gates) -> AsyncIterator[Several]:
    await open_database(server_url)
    made = Several([gates.router()], tmp_path)
    yield made
    await made.close()
    await close_database()


async def agent(name: str = "Mei") -> Staff:
    return await Staff.create(login=name.lower(), name=name, role="agent", password_hash="x", created_at=START)


async def test_one_node_has_everything_and_queues_what_arrives_without_a_look(several: Several) -> None:
    one = await several.joins()
    assert len(one.shards) == 64
    await until(lambda: one.runtime._intake.is_alone)
    await several.says("kim", "hello", at=one)
    assert one.runtime._intake.size == 0
    await several.quiet()
    assert several.shown("kim") == ["echo hello"]


async def test_what_was_kept_without_a_word_comes_before_what_arrives_next(
    several: Several, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await several.joins()
    await until(lambda: one.runtime._intake.is_alone)
    commit, lost = database._engine.commit, ["the answer"]

    async def forgetful(connection: Any, guard: Any, queries: Any, statements: Any, begin: Any) -> Any:
        found = await commit(connection, guard, queries, statements, begin)
        if lost and any("INTO inbound" in sql for sql, _ in queries):
            raise ConnectionResetError(lost.pop())
        return found

    monkeypatch.setattr(database._engine, "commit", forgetful)
    with pytest.raises(DatabaseBusy):
        await several.says("kim", "one", at=one)
    await several.says("kim", "two", at=one)
    await several.quiet()
    assert not lost
    assert several.shown("kim") == ["echo one", "echo two"]
    await until(lambda: one.runtime._intake.is_alone)


@on_both
async def test_a_second_node_gets_half_and_both_answer_once_and_in_order(several: Several) -> None:
    one, two = await several.joins(), await several.joins()
    assert (len(one.shards), len(two.shards)) == (32, 32)
    assert one.shards.isdisjoint(two.shards)
    for number in range(10):
        for person in ("a", "b", "c", "d", "e", "f"):
            await several.says(person, f"m{number}", at=(one, two)[(number + ord(person)) % 2])
    await several.quiet()
    for person in ("a", "b", "c", "d", "e", "f"):
        assert several.shown(person) == [f"echo m{number}" for number in range(10)]
        said = [line for line in await several.thread(person) if line.startswith("customer")]
        assert said == [f"customer: m{number}" for number in range(10)]


async def test_three_nodes_have_fair_shares(several: Several) -> None:
    for _ in range(3):
        await several.joins()
    assert sorted(len(node.shards) for node in several.nodes) == [20, 22, 22]


async def test_a_node_that_serves_goes_on_keeping_while_another_one_begins(several: Several) -> None:
    one, two = await several.joins(), await several.joins()
    node = await roll.enter("three", ["web"], "", TERMS.lease)  # and has not looked round yet
    for old in (one, two):
        looked = old.runtime._node
        assert looked is not None
        await looked._cluster._beat()
        assert node in {peer.id for peer in looked._cluster._peers}
        assert old.keeps
        await several.says("kim", f"hello {looked._lease.node}", at=old)
    await several.quiet()
    assert len(several.shown("kim")) == 2


async def test_without_hints_the_table_is_looked_at(several: Several) -> None:
    one, two = await several.joins(), await several.joins()
    several.deafens()
    person = several.person_of(two)
    for number in range(5):
        await several.says(person, f"m{number}", at=one)
    await several.quiet()
    assert several.shown(person) == [f"echo m{number}" for number in range(5)]


async def test_what_another_node_kept_before_is_not_overtaken(several: Several) -> None:
    one, two = await several.joins(), await several.joins()
    several.deafens()
    person = several.person_of(two)
    await several.says(person, "first", at=one)
    await several.says(person, "second", at=two)  # its node learns of it at once, and of the first not at all
    await several.quiet()
    assert several.shown(person) == ["echo first", "echo second"]


@on_both
async def test_a_node_that_stays_silent_loses_its_lanes_and_another_goes_on(several: Several) -> None:
    one, two = await several.joins(), await several.joins()
    person = several.person_of(two)
    await two.stops_renewing()
    await several.says(person, "hello", at=one)
    await several.quiet()
    assert several.shown(person) == ["echo hello"]
    await until(lambda: len(one.shards) == 64)
    assert two.is_late


@on_both
async def test_what_a_buried_node_keeps_is_acknowledged_by_another_and_not_overtaken(
    several: Several, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = await several.joins(), await several.joins()
    several.deafens()
    commit, begun, let = database._engine.commit, asyncio.Event(), asyncio.Event()

    async def slow(connection: Any, guard: Any, queries: Any, statements: Any, begin: Any) -> Any:
        if not begun.is_set() and any("INTO inbound" in sql for sql, _ in queries):
            begun.set()
            await let.wait()
        return await commit(connection, guard, queries, statements, begin)

    monkeypatch.setattr(database._engine, "commit", slow)
    first = Inbound(ACCOUNT, "first", "kim", text="one")
    sleeper = asyncio.create_task(two.runtime.accept([first]))
    await begun.wait()
    await two.stops_renewing()
    await until(lambda: one.runtime._intake.is_alone)
    let.set()
    with pytest.raises(DatabaseBusy):
        await sleeper
    assert await InboundRow.filter(key="first", state="pending").exists()
    assert await one.runtime.accept([first]) == 0
    await several.says("kim", "two", at=one)
    await several.quiet()
    assert several.shown("kim") == ["echo one", "echo two"]
    await until(lambda: one.runtime._intake.is_alone)


async def test_a_turn_that_outlives_the_lease_writes_nothing(several: Several, gates: Gates) -> None:
    one, two = await several.joins(), await several.joins()
    person = several.person_of(two)
    gates.open["slow"] = asyncio.Event()
    await several.says(person, "slow", at=two)
    await until(lambda: gates.runs["slow"] == 1)
    await two.stops_renewing()
    await until(lambda: gates.runs["slow"] == 2)  # the other node runs it
    gates.open["slow"].set()
    await several.quiet()
    assert await several.thread(person) == ["customer: slow", "bot: echo slow"]
    assert several.shown(person) == ["echo slow"]
    await two.wakes()
    await until(lambda: two.keeps and len(two.shards) == len(one.shards) == 32)
    await several.says(person, "again", at=two)
    await several.quiet()
    assert several.shown(person) == ["echo slow", "echo again"]


async def test_no_number_of_a_node_comes_twice(several: Several) -> None:
    one, two = await several.joins(), await several.joins()
    before = two.runtime._lease.node
    await two.stops_renewing()
    await until(lambda: len(one.shards) == 64)
    await two.wakes()
    await until(lambda: not two.is_late and len(two.shards) == 32)
    assert two.runtime._lease.node > max(before, one.runtime._lease.node)
    assert await Node.all().count() == 2


async def test_a_node_that_is_late_sends_nothing_of_what_it_has(several: Several) -> None:
    class Slow(SimChannel):
        """Its first message takes long."""

        let = asyncio.Event()
        leaving = asyncio.Event()

        async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
            self.leaving.set()
            await self.let.wait()
            return await several.platform.send(recipient, wire, key)

    one = await several.joins()
    two = await several.joins(channel=Slow(ACCOUNT, TELEGRAM))
    person = several.person_of(two)
    for number in range(3):
        await several.says(person, f"m{number}", at=two)
    await Slow.leaving.wait()
    await two.stops_renewing()
    await several.quiet()  # the other node sends all of it
    assert several.shown(person) == ["echo m0", "echo m1", "echo m2"]
    Slow.let.set()
    await asyncio.sleep(0.3)
    # What was leaving cannot be taken back; nothing behind it leaves, and nothing is recorded twice.
    assert several.shown(person) == ["echo m0", "echo m1", "echo m2", "echo m0"]
    assert len(one.shards) == 64


async def test_a_node_that_leaves_hands_over_at_once(several: Several) -> None:
    one, two = await several.joins(), await several.joins()
    person = several.person_of(two)
    await several.leaves(two)
    await until(lambda: len(one.shards) == 64, 0.5)
    await several.says(person, "hello", at=one)
    await several.quiet()
    assert several.shown(person) == ["echo hello"]
    assert await Node.all().count() == 1


async def test_a_lane_is_not_given_away_while_a_turn_is_under_way(several: Several, gates: Gates) -> None:
    one = await several.joins()
    gates.open["slow"] = asyncio.Event()
    people = [f"p{number}" for number in range(40)]
    for person in people:
        await several.says(person, "slow", at=one)
    await until(lambda: gates.runs["slow"] == 40)
    joining = asyncio.create_task(several.joins(patience=20.0))
    await asyncio.sleep(0.3)
    gates.open["slow"].set()
    await joining
    await several.quiet()
    assert gates.runs["slow"] == 40
    for person in people:
        assert await several.thread(person) == ["customer: slow", "bot: echo slow"]


@on_both
async def test_roles_are_apart(several: Several) -> None:
    web = await several.joins(["web"])
    worker = await several.joins(["worker"])
    await several.joins(["scheduler"])
    assert (len(web.shards), len(worker.shards)) == (0, 64)
    await several.says("kim", "hello", at=web)
    await several.quiet()
    assert several.shown("kim") == ["echo hello"]
    staff, row = await agent(), await Conversation.get(lane=f"{ACCOUNT}:kim")
    await web.runtime.desk.take_over(row.id, staff.id)
    seq = await web.runtime.desk.say(row.id, staff.id, "c1", "I am here", ())
    assert seq == await web.runtime.desk.say(row.id, staff.id, "c1", "I am here", ())
    await several.quiet()
    assert several.shown("kim") == ["echo hello", "I am here"]
    with pytest.raises(Refused, match="taken") as refused:
        await web.runtime.desk.take_over(row.id, (await agent("Lu")).id)
    assert refused.value.facts == {"owner": "Mei"}
    assert await Errand.all().count() == 0


async def test_after_a_takeover_at_another_node_the_bot_is_silent(several: Several) -> None:
    class Slow(SimChannel):
        """Each message takes a while."""

        async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
            await asyncio.sleep(0.05)
            return await several.platform.send(recipient, wire, key)

    one = await several.joins()
    two = await several.joins(channel=Slow(ACCOUNT, TELEGRAM))
    staff = await agent()
    for start in range(5):
        person = several.person_of(two, start * 100)
        for number in range(6):
            await several.says(person, f"m{number}", at=one)
        await until(lambda person=person: bool(several.shown(person)))  # type: ignore[misc]
        row = await Conversation.get(lane=f"{ACCOUNT}:{person}")
        await one.runtime.desk.take_over(row.id, staff.id)
        before = len(several.shown(person))
        await asyncio.sleep(0.15)
        assert len(several.shown(person)) == before
    await several.quiet()


async def test_whoever_asks_a_node_that_is_dead_is_told_to_come_again(
    several: Several, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errands_module, "PATIENCE", 0.3)
    one, two = await several.joins(), await several.joins()
    person = several.person_of(two)
    await several.says(person, "hello", at=one)
    await several.quiet()
    row, staff = await Conversation.get(lane=f"{ACCOUNT}:{person}"), await agent()
    assert two.runtime._node is not None
    await two.runtime._node.errands.stop()
    assert one.runtime._node is not None
    one.runtime._node.errands._patience = 0.3
    with pytest.raises(DatabaseBusy):
        await one.runtime.desk.take_over(row.id, staff.id)
    assert await Errand.all().count() == 0  # it dies with its caller's patience
    assert (await Conversation.get(id=row.id)).owner_id is None


async def test_exactly_one_node_asks_a_platform(several: Several) -> None:
    class Pulling(SimChannel):
        """Asks its platform."""

        pulls = True

        def __init__(self) -> None:
            super().__init__(ACCOUNT, TELEGRAM)
            self.is_asking = False

        async def start(self, accept: Accept) -> None:
            self.is_asking = True

        async def stop(self) -> None:
            self.is_asking = False

    channels = [Pulling(), Pulling()]
    one = await several.joins(channel=channels[0])
    two = await several.joins(channel=channels[1])
    assert [channel.is_asking for channel in channels] == [True, False]
    await one.stops_renewing()
    await until(lambda: channels[1].is_asking)
    await one.wakes()
    await until(lambda: not channels[0].is_asking)
    await several.leaves(two)
    await until(lambda: channels[0].is_asking)
    assert [row.node_id for row in await Duty.all()] == [one.runtime._lease.node]


async def test_rows_without_a_shard_are_found(several: Several) -> None:
    one = await several.joins()
    await several.says("kim", "hello", at=one)
    await several.quiet()
    row = await Conversation.get(lane=f"{ACCOUNT}:kim")
    payload = msgspec.json.encode(SendPayload("kim", Wire("echo hello"), True)).decode()
    await Message.filter(conversation_id=row.id).update(delivery="queued")
    await Effect.create(
        key="by hand", kind="send", lane=row.lane, payload=payload, conversation_id=row.id, message_seq=2,
        due_at=START, created_at=START,
    )  # fmt: skip
    await Effect.filter(key="by hand").update(shard=-1)
    await several.quiet()
    assert several.shown("kim") == ["echo hello", "echo hello"]


async def test_a_buried_node_may_not_claim(several: Several) -> None:
    one = await several.joins()
    [peer] = await roll.peers()
    assert not await roll.bury(peer)  # it is alive
    node = await roll.enter("late", ["worker"], "", 0.0)
    with pytest.raises(Overtaken):
        await roll.claim(node, 3)
    assert await Shard.filter(node_id=one.runtime._lease.node).count() == 64


async def test_a_process_that_slept_begins_anew_with_what_it_had(several: Several, gates: Gates) -> None:
    one = await several.joins()
    gates.open["slow"] = asyncio.Event()
    await several.says("kim", "slow", at=one)
    await several.says("kim", "behind", at=one)
    await until(lambda: gates.runs["slow"] == 1)
    before = one.runtime._lease.node
    time.sleep(TERMS.lease + 0.2)
    await until(lambda: one.keeps and one.runtime._lease.node > before)
    gates.open["slow"].set()
    await several.quiet()
    assert await several.thread("kim") == [
        "customer: slow", "bot: echo slow", "customer: behind", "bot: echo behind"
    ]  # fmt: skip
    await several.says("kim", "again", at=one)
    await several.quiet()
    assert several.shown("kim") == ["echo slow", "echo behind", "echo again"]


async def test_two_schedulers_at_one_moment_do_each_thing_once(several: Several) -> None:
    one, two = await several.joins(), await several.joins()
    people = [f"p{number}" for number in range(12)]
    for person in people:
        await several.says(person, "/ask", at=one)
    await several.quiet()
    past = START - timedelta(days=365)
    await Dialog.all().update(remind_at=past)
    for row in await Conversation.all():
        await Order.create(
            number=f"N-{row.id}", conversation_id=row.id, contact_id=row.contact_id, account=ACCOUNT, state="placed",
            total=1, currency="CNY", name="x", address="", hold_until=past, created_at=past, updated_at=past,
        )  # fmt: skip
    for work in ("dialogs_due", "orders_due", "prune"):
        await asyncio.gather(*(getattr(node.runtime.clockwork, work)() for node in (one, two) for _ in range(2)))
    await several.quiet()
    for person in people:
        reminded = [text for text in several.shown(person) if "Your name?" in text]
        assert len(reminded) == 2, several.shown(person)  # the question, and its one reminder
    assert await OrderEvent.filter(to_state="expired").count() == len(people)
    assert await InboundRow.filter(kind="order").count() == len(people)


async def test_a_talk_in_the_terminal_is_refused_while_nodes_serve(several: Several) -> None:
    await roll.check_alone()
    one = await several.joins()
    with pytest.raises(ConfigError, match="is served by node 1; stop every Parley of it first"):
        await roll.check_alone()
    await several.leaves(one)
    await roll.check_alone()


async def test_a_hint_that_was_lost_is_told_again(several: Several, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.runtime.cluster.TELL_SECONDS", 0.05)
    one = await several.joins()
    monkeypatch.setattr(one.runtime._node._cluster, "_terms", Terms(lease=TERMS.lease, beat=3.0, margin=TERMS.margin))  # type: ignore[union-attr]
    await asyncio.sleep(2 * TERMS.beat)  # it looks at the others every three seconds from here on
    several.deafens()
    joining = asyncio.create_task(several.joins())
    await asyncio.sleep(0.3)
    assert not joining.done()
    began = time.monotonic()
    several.hears()
    await joining
    assert time.monotonic() - began < 2.0, "nobody was told again"


async def test_a_start_that_was_refused_leaves_nothing_behind_however_often_it_is_ended(
    several: Several, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuses(_: object) -> None:
        raise DatabaseBusy("the database is away")

    monkeypatch.setattr("bot.runtime.cluster.Cluster._be_known", refuses)
    with pytest.raises(DatabaseBusy):
        await several.joins()
    assert await Node.all().count() == 1
    [one] = several.nodes
    await one.runtime.stop()
    assert await Node.all().count() == 0
    await one.runtime.stop()


async def test_a_node_without_a_database_for_longer_than_its_lease_begins_anew(
    several: Several, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuses(*_: object) -> None:
        raise DatabaseBusy("the database is away")

    one = await several.joins()
    before = one.runtime._lease.node
    with monkeypatch.context() as away:
        away.setattr(roll, "renew", refuses)
        away.setattr(roll, "leave", refuses)
        away.setattr(roll, "peers", refuses)
        await until(lambda: one.is_late)
        await asyncio.sleep(0.5)
    await until(lambda: one.keeps and one.runtime._lease.node > before and len(one.shards) == 64)
