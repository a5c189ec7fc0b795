"""The questions of a chat: what is an answer, what is asked again, and what stands below."""

from __future__ import annotations

import pytest

from bot.core.chat import Chat
from bot.core.journal import JournalMismatch
from bot.core.message import Summary
from bot.core.question import DONE, SKIP, parse_answer_data
from bot.core.text import _
from tests.unit.core.play import Play, labels, photo, texts


async def test_an_answer_that_does_not_parse_is_asked_again_and_leaves_no_trace() -> None:
    async def review(chat: Chat) -> None:
        chat.say(str(await chat.rate("How was it?")))

    play = Play(review)
    await play.turn()
    before = play.stored
    outcome = await play.says("hm")
    assert texts(outcome) == ["Please give one to five stars.\nHow was it?"]
    assert outcome.question is not None
    assert play.stored == before


@pytest.mark.parametrize(
    ("typed", "stars"),
    [
        ("5", 5),
        ("★★★", 3),
        ("⭐⭐", 2),
        ("4 ★", 4),
        ("4★", 4),
        ("5⭐", 5),
        ("2 ⭐️", 2),
        ("五星", 5),
        ("3颗", 3),
        ("four", 4),
        ("③", 3),
    ],
)
async def test_stars_however_they_are_given(typed: str, stars: int) -> None:
    async def review(chat: Chat) -> None:
        chat.say(str(await chat.rate("How was it?")))

    play = Play(review)
    await play.turn()
    assert texts(await play.says(typed)) == [str(stars)]


@pytest.mark.parametrize("typed", ["0", "6", "★★★★★★", "good", ""])
async def test_what_are_no_stars(typed: str) -> None:
    async def review(chat: Chat) -> None:
        await chat.rate("How was it?")

    play = Play(review)
    await play.turn()
    assert (await play.says(typed)).question is not None


ANSWERS = [(typed, True) for typed in ("yes", "好的", "OK!", "1")] + [(typed, False) for typed in ("no", "不要", "2")]


@pytest.mark.parametrize(("typed", "answer"), ANSWERS)
async def test_yes_and_no(typed: str, answer: bool) -> None:
    async def sure(chat: Chat) -> None:
        chat.say(str(await chat.confirm("Sure?")))

    play = Play(sure)
    assert labels(await play.turn()) == ["Yes", "No"]
    assert texts(await play.says(typed)) == [str(answer)]


async def test_words_are_checked_and_limited() -> None:
    async def name(chat: Chat) -> None:
        chat.say(await chat.ask("Name?", check=lambda text: _("Not that one.") if text == "x" else None, most=5))

    play = Play(name)
    await play.turn()
    assert texts(await play.says("x")) == ["Not that one.\nName?"]
    assert texts(await play.says("123456")) == ["That is too long: at most 5 characters.\nName?"]
    assert texts(await play.sends(photo(1))) == ["Please write it as a message.\nName?"]
    assert texts(await play.says(" Ann ")) == ["Ann"]


@pytest.mark.parametrize("skip", ["skip", "跳过", "No thanks!"])
async def test_an_optional_question_is_skipped_by_word_or_tap(skip: str) -> None:
    async def note(chat: Chat) -> None:
        chat.say(repr(await chat.ask("A note?", optional=True)))

    for typed in (True, False):
        play = Play(note)
        assert labels(await play.turn()) == ["Skip"]
        assert texts(await (play.says(skip) if typed else play.taps(SKIP))) == ["None"]


async def test_a_question_that_must_be_answered_takes_skip_as_words() -> None:
    async def note(chat: Chat) -> None:
        chat.say(await chat.ask("A note?"))

    play = Play(note)
    assert labels(await play.turn()) == []
    assert texts(await play.says("skip")) == ["skip"]


async def test_a_suggestion_is_tapped_or_other_words_are_typed() -> None:
    async def time(chat: Chat) -> None:
        chat.say(await chat.ask("When?", suggest=["Morning", "Evening"]))

    for answer, expected in (("1", "1"), ("noon", "noon")):
        play = Play(time)
        assert labels(await play.turn()) == ["Morning", "Evening"]
        assert texts(await play.says(answer)) == [expected]
    play = Play(time)
    await play.turn()
    assert texts(await play.taps("1")) == ["Evening"]


async def test_a_choice_is_kept_by_its_key_so_that_a_new_order_of_options_changes_nothing() -> None:
    offered = ["a", "b", "c"]

    async def pick(chat: Chat) -> None:
        first = await chat.choose("One?", offered)
        chat.say(f"{first} and {await chat.choose('Two?', offered)}")

    play = Play(pick)
    await play.turn()
    await play.taps("1")
    offered[:] = ["c", "b", "a"]
    assert texts(await play.taps("0")) == ["b and c"]


async def test_an_option_that_is_gone_is_a_mismatch_not_a_guess() -> None:
    offered = ["a", "b"]

    async def pick(chat: Chat) -> None:
        await chat.choose("One?", offered)
        await chat.ask("Why?")

    play = Play(pick)
    await play.turn()
    await play.taps("1")
    offered.remove("b")
    with pytest.raises(JournalMismatch, match="no longer offered"):
        await play.says("because")


async def test_buttons_name_dialog_question_and_option() -> None:
    async def pick(chat: Chat) -> None:
        await chat.ask("Name?")
        await chat.choose("One?", ["a", "b"])

    play = Play(pick)
    await play.turn()
    outcome = await play.says("Ann")
    data = [parse_answer_data(button.data) for button in outcome.replies[-1].buttons]
    assert [(one.token, one.position, one.key) for one in data if one] == [("tok", 1, "0"), ("tok", 1, "1")]
    assert outcome.question is not None
    assert (outcome.question.position, outcome.question.name) == (1, "One?")


async def test_files_gather_over_messages_until_done() -> None:
    async def photos(chat: Chat) -> None:
        files = await chat.files("Photos?", kinds={"image"}, at_most=3, optional=True)
        chat.say(",".join(file.name for file in files))

    play = Play(photos)
    assert labels(await play.turn()) == ["Skip"]
    assert texts(await play.says("what?")) == ["Please send a picture.\nPhotos?"]
    assert texts(await play.sends(photo(1), photo(2))) == ["Got 2 files. Send more, or tap Done."]
    assert texts(await play.sends(photo(3), photo(4)))[0].startswith("That is too many: 1 more is welcome.")
    assert texts(await play.taps(DONE)) == ["1.png,2.png"]


async def test_files_end_by_themselves_at_the_most() -> None:
    async def photos(chat: Chat) -> None:
        chat.say(str(len(await chat.files("Photos?", at_most=2))))

    play = Play(photos)
    await play.turn()
    await play.sends(photo(1))
    assert texts(await play.sends(photo(2))) == ["2"]


async def test_files_that_are_wanted_cannot_be_skipped() -> None:
    async def photos(chat: Chat) -> None:
        await chat.files("Photos?", kinds={"image"})

    play = Play(photos)
    assert labels(await play.turn()) == []
    assert texts(await play.says("done")) == ["Please send a picture.\nPhotos?"]


async def test_times_to_remind_and_expire_and_a_summary_go_with_the_question() -> None:
    async def sure(chat: Chat) -> None:
        await chat.confirm("Sure?", summary=Summary("Cart", (), "¥1"), remind="1h", expire="2d")

    outcome = await Play(sure).turn()
    assert outcome.question is not None
    assert (str(outcome.question.remind), str(outcome.question.expire)) == ("1:00:00", "2 days, 0:00:00")
    assert outcome.replies[0].summary == Summary("Cart", (), "¥1")
    assert outcome.replies[0].input == "confirm"
