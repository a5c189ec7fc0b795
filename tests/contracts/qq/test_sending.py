"""Answers are numbered and shown once; windows, tokens, buttons and files as QQ has them."""

from __future__ import annotations

import asyncio

import pytest

from bot.channels.qq import QqChannel
from bot.core.errors import BadInput, ChannelUnavailable, TooLarge, WindowClosed
from bot.core.message import Attachment, Button, Wire
from bot.core.ports import ORDINARY, Occasion
from tests.contracts.channel_contract import PAPER, PHOTO, Inbox, Shelf
from tests.contracts.qq.conftest import Make
from tests.kit.platforms.around import MemoryNotes
from tests.kit.platforms.qq import QqServer
from tests.kit.platforms.qq_chats import QqChat
from tests.kit.wire_faults import Cut, Fault, Garbage, Lost, Status

ROWS = ((Button("Green", "tea:1"), Button("Black", "tea:2")), (Button("Shop", url="https://shop.example/"),))
MENU = "Which?\n1. Green\n2. Black\nShop: https://shop.example/"


def to(chat: QqChat) -> Occasion:
    return Occasion(token=f"msg:{chat.newest}")


@pytest.mark.parametrize("fault", [Lost(), Cut(), Garbage()], ids=str)
async def test_a_lost_answer_shows_a_text_once(channel: QqChannel, server: QqServer, ann: QqChat, fault: Fault) -> None:
    server.fails("messages", fault)
    with pytest.raises(ChannelUnavailable):
        await channel.send(ann.id, Wire("once"), "k", to(ann))
    await channel.send(ann.id, Wire("once"), "k", to(ann))
    assert [shown.text for shown in ann.shown] == ["once"]


async def test_a_second_try_answers_what_the_first_did(channel: QqChannel, server: QqServer, ann: QqChat) -> None:
    server.fails("messages", Lost())
    with pytest.raises(ChannelUnavailable):
        await channel.send(ann.id, Wire("once"), "k", to(ann))
    ann.writes()
    await channel.send(ann.id, Wire("once"), "k", to(ann))
    assert [shown.text for shown in ann.shown] == ["once"]


async def test_another_process_knows_the_second_try_too(make: Make, server: QqServer, ann: QqChat) -> None:
    server.fails("messages", Lost())
    with pytest.raises(ChannelUnavailable):
        await make().send(ann.id, Wire("once"), "send:18a:7:2:0", to(ann))
    await make().send(ann.id, Wire("once"), "send:18a:7:2:0", to(ann))
    assert [shown.text for shown in ann.shown] == ["once"]


async def test_a_wire_of_several_calls_goes_on_where_it_failed(
    channel: QqChannel, server: QqServer, ann: QqChat, shelf: Shelf
) -> None:
    photo = shelf.put(PHOTO, "tea.jpg", "image/jpeg")
    wire = Wire("Our tea", files=(photo, photo))
    server.fails("messages", Status(500), Lost())
    for _ in range(2):
        with pytest.raises(ChannelUnavailable):
            await channel.send(ann.id, wire, "k", to(ann))
    await channel.send(ann.id, wire, "k", to(ann))
    assert [shown.text for shown in ann.shown] == ["", "", "Our tea"]
    assert server.count("files") == 1


async def test_what_may_only_be_answered_waits(channel: QqChannel, server: QqServer, ann: QqChat) -> None:
    with pytest.raises(WindowClosed):
        await channel.send(ann.id, Wire("hi"), "k", ORDINARY)
    assert server.count("messages") == 0


async def test_who_takes_no_pushes_is_not_pushed_to(make: Make, server: QqServer, ann: QqChat) -> None:
    server.proactive, ann.takes_pushes = True, False
    with pytest.raises(WindowClosed):
        await make(proactive=True).send(ann.id, Wire("hi"), "k", ORDINARY)


async def test_a_token_that_is_never_taken_waits_a_minute(channel: QqChannel, server: QqServer, ann: QqChat) -> None:
    server.fails("messages", Status(401, "no"), Status(401, "no"))
    with pytest.raises(ChannelUnavailable) as error:
        await channel.send(ann.id, Wire("hi"), "k", to(ann))
    assert error.value.after == 60
    assert server.count("messages") == 2


