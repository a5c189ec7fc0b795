"""What goes out from a desk: once, within the window, as a welcome where that is all there is."""

from __future__ import annotations

import pytest

from bot.channels.wecom import WeCom
from bot.core.errors import AccountWaits, BadInput, ChannelUnavailable, Unreachable, Unshown, WindowClosed
from bot.core.message import Button, Wire
from bot.core.ports import Occasion
from tests.contracts.channel_contract import PAPER, PHOTO, Inbox, Shelf
from tests.contracts.hook import Hook
from tests.contracts.wecom.conftest import Open
from tests.kit import recordings
from tests.kit.platforms.wecom import WeComPerson, WeComServer
from tests.kit.platforms.weixin import refusal
from tests.kit.wire_faults import Lost, Reset

ROWS = ((Button("Green", "tea:1"), Button("Our shop", url="https://shop.example/")),)
WELCOMED = Occasion(in_window=False)


async def test_a_message_whose_answer_was_lost_is_not_sent_twice(
    make: Open, server: WeComServer, ann: WeComPerson
) -> None:
    await ann.says("hi")
    server.fails("send_msg", Lost())
    with pytest.raises(ChannelUnavailable):
        await make().send(ann.id, Wire("once"), "k1")
    sent = await make().send(ann.id, Wire("once"), "k1")  # another node tries it again
    assert [(shown.text, shown.id) for shown in ann.shown] == [("once", sent.external_id)]
    assert server.count("send_msg") == 2


async def test_a_wire_of_many_messages_goes_on_where_it_failed(
    channel: WeCom, server: WeComServer, ann: WeComPerson, shelf: Shelf
) -> None:
    await ann.says("hi")
    files = shelf.put(PHOTO, "tea.jpg", "image/jpeg"), shelf.put(PAPER, "发票 1.pdf", "application/pdf")
    wire = Wire("x" * 1500, ROWS, files)
    server.fails("upload", Reset())
    with pytest.raises(ChannelUnavailable):
        await channel.send(ann.id, wire, "k1")
    server.fails("send_msg", Lost())
    with pytest.raises(ChannelUnavailable):
        await channel.send(ann.id, wire, "k1")
    sent = await channel.send(ann.id, wire, "k1")
    assert [([file.name for file in shown.files], len(shown.text), shown.labels) for shown in ann.shown] == [
        (["tea.jpg"], 0, []),
        (["发票 1.pdf"], 0, []),
        ([], 1500, []),
        ([], 2, ["Green", "Our shop"]),
    ]
    assert (sent.messages, [*sent.earlier, sent.external_id]) == (4, [shown.id for shown in ann.shown])


async def test_the_rest_of_a_wire_counts_where_it_leaves(channel: WeCom, ann: WeComPerson) -> None:
    await ann.says("hi")
    ann.session.left = 1
    with pytest.raises(WindowClosed):
        await channel.send(ann.id, Wire("x" * 1500, ROWS), "k1")
    await ann.says("and?")
    sent = await channel.send(ann.id, Wire("x" * 1500, ROWS), "k1")
    assert (sent.messages, ann.session.left) == (1, 4)
    assert [*sent.earlier, sent.external_id] == [shown.id for shown in ann.shown]


async def test_a_short_text_stands_above_its_menu(channel: WeCom, ann: WeComPerson) -> None:
    await ann.says("hi")
    await channel.send(ann.id, Wire("好" * 341, ROWS), "k1")
    [shown] = ann.shown
    assert (shown.text, shown.labels, shown.buttons[1].url) == (
        "好" * 341,
        ["Green", "Our shop"],
        "https://shop.example/",
    )


async def test_a_file_is_uploaded_once_until_wecom_forgets_it(
    channel: WeCom, server: WeComServer, ann: WeComPerson, shelf: Shelf
) -> None:
    await ann.says("hi")
    paper = shelf.put(PAPER, "a.pdf", "application/pdf")
    for number in range(2):
        await channel.send(ann.id, Wire(files=(paper,)), f"k{number}")
    server.shelf.media.clear()
    await channel.send(ann.id, Wire(files=(paper,)), "k3")
    assert server.count("upload") == 2
    assert [file.content for shown in ann.shown for file in shown.files] == [PAPER] * 3


async def test_a_token_that_ends_in_mid_send_is_fetched_anew_once(
    channel: WeCom, server: WeComServer, ann: WeComPerson
) -> None:
    await ann.says("hi")
    await channel.send(ann.id, Wire("one"), "k1")
    server.expire()
    await channel.send(ann.id, Wire("two"), "k2")
    assert [shown.text for shown in ann.shown] == ["one", "two"]
    assert server.tokens_given == 2
    server.refuses_tokens = True
    with pytest.raises(ChannelUnavailable) as error:
        await channel.send(ann.id, Wire("three"), "k3")
    assert error.value.after == 60


