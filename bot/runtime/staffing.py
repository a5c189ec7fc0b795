"""What staff do to a conversation: take it over, answer, leave a note, give it back, close it.

While somebody owns a conversation, the bot says nothing on any channel: what it had queued is cancelled in the same
transaction, and what is leaving at that moment has left before the takeover commits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from contextvars import Context
from datetime import UTC, datetime
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

from bot.core.capabilities import Capabilities
from bot.core.errors import LeaseLost, Refused
from bot.core.events import Event, MessageChanged, MessageStored, OwnerChanged, RowChanged
from bot.core.message import Attachment, Inbound, Reply
from bot.core.render import render
from bot.core.shard import shard_of
from bot.runtime import roll, webhook_news
from bot.runtime.effects import Effects
from bot.runtime.inbox import Inbox
from bot.runtime.lease import Lease, WholeDatabase
from bot.runtime.ledger import Waiting
from bot.runtime.speech import sends
from bot.runtime.void import silence
from bot.runtime.writes import ADOPT_FILE, INSERT_MESSAGE, NewEffect, Writes, preview
from bot.services import audit, webhooks
from models import Attachment as AttachmentRow
from models import Conversation, Identity, Message, Staff, locks
from models.database import Overtaken, execute, transaction

#: What the thread's events are to webhooks.
_NAMES = {"took": "conversation.taken", "gave": "conversation.given_back", "closed": "conversation.closed"}
#: How long a takeover waits for a message that is being sent at that moment, seconds.
PATIENCE = 8.0


class Staffing:
    """The desk's verbs. `published` hears of events after the commit."""

    def __init__(
        self,
        inbox: Inbox,
        arrived: Callable[[Sequence[Waiting]], None],
        offer: Callable[[Sequence[NewEffect]], None],
        effects: Effects,
        capabilities: Callable[[str], Capabilities],
        published: Callable[[Event], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        lease: Lease | None = None,
    ) -> None:
        self._inbox = inbox
        self._arrived = arrived
        self._offer = offer
        self._lease = lease or WholeDatabase()
        self._effects = effects
        self._capabilities = capabilities
        self._published = published
        self._clock = clock
        self._taking: set[asyncio.Task[None]] = set()

    async def lane(self, conversation_id: int) -> str:
        """That of a conversation. Raises `Refused`: "no_conversation"."""
        return (await self._get(conversation_id)).lane

    async def run(self, verb: str, told: Mapping[str, Any]) -> Any:
        """A verb that only the node of the conversation's lane may do. Raises `LeaseLost` where that is another one."""
        match verb:
            case "take":
                return await self.take_over(told["conversation_id"], told["staff_id"], force=told["force"])
            case "say":
                files = tuple(told["files"])
                return await self.say(told["conversation_id"], told["staff_id"], told["client_id"], told["text"], files)
            case _:
                raise LookupError(f"nobody knows how to {verb!r}")

    async def _assure(self, connection: BaseDBAsyncClient, lane: str, node: int) -> None:
        """The lane is this node's until the transaction ends."""
        if not self._lease.is_shared:
            return
        try:
            await roll.assure_shard(shard_of(lane), node, connection)
        except Overtaken as error:
            raise LeaseLost("another node works on this conversation now") from error

    async def take_over(self, conversation_id: int, staff_id: int, *, force: bool = False) -> None:
        """Make this person the owner. Raises `Refused`: "no_conversation", "taken"(owner), "sending"."""
        lane = (await self._get(conversation_id)).lane
        # To its end, whoever gives up waiting: cut off at its commit, the takeover would be true, and what is in memory
        # would leave all the same.
        task = asyncio.create_task(self._take_and_void(lane, conversation_id, staff_id, force), context=Context())
        self._taking.add(task)
        task.add_done_callback(self._taking.discard)
        await asyncio.shield(task)

    async def _take_and_void(self, lane: str, conversation_id: int, staff_id: int, force: bool) -> None:
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(PATIENCE):
                    await held.enter_async_context(self._effects.hold(lane))
            except TimeoutError:
                raise Refused("sending") from None
            epoch, name, cancelled = await self._take(conversation_id, staff_id, force)
            self._effects.void(lane, conversation_id, epoch)
        self._took(lane, conversation_id, name, cancelled)

    def _took(self, lane: str, conversation_id: int, name: str, cancelled: list[int]) -> None:
        for seq in cancelled:
            self._published(MessageChanged(conversation_id, lane, seq))
        self._tell(conversation_id, lane, name)

    async def follow(self, conversation_id: int, staff_id: int) -> None:
        """The customer went on here, and so does whoever was with them; not one who works here no more.

        Only in the lane's own turn to send, so that nothing is leaving: what was said before has left. Raises as
        `take_over`.
        """
        lane = (await self._get(conversation_id)).lane
        if not await Staff.filter(id=staff_id, active=True).exists():
            return
        epoch, name, cancelled = await self._take(conversation_id, staff_id, force=False)
        self._effects.void(lane, conversation_id, epoch)
        self._took(lane, conversation_id, name, cancelled)

    async def _take(self, conversation_id: int, staff_id: int, force: bool) -> tuple[int, str, list[int]]:
        """The epoch, the owner's name, and the messages that do not leave any more."""
        now, node = self._clock(), self._lease.node
        async with transaction() as connection:
            row = await self._locked(conversation_id)
            await self._assure(connection, row.lane, node)
            staff = await Staff.get(id=staff_id)
            if row.owner_id not in (None, staff_id) and not force:
                owner = await Staff.get(id=row.owner_id)
                raise Refused("taken", owner=owner.name)
            if row.owner_id == staff_id:
                return row.epoch, staff.name, []
            row.owner_id, row.elsewhere_until, row.epoch = staff_id, None, row.epoch + 1
            row.waiting_since, row.unread, row.attention = None, 0, ""
            cancelled = await silence(connection, conversation_id, now)
            await self._event(connection, row, "took", staff_id, now)
            await audit.record(staff_id, "conversation.take", f"conversation:{conversation_id}", now)
        return row.epoch, staff.name, cancelled

    async def give_back(self, conversation_id: int, staff_id: int) -> None:
        """Let the bot speak again, whoever had the word, here or elsewhere; it puts its open question once more."""
        now = self._clock()
        async with transaction() as connection:
            row = await self._locked(conversation_id)
            if not row.is_with_people(now):
                return
            row.owner_id, row.elsewhere_until, row.epoch = None, None, row.epoch + 1
            await self._event(connection, row, "gave", staff_id, now)
            await audit.record(staff_id, "conversation.give", f"conversation:{conversation_id}", now)
            resumed = Inbound(row.account, f"resumed:{row.id}:{row.epoch}", await _sender(row), "resumed")
            arrivals = await self._inbox.keep_within(connection, [resumed])
        self._arrived(arrivals)
        self._tell(conversation_id, row.lane, None)

    async def close(self, conversation_id: int, staff_id: int) -> None:
        """Nothing is left to do here; the next message of the customer opens it again."""
        now = self._clock()
        async with transaction() as connection:
            row = await self._locked(conversation_id)
            if row.is_with_people(now):
                row.epoch += 1
            row.owner_id, row.elsewhere_until = None, None
            row.waiting_since, row.reason, row.priority = None, "", 0
            row.attention, row.closed_at, row.unread = "", now, 0
            await self._event(connection, row, "closed", staff_id, now)
            await audit.record(staff_id, "conversation.close", f"conversation:{conversation_id}", now)
        self._tell(conversation_id, row.lane, None)

    async def say(self, conversation_id: int, staff_id: int, client_id: str, text: str, files: tuple[int, ...]) -> int:
        """Say something to the customer; returns its seq, the same one for the same `client_id`.

        Raises `Refused`: "no_conversation", "not_owner", "no_file".
        """
        return await self._write(conversation_id, staff_id, client_id, text, files, note=False)

    async def note(self, conversation_id: int, staff_id: int, client_id: str, text: str, files: tuple[int, ...]) -> int:
        """Leave a note for colleagues; the customer never sees it."""
        return await self._write(conversation_id, staff_id, client_id, text, files, note=True)

    async def _write(
        self, conversation_id: int, staff_id: int, client_id: str, text: str, files: tuple[int, ...], *, note: bool
    ) -> int:
        now, node = self._clock(), self._lease.node
        async with transaction() as connection:
            row = await self._locked(conversation_id)
            if not note:
                await self._assure(connection, row.lane, node)
            if not note and row.owner_id != staff_id:
                raise Refused("not_owner")
            before = await Message.filter(conversation_id=conversation_id, client_id=client_id).first()
            if before is not None:
                return before.seq
            attachments = await _own_files(files, row)
            row.last_seq += 1
            seq, author = row.last_seq, "note" if note else "staff"
            effects = [] if note else await self._sends(row, Reply(text, files=attachments), now)
            await self._store(connection, row, (author, staff_id, text, client_id, effects), attachments, now)
            if not note:
                row.last_text, row.last_author = preview(text, files=attachments), "staff"
                row.last_at, row.unread = now, 0
                row.first_response_at = row.first_response_at or now
            row.updated_at = now
            await row.save()
        self._offer(effects)
        self._published(MessageStored(conversation_id, row.lane, seq))
        self._published(RowChanged(conversation_id))
        return seq

    async def _store(
        self,
        connection: BaseDBAsyncClient,
        row: Conversation,
        said: tuple[str, int, str, str, list[NewEffect]],
        files: tuple[Attachment, ...],
        now: datetime,
    ) -> None:
        author, staff_id, text, client_id, effects = said
        writes = Writes(effects=effects)
        delivery = "queued" if effects else ""
        writes.messages.append((row.id, row.last_seq, author, staff_id, text, "", client_id, delivery, now, ""))
        writes.webhooks += await webhook_news.of_messages(row, writes.messages, now)
        await execute(connection, writes.statements(now))
        adopted = [(row.id, row.contact_id, row.last_seq, file.id, row.id) for file in files]
        await execute(connection, [(ADOPT_FILE, adopted)])

    async def _sends(self, row: Conversation, reply: Reply, now: datetime) -> list[NewEffect]:
        capabilities = self._capabilities(row.account)
        if capabilities.stored_delivery:
            return []
        wires = render([reply], capabilities)[0].wires
        return sends(row.lane, row.id, await _sender(row), row.last_seq, wires, "staff", row.epoch, now)

    async def _event(
        self, connection: BaseDBAsyncClient, row: Conversation, what: str, staff_id: int, now: datetime
    ) -> None:
        """A thin line in the thread, which each of the staff reads in their own language; saves the row with it."""
        row.last_seq += 1
        row.updated_at = now
        line = (row.id, row.last_seq, "event", staff_id, what, "", None, "", now, "")
        await execute(connection, [(INSERT_MESSAGE, [line])])
        await row.save()
        told = await webhook_news.of_staff(_NAMES[what], row, {"staff": staff_id}, now)
        await execute(connection, [(webhooks.INSERT, told)])

    def _tell(self, conversation_id: int, lane: str, owner: str | None) -> None:
        self._published(OwnerChanged(conversation_id, lane, owner))
        self._published(RowChanged(conversation_id))

    async def _get(self, conversation_id: int) -> Conversation:
        row = await Conversation.filter(id=conversation_id).first()
        if row is None:
            raise Refused("no_conversation")
        return row

    async def _locked(self, conversation_id: int) -> Conversation:
        row = await locks.conversation(conversation_id)
        if row is None:
            raise Refused("no_conversation")
        return row


async def _sender(row: Conversation) -> str:
    return (await Identity.get(id=row.identity_id)).external_id


async def _own_files(ids: tuple[int, ...], row: Conversation) -> tuple[Attachment, ...]:
    rows = {one.id: one for one in await AttachmentRow.filter(id__in=ids, conversation_id=row.id)}
    if len(rows) < len(set(ids)):
        raise Refused("no_file")
    return tuple(
        Attachment(one.id, one.kind, one.name, one.media_type, one.size)  # type: ignore[arg-type]
        for one in (rows[id_] for id_ in ids)
    )
