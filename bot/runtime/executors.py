"""Executors of what most effects are: send a wire, fetch a file, delete one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import takewhile

import msgspec

from bot.core.errors import DatabaseBusy, FileMissing, Final, Unreachable, Unshown, WindowClosed
from bot.core.events import MessageChanged, RowChanged
from bot.core.faults import fault
from bot.core.message import About, Choice, Wire
from bot.core.ports import ORDINARY, Address, Channel, Occasion, Sent, Storage, no_address
from bot.core.quiet import NEVER, QuietHours
from bot.core.render import messages
from bot.runtime import numbering
from bot.runtime.attempts import BUSY_REST, Done, OutOfOrder
from bot.runtime.platforms import addressed, pieces
from bot.runtime.speech import SendPayload
from bot.runtime.writes import ATTENTION_TO, STANDS, NewEffect
from bot.services import attachments, discards, leaving, openings, reach
from bot.services.filing import Filing, Limits
from bot.services.openings import Opening, has_openings
from models.database import Statement, fetch, transaction

log = logging.getLogger(__name__)

WAITS = f"UPDATE message SET delivery = 'held' WHERE conversation_id = ? AND seq = ? AND {STANDS}"  # noqa: S608 - ours
NOT_SENT = f"UPDATE message SET delivery = 'failed', error = ? WHERE conversation_id = ? AND seq = ? AND {STANDS}"  # noqa: S608 - ours
SLEEPS = (
    "UPDATE message SET delivery = 'quiet' WHERE conversation_id = ? AND seq = ? AND delivery IN ('queued', 'held')"
)
# What the same message still says behind this wire.
_BEHIND = (
    "SELECT later.key, later.payload FROM effect mine JOIN effect later "
    "ON later.conversation_id = mine.conversation_id AND later.message_seq = mine.message_seq AND later.id > mine.id "
    "WHERE mine.key = ? AND later.kind = 'send' AND later.state = 'pending' ORDER BY later.id"
)
LEFT_OUT = (
    "UPDATE message SET delivery = 'failed', error = ? WHERE conversation_id = ? AND seq = ? "
    "AND delivery IN ('queued', 'held', 'quiet')"
)
USED = "UPDATE opening SET used = used + ? WHERE id = ?"
OVER = "UPDATE opening SET until = ? WHERE id = ?"
BLOCKED = "UPDATE identity SET reachable = ? WHERE account = ? AND external_id = ?"

#: Seconds for which the numbers of what has left wait for a busy database; by then another node has the lane.
NUMBERED_WITHIN = 30.0

_send = msgspec.json.Decoder(SendPayload)
_discard = msgspec.json.Decoder(discards.Payload)


class Send:
    """Sends one wire on the channel of its conversation."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        quiet: QuietHours = NEVER,
        address: Address = no_address,
    ) -> None:
        self._channels = channels
        self._clock = clock
        self._quiet = quiet
        self._address = address

    async def run(self, effect: NewEffect) -> Done:
        """Send; the last wire of a message marks it as sent. Outside of the reply window it is held.

        What nobody waits for is not sent to who does not want it, and not in their quiet hours.
        """
        payload = _send.decode(effect.payload)
        if payload.about and (kept := await self._keep_back(effect, payload.about)):
            return kept
        try:
            return await self._attempt(effect, payload)
        except Unreachable as error:
            if payload.about != "news":
                raise
            return _left_out(effect, str(error)[:300], _blocked(effect, payload))  # one of many is no work for staff

    async def _attempt(self, effect: NewEffect, payload: SendPayload) -> Done:
        channel = self._channels.get(effect.lane.partition(":")[0])
        if channel is None:
            raise Final(f"the channel account {effect.lane.partition(':')[0]!r} is not configured any more")
        wire = addressed.leaving(payload.wire, self._address, channel.capabilities.gif_bytes)
        if not has_openings(channel.capabilities):
            sent = await self._send(channel, payload.recipient, wire, effect.key)
            return await self._sent(effect, channel, sent, payload, ())
        id_ = effect.conversation_id or 0
        open_, is_late = await openings.for_effect(id_, effect.lane, effect.key, self._clock())
        if open_ and is_late:
            raise OutOfOrder
        if payload.leads and await self._yields(effect, payload.leads, channel, open_):
            if payload.about == "news":
                return Done(dropped=True)
            piece = pieces.kept(effect, False, "", "held", self._clock())
            return _waits(effect, open_, piece)
        answered = next((one for one in open_ if one.token), open_[0] if open_ else None)
        used = [(answered.id,)] if answered else []
        try:
            occasion = await self._occasion(effect, channel, answered, payload.about)
            sent = await self._send(channel, payload.recipient, wire, effect.key, occasion)
        except WindowClosed:
            # What we took for open is not: nobody should try it a second time.
            over: Statement = (OVER, [(self._clock(), *one) for one in used])
            if payload.about == "news":  # by the time when they write it would be old
                return _left_out(effect, "window_closed", over)
            return _waits(effect, open_, over)
        counted: Statement = (USED, [(sent.messages, *one) for one in used if sent.messages])
        return await self._sent(effect, channel, sent, payload, (counted,))

    async def _send(
        self, channel: Channel, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY
    ) -> Sent:
        """A file that turns out to be none that the platform shows goes by its address, where it has one."""
        try:
            return await channel.send(recipient, wire, key, occasion)
        except Unshown:
            words = addressed.in_words(wire, self._address)
            if words is None:
                raise
            return await channel.send(recipient, words, key, occasion)

    async def _yields(self, effect: NewEffect, leads: int, channel: Channel, open_: Sequence[Opening]) -> bool:
        """Whether files leave answers to their words: those that they would take, where there are not enough."""
        left = openings.left(open_)
        if left is None or left == 0 or channel.capabilities.proactive != "no":
            return False
        first = pieces.number(effect) + leads
        behind = [row for row in await fetch(_BEHIND, (effect.key,)) if pieces.number_of(row["key"]) >= first]
        words = takewhile(lambda wire: bool(wire.text), (_send.decode(row["payload"]).wire for row in behind))
        return left <= sum(messages(wire, channel.capabilities) for wire in words)

    async def _sent(
        self, effect: NewEffect, channel: Channel, sent: Sent, payload: SendPayload, used: tuple[Statement, ...]
    ) -> Done:
        external_id, before = (sent.external_id, sent.earlier) if channel.capabilities.receipts else ("", ())
        waited = payload.leads > 0 and channel.capabilities.reply_quota is not None
        rows = pieces.left(effect, payload.last, external_id, self._clock(), waited=waited, before=before)
        changed = pieces.changes(effect, payload.last, waited=waited)
        if payload.choices:
            used = (*used, *await self._numbered(effect, payload.choices))
        return Done((*rows, *used), (_changed(effect),) if changed else ())

    async def _numbered(self, effect: NewEffect, choices: tuple[Choice, ...]) -> list[Statement]:
        """Of what has left. Nothing that goes wrong here may have it sent again: it stands without its numbers then."""
        loop = asyncio.get_running_loop()
        until = loop.time() + NUMBERED_WITHIN
        while True:
            try:
                return await numbering.left(effect.conversation_id or 0, choices)
            except Exception as error:  # the message is what counts
                if isinstance(error, DatabaseBusy) and loop.time() < until:
                    await asyncio.sleep(BUSY_REST)
                    continue
                facts = {"action": "effect.unnumbered", "effect": effect.key}
                log.warning("what numbers stand for is not known", extra=facts | fault(error))
                return []

    async def _keep_back(self, effect: NewEffect, about: About) -> Done | None:
        """None when it may leave now."""
        where = (effect.conversation_id or 0, effect.message_seq or 0)
        found = await leaving.leave(*where, about, self._quiet, self._clock())
        match found.how:
            case "never":
                return _left_out(effect, found.why)
            case "morning":
                return Done(((SLEEPS, [where]),), (_changed(effect),), until=found.at)
            case _:
                return None

    async def _occasion(self, effect: NewEffect, channel: Channel, answered: Opening | None, about: About) -> Occasion:
        """Within which rules this leaves. Raises `WindowClosed`."""
        id_, now, by_person = effect.conversation_id or 0, self._clock(), effect.author == "staff"
        if answered:
            return Occasion(answered.token, by_person=by_person, about=about)
        if channel.capabilities.reply_window is None:
            return Occasion(by_person=by_person, about=about)
        last = await openings.last_act(id_)
        kind: reach.Kind = "staff" if by_person else about or "orders"
        found = reach.can_send(channel.capabilities, reachable=True, open_=(), last_act=last, now=now, kind=kind)
        if not found.ok:
            raise WindowClosed(found.why)
        return Occasion(in_window=False, by_person=by_person, about=about)

    async def give_up(self, effect: NewEffect, error: BaseException) -> Done:
        """Mark the message as failed, and the conversation as one to look at."""
        where = (str(error)[:300], effect.conversation_id, effect.message_seq, effect.key)
        note = ("send", self._clock(), effect.conversation_id, effect.key)
        statements: list[Statement] = [(NOT_SENT, [where]), (ATTENTION_TO, [note])]
        payload = _send.decode(effect.payload)
        if pieces.is_one(effect, payload.last):
            statements.append(pieces.kept(effect, payload.last, "", "failed", self._clock()))
        if isinstance(error, Unreachable):
            statements.append(_blocked(effect, payload))
        return Done(tuple(statements), (_changed(effect), RowChanged(effect.conversation_id or 0)))


