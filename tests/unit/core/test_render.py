"""The renderer: within every channel's limits, nothing cut silently, and every choice reachable by tap or number."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from bot.core.capabilities import Capabilities, Unit
from bot.core.message import Attachment, Button, Card, Reply, Summary, SummaryLine, Wire
from bot.core.render import Rendered, choices_of, render, split
from tests.kit.profiles import EMAIL, PROFILES, SMS, TELEGRAM, WEBCHAT, X

#: A reply is large, and making one smaller takes minutes: a failure is shown as it was found.
QUICK = (Phase.explicit, Phase.reuse, Phase.generate)
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=12)
TEXTS = (
    st.lists(WORDS, min_size=1, max_size=8).map(" ".join).flatmap(lambda text: st.sampled_from([text, f"{text} " * 40]))
)
LABELS = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
DATA = st.text("abc:0123茶", min_size=1, max_size=64)
BUTTONS = st.one_of(
    st.builds(Button, LABELS, DATA),
    st.builds(Button, LABELS, url=WORDS.map(lambda path: f"https://shop.test/{path}")),
)
MANY_BUTTONS = st.lists(BUTTONS, max_size=6).map(tuple)


@st.composite
def attachments(draw: st.DrawFn) -> tuple[Attachment, ...]:
    """A few files with names and ids of their own."""
    kinds = draw(st.lists(st.sampled_from(["image", "audio", "video", "file"]), max_size=5))
    return tuple(
        Attachment(number, kind, f"file-{number}.bin", "", 1)  # type: ignore[arg-type]
        for number, kind in enumerate(kinds, start=1)
    )


IMAGES = st.none() | st.integers(100, 999).map(lambda number: Attachment(number, "image", f"photo-{number}.png", "", 1))
CARDS = st.lists(
    st.builds(Card, LABELS, TEXTS | st.just(""), LABELS | st.just(""), IMAGES, MANY_BUTTONS), max_size=4
).map(tuple)
SUMMARIES = st.none() | st.builds(
    Summary, LABELS, st.lists(st.builds(SummaryLine, LABELS, LABELS), max_size=5).map(tuple), LABELS
)
REPLIES = st.builds(
    Reply, TEXTS, MANY_BUTTONS, CARDS, attachments(), SUMMARIES, st.sampled_from(["", "text", "choice"])
)  # fmt: skip
MIB = 1024 * 1024
CAPABILITIES = st.sampled_from(list(PROFILES.values()))
PHOTO, SHEET = Attachment(1, "image", "tea.png", "image/png", 1), Attachment(2, "file", "report.xlsx", "", 1)


def length(text: str, unit: Unit) -> int:
    """The oracle: how long the platform says that `text` is."""
    match unit:
        case "bytes":
            return len(text.encode())
        case "utf16":
            return len(text.encode("utf-16-le")) // 2
        case "characters":
            return len(text)


def bare(text: str) -> str:
    """Without the white space at which a text may be cut."""
    return re.sub(r"\s", "", text)


def shown(wires: tuple[Wire, ...]) -> str:
    """All that a person can read on these wires."""
    parts = []
    for wire in wires:
        parts += [wire.text, *(button.label + button.url for row in wire.rows for button in row)]
        parts += [file.name for file in wire.files]
        for card in wire.cards:
            parts += [card.title, card.price, card.text, *(button.label for button in card.buttons)]
    return bare("".join(parts))


@given(reply=REPLIES, capabilities=CAPABILITIES)
@settings(max_examples=50, phases=QUICK)
def test_every_wire_is_within_the_channels_limits(reply: Reply, capabilities: Capabilities) -> None:
    for wire in render([reply], capabilities)[0].wires:
        whole = capabilities.cards and not capabilities.carousel
        limit = capabilities.caption_limit if wire.files and not whole else capabilities.text_limit
        assert length(wire.text, capabilities.text_unit) <= limit
        assert wire.text or wire.files or wire.cards
        if wire.cards and capabilities.carousel:
            assert wire == Wire(cards=wire.cards)
            assert len(wire.cards) <= capabilities.carousel.cards
            assert all(card_fits(card, capabilities) for card in wire.cards)
        if not whole:
            assert (wire.cards if not capabilities.carousel else (), wire.summary) == ((), None)
            assert len(wire.files) <= capabilities.files_per_message
            assert all(button_fits(button, capabilities) for row in wire.rows for button in row)
            assert sum(map(len, wire.rows)) <= capabilities.buttons
            assert not capabilities.button_rows or len(wire.rows) <= capabilities.button_rows


def button_fits(button: Button, capabilities: Capabilities) -> bool:
    """The oracle: whether the platform takes this button."""
    data_fits = len(button.data.encode()) <= capabilities.button_data
    return (
        len(button.label) <= capabilities.button_label and data_fits and (not button.url or capabilities.link_buttons)
    )


def card_fits(card: Card, capabilities: Capabilities) -> bool:
    """The oracle: whether a carousel takes this card."""
    told = "\n".join(filter(None, (card.price, card.text)))
    assert capabilities.carousel
    return (
        0 < len(card.title) <= 80
        and len(told) <= 80
        and bool(told or card.buttons)
        and len(card.buttons) <= 3
        and all(button_fits(button, capabilities) for button in card.buttons)
    )


@given(reply=REPLIES, capabilities=CAPABILITIES.filter(lambda one: not one.cards or one.carousel is not None))
@settings(max_examples=50, phases=QUICK)
def test_nothing_is_cut_silently(reply: Reply, capabilities: Capabilities) -> None:
    wires = render([reply], capabilities)[0].wires
    heads = [bare(card.text[:-1]) for wire in wires for card in wire.cards if card.text.endswith("…")]
    seen = shown(wires)
    for text in said(reply):
        assert bare(text) in seen or any(bare(text).startswith(head) for head in heads)


TEA = Button("Add", "add:1")
LONG = "Young green tea, rolled by hand and scented with fresh jasmine on seven nights. " * 2


@pytest.mark.parametrize(
    ("cards", "messages"),
    [
        ([Card(f"Tea {n}", "Green", "¥9", None, (TEA,)) for n in range(12)], [10, 2, "Which?"]),
        ([Card("A", LONG, "¥9", PHOTO, (TEA,)), Card("B", "", "¥8", None, (TEA,))], [2, "Which?"]),
        ([Card("A", LONG, "¥9", PHOTO, (TEA,))], ["", f"A\n¥9\n{LONG.strip()}", "Which?"]),
        ([Card("A", "", "¥9"), Card("B" * 81, "", "¥8"), Card("C")], [1, "B" * 81 + "\n¥8", "C", "Which?"]),
        ([Card("A", buttons=(TEA,) * 4), Card("B", "", "¥8"), Card("C", "", "¥7")], ["A", 2, "Which?"]),
    ],
)
def test_cards_with_little_room_stand_beside_each_other_as_far_as_they_fit(
    cards: list[Card], messages: list[str | int]
) -> None:
    [rendered] = render([Reply("Which?", (Button("My cart", "cart"),), tuple(cards))], PROFILES["messenger"])
    assert [len(wire.cards) or wire.text.strip() for wire in rendered.wires] == messages
    assert [button.label for row in rendered.wires[-1].rows for button in row] == ["My cart"]


@pytest.mark.parametrize("channel", ["messenger", "telegram", "sms"])
def test_buttons_of_one_card_alone_and_those_below_it_hang_on_the_same_message(channel: str) -> None:
    """Where buttons go with the next message, those of the card were gone with those below it."""
    reply = Reply("", (Button("My cart", "cart"),), (Card("Tea", "Green", buttons=(TEA,)),))
    [rendered] = render([reply], PROFILES[channel])
    labels = [button.label for button in native_buttons(rendered)]
    assert [wire.text for wire in rendered.wires] == {
        "messenger": [""],
        "telegram": ["Tea\nGreen"],
        "sms": ["Tea\nGreen\n1. Add\n2. My cart"],
    }[channel]
    assert labels == ([] if channel == "sms" else ["Add", "My cart"])
    assert [choice.data for choice in rendered.choices] == ["add:1", "cart"]


def test_a_card_is_cut_where_a_reader_would_pause_and_says_so() -> None:
    cards = (Card("A", LONG, "from ¥9"), Card("B", "茶" * 90), Card("C", "x" * 80))
    [wire] = render([Reply(cards=cards)], PROFILES["instagram"])[0].wires
    assert [card.text for card in wire.cards] == [
        "Young green tea, rolled by hand and scented with fresh jasmine on…",
        "茶" * 79 + "…",
        "x" * 80,
    ]


def said(reply: Reply) -> list[str]:
    """Everything in a reply that a person must be able to read."""
    texts = [reply.text, *(file.name for file in reply.files), *(button.label for button in reply.buttons)]
    for card in reply.cards:
        texts += [card.title, card.text, card.price, *(button.label for button in card.buttons)]
    if reply.summary:
        texts += [reply.summary.title, reply.summary.total]
        texts += [line.label + line.amount for line in reply.summary.lines]
    texts += [button.url for button in reply.buttons]
    return texts


@pytest.mark.parametrize(
    ("channel", "media_type", "size", "leaves"),
    [
        ("wechat", "audio/amr", 2 * MIB, True),
        ("wechat", "audio/amr", 2 * MIB + 1, False),
        ("wechat", "video/mp4", 10 * MIB, True),
        ("wechat", "application/pdf", 1, False),
        ("telegram", "application/pdf", 50 * MIB, True),
        ("telegram", "application/pdf", 50 * MIB + 1, False),
        ("weibo", "video/mp4", 1, False),
        ("instagram", "application/pdf", 25 * MIB, True),
        ("instagram", "application/zip", 1, False),
        ("instagram", "audio/mpeg", 1, False),
        ("messenger", "application/zip", 25 * MIB, True),
        ("messenger", "application/zip", 25 * MIB + 1, False),
        ("whatsapp", "application/zip", 100 * MIB, True),
        ("whatsapp", "application/zip", 100 * MIB + 1, False),
    ],
)
def test_a_file_leaves_where_the_platform_takes_it_and_is_else_named_for_its_address(
    channel: str, media_type: str, size: int, leaves: bool
) -> None:
    file = Attachment(1, "file", "our tea", media_type, size)
    [wire] = render([Reply(files=(file,))], PROFILES[channel])[0].wires
    assert wire == (Wire(files=(file,)) if leaves else Wire("[our tea]", linked=file))


@given(replies=st.lists(REPLIES, max_size=3), capabilities=CAPABILITIES)
@settings(max_examples=40, phases=QUICK)
def test_every_choice_is_a_button_or_the_number_that_it_has_in_the_list(
    replies: list[Reply], capabilities: Capabilities
) -> None:
    rendered = render(replies, capabilities)
    choices = [choice for one in rendered for choice in one.choices]
    assert choices == [choice for reply in replies for choice in choices_of(reply)]
    native = [button.data for one in rendered for button in native_buttons(one)]
    text = bare("\n".join(wire.text for one in rendered for wire in one.wires))
    for number, choice in enumerate(choices, start=1):
        assert choice.data in native or bare(f"{number}. {choice.label}") in text


def native_buttons(rendered: Rendered) -> list[Button]:
    """All that can be tapped."""
    tappable = [button for wire in rendered.wires for row in wire.rows for button in row]
    return tappable + [button for wire in rendered.wires for card in wire.cards for button in card.buttons]


@given(
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=400),
    limit=st.integers(4, 60),
    unit=st.sampled_from(["characters", "utf16", "bytes"]),
)
@example(text=" " * 20 + "tea", limit=4, unit="characters")
def test_a_split_text_is_whole_again_and_each_part_fits(text: str, limit: int, unit: Unit) -> None:
    parts = split(text, limit, unit)
    assert bare("".join(parts)) == bare(text)
    assert [part for part in parts if length(part, unit) > limit] == []
    assert text == "" or len(parts) == 1 or all(part.strip() for part in parts)


def test_a_text_within_the_limit_is_left_alone() -> None:
    assert split("  two  words\n", 20, "characters") == ["  two  words\n"]
    assert split("", 20, "characters") == []


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("One two. Three four", 12, ["One two.", "Three four"]),
        ("First line\n\nSecond", 15, ["First line", "Second"]),
        ("这是第一句。这是第二句", 8, ["这是第一句。", "这是第二句"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
    ],
)
def test_a_text_is_cut_where_a_reader_would_pause(text: str, limit: int, parts: list[str]) -> None:
    assert split(text, limit, "characters") == parts


@pytest.mark.parametrize(("unit", "parts"), [("characters", 1), ("utf16", 2), ("bytes", 3)])
def test_the_limit_is_counted_as_the_platform_counts(unit: Unit, parts: int) -> None:
    assert len(split("🍵" * 6, 8, unit)) == parts


def test_a_menu_without_buttons_is_numbered_on_through_cards_and_replies() -> None:
    tea = Reply("Our tea", (Button("More", "m"),), (Card("Longjing", buttons=(Button("Buy", "b"),)),))
    first, second = render([tea, Reply("Anything else?", (Button("No", "n"), Button("Help", "h")))], SMS)
    assert [wire.text for wire in first.wires] == ["Longjing\n1. Buy", "Our tea\n2. More"]
    assert [wire.text for wire in second.wires] == ["Anything else?\n3. No\n4. Help"]


def test_one_button_that_does_not_fit_turns_the_whole_menu_into_numbers() -> None:
    reply = Reply("Which?", (Button("A", "a"), Button("x" * 65, "b"), Button("Pay", url="https://shop.test/pay")))
    [rendered] = render([reply], TELEGRAM)
    assert [wire.text for wire in rendered.wires] == [f"Which?\n1. A\n2. {'x' * 65}\nPay: https://shop.test/pay"]
    assert [choice.data for choice in rendered.choices] == ["a", "b"]


def test_two_short_buttons_share_a_row() -> None:
    buttons = tuple(Button(label, label) for label in ("Yes", "No", "Tell me more about it", "Later"))
    [rendered] = render([Reply("?", buttons)], TELEGRAM)
    assert [[button.label for button in row] for row in rendered.wires[0].rows] == [
        ["Yes", "No"],
        ["Tell me more about it"],
        ["Later"],
    ]


def test_a_file_that_the_channel_cannot_take_is_named_beside_the_text() -> None:
    [rendered] = render([Reply("Here it is", files=(PHOTO, SHEET))], X)
    assert shown(rendered.wires) == "tea.png[report.xlsx]Hereitis"


def test_words_over_the_caption_limit_stand_alone() -> None:
    [rendered] = render([Reply("x" * 1025, files=(PHOTO,))], TELEGRAM)
    assert [(len(wire.text), wire.files) for wire in rendered.wires] == [(0, (PHOTO,)), (1025, ())]


def test_rich_channels_get_the_reply_whole() -> None:
    reply = Reply("Hi", (Button("A", "a"),), (Card("Tea"),), (PHOTO,), Summary("Cart", (), "¥0"), "choice")
    [rendered] = render([reply], WEBCHAT)
    assert rendered.wires == (
        Wire("Hi", ((Button("A", "a"),),), (PHOTO,), (Card("Tea"),), Summary("Cart", (), "¥0"), "choice"),
    )


def test_buttons_stand_under_the_last_part_of_a_long_text() -> None:
    reply = Reply("word " * 20, (Button("OK", "ok"),), input="choice")
    wires = render([reply], replace(TELEGRAM, text_limit=60))[0].wires
    assert [(bool(wire.rows), wire.input) for wire in wires] == [(False, ""), (True, "choice")]


def test_what_is_too_heavy_together_goes_in_several_messages() -> None:
    mib = 1024 * 1024
    sizes = [12, 5, 1, 12, 8, 15, 1]
    files = tuple(
        Attachment(id_, "file", f"{id_}.pdf", "application/pdf", size * mib) for id_, size in enumerate(sizes)
    )
    [rendered] = render([Reply("here", files=files)], EMAIL)
    assert [[file.size // mib for file in wire.files] for wire in rendered.wires] == [[12, 5, 1], [12], [8], [15, 1]]
    assert [wire.text for wire in rendered.wires] == ["", "", "", "here"]


def test_of_a_list_the_pictures_go_along_as_far_as_one_message_holds_them() -> None:
    cards = tuple(Card(f"Tea {at}", image=PHOTO if at else None) for at in range(13))
    [letter] = render([Reply("Which one?", cards=cards)], EMAIL)
    assert [[file.name for file in wire.files] for wire in letter.wires] == [[f"Tea {at}.jpg" for at in range(1, 11)]]
    [counted] = render([Reply("Which one?", cards=cards)], replace(EMAIL, mixes=False))
    assert [(wire.text, wire.files) for wire in counted.wires] == [(letter.wires[0].text, ())]
