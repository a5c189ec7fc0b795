"""One turn: what arrived becomes a message, a handler answers, and everything that follows becomes rows.

The turn only reads and gathers; nothing is written before the batch's statements run, except what a handler's services
write inside their savepoint. So a turn that fails leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace
from tortoise.backends.base.client import BaseDBAsyncClient

from bot.core.message import FROM_CUSTOMER, Attachment, Choice, FileRef, Held, Inbound
from bot.core.text import Text, _
from bot.runtime import routing, taps, webhook_news
from bot.runtime.dialogs import Dialogs, Run
from bot.runtime.following import follows
from bot.runtime.host import TurnHost
from bot.runtime.platforms import handing, told
from bot.runtime.shop import Shop
from bot.runtime.speech import Speech
from bot.runtime.state import ConversationState
from bot.runtime.writes import NewEffect, Writes, preview
from bot.services import attachments, openings, reach
from bot.services.scope import Scope
from models.database import fetch

_WHY: Mapping[Held, Text] = {
    "too_many": _("More messages came than are answered automatically."),
    "unfetched": _("A mail could not be fetched: please look into the mailbox."),
    "nobodys": _("A mail names no sender who could be answered."),
}
REACHABLE = "UPDATE identity SET reachable = ? WHERE id = ?"
_HELD = "SELECT id FROM effect WHERE conversation_id = ? AND state = 'held' LIMIT 1"


class Turn:
    """One inbound (or one album) of one conversation."""

    def __init__(
        self,
        shop: Shop,
        state: ConversationState,
        inbounds: Sequence[Inbound],
        connection: BaseDBAsyncClient | None,
        now: datetime,
        run: Run,
        *,
        in_thread: bool = False,
    ) -> None:
        self._in_thread = in_thread  # staff try it again: its message was kept when it was parked
        self._run = run
        self._shop = shop
        self._state = state
        self._before = webhook_news.Before.of(state)
        self._now = now
        self._inbound = _merged(inbounds)
        locale = shop.language(state.account, state.locale)
        self.writes = Writes()
        # What the shop begins itself goes to the address and comes from nobody.
        proved = self._inbound.kind in ("order", "offer") or not shop.on(state.account).forgeable
        scope = Scope(
            state.id, state.contact_id, state.identity_id, state.account, locale, now, shop.currency_of(state.account),
            shop.order_hold,
            shop.pay_ways, state.person_id, proved, shop.capabilities, shop.rates,
        )  # fmt: skip
        self.host = TurnHost(connection, scope)
        unasked = self._inbound.unasked
        found_by = self._inbound.client_id or None if self._inbound.kind not in FROM_CUSTOMER else None
        self._voice = shop.languages.voice(locale)
        self._speech = Speech(state, self.writes, shop.on(state.account), self._voice, now, unasked, found_by)

    async def run(self) -> Writes:
        """Handle the inbound; raises whatever a handler raises."""
        state = self._state
        if self._inbound.kind in told.KINDS:
            if await told.Told(state, self.writes, self.host, self._now).take(self._inbound):
                kept = [await self._keep_file(file) for file in self._inbound.files]
                state.last_text = preview(self._inbound.text, files=kept)
            return await self._written()
        inbound, choice = await taps.tapped(self._inbound, state)
        await self._open(inbound)
        files: tuple[Attachment, ...] = ()
        step = self._step(inbound)
        heard = not state.is_with_people(self._now) or inbound.kind not in FROM_CUSTOMER
        heard = heard or routing.goes_past_people(step, inbound, state, self._shop.routes)
        if inbound.held:
            self._call_person()
        if inbound.is_said and not self._in_thread:
            files = await self._keep_message(inbound, _said(inbound, choice))
        dialogs = self._dialogs(inbound)
        if heard:
            await dialogs.take(step, files)
        if not inbound.automatic:  # a machine is obeyed, and not answered
            always = routing.speaks_always(step, self._shop.routes)
            meanwhile = routing.is_meanwhile(step)
            self._speech.finish(later=await self._sleeps(), always=always, meanwhile=meanwhile)
        if dialogs.successor is not None:
            self.writes.effects.append(follows(state.lane, state.id, state.epoch, dialogs.successor))
        elif dialogs.wants_person and self._shop.on(state.account).hands_over:
            self.writes.effects.append(handing.gives(state, self._now))
        return await self._written()

    async def _sleeps(self) -> bool:
        """Whether what is said here waits for the morning."""
        if not self._inbound.unasked or self._shop.on(self._state.account).stored_delivery:
            return False
        here = await reach.address(self._state.id) if self._shop.quiet else None
        return here is not None and self._shop.quiet.until(self._now, here.zone) is not None

    def _step(self, inbound: Inbound) -> routing.Step:
        """Who writes anything to hear the rest of what was said hears that, and not that it was not understood."""
        step, routes = routing.decide(inbound, self._state, self._shop.routes), self._shop.routes
        return routing.Ignore() if self.writes.released and step == routing.Start(routes.fallback) else step

    async def _written(self) -> Writes:
        self.writes.events += self.host.changed
        self.writes.events_of(self._state)
        self.writes.webhooks += await webhook_news.of_turn(self._before, self._state, self.writes.messages, self._now)
        self.writes.save_conversation(self._state, self._now)
        return self.writes

    async def _open(self, inbound: Inbound) -> None:
        """Keep what this act allows us to send, and let go what waited for it."""
        state, capabilities = self._state, self._shop.on(self._state.account)
        if openings.has_openings(capabilities):
            opening = openings.made_by(inbound, capabilities, state.id, self._now)
            if opening is not None:
                self.writes.openings.append(opening)
                if await fetch(_HELD, (state.id,)):
                    self.writes.released.append((state.id,))
        if not state.reachable and inbound.kind in FROM_CUSTOMER:  # who writes to us can be written to
            self.writes.told.append((REACHABLE, (True, state.identity_id)))
            state.reachable = True

    def _dialogs(self, inbound: Inbound) -> Dialogs:
        return Dialogs(
            self._shop, self._state, inbound, self.host, self._voice, self.writes, self._speech, self._now, self._run
        )

    def _call_person(self) -> None:
        state = self._state
        if state.owner_id is None and state.waiting_since is None:
            state.waiting_since, state.reason = self._now, self._voice(_WHY[self._inbound.held])

    # what the customer sent

    async def _keep_message(self, inbound: Inbound, text: str) -> tuple[Attachment, ...]:
        state = self._state
        if inbound.unverified:
            state.last_seq += 1
            self.writes.messages.append(
                (state.id, state.last_seq, "event", None, "unverified", "", None, "", self._now, "")
            )
        state.last_seq += 1
        said = (text, "", inbound.client_id or None, "", self._now, inbound.external_id)
        self.writes.messages.append((state.id, state.last_seq, "customer", None, *said))
        files = tuple([await self._keep_file(file) for file in inbound.files])
        if inbound.original is not None:  # staff see it beside the message; to the handlers it is no answer
            await self._keep_file(inbound.original)
        state.last_text, state.last_author = preview(text, files=files), "customer"
        state.last_at, state.closed_at, state.continues_in = self._now, None, None
        if state.owner_id is not None or state.waiting_since is not None:
            state.unread += 1
        return files

    async def _keep_file(self, file: FileRef) -> Attachment:
        """A row for each file; one that is still at the platform is fetched by an effect."""
        state = self._state
        if file.attachment is not None:
            self.writes.files.append((state.id, state.contact_id, state.last_seq, file.attachment, state.id))
            return Attachment(file.attachment, file.kind, file.name, file.media_type, file.size or 0)
        await self.host.open()
        kept = await attachments.create(
            file, self._now, conversation_id=state.id, contact_id=state.contact_id, message_seq=state.last_seq
        )
        payload = msgspec.json.encode({"attachment": kept.id, "account": state.account, "lane": state.lane}).decode()
        # A lane of its own: a slow download must not hold up the answer.
        effect = NewEffect(f"store:{kept.id}", "store", f"file:{kept.id}", payload, state.id, state.last_seq)
        self.writes.effects.append(effect)
        return kept


def _merged(inbounds: Sequence[Inbound]) -> Inbound:
    """An album as one message: the first one's identity, the first words, all files."""
    first, *rest = inbounds
    if not rest:
        return first
    text = next((one.text for one in inbounds if one.text), "")
    return replace(first, text=text, files=tuple(file for one in inbounds for file in one.files))


def _said(inbound: Inbound, choice: Choice | None) -> str:
    """What was written, or what the tapped button said: the thread shows words, not data."""
    if choice is None:
        return inbound.text
    return choice.said or inbound.text or choice.label