def _waits(effect: NewEffect, open_: Sequence[Opening], *more: Statement) -> Done:
    """It is held until the customer does something newer than what is open."""
    rows = ((WAITS, [(effect.conversation_id or 0, effect.message_seq, effect.key)]), *more)
    return Done(rows, (_changed(effect),), waits_after=max((one.id for one in open_), default=0))


def _left_out(effect: NewEffect, why: str, *also: Statement) -> Done:
    """It is not sent, and never will be."""
    where = (effect.conversation_id, effect.message_seq)
    return Done(((LEFT_OUT, [(why, *where)]), *also), (_changed(effect),), dropped=True)


def _blocked(effect: NewEffect, payload: SendPayload) -> Statement:
    return BLOCKED, [(False, effect.lane.partition(":")[0], payload.recipient)]


def _changed(effect: NewEffect) -> MessageChanged:
    return MessageChanged(effect.conversation_id or 0, effect.lane, effect.message_seq or 0)


class Store:
    """Streams a file from its platform into the store, within the limits, and only then shows it."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        filing: Filing,
        limits: Limits,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clock = clock
        self._channels = channels
        self._filing = filing
        self._limits = limits

    async def run(self, effect: NewEffect) -> Done:
        """Fetch and keep; a file that is stored already (a crash came between) is left as it is."""
        payload = msgspec.json.decode(effect.payload)
        source = await attachments.source(payload["attachment"])
        channel = self._channels.get(payload["account"])
        if source is None:
            return Done()
        if channel is None:
            raise FileMissing(source.ref)
        stream = await channel.fetch(source)
        filed = await self._filing.keep(
            stream.chunks, name=source.name or stream.name, limits=self._limits, now=self._clock()
        )
        async with transaction():
            kept = await attachments.stored(
                payload["attachment"], filed.stored, filed.kind, filed.stored.media_type,
                filed.display_key, filed.thumb_key, filed.width, filed.height,
            )  # fmt: skip
            if kept is None:  # its person was forgotten meanwhile, or took it back
                await discards.later(filed.keys, self._clock())
        return Done(events=(_of_file(effect),))

    async def give_up(self, effect: NewEffect, error: BaseException) -> Done:
        """The file shows as failed, with the reason."""
        async with transaction():
            await attachments.failed(msgspec.json.decode(effect.payload)["attachment"], str(error))
        return Done(events=(_of_file(effect),))


class Discard:
    """Deletes the bytes of a file whose row is gone."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def run(self, effect: NewEffect) -> Done:
        """What is not there any more is fine."""
        await self._storage.delete(_discard.decode(effect.payload).key)
        return Done()

    async def give_up(self, effect: NewEffect, error: BaseException) -> Done:  # noqa: ARG002
        """It is parked, where staff see it and try again."""
        return Done()


def _of_file(effect: NewEffect) -> MessageChanged:
    lane = msgspec.json.decode(effect.payload)["lane"]
    return MessageChanged(effect.conversation_id or 0, lane, effect.message_seq or 0)
