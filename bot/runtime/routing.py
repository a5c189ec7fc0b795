"""What an inbound means in this conversation: a pure decision, before anything is run."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core import place
from bot.core.callback import Callback
from bot.core.errors import BadInput
from bot.core.message import Choice, Inbound
from bot.core.question import answer_data, parse_answer_data
from bot.core.router import RUN, Command, Routes
from bot.core.words import Steering, normalise, number, steering
from bot.runtime.state import ConversationState, DialogState

#: Button data of the runtime's own: go on with a paused dialog, drop it.
RESUME, DROP = "d:resume:", "d:drop:"
OPENS = "/start"


@dataclass(frozen=True, slots=True)
class Start:
    """Run a handler from its beginning."""

    handler: str
    arguments: str = ""
    callback: str = ""
    background: bool = False
    stops: bool = False  # it is obeyed whoever has the word, and ends what was being asked


@dataclass(frozen=True, slots=True)
class Answer:
    """Give the inbound to a dialog that asks; `key` is the option that was tapped or typed."""

    dialog: DialogState
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The outside world answered a dialog's call."""

    dialog: DialogState


@dataclass(frozen=True, slots=True)
class Steer:
    """The customer steers the open dialog: cancel, back, later."""

    dialog: DialogState
    word: Steering


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Put the open question again: the bot has the word back, a reminder is due, a paused dialog goes on."""

    dialog: DialogState
    reminder: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """Nothing is asked now: offer to go on with what was set aside, if anything was."""


@dataclass(frozen=True, slots=True)
class End:
    """Give a dialog up: dropped by the customer, or its time is over."""

    dialog: DialogState
    expired: bool = False


@dataclass(frozen=True, slots=True)
class Stale:
    """A button of the past."""


@dataclass(frozen=True, slots=True)
class Busy:
    """The open dialog waits for the outside world."""


@dataclass(frozen=True, slots=True)
class Unproved:
    """What only the customer may decide, and anybody may have written: ask for an answer to what they alone got."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """Kept and counted, nothing to answer."""


Step = Start | Answer | Result | Steer | AskAgain | Offer | End | Stale | Busy | Unproved | Ignore


def decide(inbound: Inbound, state: ConversationState, routes: Routes) -> Step:
    """Callback, then the words that stop us, then steering words, commands, the open question, keywords, fallback."""
    match inbound.kind:
        case "result":
            dialog = state.dialog(inbound.data)
            return Result(dialog) if dialog and dialog.state == "calling" else Ignore()
        case "timer":
            return _timer(inbound.data, state)
        case "resumed":
            return AskAgain(state.foreground) if _asking(state) and state.foreground else Offer()
        case "unknown":
            name = routes.native(inbound)
            return Start(name, background=True) if name else Ignore()
        case "message" | "callback" if inbound.automatic:
            return _from_machine(inbound, routes)
        case "message" | "callback":
            return _from_customer(inbound, state, routes)
        case "started":
            name = routes.started(inbound.data, is_silent=not inbound.about)
            return Start(name, inbound.data) if name else Ignore()
        case _:
            name = routes.events.get(inbound.kind)
            return Start(name, inbound.data, background=inbound.kind != "person") if name else Ignore()


def speaks_always(step: Step, routes: Routes) -> bool:
    """Whether what follows is said also while a person has the word."""
    match step:
        case Start(handler=name):
            return name in routes.always
        case Answer(dialog=dialog) | Result(dialog=dialog):
            return dialog.handler in routes.always
        case _:
            return False


def is_meanwhile(step: Step) -> bool:
    """Whether what follows is said beside the talk, as news are: the customer said and tapped nothing that leads to it.

    So is the answer to an event that only one channel has, whoever it is of.
    """
    match step:
        case Start(background=background):
            return background
        case Answer(dialog=dialog) | Result(dialog=dialog) | AskAgain(dialog=dialog):
            return dialog.background
        case _:
            return False


def goes_past_people(step: Step, inbound: Inbound, state: ConversationState, routes: Routes) -> bool:
    """Whether what the customer did is for the bot although a person has the word; all else they say to that person.

    So is a number, unless the bot spoke last.
    """
    if isinstance(step, Start):
        if step.stops or step.handler not in routes.always:
            return step.stops
    elif not isinstance(step, Answer) or step.key is None or step.dialog.handler not in routes.always:
        return False
    return bool(inbound.data) or number(inbound.text) is None or state.last_author == "bot"


def _asking(state: ConversationState) -> bool:
    return state.foreground is not None and state.foreground.state == "asking"


def _timer(data: str, state: ConversationState) -> Step:
    what, _, token = data.partition(":")
    dialog = state.dialog(token)
    if dialog is None:
        return Ignore()
    if what == "expire":
        return End(dialog, expired=True)
    return AskAgain(dialog, reminder=True) if dialog.state == "asking" else Ignore()


def _from_machine(inbound: Inbound, routes: Routes) -> Step:
    """Programs may end what we send unasked, as a mail program's “Unsubscribe” does for a person, and nothing else."""
    found = routes.find_command(inbound.text.strip(), aliases=True)
    return Start(found[0].handler, found[1], stops=True) if found and found[0].stops else Ignore()