async def test_all_at_once_share_one_token(channel: QqChannel, server: QqServer) -> None:
    people = [server.user(f"P{number}") for number in range(50)]
    for person in people:
        person.writes()
    await asyncio.gather(*(channel.send(one.id, Wire("hi"), one.id, to(one)) for one in people))
    assert [len(one.shown) for one in people] == [1] * 50
    assert server.count("token") == 1


@pytest.mark.parametrize(
    ("code", "status", "meant"),
    [
        (22009, 400, ChannelUnavailable),
        (304082, 500, ChannelUnavailable),
        (304103, 400, WindowClosed),
        (304103, 500, WindowClosed),
        (304003, 400, BadInput),
        (50006, 500, ChannelUnavailable),
        (999, 400, BadInput),
    ],
)
async def test_codes_are_read_whatever_the_status(
    channel: QqChannel, server: QqServer, ann: QqChat, code: int, status: int, meant: type[Exception]
) -> None:
    refusal = server.refuses(code, "some words")
    refusal.set_status(status)
    server.refuses = lambda *_: refusal  # type: ignore[method-assign]
    server.fails("messages", Status(status, "it"))
    with pytest.raises(meant) as error:
        await channel.send(ann.id, Wire("my secret"), "k", to(ann))
    assert "some words" not in str(error.value)


async def test_buttons_are_shown_with_the_text_as_it_is(channel: QqChannel, ann: QqChat) -> None:
    text = "1. *Which*?\n- a_b [x](y) <b> `c` #1\n> & ~z~ \\ 茶|!"
    await channel.send(ann.id, Wire(text, ROWS), "k", to(ann))
    [shown] = ann.shown
    assert shown.text == text
    assert [(b.label, b.data, b.url) for b in shown.buttons] == [
        ("Green", "tea:1", ""),
        ("Black", "tea:2", ""),
        ("Shop", "", "https://shop.example/"),
    ]


@pytest.mark.parametrize("lacking", ["markdown", "keyboards"])
async def test_a_bot_without_buttons_says_a_menu_and_remembers(
    make: Make, server: QqServer, ann: QqChat, inbox: Inbox, notes: MemoryNotes, lacking: str
) -> None:
    setattr(server, lacking, False)
    server.registered = {"https://shop.example/"}
    channel = make()
    for number in range(2):
        await channel.send(ann.id, Wire("Which?", ROWS), f"k{number}", to(ann))
    assert [shown.text for shown in ann.shown] == [MENU, MENU]
    assert server.count("messages") == 3
    assert channel.capabilities.buttons == 0
    later = make()
    await later.start(inbox.accept)
    assert later.capabilities.buttons == 0
    notes.ahead = 8 * 86400
    granted = make()
    await granted.start(inbox.accept)
    assert granted.capabilities.buttons == 25


async def test_menus_of_one_turn_are_numbered_on(make: Make, server: QqServer, ann: QqChat) -> None:
    server.keyboards = False
    channel = make()
    rows = ((Button("Add", "add:1"),),)
    for seq, index in ((4, 0), (4, 1), (5, 0)):
        await channel.send(ann.id, Wire("Tea", rows), f"send:18a:7:{seq}:{index}", to(ann))
    await channel.send(ann.id, Wire("Tea", rows), "send:18b:7:6:0", to(ann))
    assert [shown.text for shown in ann.shown] == ["Tea\n1. Add", "Tea\n2. Add", "Tea\n3. Add", "Tea\n1. Add"]


async def test_a_menu_tried_again_keeps_its_numbers(make: Make, server: QqServer, ann: QqChat) -> None:
    server.keyboards = False
    channel = make()
    await channel.send(ann.id, Wire("Tea", ((Button("Add", "add:1"),),)), "send:18a:7:4:0", to(ann))
    server.fails("messages", Status(500))
    wire = Wire("Tea", ((Button("Add", "add:2"),),))
    with pytest.raises(ChannelUnavailable):
        await channel.send(ann.id, wire, "send:18a:7:4:1", to(ann))
    await channel.send(ann.id, wire, "send:18a:7:4:1", to(ann))
    assert [shown.text for shown in ann.shown] == ["Tea\n1. Add", "Tea\n2. Add"]


