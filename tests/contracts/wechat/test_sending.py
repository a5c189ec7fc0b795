"""What goes out by customer service: windows and quotas, tokens that end, refusals in our words, media both ways."""

from __future__ import annotations

import logging

import pytest

from bot.channels._menu import menu
from bot.channels.wechat import WeChat
from bot.channels.wechat import channel as module
from bot.core.errors import (
    AccountWaits,
    BadInput,
    ChannelUnavailable,
    ConfigError,
    FileMissing,
    Unreachable,
    WindowClosed,
)
from bot.core.message import Button, FileRef, Wire
from bot.core.ports import Sent
from tests.contracts.channel_contract import PHOTO, Inbox, Shelf
from tests.contracts.hook import Hook
from tests.contracts.wechat.conftest import Open
from tests.kit.platforms.around import MemoryNotes
from tests.kit.platforms.wechat import WeChatPerson, WeChatServer
from tests.kit.platforms.weixin import refusal
from tests.kit.wire_faults import Cut, Hang, Reset, Status


@pytest.fixture
def open_window(ann: WeChatPerson) -> None:
    ann.quota(5, 48 * 3600)


async def test_a_follow_allows_three_within_a_minute(
    make: Open, server: WeChatServer, ann: WeChatPerson, inbox: Inbox, hook: Hook
) -> None:
    channel = make(holds=0.01)
    server.posts_to(hook.url)
    await ann.follows("flyer-7")
    await server.is_heard()
    inbound = await inbox.next()
    assert inbound.allows is not None
    assert (inbound.allows.seconds, inbound.allows.messages) == (60, 3)
    for number in range(3):
        await channel.send(ann.id, Wire("welcome"), f"k{number}")
    with pytest.raises(WindowClosed):
        await channel.send(ann.id, Wire("welcome"), "k3")


@pytest.mark.usefixtures("open_window")
async def test_a_fresh_token_that_is_refused_is_not_asked_for_again_and_again(
    channel: WeChat, server: WeChatServer, ann: WeChatPerson
) -> None:
    server.refuses_tokens = True
    with pytest.raises(ChannelUnavailable) as error:
        await channel.send(ann.id, Wire("hi"), "k1")
    assert error.value.after == 60
    assert server.count("send") == 2


@pytest.mark.usefixtures("open_window")
async def test_two_nodes_share_a_token(make: Open, server: WeChatServer, ann: WeChatPerson) -> None:
    notes = MemoryNotes()
    for number in range(2):
        await make(notes=notes).send(ann.id, Wire("hi"), f"k{number}")
    assert server.tokens_given == 1


