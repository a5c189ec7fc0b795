"""Webhooks that leave: signed, again after what failed, by one node or two, and one endpoint never for another."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from standardwebhooks import WebhookVerificationError

from bot.core.chat import Chat
from bot.core.router import Router
from bot.runtime.retry import WEBHOOK_DELAYS, webhook_delay
from bot.runtime.webhooks import AT_ONCE, Webhooks
from bot.services import webhook_endpoints as endpoints
from bot.services import webhook_outbox as outbox
from bot.services import webhooks
from bot.webhooks import WebhookCalls
from models import Audit, WebhookDelivery, WebhookEndpoint, WebhookEvent
from models.database import close_database, open_database, transaction
from tests.kit.profiles import TELEGRAM
from tests.kit.receiver import Receiver, receiving
from tests.kit.several import until
from tests.unit.runtime.conftest import Worlds

HERE = ("127.0.0.0/8",)


class Sender:
    """A node's part of the work, with a clock and a fate of the test's own."""

    def __init__(self, calls: WebhookCalls) -> None:
        self.now = datetime.now(UTC)
        self.stopped = 0
        self.calls = calls
        self.hooks = Webhooks(calls, self._stop, lambda: self.now, lambda: 0.5)

    def _stop(self) -> None:
        self.stopped += 1

    async def endpoint(self, url: str, *events: str) -> tuple[int, str]:
        return await endpoints.create(url, events or ("order.*",), True, 1, self.now)

    async def happens(self, *names: str) -> None:
        rows = [webhooks.event(name, "order:1", {"number": at}, self.now) for at, name in enumerate(names)]
        async with transaction():
            await webhooks.write(rows)

    async def looks(self) -> None:
        """Once, until everything that can be told has been."""
        await self.hooks._look()
        await asyncio.gather(*self.hooks._tasks.values())


#: A date of a zone that no clock has.
NO_TIME = "Mon, 23 Nov 2026 09:00:00 +99999999999999999999"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def sender(database: str) -> AsyncIterator[Sender]:
    calls = WebhookCalls(HERE, patience=20.0)
    webhooks.forget()
    yield Sender(calls)
    await calls.close()


@pytest.fixture
async def small(sqlite_url: str) -> AsyncIterator[Sender]:
    """On SQLite only."""
    await open_database(sqlite_url)
    calls = WebhookCalls(HERE, patience=20.0)
    webhooks.forget()
    yield Sender(calls)
    await calls.close()
    await close_database()


async def test_who_wants_it_is_told_once_and_can_prove_by_whom(sender: Sender, receiver: Receiver) -> None:
    _, secret = await sender.endpoint(f"{receiver.url}/all", "order.*", "review.accepted")
    await sender.endpoint(f"{receiver.url}/paid", "order.paid")
    await sender.happens("order.placed", "order.paid", "review.accepted", "review.rejected")
    await sender.looks()
    await sender.looks()
    assert [call.type for call in receiver.at("/paid")] == ["order.paid"]
    assert Counter(call.type for call in receiver.at("/all")) == Counter(
        ["order.placed", "order.paid", "review.accepted"]
    )
    assert len({call.id for call in receiver.calls}) == 3
    for call in receiver.at("/all"):
        call.verify(secret)
        assert call.json["version"] == 1
        with pytest.raises(WebhookVerificationError):
            call.verify(endpoints.new_secret())
    assert {row.state for row in await WebhookDelivery.all()} == {"delivered"}
    entry = (await endpoints.log((await WebhookEndpoint.first()).id)).items[0]  # type: ignore[union-attr]
    assert (entry.status, entry.answer, entry.attempts, entry.error) == (200, "thanks", 1, "")


async def test_two_secrets_sign_for_a_day(small: Sender, receiver: Receiver) -> None:
    id_, old = await small.endpoint(receiver.url)
    new = await endpoints.rotate(id_, 1, small.now)
    await small.happens("order.paid")
    await small.looks()
    receiver.calls[0].verify(old)
    receiver.calls[0].verify(new)
    await WebhookEndpoint.filter(id=id_).update(old_until=small.now)
    await small.happens("order.paid")
    await small.looks()
    receiver.calls[1].verify(new)
    with pytest.raises(WebhookVerificationError):
        receiver.calls[1].verify(old)


@pytest.mark.parametrize(
    ("answer", "status", "rest"),
    [
        (web.Response(status=500, text="oh\0no"), 500, None),
        (web.Response(status=302, headers={"Location": "/elsewhere"}), 302, None),
        (web.Response(status=429, headers={"Retry-After": "90"}), 429, 90),
        (web.Response(status=503, headers={"Retry-After": "999999"}), 503, 86400),
        (web.Response(status=404), 404, None),
        (web.Response(status=503, headers={"Retry-After": NO_TIME}), 503, None),
    ],
    ids=["error", "redirect", "too fast", "much too fast", "nothing there", "no time at all"],
)
async def test_what_failed_is_told_again_under_the_same_id(
    small: Sender, receiver: Receiver, answer: web.Response, status: int, rest: int | None
) -> None:
    id_, _ = await small.endpoint(receiver.url)
    receiver.answers = [answer]
    await small.happens("order.paid")
    await small.looks()
    row = await WebhookDelivery.get()
    wait = rest or WEBHOOK_DELAYS[0]
    assert (row.state, row.status, row.attempts) == ("waiting", status, 1)
    assert row.due_at == small.now + timedelta(seconds=wait)
    assert (await WebhookEndpoint.get(id=id_)).rest_until == (small.now + timedelta(seconds=rest) if rest else None)
    small.now += timedelta(seconds=wait - 1)
    await small.happens("order.placed")
    await small.looks()
    assert len(receiver.calls) == (1 if rest else 2)  # who asks to be left alone is left alone
    small.now += timedelta(seconds=1)
    await small.looks()
    assert len(receiver.calls) == 3
    assert Counter(call.id for call in receiver.calls)[receiver.calls[0].id] == 2
    assert {call.path for call in receiver.calls} == {"/"}
    assert (await WebhookEndpoint.get(id=id_)).failing_since is None


def test_a_day_of_tries() -> None:
    waits = [webhook_delay(tries, None, 0.5) for tries in range(1, 12)]
    assert waits[-1] is None
    assert 23 * 3600 < sum(wait for wait in waits if wait) < 24 * 3600
    assert [webhook_delay(1, None, chance) for chance in (0.0, 1.0)] == [4.5, 5.5]


async def test_after_its_tries_it_is_given_up_and_staff_may_replay_it(small: Sender, receiver: Receiver) -> None:
    id_, _ = await small.endpoint(receiver.url)
    receiver.answers = [web.Response(status=500) for _ in range(len(WEBHOOK_DELAYS) + 1)]
    began = small.now
    await small.happens("order.paid")
    for wait in (*WEBHOOK_DELAYS, 0):
        await small.looks()
        small.now += timedelta(seconds=wait)
    row = await WebhookDelivery.get()
    assert (row.state, row.attempts, len(receiver.calls)) == ("failed", 11, 11)
    await small.looks()
    assert len(receiver.calls) == 11
    assert await endpoints.replay_failed(id_, began + timedelta(seconds=1), 1, small.now) == 0
    assert await endpoints.replay_failed(id_, began, 1, small.now) == 1
    await small.looks()
    await endpoints.replay(id_, row.id, 1, small.now)
    await small.looks()
    assert len(receiver.calls) == 13
    assert len({call.id for call in receiver.calls}) == 1
    assert (await WebhookDelivery.get()).state == "delivered"


async def test_gone_is_gone_until_staff_say_otherwise(small: Sender, receiver: Receiver) -> None:
    id_, _ = await small.endpoint(receiver.url)
    receiver.answers = [web.Response(status=410)]
    await small.happens("order.paid")
    await small.looks()
    assert (await endpoints.view(id_, small.now)).state == "gone"
    assert small.stopped == 1
    assert await Audit.filter(action="webhook.gone", staff_id=None).exists()
    webhooks.forget()
    assert await webhooks.wanted() == frozenset()
    await endpoints.resume(id_, 1, small.now)
    small.now += timedelta(seconds=WEBHOOK_DELAYS[0])
    await small.looks()
    assert [call.id for call in receiver.calls] == [receiver.calls[0].id] * 2


async def test_who_fails_for_days_is_paused_and_collects(small: Sender, receiver: Receiver) -> None:
    id_, _ = await small.endpoint(receiver.url)
    receiver.answers = [web.Response(status=500) for _ in range(2)]
    await small.happens("order.paid")
    await small.looks()
    small.now += timedelta(days=3)
    await small.looks()
    view = await endpoints.view(id_, small.now)
    assert (view.state, view.reason, small.stopped) == ("paused", "failing", 1)
    await small.happens("order.placed")
    small.now += timedelta(days=1)
    await small.looks()
    assert len(receiver.calls) == 2
    await endpoints.resume(id_, 1, small.now)
    await small.looks()
    assert Counter(call.type for call in receiver.calls) == {"order.paid": 3, "order.placed": 1}


async def test_one_that_hangs_holds_up_itself_alone(small: Sender, receiver: Receiver) -> None:
    await small.endpoint(f"{receiver.url}/hang")
    await small.endpoint(f"{receiver.url}/well")
    await small.happens(*["order.paid"] * (3 * AT_ONCE))
    await small.hooks._look()
    await until(lambda: len(receiver.at("/well")) == 3 * AT_ONCE and receiver.under_way == AT_ONCE)
    assert receiver.most_under_way == AT_ONCE
    receiver.released.set()
    await asyncio.gather(*small.hooks._tasks.values())
    assert len({call.id for call in receiver.at("/hang")}) == 3 * AT_ONCE


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:1/", "private"),
        ("http://localhost:1/", "private"),
        ("https://[::ffff:10.0.0.1]/", "private"),
    ],
)
async def test_nothing_inside_is_called(small: Sender, url: str, error: str) -> None:
    small.hooks._post = closed = WebhookCalls()
    await small.endpoint(url)
    await small.happens("order.paid")
    await small.looks()
    await closed.close()
    row = await WebhookDelivery.get()
    assert (row.status, row.error, row.state) == (None, error, "waiting")


async def test_an_endpoint_that_never_answers_is_hung_up_on(small: Sender, receiver: Receiver) -> None:
    small.hooks._post = quick = WebhookCalls(HERE, patience=0.2)
    await small.endpoint(f"{receiver.url}/hang")
    await small.happens("order.paid")
    await small.looks()
    await quick.close()
    assert (await WebhookDelivery.get()).error == "timeout"


async def test_what_cannot_even_be_signed_ends_nothing(small: Sender, receiver: Receiver) -> None:
    id_, _ = await small.endpoint(f"{receiver.url}/broken")
    await small.endpoint(f"{receiver.url}/sound")
    await WebhookEndpoint.filter(id=id_).update(secret="whsec_x")
    await small.happens("order.paid")
    await small.looks()
    assert [call.path for call in receiver.calls] == ["/sound"]
    assert sorted(await WebhookDelivery.all().values_list("state", "attempts")) == [("delivered", 1), ("waiting", 1)]


async def test_calls_that_end_at_once_are_written_down_at_once(sender: Sender, receiver: Receiver) -> None:
    """On MariaDB each waited for the endpoint's row, which the others had read: all but one were turned away."""
    id_, _ = await sender.endpoint(receiver.url)
    for status in (200, 500, 200):
        await sender.happens(*["order.placed"] * AT_ONCE)
        await outbox.spread(sender.now)
        taken = await outbox.claim(id_, AT_ONCE, sender.now)
        wait = None if status == 200 else 3600.0
        await asyncio.gather(*(outbox.record(one, outbox.Posted(status), wait, 1, sender.now) for one in taken))
        assert len(taken) == AT_ONCE
        assert ((await WebhookEndpoint.get(id=id_)).failing_since is None) == (status == 200)


