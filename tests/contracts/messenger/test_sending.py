"""Texts, buttons and files within Messenger's limits and window, and who cannot be reached."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.channels._meta.channel import Circumstances
from bot.channels.messenger import CAPABILITIES, MessengerChannel, Settings
from bot.core.errors import AccountWaits, BadInput, ChannelUnavailable, Unreachable, Unshown, WindowClosed
from bot.core.message import Button, Wire
from bot.core.ports import Occasion
from bot.settings.secret import Secret
from tests.contracts.channel_contract import PAPER, PHOTO, Shelf
from tests.kit.platforms.around import MemoryNotes, around
from tests.kit.platforms.base import Call, Json, Refusal
from tests.kit.platforms.graph import HOUR, error
from tests.kit.platforms.meta import MessengerServer, MetaUser
from tests.kit.wire_faults import Elsewhere, Fault, Garbage, Status, TooMany

LATE = Occasion(in_window=False)
LATE_STAFF = Occasion(in_window=False, by_person=True)
PAY = Button("Pay", url="https://pay.example/1")


def buttons(number: int) -> tuple[tuple[Button, ...], ...]:
    return tuple((Button(f"Tea {n}", f"tea:{n}"),) for n in range(number))


async def test_a_text_is_one_json_post_that_proves_who_sends(
    channel: MessengerChannel, server: MessengerServer, ann: MetaUser
) -> None:
    await channel.send(ann.id, Wire("hi"), "k")
    [call] = server.named("messages")
    assert call.path == "/v25.0/104/messages"
    assert server.token not in str(call.query)
    assert call.json() == {
        "recipient": {"id": ann.id},
        "messaging_type": "RESPONSE",
        "message": {"text": "hi", "metadata": "parley"},
    }


async def test_thirteen_choices_are_quick_replies(channel: MessengerChannel, ann: MetaUser) -> None:
    await channel.send(ann.id, Wire("Which?", buttons(CAPABILITIES.buttons)), "k")
    shown = await ann.reads()
    assert (shown.text, shown.labels) == ("Which?", [f"Tea {n}" for n in range(13)])
    assert len(ann.shown) == 1


async def test_a_link_and_a_choice_stand_in_a_template(
    channel: MessengerChannel, server: MessengerServer, ann: MetaUser
) -> None:
    await channel.send(ann.id, Wire("Cart", ((PAY, Button("Drop", "drop")),)), "k")
    shown = await ann.reads()
    assert [(one.label, one.data, one.url) for one in shown.buttons] == [
        ("Pay", "", "https://pay.example/1"),
        ("Drop", "drop", ""),
    ]
    assert len(ann.shown) == 1


async def test_more_buttons_than_a_template_has_are_links_and_quick_replies(
    channel: MessengerChannel, ann: MetaUser
) -> None:
    links = tuple(Button(f"Page {n}", url=f"https://shop.example/{n}") for n in range(4))
    await channel.send(ann.id, Wire("Look", (links, *buttons(2))), "k")
    assert [(shown.text, shown.labels) for shown in ann.shown] == [
        ("Look", ["Page 0", "Page 1", "Page 2"]),
        ("⬆️", ["Page 3"]),
        ("⬆️", ["Tea 0", "Tea 1"]),
    ]


async def test_a_text_too_long_for_a_template_goes_before_it(channel: MessengerChannel, ann: MetaUser) -> None:
    await channel.send(ann.id, Wire("x" * 641, ((PAY,),)), "k")
    assert [(len(shown.text), shown.labels) for shown in ann.shown] == [(641, []), (2, ["Pay"])]


async def test_a_files_buttons_follow_it(channel: MessengerChannel, ann: MetaUser, shelf: Shelf) -> None:
    paper = shelf.put(PAPER, "a.pdf", "application/pdf")
    await channel.send(ann.id, Wire("", buttons(1), files=(paper,)), "k")
    assert [(len(shown.files), shown.text, shown.labels) for shown in ann.shown] == [(1, "", []), (0, "⬆️", ["Tea 0"])]


async def test_nothing_to_say_is_bad_input(channel: MessengerChannel, server: MessengerServer, ann: MetaUser) -> None:
    for wire in (Wire(), Wire(" \n")):
        with pytest.raises(BadInput):
            await channel.send(ann.id, wire, "k")
    assert server.calls == []


async def test_after_a_day_only_people_may_answer(
    channel: MessengerChannel, server: MessengerServer, ann: MetaUser
) -> None:
    server.ahead = 25 * HOUR
    with pytest.raises(WindowClosed):
        await channel.send(ann.id, Wire("hi"), "k1", LATE)
    assert server.calls == []
    await channel.send(ann.id, Wire("from a person"), "k2", LATE_STAFF)
    [call] = server.calls
    assert (call.json()["messaging_type"], call.json()["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")
    with pytest.raises(WindowClosed):  # the clocks differ: ours says that the window is open
        await channel.send(ann.id, Wire("hi"), "k3")


async def test_after_a_week_nobody_may_answer(
    channel: MessengerChannel, server: MessengerServer, ann: MetaUser
) -> None:
    server.ahead = 7 * 24 * HOUR + 60
    with pytest.raises(WindowClosed):
        await channel.send(ann.id, Wire("hi"), "k", LATE_STAFF)
    await ann.says("hello?")
    await channel.send(ann.id, Wire("hi"), "k")
    assert [shown.text for shown in ann.shown] == ["hi"]


async def test_an_app_without_the_permission_waits_for_the_customer(
    channel: MessengerChannel, server: MessengerServer, ann: MetaUser, settings: Settings, shelf: Shelf
) -> None:
    server.human_agent = False
    with pytest.raises(WindowClosed):
        await channel.send(ann.id, Wire("hi"), "k", LATE_STAFF)
    without = MessengerChannel(settings.model_copy(update={"human_agent": False}), around("m", shelf.open))
    assert without.capabilities == replace(CAPABILITIES, staff_window=None)
    with pytest.raises(WindowClosed):
        await without.send(ann.id, Wire("hi"), "k", LATE_STAFF)
    assert server.count("messages") == 1
    await without.stop()


async def test_what_took_several_calls_goes_on_where_it_failed(
    channel: MessengerChannel, server: MessengerServer, ann: MetaUser, shelf: Shelf
) -> None:
    files = tuple(shelf.put(PAPER, f"{n}.pdf", "application/pdf") for n in range(2))
    wire = Wire("Two papers", files=files)
    server.fails("messages", Status(503), TooMany(after=2))
    with pytest.raises(ChannelUnavailable):
        await channel.send(ann.id, wire, "k")
    with pytest.raises(AccountWaits) as waits:
        await channel.send(ann.id, wire, "k")
    assert (waits.value.after, waits.value.told) == (2, True)
    sent = await channel.send(ann.id, wire, "k")
    assert [(len(shown.files), shown.text) for shown in ann.shown] == [(1, ""), (1, ""), (0, "Two papers")]
    assert [*sent.earlier, sent.external_id] == [shown.id for shown in ann.shown]
    assert await channel.send(ann.id, wire, "k") == sent
    assert len(ann.shown) == 3


async def test_the_second_of_two_files_alone_is_tried_again(
    channel: MessengerChannel, server: MessengerServer, ann: MetaUser, shelf: Shelf
) -> None:
    photo, paper = shelf.put(PHOTO, "a.jpg", "image/jpeg"), shelf.put(PAPER, "a.pdf", "application/pdf")
    await channel.send(ann.id, Wire(files=(photo,)), "before")
    server.fails("messages", Status(500))
    with pytest.raises(ChannelUnavailable):
        await channel.send(ann.id, Wire(files=(paper, photo)), "k")
    await channel.send(ann.id, Wire(files=(paper, photo)), "k")
    assert [shown.files[0].content for shown in ann.shown] == [PHOTO, PAPER, PHOTO]


async def test_a_known_file_is_not_uploaded_again_unless_it_was_forgotten(
    channel: MessengerChannel, server: MessengerServer, ann: MetaUser, shelf: Shelf
) -> None:
    photo = shelf.put(PHOTO, "tea.jpg", "image/jpeg")
    for number in range(3):
        await channel.send(ann.id, Wire(files=(photo,)), f"k{number}")
    assert shelf.opened == 1
    server.forgets_uploads()
    await channel.send(ann.id, Wire(files=(photo,)), "k3")
    assert shelf.opened == 2
    assert [shown.files[0].content for shown in ann.shown] == [PHOTO] * 4


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        ("image/png", "image"),
        ("audio/mpeg", "audio"),
        ("video/mp4", "video"),
        ("application/pdf", "file"),
        ("", "file"),
    ],
)
async def test_a_file_is_shown_as_what_it_is(
    channel: MessengerChannel, ann: MetaUser, shelf: Shelf, media_type: str, kind: str
) -> None:
    await channel.send(ann.id, Wire(files=(shelf.put(PAPER, "x", media_type),)), "k")
    assert (await ann.reads()).raw["attachment"]["type"] == kind


async def test_what_messenger_refuses_is_none_that_it_shows(
    channel: MessengerChannel, ann: MetaUser, shelf: Shelf
) -> None:
    large = shelf.put(bytes(25 * 1024 * 1024 + 1), "large.bin", "application/zip")
    with pytest.raises(Unshown, match="2018047"):
        await channel.send(ann.id, Wire(files=(large,)), "k")
    await channel.send(ann.id, Wire("large.bin\nhttps://shop.example/files/1"), "k")
    assert len(ann.shown) == 1


async def test_strangers_are_unreachable(channel: MessengerChannel) -> None:
    with pytest.raises(Unreachable):
        await channel.send("404", Wire("hi"), "k")


async def test_a_page_that_is_too_fast_rests_for_as_long_as_meta_says(
    channel: MessengerChannel, server: MessengerServer, ann: MetaUser
) -> None:
    uses = '{"104":[{"type":"messenger","estimated_time_to_regain_access":3}]}'
    refusal = Refusal(400, error(80006, "too many calls"), {"X-Business-Use-Case-Usage": uses})

    async def refused(call: Call) -> Json:
        raise refusal

    server.instead("messages", refused)
    with pytest.raises(AccountWaits) as waits:
        await channel.send(ann.id, Wire("hi"), "k")
    assert (waits.value.after, waits.value.told) == (180.0, True)


async def test_a_token_that_nobody_can_renew_keeps_messages_for_later(
    channel: MessengerChannel, server: MessengerServer, ann: MetaUser
) -> None:
    server.token = "EAAGanother"
    with pytest.raises(ChannelUnavailable) as refused:
        await channel.send(ann.id, Wire("hi"), "k")
    assert refused.value.after == 60
    assert server.count("messages") == 1


async def test_a_pages_token_is_fetched_and_again_once_it_is_refused(
    settings: Settings, server: MessengerServer, ann: MetaUser, shelf: Shelf
) -> None:
    update = {"access_token": Secret(), "system_token": Secret(server.system_token)}
    notes = MemoryNotes()
    channel = MessengerChannel(settings.model_copy(update=update), around("m", shelf.open, notes=notes))
    photo = shelf.put(PHOTO, "a.jpg", "image/jpeg")
    await channel.send(ann.id, Wire("one"), "k1")
    server.token = "EAAGanother"  # revoked in the middle of a conversation
    await channel.send(ann.id, Wire("two", files=(photo,)), "k2")
    assert [(shown.text, len(shown.files)) for shown in ann.shown] == [("one", 0), ("", 1), ("two", 0)]
    assert server.count("node") == 2
    other = MessengerChannel(settings.model_copy(update=update), around("m", shelf.open, notes=notes))
    await other.send(ann.id, Wire("three"), "k3")
    assert server.count("node") == 2  # all nodes share it
    assert server.token not in str(vars(notes))
    await channel.stop()
    await other.stop()


async def test_a_new_token_that_is_refused_too_is_not_fetched_for_ever(
    settings: Settings, server: MessengerServer, ann: MetaUser, shelf: Shelf
) -> None:
    update = {"access_token": Secret(), "system_token": Secret(server.system_token)}
    channel = MessengerChannel(settings.model_copy(update=update), around("m", shelf.open))

    async def always_the_old(call: Call) -> Json:
        return {"access_token": f"old-{server.count('node')}", "id": server.page}

    server.instead("node", always_the_old)
    with pytest.raises(ChannelUnavailable) as refused:
        await channel.send(ann.id, Wire("hi"), "k")
    assert refused.value.after == 60
    assert (server.count("node"), server.count("messages")) == (2, 2)
    await channel.stop()


@pytest.mark.parametrize("fault", [Status(400), Status(404), Status(503), Garbage(), Elsewhere("https://x.example/")])
async def test_what_is_not_the_graphs_own_answer_is_tried_again(
    channel: MessengerChannel, server: MessengerServer, ann: MetaUser, fault: Fault
) -> None:
    server.fails("messages", fault)
    with pytest.raises(ChannelUnavailable):
        await channel.send(ann.id, Wire("hi"), "k")


async def test_who_waits_sees_that_it_was_read_and_is_answered(channel: MessengerChannel, ann: MetaUser) -> None:
    await channel.typing(ann.id)
    assert ann.seen == ["mark_seen", "typing_on"]


async def test_a_person_has_a_name_and_where_it_may_be_known_a_language(
    channel: MessengerChannel, server: MessengerServer, ann: MetaUser
) -> None:
    found = await channel.profile(ann.id)
    assert (found.name, found.locale) == ("Ann", "zh-CN")
    server.shows_locale = False
    found = await channel.profile(ann.id)
    assert (found.name, found.locale) == ("Ann", "")


async def test_the_page_has_a_name(channel: MessengerChannel) -> None:
    assert await channel.whoami() == "Tea House"


async def test_an_app_may_do_without_proofs(settings: Settings, server: MessengerServer, ann: MetaUser) -> None:
    server.proven = False
    plain = settings.model_copy(update={"app_secret_proof": False})
    channel = MessengerChannel(plain, around("m", Shelf().open), Circumstances(timeout=10))
    await channel.send(ann.id, Wire("hi"), "k")
    assert server.calls[0].query == {}
    await channel.stop()
