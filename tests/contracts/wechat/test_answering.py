"""Answers within the call: in each mode, within five seconds, and what an account does that has no other way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from bot.channels.wechat import WeChat
from bot.core.errors import BadInput, FileMissing, Unauthorised, WindowClosed
from bot.core.message import Button, Wire
from bot.core.ports import HookRequest, Occasion
from tests.contracts.channel_contract import PHOTO, Inbox, Shelf
from tests.contracts.hook import Hook
from tests.contracts.wechat.conftest import Open
from tests.kit.platforms.posting import Delivery
from tests.kit.platforms.wechat import KEY, NEXT_KEY, ORIGINAL, TOKEN, WeChatPerson, WeChatServer
from tests.kit.platforms.weixin import sign

NASTY = "a ]]> b <xml> & “ü” 你好 👋\nsecond line"
MODES = [("", "xml", False), ("", "json", False), (KEY, "xml", False), (KEY, "json", False), (KEY, "xml", True)]


async def answered(hook: Hook, channel: WeChat, inbox: Inbox, wire: Wire, number: int = 1) -> None:
    """Send once the customer's message is kept and its call is held open."""
    inbound = await inbox.next(number)
    async with asyncio.timeout(5):
        while not hook.calls._open:
            await asyncio.sleep(0)
    await channel.send(inbound.sender, wire, f"k{number}")


@pytest.mark.parametrize(("key", "form", "compatible"), MODES)
async def test_a_ready_answer_goes_back_in_the_call(
    make: Open, server: WeChatServer, ann: WeChatPerson, inbox: Inbox, hook: Hook, key: str, form: str, compatible: bool
) -> None:
    server.key, server.form, server.compatible = key, form, compatible
    channel = make(encoding_aes_key=key, holds=4)
    server.posts_to(hook.url)
    await ann.says("hi")
    await answered(hook, channel, inbox, Wire(NASTY))
    assert (await ann.reads()).text == NASTY
    assert (server.count("send"), server.count("stable_token")) == (0, 0)


async def test_a_picture_goes_back_in_the_call(
    make: Open, server: WeChatServer, ann: WeChatPerson, inbox: Inbox, hook: Hook, shelf: Shelf
) -> None:
    channel = make(holds=4)
    server.posts_to(hook.url)
    await ann.says("show me")
    await answered(hook, channel, inbox, Wire(files=(shelf.put(PHOTO, "tea.jpg", "image/jpeg"),)))
    assert [file.content for file in (await ann.reads()).files] == [PHOTO]
    assert (server.count("upload"), server.count("send")) == (1, 0)


async def test_only_one_answer_goes_back_and_the_next_by_customer_service(
    make: Open, server: WeChatServer, ann: WeChatPerson, inbox: Inbox, hook: Hook
) -> None:
    channel = make(holds=4)
    server.posts_to(hook.url)
    await ann.says("hi")
    await answered(hook, channel, inbox, Wire("one"))
    assert (await ann.reads()).text == "one"
    await channel.send(ann.id, Wire("two"), "k2")
    assert (await ann.reads()).text == "two"
    assert server.count("send") == 1


async def test_a_menu_goes_by_customer_service_even_while_a_call_is_open(
    make: Open, server: WeChatServer, ann: WeChatPerson, inbox: Inbox, hook: Hook
) -> None:
    channel = make(holds=0.5)
    server.posts_to(hook.url)
    await ann.says("hi")
    await answered(hook, channel, inbox, Wire("Which?", ((Button("Green", "tea:1"),),)))
    assert (await ann.reads()).labels == ["Green"]
    await server.is_heard()
    assert [answer.body for answer in server.posting.answers] == [b"success"]


@pytest.mark.parametrize(("key", "form", "compatible"), MODES)
async def test_what_is_not_answered_in_time_is_a_bare_success(
    make: Open, server: WeChatServer, ann: WeChatPerson, hook: Hook, key: str, form: str, compatible: bool
) -> None:
    server.key, server.form, server.compatible = key, form, compatible
    make(encoding_aes_key=key, holds=0.01)
    server.posts_to(hook.url)
    await ann.says("hi")
    await server.is_heard()
    assert [answer.body for answer in server.posting.answers] == [b"success"]
    assert ann.shown == []


# accounts without the customer-service API


async def test_an_account_without_the_api_answers_in_the_call_only(
    make: Open, server: WeChatServer, ann: WeChatPerson, inbox: Inbox, hook: Hook
) -> None:
    channel = make(api=False, secret="", holds=4)
    server.posts_to(hook.url)
    await channel.start(inbox.accept)
    await ann.says("hi")
    await answered(hook, channel, inbox, Wire("Hello"))
    assert (await ann.reads()).text == "Hello"
    with pytest.raises(WindowClosed):
        await channel.send(ann.id, Wire("and more"), "k2")
    await channel.typing(ann.id)
    assert await channel.whoami() == ""
    assert (await channel.profile(ann.id)).name == ""
    assert server.calls == []
    shows = channel.capabilities
    assert (shows.buttons, shows.images, shows.typing, shows.profiles) == (0, False, False, False)