async def test_two_nodes_share_the_work(sender: Sender, receiver: Receiver) -> None:
    one, two = sender, Sender(sender.calls)
    two.now = one.now
    await one.endpoint(receiver.url)
    await one.happens(*["order.paid"] * 100)
    await asyncio.gather(one.looks(), two.looks())
    await asyncio.gather(one.looks(), two.looks())
    assert len(receiver.calls) == len({call.id for call in receiver.calls}) == 100


async def test_what_a_dead_node_took_is_told_by_another_and_its_word_counts_no_more(
    sender: Sender, receiver: Receiver
) -> None:
    id_, _ = await sender.endpoint(receiver.url)
    await sender.happens("order.paid")
    await outbox.spread(sender.now)
    (taken,) = await outbox.claim(id_, 5, sender.now)  # and it dies, or sleeps
    await sender.looks()
    assert receiver.calls == []
    sender.now += outbox.CLAIM
    await sender.looks()
    assert [call.id for call in receiver.calls] == [taken.key]
    await outbox.record(taken, outbox.Posted(500), 5.0, 1, sender.now)
    assert (await WebhookDelivery.get()).state == "delivered"


async def test_a_conversation_and_its_messages(world: Worlds) -> None:
    router = Router("talk")

    @router.command("person")
    async def person(chat: Chat) -> None:
        await chat.hand_over(reason="wants one")

    @router.fallback
    async def answer(chat: Chat) -> None:
        chat.say("Hello!")

    webhooks.forget()
    sim = await world([router], capabilities=TELEGRAM)
    ann = await sim.customer("Ann")
    await ann.says("my secret")
    assert await WebhookEvent.all().count() == 0
    await endpoints.create("https://shop.example/", ("message.*", "conversation.*"), False, 1, sim.now)
    ben = await sim.customer("Ben")
    await ben.says("my secret")
    await ben.says("/person")
    conversation = (await ben.conversation()).id
    staff = (await sim.staff()).id
    await sim.runtime.desk.take_over(conversation, staff)
    await sim.runtime.desk.say(conversation, staff, "c1", "secret, too", ())
    await sim.runtime.desk.give_back(conversation, staff)
    await sim.runtime.desk.close(conversation, staff)
    await ben.says("again")
    rows = await WebhookEvent.all().order_by("id")
    named = [row.name for row in rows if row.name.startswith("conversation")]
    assert named == [
        f"conversation.{name}" for name in ("opened", "waiting", "taken", "given_back", "closed", "opened")
    ]
    said = Counter(row.name for row in rows if row.name.startswith("message"))
    assert said["message.received"] == 3
    assert said["message.sent"] >= 3
    assert not any("secret" in row.body or "Ben" in row.body for row in rows)
