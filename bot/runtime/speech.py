"""What the bot says in a turn: message rows, effects for the wires, and the choices that typed numbers stand for."""

from __future__ import annotations

from datetime import datetime

import msgspec

from bot.core.capabilities import Capabilities
from bot.core.message import About, Choice, Reply, Wire
from bot.core.reference import shortened
from bot.core.render import OPENS, choices_of, gathered, render
from bot.core.text import Voice
from bot.runtime import numbering
from bot.runtime.state import ConversationState
from bot.runtime.writes import NewEffect, Writes, body_of, preview

_UNTOLD = "UPDATE message SET error = ? WHERE conversation_id = ? AND seq = ?"
_encode = msgspec.json.Encoder().encode


class Speech:
    """Gathers a turn's replies. While a person has the word, hardly anything is said on any channel."""

    def __init__(
        self,
        state: ConversationState,
        writes: Writes,
        capabilities: Capabilities,
        voice: Voice,
        now: datetime,
        about: About = "",
        client_id: str | None = None,
    ) -> None:
        self._client_id = client_id  # of the first message, where it is to be found by it
        self._about = about  # what it is about where nobody waits for it
        self._state = state
        self._writes = writes
        self._capabilities = capabilities
        self._opens = voice(OPENS)
        self._now = now
        self._replies: list[Reply] = []

    def say(self, reply: Reply) -> None:
        """One more reply, behind those before it."""
        self._replies.append(reply)

    def finish(self, *, later: bool = False, always: bool = False, meanwhile: bool = False) -> None:
        """Turn what was said into rows. What leaves `later` is what a typed number stands for from then on.

        `always`: also while a person has the word. `meanwhile`: nobody asked for it, so it takes no numbers from a
        question that is open.
        """
        if not self._replies:
            return
        if self._state.is_with_people(self._now) and not always:
            if self._client_id is not None and self._about != "news":
                self._keep_untold(self._replies[0], self._client_id)
            return
        if self._capabilities.gathers:
            self._replies = gathered(self._replies)
        said = tuple(choice for reply in self._replies for choice in choices_of(reply))
        choices = numbering.behind(self._state, said) if meanwhile and said else said
        first, most = self._state.last_seq + 1, self._capabilities.button_data
        fitting = (
            [shortened(reply, seq, most) for seq, reply in enumerate(self._replies, first)] if most else self._replies
        )
        shown = render(fitting, self._capabilities, self._opens, len(choices) - len(said) + 1)
        for index, (reply, rendered) in enumerate(zip(self._replies, shown, strict=True), 1):
            self._write(reply, rendered.wires, choices if later and index == len(shown) else ())
        if choices and not later:
            self._state.choices = choices

    def _keep_untold(self, reply: Reply, client_id: str) -> None:
        """Staff see in the thread, and where it is looked for, that the customer was not told."""
        state = self._state
        state.last_seq += 1
        body = _encode(Reply(reply.text)).decode()
        self._writes.messages.append(
            (state.id, state.last_seq, "event", None, "untold", body, client_id, "failed", self._now, "")
        )
        self._writes.told.append((_UNTOLD, ("takeover", state.id, state.last_seq)))

    def _write(self, reply: Reply, wires: tuple[Wire, ...], choices: tuple[Choice, ...]) -> None:
        state, stored = self._state, self._capabilities.stored_delivery
        state.last_seq += 1
        if self._about != "news":  # what many are told moves none of them to the top of the desk's list
            state.last_text, state.last_author = preview(reply.text, reply, reply.files), "bot"
            state.last_at = self._now
            state.first_response_at = state.first_response_at or self._now
        delivery = "" if stored else "queued"
        self._writes.messages.append(
            (state.id, state.last_seq, "bot", None, reply.text, body_of(reply), self._client_id, delivery, self._now,
             "")
        )  # fmt: skip
        self._client_id = None
        if not stored:
            self._writes.effects += sends(
                state.lane,
                state.id,
                state.external_id,
                state.last_seq,
                wires,
                "bot",
                state.epoch,
                self._now,
                self._about,
                choices,
            )


def sends(
    lane: str,
    conversation_id: int,
    recipient: str,
    seq: int,
    wires: tuple[Wire, ...],
    author: str,
    epoch: int,
    now: datetime,
    about: About = "",
    choices: tuple[Choice, ...] = (),
) -> list[NewEffect]:
    """One send effect a wire; the last one's success is the message's delivery, and `choices` count from then on."""
    last = len(wires) - 1
    # A key begins with its time: keys of the same minute lie in the same pages of their index, however many chats.
    moment = f"{int(now.timestamp() * 1000):x}"
    return [
        NewEffect(
            key=f"send:{moment}:{conversation_id}:{seq}:{index}",
            kind="send",
            lane=lane,
            payload=_encode(
                SendPayload(recipient, wire, index == last, about, _leads(index, wires), choices * (index == last))
            ).decode(),
            conversation_id=conversation_id,
            message_seq=seq,
            author=author,
            epoch=epoch,
        )
        for index, wire in enumerate(wires)
    ]


def _leads(index: int, wires: tuple[Wire, ...]) -> int:
    if wires[index].text or not wires[index].files:
        return 0
    return next((further for further, later in enumerate(wires[index + 1 :], 1) if later.text), 0)


class SendPayload(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the executor of `send` needs: to whom, what, whether it completes the message, and what it is about.

    `leads`: files alone, whose words begin so many wires further on, and matter more; 0 for all else.
    `choices`: what a typed number stands for once this has left, where that is later than it was said.
    """

    recipient: str
    wire: Wire
    last: bool
    about: About = ""
    leads: int = 0
    choices: tuple[Choice, ...] = ()
