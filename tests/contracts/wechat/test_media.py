"""Sound and films of ours in WeChat: what it plays, and what goes by its address."""

from __future__ import annotations

import pytest

from bot.channels.wechat import WeChat
from bot.core.errors import Unshown
from bot.core.message import Wire
from tests.contracts.channel_contract import PAPER, Shelf
from tests.kit import recordings
from tests.kit.platforms.wechat import WeChatPerson, WeChatServer


async def test_recordings_are_played_and_what_wechat_does_not_play_asks_for_its_address(
    channel: WeChat, server: WeChatServer, ann: WeChatPerson, shelf: Shelf
) -> None:
    ann.quota(5, 48 * 3600)
    for name, content, media_type in (
        ("a.amr", recordings.amr(60.0), "audio/amr"),
        ("a.mp3", recordings.mp3(60.0), "audio/mpeg"),
        ("a.mp4", recordings.mp4(90.0), "video/mp4"),
    ):
        await channel.send(ann.id, Wire(files=(shelf.put(content, name, media_type),)), name)
    assert [shown.raw["msgtype"] for shown in ann.shown] == ["voice", "voice", "video"]
    assert ann.shown[2].raw["video"]["title"] == "a.mp4"
    for name, content, media_type in (
        ("b.amr", recordings.amr(60.1), "audio/amr"),
        ("b.mp3", b"\xff\xfb no sound", "audio/mpeg"),
        ("b.pdf", PAPER, "application/pdf"),
    ):
        with pytest.raises(Unshown):
            await channel.send(ann.id, Wire(files=(shelf.put(content, name, media_type),)), name)
    assert server.count("upload") == 3
