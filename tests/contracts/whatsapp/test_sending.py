"""Texts, choices, files and templates within WhatsApp's limits and window, and to whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.channels._meta.channel import Circumstances
from bot.channels.whatsapp import CAPABILITIES, Settings, WhatsAppChannel
from bot.core.errors import AccountWaits, BadInput, ChannelUnavailable, Unreachable, WindowClosed
from bot.core.message import Button, Wire
from bot.core.ports import Occasion
from tests.contracts.channel_contract import PAPER, PHOTO, Inbox, Shelf
from tests.contracts.hook import Hook
from tests.kit.platforms.around import around
from tests.kit.platforms.base import Call, Json, Refusal
from tests.kit.platforms.graph import HOUR, error
from tests.kit.platforms.whatsapp import WhatsAppServer, WhatsAppUser
from tests.kit.wire_faults import Cut, Status, TooMany

LATE = Occasion(in_window=False)
PAY = Button("Pay", url="https://pay.example/1")


def choices(number: int, label: str = "Tea {}") -> tuple[tuple[Button, ...], ...]:
    return tuple((Button(label.format(n), f"tea:{n}"),) for n in range(number))


@pytest.fixture
async def with_template(settings: Settings, shelf: Shelf) -> AsyncIterator[WhatsAppChannel]:
    channel = WhatsAppChannel(settings.model_copy(update={"template": "order_news"}), around("whatsapp", shelf.open))
    yield channel
    await channel.stop()


async def test_a_text_is_one_json_post_that_carries_our_key(
    channel: WhatsAppChannel, server: WhatsAppServer, ann: WhatsAppUser
) -> None:
    sent = await channel.send(ann.id, Wire("hi"), "send:19:7:3:0")
    [call] = server.calls
    assert call.path == "/v25.0/106540352242922/messages"
    assert server.token not in str(call.query)
    assert call.json() == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "16505551234",
        "biz_opaque_callback_data": "send:19:7:3:0",
        "type": "text",
        "text": {"body": "hi", "preview_url": False},
    }
    assert sent.external_id == ann.shown[0].id


async def test_who_has_no_number_is_reached_by_the_id(
    channel: WhatsAppChannel, server: WhatsAppServer, ann: WhatsAppUser
) -> None:
    bea, cy = server.user("", "US.777", "Bea"), server.user("", "US.ENT.118", "Cy")
    for person in (bea, cy):
        await channel.send(person.id, Wire("hi"), f"k{person.id}")
        assert (await person.reads()).text == "hi"
    assert [call.json().get("recipient") for call in server.calls] == ["US.777", "US.ENT.118"]


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (choices(3), "button"),
        (choices(4), "list"),
        (choices(10), "list"),
        (choices(2, "A tea of {} long words"), "list"),
        (((Button("Same", "1"), Button("Same", "2")),), "list"),
        (choices(1, "x" * 24), "list"),
        (((Button("x" * 20, "y" * 200),),), "button"),
    ],
)
async def test_three_choices_are_buttons_and_more_are_a_list(
    channel: WhatsAppChannel, ann: WhatsAppUser, rows: tuple[tuple[Button, ...], ...], kind: str
) -> None:
    await channel.send(ann.id, Wire("Which?", rows), "k")
    shown = await ann.reads()
    assert (shown.text, shown.raw["interactive"]["type"]) == ("Which?", kind)
    assert [(one.label, one.data) for one in shown.buttons] == [(one.label, one.data) for row in rows for one in row]
    assert len(ann.shown) == 1


@pytest.mark.parametrize(
    ("shops", "customers", "shown"),
    [("Teas", "Choose", "Teas"), ("", "x" * 20, "x" * 20), ("", "x" * 21, "☰"), ("", "", "☰")],
)
async def test_what_opens_a_list_is_the_shops_word_or_the_customers(
    settings: Settings, ann: WhatsAppUser, shelf: Shelf, shops: str, customers: str, shown: str
) -> None:
    channel = WhatsAppChannel(settings.model_copy(update={"list_button": shops}), around("whatsapp", shelf.open))
    await channel.send(ann.id, Wire("Which?", choices(5), opens=customers), "k")
    assert (await ann.reads()).raw["interactive"]["action"]["button"] == shown
    await channel.stop()


async def test_a_text_too_long_for_choices_goes_before_them(channel: WhatsAppChannel, ann: WhatsAppUser) -> None:
    await channel.send(ann.id, Wire("x" * 1025, choices(1)), "k1")
    await channel.send(ann.id, Wire("x" * 1024, choices(1)), "k2")
    shown = [(len(one.text), one.labels) for one in ann.shown]
    assert shown == [(1025, []), (2, ["Tea 0"]), (1024, ["Tea 0"])]


async def test_each_link_is_a_message_of_its_own(channel: WhatsAppChannel, ann: WhatsAppUser) -> None:
    long = Button("Terms of our tea house", url="https://shop.example/terms")
    await channel.send(ann.id, Wire("Cart", (*choices(1), (PAY, long))), "k1")
    await channel.send(ann.id, Wire("Cart", ((PAY,),)), "k2")
    assert [(one.text, one.labels) for one in ann.shown] == [
        ("Cart", ["Tea 0"]),
        ("Pay", ["Pay"]),
        ("Terms of our tea house: https://shop.example/terms", []),
        ("Cart", ["Pay"]),
    ]


async def test_a_file_has_its_words_under_it_and_choices_after_it(
    channel: WhatsAppChannel, ann: WhatsAppUser, shelf: Shelf
) -> None:
    photo = shelf.put(PHOTO, "tea.jpg", "image/jpeg")
    await channel.send(ann.id, Wire("Longjing", files=(photo,)), "k1")
    await channel.send(ann.id, Wire("Longjing", choices(1), files=(photo,)), "k2")
    shown = [(len(one.files), one.text, one.labels) for one in ann.shown]
    assert shown == [(1, "Longjing", []), (1, "", []), (0, "Longjing", ["Tea 0"])]


@pytest.mark.parametrize(
    ("media_type", "size", "kind"),
    [
        ("image/png", 100, "image"),
        ("image/png", 5 * 1024 * 1024 + 1, "document"),
        ("image/gif", 100, "document"),
        ("image/webp", 100, "document"),
        ("video/mp4", 100, "video"),
        ("audio/ogg", 100, "audio"),
        ("application/pdf", 100, "document"),
    ],
)
async def test_a_file_is_shown_as_what_it_is(
    channel: WhatsAppChannel, ann: WhatsAppUser, shelf: Shelf, media_type: str, size: int, kind: str
) -> None:
    await channel.send(ann.id, Wire(files=(shelf.put(bytes(size), "tea.x", media_type),)), "k")
    shown = await ann.reads()
    assert (shown.raw["type"], shown.files[0].name, len(shown.files[0].content)) == (kind, "tea.x", size)


async def test_nothing_can_be_written_under_a_sound(channel: WhatsAppChannel, ann: WhatsAppUser, shelf: Shelf) -> None:
    await channel.send(ann.id, Wire("listen", files=(shelf.put(PAPER, "a.mp3", "audio/mpeg"),)), "k")
    assert [(len(one.files), one.text) for one in ann.shown] == [(1, ""), (0, "listen")]


async def test_a_known_file_is_not_uploaded_again_unless_it_was_forgotten(
    channel: WhatsAppChannel, server: WhatsAppServer, ann: WhatsAppUser, shelf: Shelf
) -> None:
    photo = shelf.put(PHOTO, "tea.jpg", "image/jpeg")
    for number in range(3):
        await channel.send(ann.id, Wire("tea", files=(photo,)), f"k{number}")
    assert server.count("media") == shelf.opened == 1
    server.forgets_uploads()
    await channel.send(ann.id, Wire("tea", files=(photo,)), "k3")
    assert server.count("media") == 2
    assert [one.files[0].content for one in ann.shown] == [PHOTO] * 4


async def test_what_took_several_calls_goes_on_where_it_failed(
    channel: WhatsAppChannel, server: WhatsAppServer, ann: WhatsAppUser, shelf: Shelf
) -> None:
    files = tuple(shelf.put(PAPER, f"{n}.pdf", "application/pdf") for n in range(2))
    server.fails("media", Status(503), TooMany(after=2))
    wire = Wire("Two papers", choices(1), files=files)
    with pytest.raises(ChannelUnavailable):
        await channel.send(ann.id, wire, "k")
    with pytest.raises(AccountWaits) as waits:
        await channel.send(ann.id, wire, "k")
    assert (waits.value.after, waits.value.told) == (2, True)
    server.fails("messages", Status(500))
    with pytest.raises(ChannelUnavailable):
        await channel.send(ann.id, wire, "k")
    sent = await channel.send(ann.id, wire, "k")
    assert [(len(one.files), one.text) for one in ann.shown] == [(1, ""), (1, ""), (0, "Two papers")]
    assert (sent.external_id, server.count("media")) == (ann.shown[-1].id, 4)


async def test_nothing_to_say_is_bad_input(channel: WhatsAppChannel, server: WhatsAppServer) -> None:
    for wire in (Wire(), Wire(" \n")):
        with pytest.raises(BadInput):
            await channel.send("16505551234", wire, "k")
    assert server.calls == []


# after 24 hours


async def test_after_a_day_words_go_out_in_the_template(
    with_template: WhatsAppChannel, server: WhatsAppServer, ann: WhatsAppUser
) -> None:
    server.ahead = 25 * HOUR
    assert with_template.capabilities == CAPABILITIES
    wire = Wire("Your order\n\n is  ready", ((Button("Thanks", "t"), PAY),))
    sent = await with_template.send(ann.id, wire, "k", LATE)
    assert (await ann.reads()).text == "Your order is ready — Thanks — Pay: https://pay.example/1"
    assert sent.external_id


@pytest.mark.parametrize(("length", "shown"), [(1024, "x" * 1024), (1025, "x" * 1023 + "…")])
async def test_a_variable_is_as_long_as_it_may_be(
    with_template: WhatsAppChannel, server: WhatsAppServer, ann: WhatsAppUser, length: int, shown: str
) -> None:
    server.ahead = 25 * HOUR
    await with_template.send(ann.id, Wire("x" * length), "k", LATE)
    assert (await ann.reads()).text == shown


async def test_without_a_template_it_waits_for_the_customer(
    channel: WhatsAppChannel, server: WhatsAppServer, ann: WhatsAppUser, shelf: Shelf
) -> None:
    assert channel.capabilities == replace(CAPABILITIES, proactive="no")
    with pytest.raises(WindowClosed):
        await channel.send(ann.id, Wire("hi"), "k1", LATE)
    assert server.calls == []
    server.ahead = 25 * HOUR
    with pytest.raises(WindowClosed):  # the clocks differ: ours says that the window is open
        await channel.send(ann.id, Wire("hi"), "k1")
    await ann.says("hello?")
    await channel.send(ann.id, Wire("hi"), "k1")
    assert [one.text for one in ann.shown] == ["hi"]


async def test_files_wait_for_the_customer(
    with_template: WhatsAppChannel, server: WhatsAppServer, shelf: Shelf
) -> None:
    paper = shelf.put(PAPER, "a.pdf", "application/pdf")
    for wire in (Wire(files=(paper,)), Wire("words", files=(paper,)), Wire(" ")):
        with pytest.raises(WindowClosed):
            await with_template.send("16505551234", wire, "k", LATE)
    assert server.calls == []


async def test_all_is_said_again_when_the_window_closed_between_two_calls(
    with_template: WhatsAppChannel, server: WhatsAppServer, ann: WhatsAppUser
) -> None:
    server.fails("messages", Cut())
    wire = Wire("x" * 1025, choices(1))
    with pytest.raises(ChannelUnavailable):
        await with_template.send(ann.id, wire, "k")
    await with_template.send(ann.id, wire, "k", LATE)
    assert [len(one.text) for one in ann.shown] == [1025, 1024]


async def test_a_template_that_nobody_approved_is_refused_for_good(
    with_template: WhatsAppChannel, server: WhatsAppServer, ann: WhatsAppUser
) -> None:
    server.templates = {}
    with pytest.raises(BadInput, match="132001"):
        await with_template.send(ann.id, Wire("hi"), "k", LATE)


# who, and how often


async def test_strangers_are_unreachable(channel: WhatsAppChannel) -> None:
    with pytest.raises(Unreachable):
        await channel.send("15550000000", Wire("hi"), "k")


@pytest.mark.parametrize(
    ("code", "after", "is_of_account"), [(130429, 60, True), (80007, 60, True), (131056, 6, False), (131031, 600, True)]
)
async def test_too_much_for_one_person_does_not_stop_the_others(
    channel: WhatsAppChannel, server: WhatsAppServer, ann: WhatsAppUser, code: int, after: float, is_of_account: bool
) -> None:
    async def refused(call: Call) -> Json:
        raise Refusal(400, error(code, "too many"))

    server.instead("messages", refused)
    with pytest.raises(ChannelUnavailable) as waits:
        await channel.send(ann.id, Wire("hi"), "k")
    assert (isinstance(waits.value, AccountWaits), waits.value.after) == (is_of_account, after)


async def test_a_revoked_token_keeps_messages_for_later(
    channel: WhatsAppChannel, server: WhatsAppServer, ann: WhatsAppUser, shelf: Shelf
) -> None:
    photo = shelf.put(PHOTO, "tea.jpg", "image/jpeg")
    written = server.token
    server.token = "EAAGanother"
    for wire in (Wire("hi"), Wire(files=(photo,))):
        with pytest.raises(ChannelUnavailable) as refused:
            await channel.send(ann.id, wire, "k")
        assert refused.value.after == 60
    server.token = written
    await channel.send(ann.id, Wire("hi"), "k")
    assert [one.text for one in ann.shown] == ["hi"]


async def test_who_waits_sees_that_it_was_read_and_is_answered(
    channel: WhatsAppChannel,
    server: WhatsAppServer,
    ann: WhatsAppUser,
    inbox: Inbox,
    settings: Settings,
    shelf: Shelf,
    circumstances: Circumstances,
) -> None:
    await channel.typing(ann.id)  # nobody has written to this node
    assert server.calls == []
    async with Hook(inbox.accept) as hook:
        hook.channel = channel
        server.posts_to(hook.url)
        mid = await ann.says("are you there?")
        heard = await inbox.next()
    await channel.typing(ann.id)
    assert (ann.seen, ann.typing_seen) == ([mid], 1)
    elsewhere = WhatsAppChannel(settings, around("whatsapp", shelf.open), circumstances)
    await elsewhere.typing(ann.id, heard)  # it is known there where the answer is made, too
    assert ann.typing_seen == 2
    await elsewhere.stop()