async def test_a_menu_that_makes_a_text_too_long_stands_behind_it(make: Make, server: QqServer, ann: QqChat) -> None:
    server.keyboards = False
    sent = await make().send(ann.id, Wire("x" * 1995, ((Button("Green", "g"),),)), "k", to(ann))
    assert [shown.text for shown in ann.shown] == ["x" * 1995, "1. Green"]
    assert (sent.messages, [*sent.earlier, sent.external_id]) == (2, [shown.id for shown in ann.shown])


async def test_a_menu_that_is_left_behind_takes_its_text_along_no_second_time(
    make: Make, server: QqServer, ann: QqChat
) -> None:
    server.keyboards, server.quota = False, 1
    channel, wire = make(), Wire("x" * 1995, ((Button("Green", "g"),),))
    with pytest.raises(WindowClosed):
        await channel.send(ann.id, wire, "k", to(ann))
    ann.writes()
    sent = await channel.send(ann.id, wire, "k", to(ann))
    assert [shown.text for shown in ann.shown] == ["x" * 1995, "1. Green"]
    assert (sent.messages, len(sent.earlier)) == (1, 1)


async def test_a_file_is_uploaded_once_for_people_and_once_for_groups(
    channel: QqChannel, server: QqServer, ann: QqChat, teahouse: QqChat, shelf: Shelf
) -> None:
    photo = shelf.put(PHOTO, "tea.jpg", "image/jpeg")
    for number, chat in enumerate((ann, teahouse, ann, teahouse)):
        await channel.send(chat.id, Wire(files=(photo,)), f"k{number}", to(chat))
    assert (server.count("files"), server.count("group_files")) == (1, 1)


async def test_a_file_that_qq_forgot_is_uploaded_again(
    channel: QqChannel, server: QqServer, ann: QqChat, shelf: Shelf
) -> None:
    photo = shelf.put(PHOTO, "tea.jpg", "image/jpeg")
    await channel.send(ann.id, Wire(files=(photo,)), "k1", to(ann))
    server.forgets_files()
    await channel.send(ann.id, Wire(files=(photo,)), "k2", to(ann))
    assert [file.content for shown in ann.shown for file in shown.files] == [PHOTO, PHOTO]


async def test_what_is_too_large_is_not_even_read(channel: QqChannel, ann: QqChat, shelf: Shelf) -> None:
    huge = Attachment(9, "file", "a.zip", "application/zip", 20 * 1024 * 1024 + 1)
    with pytest.raises(TooLarge):
        await channel.send(ann.id, Wire(files=(huge,)), "k", to(ann))
    assert shelf.opened == 0


async def test_a_picture_of_another_kind_is_a_file(
    channel: QqChannel, server: QqServer, ann: QqChat, shelf: Shelf
) -> None:
    await channel.send(ann.id, Wire(files=(shelf.put(b"RIFFxxxxWEBP", "a.webp", "image/webp"),)), "k1", to(ann))
    await channel.send(ann.id, Wire(files=(shelf.put(PAPER, "a.pdf", "application/pdf"),)), "k2", to(ann))
    assert [call.json()["file_type"] for call in server.named("files")] == [4, 4]


async def test_a_link_that_is_not_registered_is_told_with_its_cure(channel: QqChannel, ann: QqChat) -> None:
    with pytest.raises(BadInput, match="is not registered"):
        await channel.send(ann.id, Wire("see https://shop.example/1"), "k", to(ann))


async def test_nothing_to_say_is_bad_input(channel: QqChannel, ann: QqChat) -> None:
    for wire in (Wire(), Wire("  \n")):
        with pytest.raises(BadInput):
            await channel.send(ann.id, wire, "k", to(ann))


async def test_the_rest_of_a_wire_goes_out_with_what_was_said_last(
    channel: QqChannel, server: QqServer, ann: QqChat, shelf: Shelf
) -> None:
    wire = Wire("Our tea", files=(shelf.put(PHOTO, "tea.jpg", "image/jpeg"),))
    server.quota = 1
    with pytest.raises(WindowClosed):
        await channel.send(ann.id, wire, "k", to(ann))
    ann.writes()
    await channel.send(ann.id, wire, "k", to(ann))
    assert [(shown.text, len(shown.files)) for shown in ann.shown] == [("", 1), ("Our tea", 0)]