# welcomes


async def entered(server: WeComServer, ann: WeComPerson, inbox: Inbox, channel: WeCom, hook: Hook) -> Occasion:
    server.posts_to(hook.url)
    await channel.start(inbox.accept)
    await ann.comes("flyer-7")
    inbound = await inbox.next()
    assert (inbound.kind, inbound.data) == ("started", "flyer-7")
    return Occasion(token=inbound.token, in_window=False)


async def test_who_comes_is_welcomed_once(
    channel: WeCom, server: WeComServer, ann: WeComPerson, inbox: Inbox, hook: Hook
) -> None:
    occasion = await entered(server, ann, inbox, channel, hook)
    await channel.send(ann.id, Wire("Welcome", ROWS), "k1", occasion)
    assert [(shown.text, shown.labels) for shown in ann.shown] == [("Welcome", ["Green", "Our shop"])]
    with pytest.raises(WindowClosed):
        await channel.send(ann.id, Wire("and more"), "k2", occasion)
    assert (server.count("welcome"), server.count("send_msg")) == (1, 0)


async def test_a_welcome_whose_answer_was_lost_is_not_shown_twice(
    channel: WeCom, server: WeComServer, ann: WeComPerson, inbox: Inbox, hook: Hook
) -> None:
    occasion = await entered(server, ann, inbox, channel, hook)
    server.fails("welcome", Lost())
    with pytest.raises(ChannelUnavailable):
        await channel.send(ann.id, Wire("Welcome"), "k1", occasion)
    with pytest.raises(WindowClosed):
        await channel.send(ann.id, Wire("Welcome"), "k1", occasion)
    await ann.says("hi")
    await channel.send(ann.id, Wire("Welcome"), "k1")  # held until now, and known to be sent
    assert [shown.text for shown in ann.shown] == ["Welcome"]


async def test_a_welcome_that_comes_too_late_goes_within_the_window(
    channel: WeCom, server: WeComServer, ann: WeComPerson, inbox: Inbox, hook: Hook
) -> None:
    occasion = await entered(server, ann, inbox, channel, hook)
    server.shelf.ahead = 21
    with pytest.raises(WindowClosed):
        await channel.send(ann.id, Wire("Welcome"), "k1", occasion)
    await ann.says("hi")
    await channel.send(ann.id, Wire("Welcome"), "k1", Occasion(token=occasion.token))
    assert [shown.text for shown in ann.shown] == ["Welcome"]
    assert server.count("welcome") == 1


async def test_without_a_window_and_a_welcome_nothing_is_tried(
    channel: WeCom, server: WeComServer, ann: WeComPerson
) -> None:
    with pytest.raises(WindowClosed):
        await channel.send(ann.id, Wire("hi"), "k1", WELCOMED)
    assert server.calls == []


# people of ours


@pytest.mark.parametrize(("staff", "state", "person"), [("pool", 2, ""), ("LiSi", 3, "LiSi")])
async def test_a_conversation_is_handed_over_once_and_the_bot_is_silent(
    make: Open, server: WeComServer, ann: WeComPerson, staff: str, state: int, person: str
) -> None:
    channel = make(staff=staff)
    assert channel.capabilities.hands_over
    await ann.says("a person, please")
    assert await channel.hand_over(ann.id)
    assert await channel.hand_over(ann.id)  # a process died before it was recorded
    assert (ann.session.state, ann.session.person, server.count("trans")) == (state, person, 1)
    with pytest.raises(WindowClosed, match="95018"):
        await channel.send(ann.id, Wire("hi"), "k1")


async def test_who_has_ended_a_session_gives_it_back(
    make: Open, server: WeComServer, ann: WeComPerson, inbox: Inbox, hook: Hook
) -> None:
    channel = make(staff="pool")
    server.posts_to(hook.url)
    await channel.start(inbox.accept)
    await ann.says("a person, please")
    await channel.hand_over(ann.id)
    await ann.is_served("LiSi", "This is Li")
    await ann.is_done()
    told = [await inbox.next(number) for number in (1, 2, 3, 4)]
    assert [(one.kind, one.text) for one in told[1:]] == [("echo", "👤 LiSi"), ("echo", "This is Li"), ("returned", "")]
    await ann.says("and one more thing")
    await channel.send(ann.id, Wire("here I am"), "k1")
    assert ann.shown[-1].text == "here I am"


