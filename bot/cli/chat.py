"""`chat`: talks to the bot in the terminal, rendered as any channel would show it."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.cli import first_start, session, terminal
from bot.cli.terminal_channel import TerminalChannel, file_ref
from bot.core.errors import BadInput, ParleyError
from bot.core.message import Inbound, InboundKind

if TYPE_CHECKING:
    from bot.app import App

NAME = "chat"
SUMMARY = "talk to the bot in the terminal, shown as any channel would"
#: An answer of the bot's own takes milliseconds; a report may take longer and comes with a later turn.
PATIENCE = 20.0
HELP = "Type as a customer. :1 taps button 1, :file PATH sends a file, :quit ends."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which channel to be, and on which data."""
    parser.add_argument("--as", dest="channel", metavar="CHANNEL", default="webchat", help="such as telegram or wechat")
    parser.add_argument("--language", default="", metavar="TAG", help="the customer's language, such as zh-CN")
    parser.add_argument(
        "--here", action="store_true",
        help="on the configured database (stop the server first); else on a demo shop that is thrown away",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Chat until the input ends. Raises `BadInput` for a channel that there is not."""
    with tempfile.TemporaryDirectory(prefix="parley-chat-") as folder:
        return session.finish(_chat(args, Path(folder)))


async def _chat(args: argparse.Namespace, folder: Path) -> int:
    from bot.channels import profiles

    shown = profiles()
    if args.channel not in shown:
        raise BadInput(f"--as {args.channel}: there is no such channel; choose one of {', '.join(shown)}")
    channel = TerminalChannel(shown[args.channel])
    async with _app(args, folder, channel) as app:
        print(HELP, end="\n\n")
        talk = Talk(app, channel, args.language)
        await talk.send("started")
        async for line in _lines():
            if line in (":q", ":quit"):
                break
            if line:
                await talk.say(line)
    return session.DONE


@asynccontextmanager
async def _app(args: argparse.Namespace, folder: Path, channel: TerminalChannel) -> AsyncIterator[App]:
    from bot import config, logs
    from bot.app import build, opened
    from bot.runtime.roll import check_alone

    # The pay page is served, too: on a port of its own, so that it does not meet the server's.
    overrides: dict[str, dict[str, Any]] = {"server": {"host": "127.0.0.1", "port": _free_port(), "public_url": ""}}
    if not args.here:
        overrides["server"]["data"] = str(folder)
        overrides |= {"database": {"url": f"sqlite://{folder}/parley.db"}, "telegram": {"token": "", "webhook": False}}
        overrides |= {
            "storage": {"kind": "local", "path": str(folder / "files")},
            "reports": {"lake": str(folder / "lake")},
        }
    loaded = config.load(args.config, overrides)
    logs.configure("debug" if args.debug else "error", loaded.log.format, tuple(loaded.secrets()))
    async with opened(loaded):
        await check_alone()
        app = await build(loaded, more=[channel])
        if not args.here:
            await first_start.fill_demo(app.storage)
        try:
            await app.start()
            yield app
        finally:
            await app.stop()
            await app.storage.close()


class Talk:
    """One customer at the keyboard."""

    def __init__(self, app: App, channel: TerminalChannel, language: str) -> None:
        self._app, self._channel, self._language = app, channel, language

    async def say(self, line: str) -> None:
        """A line: words, `:1` or `:file PATH`. A mistake is told, and the talk goes on."""
        try:
            await self._act(line)
        except ParleyError as error:
            terminal.complain(str(error))

    async def _act(self, line: str) -> None:
        command, _, rest = line[1:].partition(" ") if line.startswith(":") else ("", "", "")
        if command == "file":
            await self.send("message", files=(file_ref(rest.strip()),))
        elif command.isdecimal():
            await self.send("callback", data=self._button(int(command)))
        elif line.startswith(":"):
            raise BadInput(HELP)
        else:
            await self.send("message", text=line)

    def _button(self, number: int) -> str:
        if not 1 <= number <= len(self._channel.buttons):
            raise BadInput(f"there is no button {number} in the last answer")
        return self._channel.buttons[number - 1].data

    async def send(self, kind: InboundKind, **facts: Any) -> None:
        """Hand an inbound in by the front door, and wait until everything that follows is drawn."""
        self._channel.clear()
        inbound = Inbound(self._channel.account, secrets.token_hex(8), "you", kind, locale=self._language, **facts)
        await self._app.runtime.accept([inbound])
        try:
            async with asyncio.timeout(PATIENCE):
                await self._app.runtime.idle()
        except TimeoutError:
            terminal.complain("Something still works on it; go on when you like.")


async def _lines() -> AsyncIterator[str]:
    """Lines of the keyboard, or of a file; those of a file are shown, so that the talk can be read."""
    read = _ask if sys.stdin.isatty() else _read
    while (line := await asyncio.to_thread(read)) is not None:
        yield line.strip()


def _ask() -> str | None:
    try:
        return input(terminal.colour("you> ", terminal.BOLD))
    except EOFError:
        return None


def _read() -> str | None:
    line = sys.stdin.readline()
    if line.strip():
        print(f"you> {line.strip()}", flush=True)
    return line or None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