@pytest.mark.usefixtures("open_window")
async def test_what_the_platform_says_is_said_in_our_words(
    channel: WeChat, server: WeChatServer, ann: WeChatPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected: dict[int, type[Exception]] = {
        -1: ChannelUnavailable,
        40003: Unreachable,
        43004: Unreachable,
        45002: BadInput,
        45009: AccountWaits,
        45011: AccountWaits,
        48001: ChannelUnavailable,
        40200: ChannelUnavailable,
        50002: ChannelUnavailable,
        99999: BadInput,
    }
    for code, kind in expected.items():

        def refuse(asked: object, code: int = code) -> None:
            raise refusal(code, "hint: my words")

        monkeypatch.setattr(server, "_follower", refuse)
        with pytest.raises(kind, match=str(code)) as error:
            await channel.send(ann.id, Wire("my words"), "k1")
        assert "my words" not in str(error.value)


async def test_an_address_that_is_not_allowed_is_named(make: Open, server: WeChatServer, ann: WeChatPerson) -> None:
    server.allowed = False
    with pytest.raises(ChannelUnavailable, match=r"40164.*203\.0\.113\.7.*IP白名单"):
        await make().send(ann.id, Wire("hi"), "k1")


@pytest.mark.usefixtures("open_window")
async def test_a_wire_goes_on_where_it_failed(
    channel: WeChat, server: WeChatServer, ann: WeChatPerson, shelf: Shelf
) -> None:
    photos = tuple(shelf.put(PHOTO, f"{n}.jpg", "image/jpeg") for n in range(2))
    server.fails("upload", Reset())
    wire = Wire("Our tea", files=photos)
    with pytest.raises(ChannelUnavailable):
        await channel.send(ann.id, wire, "k1")
    assert await channel.send(ann.id, wire, "k1") == Sent(messages=3)
    assert [len(shown.files) for shown in ann.shown] == [1, 1, 0]
    await channel.send(ann.id, wire, "k1")
    assert len(ann.shown) == 3


@pytest.mark.usefixtures("open_window")
async def test_a_picture_is_uploaded_once_until_wechat_forgets_it(
    channel: WeChat, server: WeChatServer, ann: WeChatPerson, shelf: Shelf
) -> None:
    photo = shelf.put(PHOTO, "tea.jpg", "image/jpeg")
    for number in range(2):
        await channel.send(ann.id, Wire(files=(photo,)), f"k{number}")
    assert server.count("upload") == 1
    server.shelf.media.clear()
    await channel.send(ann.id, Wire(files=(photo,)), "k3")
    assert server.count("upload") == 2
    assert [file.content for shown in ann.shown for file in shown.files] == [PHOTO] * 3


async def test_what_wechat_cannot_show_is_refused_here(channel: WeChat, ann: WeChatPerson, shelf: Shelf) -> None:
    with pytest.raises(BadInput, match="JPEG"):
        await channel.send(ann.id, Wire(files=(shelf.put(PHOTO, "tea.webp", "image/webp"),)), "k1")
    with pytest.raises(BadInput):
        await channel.send(ann.id, Wire(), "k2")
    with pytest.raises(BadInput, match="2048"):
        await channel.send(ann.id, Wire("好" * 683), "k3")


@pytest.mark.usefixtures("open_window")
async def test_chinese_is_sent_as_it_is(channel: WeChat, server: WeChatServer, ann: WeChatPerson) -> None:
    await channel.send(ann.id, Wire("好" * 682, ((Button("普洱", "m:1:2"),),)), "k1")
    [call] = server.named("send")
    assert "普洱".encode() in call.body


# media of customers


async def received(server: WeChatServer, ann: WeChatPerson, inbox: Inbox, hook: Hook) -> FileRef:
    server.posts_to(hook.url)
    await ann.sends_photo(PHOTO)
    [file] = (await inbox.next()).files
    return file


async def test_a_token_that_ends_while_a_file_is_fetched(
    channel: WeChat, server: WeChatServer, ann: WeChatPerson, inbox: Inbox, hook: Hook
) -> None:
    file = await received(server, ann, inbox, hook)
    await channel.whoami()
    server.expire()
    assert b"".join([chunk async for chunk in (await channel.fetch(file)).chunks]) == PHOTO
    server.refuses_tokens = True
    with pytest.raises(ChannelUnavailable):
        await channel.fetch(file)


@pytest.mark.usefixtures("open_window")
async def test_a_token_that_has_ended_and_is_told_all_the_same_is_renewed_once(
    channel: WeChat, server: WeChatServer, ann: WeChatPerson
) -> None:
    await channel.whoami()
    server.end()
    await channel.send(ann.id, Wire("hello"), "k")
    assert [one.text for one in ann.shown] == ["hello"]
    asked = [call.json().get("force_refresh", False) for call in server.named("stable_token")]
    assert asked == [False, False, True]


async def test_after_three_days_a_file_is_gone(
    channel: WeChat, server: WeChatServer, ann: WeChatPerson, inbox: Inbox, hook: Hook
) -> None:
    file = await received(server, ann, inbox, hook)
    server.shelf.ahead = 3 * 86_400 + 1
    with pytest.raises(FileMissing):
        await channel.fetch(file)


@pytest.mark.parametrize("content", [b'{"a": 1}', b"words", b"x" * 100_000, b'{"errcode": "?"' + b" " * 20_000 + b"}"])
async def test_a_file_of_words_is_no_answer(channel: WeChat, server: WeChatServer, content: bytes) -> None:
    media = server.shelf.put("a.txt", content, "text/plain")
    stream = await channel.fetch(FileRef("file", media))
    assert b"".join([chunk async for chunk in stream.chunks]) == content


async def test_a_video_is_fetched_from_where_wechat_says(channel: WeChat, server: WeChatServer, make: Open) -> None:
    address = f"{server.base}/cgi-bin/media/get?access_token={server.access_token}&media_id="
    film = server.shelf.put("film.mp4", b"film", "video/mp4")
    told = server.shelf.put("told", f'{{"video_url": "{address}{film}"}}'.encode(), "text/plain")
    stream = await channel.fetch(FileRef("video", told))
    assert b"".join([chunk async for chunk in stream.chunks]) == b"film"
    with pytest.raises(FileMissing):
        await make(allows=lambda _: False).fetch(FileRef("video", told))


async def test_a_file_that_breaks_off_is_worth_another_try(channel: WeChat, server: WeChatServer) -> None:
    media = server.shelf.put("a.jpg", PHOTO * 100, "image/jpeg")
    server.fails("media", Status(502), Cut())
    with pytest.raises(ChannelUnavailable):
        await channel.fetch(FileRef("image", media))
    with pytest.raises(ChannelUnavailable):
        _ = [chunk async for chunk in (await channel.fetch(FileRef("image", media))).chunks]


# the start

COMMANDS = (("/order", "Order"), ("/review", "Review"), ("/help", "Help"))


async def test_the_accounts_menu_is_the_bots(
    make: Open, server: WeChatServer, ann: WeChatPerson, inbox: Inbox, hook: Hook
) -> None:
    notes = MemoryNotes()
    for _ in range(2):
        await make(commands=COMMANDS, notes=notes).start(inbox.accept)
    assert server.count("menu") == 1
    server.posts_to(hook.url)
    await ann.clicks("Review")
    inbound = await inbox.next()
    assert (inbound.kind, inbound.text) == ("message", "/review")
    await make(commands=COMMANDS[:2], notes=notes).start(inbox.accept)
    assert [one["key"] for one in server.menu] == ["/order", "/review"]
    await make(commands=COMMANDS, menu=False, notes=notes).start(inbox.accept)
    assert server.count("menu") == 2


def test_many_commands_are_lists() -> None:
    made = menu([(f"/c{n}", f"下单第{n}种") for n in range(20)])
    assert [one["name"] for one in made["button"]] == ["下单第0种", "下单第5种", "下单第10种"]
    assert [len(one["sub_button"]) for one in made["button"]] == [5, 5, 5]
    assert menu([("/c", "a title that is too long")])["button"][0]["name"] == "☰"
    assert menu([("/c", "x" * 61)]) == {"button": []}


async def test_a_wrong_secret_stops_the_start(make: Open, inbox: Inbox) -> None:
    channel = make(secret="another-secret")
    with pytest.raises(ConfigError, match=r"\[wechat\] app_id, secret: 40125") as error:
        await channel.start(inbox.accept)
    assert "another-secret" not in str(error.value)
    with pytest.raises(ChannelUnavailable):
        await channel.whoami()


@pytest.mark.parametrize("fault", [Status(502), Reset(), Hang()], ids=str)
async def test_a_wechat_that_cannot_be_reached_does_not_stop_the_start(
    make: Open,
    server: WeChatServer,
    inbox: Inbox,
    monkeypatch: pytest.MonkeyPatch,
    fault: Status | Reset | Hang,
) -> None:
    monkeypatch.setattr(module, "FIRST_TRY", 0.2)
    monkeypatch.setattr(module, "AGAIN", 0.01)
    server.fails("stable_token", fault)
    await make(commands=COMMANDS).start(inbox.accept)
    await server.until(lambda: server.menu)


async def test_an_address_that_is_not_allowed_does_not_stop_the_start(
    channel: WeChat, server: WeChatServer, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    server.allowed = False
    with caplog.at_level(logging.WARNING):
        await channel.start(inbox.accept)
    assert "IP白名单" in caplog.text


async def test_typing_name_and_language(channel: WeChat, server: WeChatServer, ann: WeChatPerson) -> None:
    await ann.says("hi")
    await channel.typing(ann.id)
    assert ann.typing_seen == 1
    profile = await channel.profile(ann.id)
    assert (profile.name, profile.locale) == ("", "zh-CN")
    assert await channel.whoami() == "wx0123456789abcdef"