def _from_customer(inbound: Inbound, state: ConversationState, routes: Routes) -> Step:
    if inbound.data:
        return _button(inbound.data, state, routes)
    text = inbound.text.strip()
    found = routes.find_command(text, aliases=True)
    if found and found[0].stops:
        return Start(found[0].handler, found[1], stops=True)
    if inbound.unproved and _decides(inbound, state, found[0] if found else None):
        return Unproved()
    if not inbound.unproved and (data := typed_choice(inbound.text, state)):
        step = _button(data, state, routes)
        if not isinstance(step, Stale):  # words that were a button once are words again
            return step
    if started := _opening(text, routes):
        return started
    dialog = state.foreground if _asking(state) else None
    words = dialog is not None and dialog.question is not None and dialog.question.input == "text"
    if dialog is not None and (word := steering(text)) in ("cancel", "back", "later"):
        return Steer(dialog, word)
    if found and not (words and not text.startswith("/")):
        return Start(found[0].handler, found[1])
    if dialog is not None:
        return Answer(dialog)
    if state.foreground is not None:
        return Busy()
    if inbound.files and routes.files:
        return Start(routes.files)
    if routes.places and place.read(text):
        return Start(routes.places)
    if name := routes.find_keyword(text):
        return Start(name)
    name = routes.find_pattern(text)
    return Start(name, text) if name else Start(routes.fallback)


def _opening(text: str, routes: Routes) -> Start | None:
    """`/start` typed by hand opens the conversation as it does where an app knows it, with what a link would bring."""
    word, _, rest = text.partition(" ")
    name = routes.started(rest.strip()) if word.lower() == OPENS else None
    return Start(name, rest.strip()) if name else None


def _decides(inbound: Inbound, state: ConversationState, command: Command | None) -> bool:
    """Whether these words would answer, choose or act; what only opens something asks before it acts."""
    if _asking(state):
        return True
    return command.acts if command else bool(typed_choice(inbound.text, state))


def _button(data: str, state: ConversationState, routes: Routes) -> Step:
    if answer := parse_answer_data(data):
        dialog = state.dialog(answer.token)
        open_now = dialog and dialog.question and dialog.question.position == answer.position
        return Answer(dialog, answer.key) if dialog and open_now and dialog.state != "calling" else Stale()
    if data.startswith(RUN):
        command = routes.command(data.removeprefix(RUN))
        return Start(command.handler, stops=command.stops) if command else Stale()
    for prefix in (RESUME, DROP):
        if data.startswith(prefix):
            dialog = state.dialog(data.removeprefix(prefix))
            if dialog is None:
                return Stale()
            if dialog.state == "calling":  # gone on with already: asked anew, what it calls would be called twice
                return Busy()
            return AskAgain(dialog) if prefix == RESUME else End(dialog)
    found = routes.find_callback(data)
    return Start(found[1], callback=data) if found and _readable(found[0], data) else Stale()


def _readable(callback: type[Callback], data: str) -> bool:
    try:
        callback.unpack(data)
    except BadInput:
        return False
    return True


def typed_choice(text: str, state: ConversationState) -> str:
    """The data of the choice that was typed by its label or its number; "" for none.

    While words are asked for, a number is words ("2" may be the answer), and so are the labels of other messages.
    """
    if not state.choices or not text:
        return ""
    said, dialog = normalise(text), state.foreground
    labelled = [choice for choice in state.choices if choice.label and normalise(choice.label) == said]
    if dialog and dialog.question and dialog.question.input == "text":
        own = answer_data(dialog.token, dialog.question.position, "")
        labelled = [choice for choice in labelled if choice.data.startswith(own)]
        return labelled[0].data if len(labelled) == 1 else ""
    return labelled[0].data if len(labelled) == 1 else _at(state.choices, number(text))


def _at(choices: tuple[Choice, ...], ordinal: int | None) -> str:
    return choices[ordinal - 1].data if ordinal is not None and 1 <= ordinal <= len(choices) else ""
