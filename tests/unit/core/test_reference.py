"""Button data that a channel has no room for: the reference fits, and leads back to what was meant."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.core.message import Button, Card, Reply
from bot.core.reference import parse_reference, referred, shortened
from bot.core.render import choices_of
from bot.services.threads import MessageView
from web import views

DATA = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
BUTTONS = st.lists(st.builds(Button, st.just("Tea"), DATA), max_size=4).map(tuple)
CARDS = st.lists(st.builds(Card, st.just("Tea"), buttons=BUTTONS), max_size=4).map(tuple)


@given(reply=st.builds(Reply, buttons=BUTTONS, cards=CARDS), seq=st.integers(1, 10**9), most=st.sampled_from([64, 200]))
def test_every_button_fits_and_means_what_it_meant(reply: Reply, seq: int, most: int) -> None:
    short = choices_of(shortened(reply, seq, most))
    assert all(len(choice.data.encode()) <= most for choice in short)
    for shown, whole in zip(short, choices_of(reply), strict=True):
        if shown.data != whole.data:
            reference = parse_reference(shown.data)
            assert reference is not None
            assert (reference.seq, referred(reply, reference.place)) == (seq, whole)


def test_what_fits_stays_the_same_object() -> None:
    reply = Reply("Menu", (Button("Tea", "buy:tea"), Button("Our page", url="https://shop.test/" + "x" * 300)))
    assert shortened(reply, 3, 64) is reply


def test_a_visitor_gets_the_reference_and_staff_all_of_it() -> None:
    reply = Reply("Menu", (Button("Tea", "buy:" + "茶" * 100),))
    view = MessageView(1, 7, "bot", None, "", "Menu", reply, "", "", "", datetime(2026, 11, 22, tzinfo=UTC))
    seen = [views.message(view, None, staff=staff)["buttons"][0]["data"] for staff in (False, True)]  # type: ignore[arg-type]
    assert seen == ["m:7:1", "buy:" + "茶" * 100]
