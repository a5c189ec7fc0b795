"""The terminal as a channel: it draws what a channel would show, and knows what its buttons carry."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from bot.cli.terminal_channel import TerminalChannel, file_ref
from bot.core.errors import BadInput, FileMissing, Unauthorised
from bot.core.message import Attachment, Button, Card, FileRef, Summary, SummaryLine, Wire
from bot.core.ports import HookRequest
from tests.kit.profiles import PROFILES


async def drawn(channel: TerminalChannel, wire: Wire, out: io.StringIO) -> str:
    await channel.send("you", wire, "k")
    return out.getvalue()


async def test_buttons_are_numbered_and_keep_what_they_carry() -> None:
    out = io.StringIO()
    channel = TerminalChannel(PROFILES["telegram"], out)
    rows = ((Button("Yes", "y"), Button("No", "n")), (Button("Site", url="https://shop.example"),))
    assert (
        await drawn(channel, Wire("Sure?", rows), out) == "Sure?\n[:1 Yes]  [:2 No]\n[Site: https://shop.example]\n\n"
    )
    assert [button.data for button in channel.buttons] == ["y", "n"]
    channel.clear()
    assert channel.buttons == []


async def test_cards_files_and_sums_are_drawn() -> None:
    out = io.StringIO()
    picture = Attachment(1, "image", "tea.webp", "image/webp", 10)
    wire = Wire(
        files=(picture,),
        cards=(Card("Longjing", "Green", "¥68", picture, (Button("Buy", "b"),)),),
        summary=Summary("Cart", (SummaryLine("2 × Tea", "¥136"),), "¥136"),
    )
    channel = TerminalChannel(PROFILES["webchat"], out)
    assert (await drawn(channel, wire, out)).splitlines() == [
        "[image: tea.webp]",
        "┌ [image: tea.webp] Longjing  ¥68",
        "│ Green",
        "└ [:1 Buy]",
        "Cart",
        "2 × Tea  ¥136",
        "=        ¥136",
        "",
    ]


async def test_a_file_of_this_machine_is_sent_and_read(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    path.write_text("hello")
    ref = file_ref(str(path))
    assert (ref.kind, ref.name, ref.media_type, ref.size) == ("file", "note.txt", "text/plain", 5)
    stream = await TerminalChannel(PROFILES["sms"]).fetch(ref)
    assert b"".join([chunk async for chunk in stream.chunks]) == b"hello"
    with pytest.raises(BadInput, match="there is no file"):
        file_ref(str(tmp_path))
    with pytest.raises(FileMissing):
        await TerminalChannel(PROFILES["sms"]).fetch(FileRef("file", str(tmp_path / "gone")))


def test_it_pretends_the_limits_but_is_always_sent_to() -> None:
    channel = TerminalChannel(PROFILES["webchat"])
    assert (channel.account, channel.capabilities.cards) == ("terminal-webchat", True)
    assert channel.capabilities.stored_delivery is False


def test_nobody_posts_to_a_terminal() -> None:
    channel = TerminalChannel(PROFILES["sms"])
    with pytest.raises(Unauthorised):
        channel.verify(HookRequest("POST", "/", {}, {}, b""))
    with pytest.raises(BadInput):
        channel.parse(b"{}")
