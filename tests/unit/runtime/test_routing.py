"""The decision what an inbound means: pure, total, and the same for a tap, a number and a label."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.callback import Callback
from bot.core.chat import Chat
from bot.core.message import Choice, FileRef, Inbound, InboundKind, Input
from bot.core.question import Question
from bot.core.router import Router, Routes
from bot.runtime.retry import TURN_DELAYS, turn_delay, was_parked
from bot.runtime.routing import Answer, AskAgain, Busy, End, Ignore, Offer, Result, Stale, Start, Steer, Step, decide
from bot.runtime.state import ConversationState, DialogState, Trigger

HELLO = Inbound("telegram", "1", "ann", text="hi")


class Buy(Callback):
    sku: str


def routes() -> Routes:
    router = Router("shop")

    async def order(chat: Chat) -> None: ...
    async def hours(chat: Chat) -> None: ...
    async def code(chat: Chat) -> None: ...
    async def buy(chat: Chat, button: Buy) -> None: ...
    async def paid(chat: Chat) -> None: ...
    async def poll(chat: Chat) -> None: ...
    async def file(chat: Chat) -> None: ...
    async def rest(chat: Chat) -> None: ...

    router.command("order", "buy tea")(order)
    router.keyword("opening hours", "ABCDEF")(hours)
    router.pattern("[A-F0-9]{6}")(code)
    router.on(Buy)(buy)
    router.event("payment")(paid)
    router.event("started")(paid)
    router.native("telegram", "poll")(poll)
    router.files(file)
    router.fallback(rest)
    return Routes([router])


ROUTES = routes()


def asking(token: str = "tok", kind: Input = "choice", state: str = "asking", position: int = 1) -> DialogState:
    question = Question("Which?", position, "Which?", kind) if state != "calling" else None
    return DialogState(token, "shop.order", Trigger(HELLO), state, question=question, stored=True)


def conversation(*dialogs: DialogState, choices: tuple[Choice, ...] = ()) -> ConversationState:
    return ConversationState(
        id=1, lane="telegram:ann", account="telegram", external_id="ann", identity_id=1, contact_id=1, name="Ann",
        locale="en", staff_id=None, owner_id=None, epoch=0, last_seq=0, unread=0, waiting_since=None, reason="",
        priority=0, attention="", choices=choices, first_response_at=None, last_text="", last_author="", last_at=None,
        dialogs=list(dialogs),
    )  # fmt: skip


def of(text: str = "", *dialogs: DialogState, choices: tuple[Choice, ...] = (), **facts: Any) -> Step:
    """What a message with this text (or an inbound with these facts) means."""
    return decide(Inbound("telegram", "2", "ann", text=text, **facts), conversation(*dialogs, choices=choices), ROUTES)


OPEN = asking()
WORDS = asking(kind="text")
TEA = (Choice("Green tea", "a:tok:1:0"), Choice("Black tea", "a:tok:1:1"))


def test_without_a_dialog() -> None:
    assert of("/order two") == Start("shop.order", "two")
    assert of("Buy tea!") == Start("shop.order")
    assert of("opening hours?") == Start("shop.hours")
    assert of("what?") == Start("shop.rest")
    assert of("abcde1") == Start("shop.code", "abcde1")
    assert of("abcdef") == Start("shop.hours")
    assert of("cancel") == Start("shop.rest")
    assert of(files=(FileRef("image", "r"),)) == Start("shop.file")


def test_with_an_open_question() -> None:
    assert of("green", OPEN) == Answer(OPEN)
    assert of("opening hours", OPEN) == Answer(OPEN)
    assert of("取消", OPEN) == Steer(OPEN, "cancel")
    assert of("Back", OPEN) == Steer(OPEN, "back")
    assert of("/order", OPEN) == Start("shop.order")
    assert of("buy tea", OPEN) == Start("shop.order")
    assert of("buy tea", WORDS) == Answer(WORDS)


@pytest.mark.parametrize("typed", ["2", "②", "二", "black TEA", "(2)"])
def test_a_number_a_label_and_a_tap_are_one_answer(typed: str) -> None:
    assert of(typed, OPEN, choices=TEA) == of("", OPEN, kind="callback", data="a:tok:1:1") == Answer(OPEN, "1")


def test_a_number_beyond_the_menu_is_an_answer_like_any_other() -> None:
    assert of("3", OPEN, choices=TEA) == Answer(OPEN)


def test_a_label_of_an_earlier_menu_is_words_while_words_are_asked_for() -> None:
    earlier = (Choice("Order", "d:run:order"), Choice("Yes", "a:tok:0:0"), Choice("Skip", "a:tok:1:skip"))
    assert of("Order", WORDS, choices=earlier) == Answer(WORDS)
    assert of("Yes", WORDS, choices=earlier) == Answer(WORDS)
    assert of("2", WORDS, choices=earlier) == Answer(WORDS)
    assert of("Skip", WORDS, choices=earlier) == Answer(WORDS, "skip")


@pytest.mark.parametrize("data", ["a:tok:0:1", "a:gone:1:1", "d:run:gone", "d:resume:gone", "sell:x", "buy:a:b:c", ":"])
def test_buttons_of_the_past_are_stale(data: str) -> None:
    assert of("", OPEN, kind="callback", data=data) == Stale()


def test_buttons_of_the_runtime() -> None:
    paused = asking("old", state="paused")
    assert of("", kind="callback", data="buy:tea") == Start("shop.buy", callback="buy:tea")
    assert of("", kind="callback", data="d:run:order") == Start("shop.order")
    assert of("", OPEN, paused, kind="callback", data="d:resume:old") == AskAgain(paused)
    assert of("", OPEN, paused, kind="callback", data="d:drop:old") == End(paused)
    assert of("", OPEN, paused, kind="callback", data="a:old:1:0") == Answer(paused, "0")


def test_while_the_outside_world_works() -> None:
    calling = asking(state="calling")
    assert of("hello?", calling) == Busy()
    for old in ("d:resume:tok", "d:drop:tok"):  # of an offer that was taken up before
        assert of("", calling, kind="callback", data=old) == Busy()
    assert of("/order", calling) == Start("shop.order")
    assert of("", calling, kind="result", data="tok") == Result(calling)
    assert of("", OPEN, kind="result", data="tok") == Ignore()
    assert of("green", calling, asking("second")) == Answer(asking("second"))


def test_what_is_no_message() -> None:
    assert of("", kind="payment", data="p1") == Start("shop.paid", "p1", background=True)
    assert of("", kind="started", data="x") == Start("shop.paid", "x")
    assert of("", kind="order", data="1") == Ignore()
    assert of("", kind="unknown", data="poll") == Start("shop.poll", background=True)
    assert of("", kind="unknown", data="dice") == Ignore()
    assert of("", OPEN, kind="timer", data="remind:tok") == AskAgain(OPEN, reminder=True)
    assert of("", OPEN, kind="timer", data="expire:tok") == End(OPEN, expired=True)
    assert of("", kind="timer", data="expire:gone") == Ignore()
    assert of("", OPEN, kind="resumed") == AskAgain(OPEN)
    assert of("", kind="resumed") == Offer()


DIALOGS = st.lists(
    st.builds(
        asking, st.sampled_from(["tok", "old", "x"]), st.sampled_from(get_args(Input)),
        st.sampled_from(["asking", "calling", "paused"]), st.integers(0, 3),
    ),
    max_size=3,
)  # fmt: skip
DATA = st.text(max_size=20) | st.sampled_from(
    ["a:tok:1:0", "a:x:0:skip", "d:resume:tok", "d:drop:x", "buy:tea", "remind:tok"]
)
CHOICES = st.lists(st.builds(Choice, st.text(max_size=5), DATA), max_size=4).map(tuple)


@given(
    st.text(max_size=20) | st.sampled_from(["1", "②", "cancel", "/order"]),
    DATA, st.sampled_from(get_args(InboundKind)), DIALOGS, CHOICES,
)  # fmt: skip
def test_every_inbound_means_something(
    text: str, data: str, kind: InboundKind, dialogs: list[DialogState], choices: tuple[Choice, ...]
) -> None:
    step = of(text, *dialogs, choices=choices, data=data, kind=kind)
    assert isinstance(step, get_args(Step))
    if isinstance(step, Start):
        assert step.handler in ROUTES.handlers


def test_when_a_turn_is_tried_again() -> None:
    assert [turn_delay(attempts) for attempts in range(1, 6)] == [*TURN_DELAYS, None]
    assert [was_parked(attempts) for attempts in (4, 5)] == [False, True]


@pytest.mark.parametrize("said", ["stop", "STOP.", "/halt", "halt"])
@pytest.mark.parametrize("dialogs", [(), (OPEN,), (asking(kind="text"),), (asking(state="calling"),)])
def test_a_word_that_stops_us_is_understood_at_any_moment(said: str, dialogs: tuple[DialogState, ...]) -> None:
    router = Router("stopping")

    async def halt(chat: Chat) -> None: ...

    router.command("halt", "stop", stops=True)(halt)
    stopping = Routes([router])
    state = conversation(*dialogs, choices=(Choice("Stop", "order:1"),))
    assert decide(Inbound("telegram", "9", "ann", text=said), state, stopping) == Start("stopping.halt", stops=True)
    tap = Inbound("telegram", "9", "ann", "callback", data="d:run:halt")
    assert decide(tap, state, stopping) == Start("stopping.halt", stops=True)


def test_without_such_a_command_stop_ends_the_dialog_alone() -> None:
    assert of("stop", OPEN) == Steer(OPEN, "cancel")