def asked(server: WeChatServer, age: int, **more: str) -> HookRequest:
    """A post of a message that was written so many seconds before."""
    event = {"ToUserName": ORIGINAL, "FromUserName": "oAnn", "CreateTime": int(server.shelf.now()) - age, **more}
    delivery = server.signed(json.dumps(event).encode(), 0)
    return HookRequest("POST", "/", dict(delivery.query), {}, delivery.body)


async def test_it_lets_wechat_ask_three_times(make: Open) -> None:
    assert [make(api=api, secret="s").tries for api in (True, False)] == [1, 3]


# the address is set


async def challenged(
    server: WeChatServer, hook: Hook, change: Callable[[dict[str, str]], object] = lambda _: None
) -> tuple[int, bytes]:
    timestamp = str(int(server.shelf.now()))
    query = {"timestamp": timestamp, "nonce": "7", "echostr": "4375120948345356249"}
    query["signature"] = sign(TOKEN, timestamp, "7")
    change(query)
    server.posting.url = hook.url
    answer = await server.posting.once(Delivery(b"", {}, query, "GET"))
    return answer.status, answer.body


@pytest.mark.parametrize("key", ["", KEY])
async def test_the_challenge_is_echoed_in_every_mode(make: Open, server: WeChatServer, hook: Hook, key: str) -> None:
    make(encoding_aes_key=key)
    assert await challenged(server, hook) == (200, b"4375120948345356249")


async def test_a_forged_challenge_is_not(make: Open, server: WeChatServer, hook: Hook) -> None:
    make()
    assert (await challenged(server, hook, lambda query: query.update(nonce="8")))[0] == 401
    assert (await challenged(server, hook, lambda query: query.update(timestamp="1714036504")))[0] == 401
    assert (await challenged(server, hook, lambda query: query.pop("echostr")))[0] == 405


# what is old, changed or replayed


async def test_while_keys_change_both_are_opened_and_answers_have_the_new_one(
    make: Open, server: WeChatServer, ann: WeChatPerson, inbox: Inbox, hook: Hook
) -> None:
    channel = make(encoding_aes_key=NEXT_KEY, previous_aes_key=KEY, holds=4)
    server.posts_to(hook.url)
    server.key = NEXT_KEY
    await ann.says("with the new one")
    await answered(hook, channel, inbox, Wire("yes"))
    assert (await ann.reads()).text == "yes"
    server.key = KEY
    await ann.says("with the old one")
    assert (await inbox.next(2)).text == "with the old one"


def test_an_event_for_another_account_is_refused(make: Open, server: WeChatServer) -> None:
    server.key = KEY
    channel = make(encoding_aes_key=KEY, app_id="wxfedcba9876543210")
    request = asked(server, 0, MsgType="text", MsgId="1", Content="hi")
    channel.verify(request)  # who knows the token may call, and is not believed all the same
    with pytest.raises(BadInput):
        channel.parse(request.body)


def test_an_account_in_safe_mode_takes_nothing_in_plain(make: Open, server: WeChatServer) -> None:
    channel = make(encoding_aes_key=KEY)
    with pytest.raises(Unauthorised):
        channel.verify(asked(server, 0, MsgType="text", MsgId="1", Content="hi"))


async def test_outside_of_the_window_only_an_open_call_carries(
    make: Open, server: WeChatServer, ann: WeChatPerson
) -> None:
    channel = make()
    ann.quota(5, 48 * 3600)
    with pytest.raises(WindowClosed):
        await channel.send(ann.id, Wire("hi"), "k1", Occasion(in_window=False))
    assert server.count("send") == 0


async def test_without_the_api_a_picture_is_fetched_where_it_lies(
    make: Open, server: WeChatServer, ann: WeChatPerson, hook: Hook, inbox: Inbox
) -> None:
    channel = make(api=False, secret="", holds=0.01)
    server.posts_to(hook.url)
    await ann.sends_photo(b"a picture")
    await ann.sends("voice", MediaId="MEDIA-9_x", Format="amr")
    picture, voice = await inbox.next(1), await inbox.next(2)
    stream = await channel.fetch(picture.files[0])
    assert b"".join([chunk async for chunk in stream.chunks]) == b"a picture"
    with pytest.raises(FileMissing):
        await channel.fetch(voice.files[0])
    assert {call.method for call in server.calls} == {"picture"}