async def test_a_session_that_has_ended_is_handed_to_nobody(make: Open, server: WeComServer, ann: WeComPerson) -> None:
    channel = make(staff="pool")
    await ann.says("a person, please")
    ann.session.state = 4
    assert not await channel.hand_over(ann.id)
    assert server.count("trans") == 0


def test_without_the_setting_people_of_the_desk_here_answer(channel: WeCom) -> None:
    assert not channel.capabilities.hands_over


# what became of it


async def test_a_refused_message_is_told_of_later(
    channel: WeCom, server: WeComServer, ann: WeComPerson, inbox: Inbox, hook: Hook
) -> None:
    server.posts_to(hook.url)
    await channel.start(inbox.accept)
    await ann.says("hi")
    await ann.blocks()
    sent = await channel.send(ann.id, Wire("hello"), "k1")
    failed, blocked = await inbox.next(2), await inbox.next(3)
    assert (failed.kind, failed.data, failed.about) == ("status", "failed", sent.external_id)
    assert failed.text == "the customer refuses messages"
    assert (blocked.kind, blocked.data, blocked.sender) == ("reach", "blocked", ann.id)


async def test_what_a_customer_takes_back_is_told(
    channel: WeCom, server: WeComServer, ann: WeComPerson, inbox: Inbox, hook: Hook
) -> None:
    server.posts_to(hook.url)
    await channel.start(inbox.accept)
    msgid = await ann.says("wrong chat")
    await ann.takes_back(msgid)
    said, taken_back = await inbox.next(1), await inbox.next(2)
    assert (taken_back.kind, taken_back.about) == ("deleted", said.external_id)


async def test_what_the_platform_says_is_said_in_our_words(
    channel: WeCom, server: WeComServer, ann: WeComPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected: dict[int, type[Exception]] = {
        -1: ChannelUnavailable,
        45009: AccountWaits,
        45033: ChannelUnavailable,
        60020: ChannelUnavailable,
        40096: Unreachable,
        84061: Unreachable,
        95000: ChannelUnavailable,
        95013: WindowClosed,
        95017: ChannelUnavailable,
        99999: BadInput,
    }
    for code, kind in expected.items():

        def refuse(asked: object, code: int = code) -> None:
            raise refusal(code, "hint: my words, from ip: 203.0.113.7")

        monkeypatch.setattr(server, "_desk", refuse)
        with pytest.raises(kind, match=str(code)) as error:
            await channel.send(ann.id, Wire("my words"), "k1")
        assert "my words" not in str(error.value)


async def test_what_is_too_long_or_empty_is_refused_here(channel: WeCom, server: WeComServer, ann: WeComPerson) -> None:
    for wire in (Wire("好" * 683), Wire()):
        with pytest.raises(BadInput):
            await channel.send(ann.id, wire, "k1")
    assert server.calls == []


async def test_what_is_too_small_to_be_a_file_there_goes_by_its_address(
    channel: WeCom, server: WeComServer, ann: WeComPerson, shelf: Shelf
) -> None:
    await ann.says("hi")
    with pytest.raises(Unshown, match="more than 5 bytes"):
        await channel.send(ann.id, Wire(files=(shelf.put(b"12345", "no.txt", "text/plain"),)), "k1")
    assert server.count("upload") == 0
    await channel.send(ann.id, Wire(files=(shelf.put(b"123456", "no.txt", "text/plain"),)), "k2")
    assert [shown.raw["msgtype"] for shown in ann.shown] == ["file"]


async def test_names_of_people_and_desks(channel: WeCom, ann: WeComPerson) -> None:
    assert (await channel.profile(ann.id)).name == "Ann"
    assert (await channel.profile("wmNobody@wk")).name == ""
    assert await channel.whoami() == "Tea desk"


async def test_recordings_are_played_where_they_are_short_and_small_and_else_loaded(
    channel: WeCom, ann: WeComPerson, shelf: Shelf
) -> None:
    await ann.says("hi")
    for name, content, media_type in (
        ("a.amr", recordings.amr(60.0), "audio/amr"),
        ("a.mp4", recordings.mp4(), "video/mp4"),
        ("b.amr", recordings.amr(60.1), "audio/amr"),
        ("b.mp3", recordings.mp3(), "audio/mpeg"),
        ("b.mp4", recordings.mp4() + bytes(10 << 20), "video/mp4"),
    ):
        await channel.send(ann.id, Wire(files=(shelf.put(content, name, media_type),)), name)
    assert [shown.raw["msgtype"] for shown in ann.shown] == ["voice", "video", "file", "file", "file"]
