"""The dialogs of one conversation: replayed to the present, asked, set aside, offered again, ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.chat import Chat, Person
from bot.core.errors import Refused
from bot.core.journal import JournalMismatch, Suspended
from bot.core.message import Attachment, Button, Inbound, Reply
from bot.core.question import Incoming, new_token
from bot.core.text import Say, Voice, _
from bot.runtime import routing
from bot.runtime.calling import calls
from bot.runtime.host import TurnHost
from bot.runtime.shop import Shop
from bot.runtime.speech import Speech
from bot.runtime.state import ConversationState, DialogState, Trigger
from bot.runtime.writes import Writes
from bot.services import reach

GONE = _("That button is from earlier and no longer works.")
UNPROVED = _("Anybody could have written this in your name. Please answer to this message, and we go on.")
BUSY = _("One moment, I am still working on that.")
CHANGED = _("Sorry, this has changed in the meantime. Let us start again.")
CANCELLED = _("Cancelled.")
SET_ASIDE = _("All right, we can go on with that later.")
FIRST_QUESTION = _("We cannot go back from here.")
EXPIRED = _("I have closed what we had begun, as it has been a while. We can start again at any time.")
STILL_THERE = _("Are you still there?")
#: What was set aside is offered once in a visit, not after each command.
OFFER_AGAIN = timedelta(hours=12)
IMPOSSIBLE = _("Sorry, that is not possible at the moment.")


#: Runs what a handler's name stands for, so that it keeps nobody else waiting.
Run = Callable[[str, Callable[[], Awaitable[None]]], Awaitable[None]]


class Dialogs:
    """Those of one turn, which gathers what they want written and said."""

    def __init__(
        self,
        shop: Shop,
        state: ConversationState,
        inbound: Inbound,
        host: TurnHost,
        voice: Voice,
        writes: Writes,
        speech: Speech,
        now: datetime,
        run: Run,
    ) -> None:
        self._run = run
        self._shop = shop
        self._state = state
        self._inbound = inbound
        self._host = host
        self._voice = voice
        self._writes = writes
        self._speech = speech
        self._now = now
        self.wants_person = False
        self.successor: int | None = None  # the member of staff who goes on, once what is said here has left

    async def take(self, step: routing.Step, files: tuple[Attachment, ...]) -> None:
        """Do what was decided; `files` are those of the message."""
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
            case routing.Offer():
                self._offer_paused()
            case routing.End(dialog=dialog, expired=expired):
                self._end(dialog)
                if not expired:
                    self._say(CANCELLED)
                elif await self._may_write():
                    self._say(EXPIRED)
            case routing.Stale():
                self._say(GONE)
                await self._ask_again()
            case routing.Unproved():
                self._say(UNPROVED)
                await self._ask_again()
            case routing.Busy():
                self._say(BUSY)
            case routing.Ignore():
                pass

    async def _start(self, step: routing.Start, files: tuple[Attachment, ...]) -> None:
        if step.stops:
            self._drop_questions()
        elif not step.background:
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

    async def _may_write(self) -> bool:
        """Whether something may be said that nobody waits for."""
        found: reach.Reach = await self._host.run(reach.ask, (self._shop.on(self._state.account), "reminders"), {})
        return found.leaves

    async def _ask_again(self) -> None:
        dialog = self._state.foreground
        if dialog and dialog.state == "asking":
            await self._go_on(dialog, None)

    # one dialog

    async def _go_on(self, dialog: DialogState, incoming: Incoming | None) -> None:
        """Replay a dialog to the present and let it take what came; a dialog whose code changed starts again."""
        fresh = not dialog.stored
        try:
            ended = await self._replay(dialog, incoming)
        except JournalMismatch:
            if fresh:
                raise
            self._end(dialog)
            self._say(CHANGED)
            if dialog.handler not in self._shop.routes.handlers:
                return
            # A new name: the old one's buttons and calls belong to questions that are gone.
            dialog = DialogState(new_token(), dialog.handler, dialog.trigger, background=dialog.background)
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
            await self._run(dialog.handler, lambda: handler(chat, *arguments))
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
            host=self._host,
            voice=self._voice,
            person=Person(
                state.name,
                state.account,
                self._shop.on(state.account),
                state.staff_id is not None,
                state.waiting_since is not None,
            ),
            inbound=trigger.inbound,
            files=trigger.files,
            arguments=trigger.arguments,
            commands=self._shop.routes.commands,
            incoming=incoming,
            asked=dialog.question.name if dialog.question else "",
            again=incoming is None and dialog.question is not None,
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
            self.successor = outcome.hand_over.to
            self.wants_person = True
        if ended:
            return
        dialog.question = outcome.question
        dialog.state = "asking" if outcome.question else "calling"
        if outcome.question:
            if not dialog.background:
                self._set_aside(besides=dialog)  # one that called may come back to another that asks
            remind, expire = outcome.question.remind, outcome.question.expire
            dialog.remind_at = self._now + remind if remind else None
            dialog.expire_at = self._now + expire if expire else None
        if outcome.requested:
            self._writes.effects.append(calls(outcome.requested, dialog.token, state))
        self._save(dialog)

    def _save(self, dialog: DialogState) -> None:
        if dialog not in self._state.dialogs:
            self._state.dialogs.append(dialog)
        dialog.stored = True
        self._writes.save_dialog(self._state, dialog, self._now)

    def _pause(self, dialog: DialogState) -> None:
        dialog.state, dialog.remind_at = "paused", None
        self._save(dialog)

    def _set_aside(self, *, besides: DialogState | None) -> None:
        """A conversation has one dialog that asks; whoever had the word keeps its place for later."""
        for dialog in self._state.dialogs:
            if dialog is not besides and dialog.state == "asking" and not dialog.background:
                self._pause(dialog)

    def _forget(self, handler: str) -> None:
        """Who begins the same anew has given up the earlier attempt: it must not come back after the new one."""
        for dialog in [one for one in self._state.dialogs if one.handler == handler and not one.background]:
            if dialog.state in ("asking", "paused"):
                self._end(dialog)

    def _drop_questions(self) -> None:
        """Who wants to hear nothing more is asked nothing more, now or later."""
        for dialog in [one for one in self._state.dialogs if one.state in ("asking", "paused")]:
            self._end(dialog)

    def _end(self, dialog: DialogState) -> None:
        if dialog in self._state.dialogs:
            self._state.dialogs.remove(dialog)
        if dialog.stored:
            self._writes.dialogs = [row for row in self._writes.dialogs if row[1] != dialog.token]
            self._writes.ended.append((dialog.token,))

    def _offer_paused(self) -> None:
        """What was set aside is not forgotten: offer once to go on with it, and again when the customer is back."""
        if self._state.foreground is not None or self._state.is_with_people(self._now):
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

    def _say(self, text: Say) -> None:
        self._speech.say(Reply(self._voice(text)))
