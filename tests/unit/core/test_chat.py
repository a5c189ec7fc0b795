"""The chat: the four verbs, the journal that they leave, and replay that repeats neither words nor deeds."""

from __future__ import annotations

import gettext
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.core.chat import Call, CallFailed, Chat, Outcome, Person
from bot.core.errors import Refused
from bot.core.journal import JournalMismatch, Suspended, dump, load
from bot.core.message import Attachment, Inbound, Summary
from bot.core.profiles import WEBCHAT
from bot.core.question import DONE, SKIP, Incoming, parse_answer_data
from bot.core.registry import reads
from bot.core.text import Voice, _

VOICE = Voice("en", gettext.NullTranslations())
PERSON = Person("Ann", "webchat", WEBCHAT)
Handler = Callable[[Chat], Awaitable[None]]


@dataclass
class Host:
    """Runs services with itself as their scope, and remembers each run."""

    ran: list[str] = field(default_factory=list)

    async def run(self, service: Callable[..., Awaitable[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self.ran.append(service.__name__)
        return await service(self, *args, **kwargs)


@dataclass
class Play:
    """A dialog over several turns; between two of them only the journal's stored text lives on."""

    handler: Handler
    host: Host = field(default_factory=Host)
    stored: str = "[]"
    ended: bool = False

    async def turn(self, incoming: Incoming | None = None) -> Outcome:
        """One turn: replay, take what came, go on."""
        journal = load(self.stored)
        chat = Chat(
            token="tok", journal=journal, host=self.host, voice=VOICE, person=PERSON, inbound=said("/start"),
            incoming=incoming, voices=lambda tag: Voice(tag, gettext.NullTranslations()), languages=("en", "zh"),
        )  # fmt: skip
        try:
            await self.handler(chat)
            self.ended = True
        except Suspended:
            self.ended = False
        finally:
            self.stored = dump(journal)
        return chat.outcome

    async def says(self, text: str) -> Outcome:
        """The customer writes."""
        return await self.turn(Incoming(said(text)))

    async def taps(self, key: str) -> Outcome:
        """The customer taps the option with this key."""
        return await self.turn(Incoming(said(""), key=key))

    async def sends(self, *files: Attachment) -> Outcome:
        """The customer sends files."""
        return await self.turn(Incoming(said(""), files))


def said(text: str) -> Inbound:
    return Inbound("webchat", "1", "ann", text=text)


def texts(outcome: Outcome) -> list[str]:
    return [reply.text for reply in outcome.replies]


def labels(outcome: Outcome) -> list[str]:
    return [button.label for button in outcome.replies[-1].buttons]


def photo(number: int) -> Attachment:
    return Attachment(number, "image", f"{number}.png", "image/png", 1)


async def save(host: Host, name: str) -> str:
    """A service that writes."""
    return f"saved {name}"


@reads
async def look(host: Host) -> list[str]:
    """A service that reads."""
    return ["Longjing", "Sencha"]


async def refuse(host: Host) -> str:
    """A service that says no."""
    raise Refused("sold_out", sku="tea")


OPEN = Call("open", str)


async def test_replay_says_and_does_nothing_twice() -> None:
    async def order(chat: Chat) -> None:
        chat.say("Welcome")
        tea = await chat.choose("Which tea?", await chat.do(look))
        chat.say(f"You chose {tea}")
        saved = await chat.do(save, tea)
        name = await chat.ask("Your name?")
        chat.say(f"{saved} for {name}")

    play = Play(order)
    assert texts(await play.turn()) == ["Welcome", "Which tea?"]
    assert texts(await play.says("2")) == ["You chose Sencha", "Your name?"]
    assert texts(await play.says("Ann")) == ["saved Sencha for Ann"]
    assert (play.ended, play.host.ran) == (True, ["look", "save"])


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


async def test_a_refusal_is_raised_now_and_in_every_replay_without_running_the_service_again() -> None:
    async def buy(chat: Chat) -> None:
        try:
            await chat.do(refuse)
        except Refused as error:
            chat.say(f"{error.code} {error.facts['sku']}")
            await chat.ask("Another?")
            chat.say("bye")

    play = Play(buy)
    assert texts(await play.turn()) == ["sold_out tea", "Another?"]
    assert texts(await play.says("no")) == ["bye"]
    assert play.host.ran == ["refuse"]


async def test_a_call_suspends_until_its_result_and_gives_it_typed() -> None:
    async def pay(chat: Chat) -> None:
        url = await chat.call(OPEN, "key")
        chat.say(f"Pay at {url}")

    play = Play(pay)
    outcome = await play.turn()
    assert outcome.requested is not None
    assert (outcome.requested.name, outcome.requested.args, outcome.requested.position) == ("open", ["key"], 0)
    result = Inbound("webchat", "call:tok:0", "ann", "result", data="tok", native={"value": "https://pay"})
    assert texts(await play.turn(Incoming(result))) == ["Pay at https://pay"]
    assert texts(await play.turn()) == ["Pay at https://pay"]  # nothing was asked, so a replay has arrived at the end


async def test_a_call_that_failed_for_good_can_be_told() -> None:
    async def pay(chat: Chat) -> None:
        try:
            await chat.call(OPEN)
        except CallFailed as error:
            chat.say(f"no: {error}")

    play = Play(pay)
    await play.turn()
    result = Inbound("webchat", "r", "ann", "result", data="tok", native={"error": {"text": "bank is closed"}})
    assert texts(await play.turn(Incoming(result))) == ["no: bank is closed"]


async def test_a_dialog_that_changed_under_an_answer_is_a_mismatch() -> None:
    async def first(chat: Chat) -> None:
        await chat.ask("Name?")

    async def renamed(chat: Chat) -> None:
        await chat.ask("Your name?")
        await chat.ask("More?")

    async def does_first(chat: Chat) -> None:
        await chat.do(save, "x")
        await chat.ask("Name?")

    play = Play(first)
    await play.turn()
    play.handler = does_first
    with pytest.raises(JournalMismatch, match=r"the dialog does 'test_chat\.save' first"):
        await play.says("Ann")
    play = Play(first)
    await play.turn()
    await play.says("Ann")
    play.handler = renamed
    with pytest.raises(JournalMismatch, match="journal has ask 'Name"):
        await play.turn()


async def test_handing_over_happens_once() -> None:
    async def person(chat: Chat) -> None:
        await chat.hand_over(_("wants a person"), priority="high")
        await chat.ask("What is it about?")

    play = Play(person)
    first = await play.turn()
    assert first.hand_over is not None
    assert (first.hand_over.reason, first.hand_over.priority) == ("wants a person", "high")
    assert (await play.says("tea")).hand_over is None


async def test_a_language_is_spoken_from_the_switch_on_and_after_a_replay() -> None:
    async def talk(chat: Chat) -> None:
        chat.switch("zh")
        await chat.ask(_("Name?"))
        chat.say(chat.locale)

    play = Play(talk)
    await play.turn()
    assert texts(await play.says("Ann")) == ["zh"]


async def test_suspension_passes_a_handler_that_catches_every_exception() -> None:
    async def careless(chat: Chat) -> None:
        try:
            await chat.ask("Name?")
        except Exception:
            chat.say("swallowed")

    play = Play(careless)
    assert texts(await play.turn()) == ["Name?"]
    assert not play.ended


async def test_times_to_remind_and_expire_and_a_summary_go_with_the_question() -> None:
    async def sure(chat: Chat) -> None:
        await chat.confirm("Sure?", summary=Summary("Cart", (), "¥1"), remind="1h", expire="2d")

    outcome = await Play(sure).turn()
    assert outcome.question is not None
    assert (str(outcome.question.remind), str(outcome.question.expire)) == ("1:00:00", "2 days, 0:00:00")
    assert outcome.replies[0].summary == Summary("Cart", (), "¥1")
    assert outcome.replies[0].input == "confirm"


async def test_a_step_back_asks_the_question_before_once_more() -> None:
    async def two(chat: Chat) -> None:
        one = await chat.ask("One?")
        await chat.do(look)
        chat.say(f"{one} {await chat.ask('Two?')}")

    play = Play(two)
    await play.turn()
    await play.says("a")
    journal = load(play.stored)
    assert journal.step_back()
    play.stored = dump(journal)
    assert texts(await play.turn()) == ["One?"]
    await play.says("b")
    assert texts(await play.says("c")) == ["b c"]
    assert play.host.ran == ["look", "look"]
