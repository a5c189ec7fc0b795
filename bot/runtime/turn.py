"""One turn: what arrived becomes a message, a handler answers, and everything that follows becomes rows.

The turn only reads and gathers; nothing is written before the batch's statements run, except what a handler's services
write inside their savepoint. So a turn that fails leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
from tortoise.backends.base.client import BaseDBAsyncClient

from bot.core.capabilities import Capabilities
from bot.core.chat import Chat, Person
from bot.core.errors import Refused
from bot.core.journal import Journal, JournalMismatch, Suspended
from bot.core.message import FROM_CUSTOMER, Attachment, Button, FileRef, Inbound, Reply
from bot.core.question import Incoming
from bot.core.router import Routes
from bot.core.text import Voice, _
from bot.runtime import routing
from bot.runtime.host import TurnHost
from bot.runtime.languages import Languages
from bot.runtime.speech import Speech
from bot.runtime.state import ConversationState, DialogState, Trigger, new_token
from bot.runtime.writes import NewEffect, Writes, preview
from bot.services import attachments
from bot.services.scope import Scope

GONE = _("That button is from earlier and no longer works.")
BUSY = _("One moment, I am still working on that.")
CHANGED = _("Sorry, this has changed in the meantime. Let us start again.")
CANCELLED = _("Cancelled.")
SET_ASIDE = _("All right, we can go on with that later.")
FIRST_QUESTION = _("We cannot go back from here.")
EXPIRED = _("I have closed what we had begun, as it has been a while. We can start again at any time.")
STILL_THERE = _("Are you still there?")
GO_ON = _("We had not finished: {question}\nShall we go on?")
#: What was set aside is offered once in a visit, not after each command.
OFFER_AGAIN = timedelta(hours=12)
IMPOSSIBLE = _("Sorry, that is not possible at the moment.")


class CallPayload(msgspec.Struct, frozen=True):
    """What the executor of `call` needs: which effect with what, and the dialog that waits for its result."""

    name: str
    args: list[Any]
    token: str
    position: int
    account: str
    sender: str


@dataclass(frozen=True, slots=True)
class Shop:
    """What every turn needs and no turn changes."""

    routes: Routes
    languages: Languages
    capabilities: dict[str, Capabilities]  # by channel account
    currency: str
    order_hold: timedelta = timedelta(minutes=30)

    def on(self, account: str) -> Capabilities:
        """What the channel of `account` can show; an account that is gone keeps a plain one."""
        return self.capabilities.get(account) or Capabilities(account)


class Turn:
    """One inbound (or one album) of one conversation."""

    def __init__(
        self,
        shop: Shop,
        state: ConversationState,
        inbounds: Sequence[Inbound],
        connection: BaseDBAsyncClient | None,
        now: datetime,
        *,
        in_thread: bool = False,
    ) -> None:
        self._in_thread = in_thread  # staff try it again: its message was kept when it was parked
        self._shop = shop
        self._state = state
        self._now = now
        self._inbound = _merged(inbounds)
        locale = shop.languages.choose(state.locale)
        self._voice: Voice = shop.languages.voice(locale)
        self.writes = Writes()
        scope = Scope(
            state.id, state.contact_id, state.identity_id, state.account, locale, now, shop.currency, shop.order_hold
        )
        self.host = TurnHost(connection, scope)
        self._speech = Speech(state, self.writes, shop.on(state.account), now)

    async def run(self) -> Writes:
        """Handle the inbound; raises whatever a handler raises."""
        inbound, state = self._inbound, self._state
        files: tuple[Attachment, ...] = ()
        step = routing.decide(inbound, state, self._shop.routes)
        if inbound.kind in FROM_CUSTOMER and not self._in_thread:
            files = await self._keep_message(inbound)
        if state.owner_id is None or inbound.kind not in FROM_CUSTOMER:
            await self._take(step, files)
        self._speech.finish()
        self.writes.events += self.host.changed
        self.writes.events_of(state)
        self.writes.save_conversation(state, self._now)
        return self.writes

    # what the customer sent

    async def _keep_message(self, inbound: Inbound) -> tuple[Attachment, ...]:
        state = self._state
        state.last_seq += 1
        text = self._said(inbound)
        client_id = inbound.client_id or None
        self.writes.messages.append((state.id, state.last_seq, "customer", None, text, "", client_id, "", self._now))
        files = tuple([await self._keep_file(file) for file in inbound.files])
        state.last_text, state.last_author = preview(text, files=files), "customer"
        state.last_at = self._now
        if state.owner_id is not None or state.waiting_since is not None:
            state.unread += 1
        return files

    def _said(self, inbound: Inbound) -> str:
        """What was written, or what the tapped button said: the thread shows words, not data."""
        tapped = next((one for one in self._state.choices if one.data == inbound.data), None) if inbound.data else None
        if tapped is None:
            return inbound.text
        return tapped.said or inbound.text or tapped.label

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

    # what follows from it

    async def _take(self, step: routing.Step, files: tuple[Attachment, ...]) -> None:
        match step:
            case routing.Start():
                await self._start(step, files)
            case routing.Answer(dialog=dialog, key=key):
                self._set_aside(besides=dialog)
                await self._go_on(dialog, Incoming(self._inbound, files, key))
            case routing.Result(dialog=dialog):
                await self._go_on(dialog, Incoming(self._inbound))
            case routing.Steer(dialog=dialog, word=word):
                await self._steer(dialog, word)
            case routing.AskAgain(dialog=dialog, reminder=reminder):
                self._set_aside(besides=dialog)
                await (self._remind(dialog) if reminder else self._go_on(dialog, None))
            case routing.End(dialog=dialog, expired=expired):
                self._end(dialog)
                self._say(EXPIRED if expired else CANCELLED)
            case routing.Stale():
                self._say(GONE)
                await self._ask_again()
            case routing.Busy():
                self._say(BUSY)
            case routing.Ignore():
                pass

    async def _start(self, step: routing.Start, files: tuple[Attachment, ...]) -> None:
        if not step.background:
            self._forget(step.handler)
            self._set_aside(besides=None)
        trigger = Trigger(self._inbound, files, step.arguments, step.callback)
        dialog = DialogState(new_token(), step.handler, trigger, background=step.background)
        await self._go_on(dialog, None)

    async def _remind(self, dialog: DialogState) -> None:
        """Once: the question's time to live goes on from when it was first asked."""
        expire_at = dialog.expire_at
        self._say(STILL_THERE)
        await self._go_on(dialog, None)
        if dialog in self._state.dialogs:
            dialog.remind_at, dialog.expire_at = None, expire_at
            self._save(dialog)

    async def _steer(self, dialog: DialogState, word: str) -> None:
        if word == "cancel":
            self._end(dialog)
            self._say(CANCELLED)
            self._offer_paused()
        elif word == "later":
            self._pause(dialog)
            self._say(SET_ASIDE)
        else:
            if not dialog.journal.step_back():
                self._say(FIRST_QUESTION)
            await self._go_on(dialog, None)

    async def _ask_again(self) -> None:
        dialog = self._state.foreground
        if dialog and dialog.state == "asking":
            await self._go_on(dialog, None)

    # dialogs

    async def _go_on(self, dialog: DialogState, incoming: Incoming | None) -> None:
        """Replay a dialog to the present and let it take what came; a dialog whose code changed starts again."""
        fresh = not dialog.stored
        try:
            ended = await self._replay(dialog, incoming)
        except JournalMismatch:
            if fresh:
                raise
            self._say(CHANGED)
            dialog.journal = Journal()
            ended = await self._replay(dialog, None)
        if ended:
            self._end(dialog)
            if not dialog.background:
                self._offer_paused()

    async def _replay(self, dialog: DialogState, incoming: Incoming | None) -> bool:
        """Run the coroutine; True when it returned. What it asked or called is kept in `dialog`."""
        handler = self._shop.routes.handlers.get(dialog.handler)
        if handler is None:
            raise JournalMismatch(f"the handler {dialog.handler} is gone")
        dialog.journal.cursor = 0
        chat = self._chat(dialog, incoming)
        callback = self._shop.routes.find_callback(dialog.trigger.callback)
        arguments = (callback[0].unpack(dialog.trigger.callback),) if callback and dialog.trigger.callback else ()
        try:
            await handler(chat, *arguments)
            ended = True
        except Suspended:
            ended = False
        except Refused:
            chat.outcome.replies.append(Reply(self._voice(IMPOSSIBLE)))
            ended = True
        self._apply(dialog, chat, ended=ended)
        return ended

    def _chat(self, dialog: DialogState, incoming: Incoming | None) -> Chat:
        state, trigger = self._state, dialog.trigger
        return Chat(
            token=dialog.token,
            journal=dialog.journal,
            host=self.host,
            voice=self._voice,
            person=Person(
                state.name,
                state.account,
                self._shop.on(state.account),
                state.staff_id is not None,
                state.owner_id is not None,
            ),
            inbound=trigger.inbound,
            files=trigger.files,
            arguments=trigger.arguments,
            commands=self._shop.routes.commands,
            incoming=incoming,
            voices=self._shop.languages.voice,
            languages=self._shop.languages.supported,
        )

    def _apply(self, dialog: DialogState, chat: Chat, *, ended: bool) -> None:
        outcome, state = chat.outcome, self._state
        for reply in outcome.replies:
            self._speech.say(reply)
        if outcome.hand_over and state.owner_id is None:
            state.waiting_since = state.waiting_since or self._now
            state.reason = outcome.hand_over.reason[:200]
            state.priority = max(state.priority, int(outcome.hand_over.priority == "high"))
        if ended:
            return
        dialog.question = outcome.question
        dialog.state = "asking" if outcome.question else "calling"
        if outcome.question:
            remind, expire = outcome.question.remind, outcome.question.expire
            dialog.remind_at = self._now + remind if remind else None
            dialog.expire_at = self._now + expire if expire else None
        if outcome.requested:
            self._request(dialog, chat)
        self._save(dialog)

    def _request(self, dialog: DialogState, chat: Chat) -> None:
        requested, state = chat.outcome.requested, self._state
        assert requested is not None  # noqa: S101 - the caller looked
        payload = CallPayload(
            requested.name, requested.args, dialog.token, requested.position, state.account, state.external_id
        )
        key = f"call:{dialog.token}:{requested.position}"
        effect = NewEffect(key, "call", key, msgspec.json.encode(payload).decode(), state.id)
        self.writes.effects.append(effect)

    def _save(self, dialog: DialogState) -> None:
        if dialog not in self._state.dialogs:
            self._state.dialogs.append(dialog)
        dialog.stored = True
        self.writes.save_dialog(self._state, dialog, self._now)

    def _pause(self, dialog: DialogState) -> None:
        dialog.state, dialog.remind_at = "paused", None
        self._save(dialog)

    def _set_aside(self, *, besides: DialogState | None) -> None:
        """A conversation has one dialog that asks; whoever had the word keeps its place for later."""
        dialog = self._state.foreground
        if dialog is not None and dialog is not besides and dialog.state == "asking":
            self._pause(dialog)

    def _forget(self, handler: str) -> None:
        """Who begins the same anew has given up the earlier attempt: it must not come back after the new one."""
        for dialog in [one for one in self._state.dialogs if one.handler == handler and not one.background]:
            if dialog.state in ("asking", "paused"):
                self._end(dialog)

    def _end(self, dialog: DialogState) -> None:
        if dialog in self._state.dialogs:
            self._state.dialogs.remove(dialog)
        if dialog.stored:
            self.writes.dialogs = [row for row in self.writes.dialogs if row[1] != dialog.token]
            self.writes.ended.append((dialog.token,))

    def _offer_paused(self) -> None:
        """What was set aside is not forgotten: offer once to go on with it, and again when the customer is back."""
        if self._state.foreground is not None or self._state.owner_id is not None:
            return
        dialog = next((one for one in reversed(self._state.dialogs) if self._may_offer(one)), None)
        if dialog is None or dialog.question is None:
            return
        question = dialog.question.text
        dialog.question = replace(dialog.question, offered_at=self._now)
        self._save(dialog)
        self._speech.say(
            Reply(
                self._voice(_("We had not finished: {question}\nShall we go on?", question=question)),
                (
                    Button(self._voice(_("Go on")), routing.RESUME + dialog.token, style="primary"),
                    Button(self._voice(_("Drop it")), routing.DROP + dialog.token),
                ),
            )
        )

    def _may_offer(self, dialog: DialogState) -> bool:
        if dialog.state != "paused" or dialog.question is None:
            return False
        offered_at = dialog.question.offered_at
        return offered_at is None or self._now - offered_at >= OFFER_AGAIN

    def _say(self, text: object) -> None:
        self._speech.say(Reply(self._voice(text)))  # type: ignore[arg-type]


def _merged(inbounds: Sequence[Inbound]) -> Inbound:
    """An album as one message: the first one's identity, the first words, all files."""
    first, *rest = inbounds
    if not rest:
        return first
    text = next((one.text for one in inbounds if one.text), "")
    return replace(first, text=text, files=tuple(file for one in inbounds for file in one.files))
