"""The terminal as a channel: it shows what any channel's limits leave of a reply, and taps the buttons that it drew."""

from __future__ import annotations

import asyncio
import mimetypes
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, TextIO

from bot.cli import terminal
from bot.core.capabilities import Capabilities
from bot.core.errors import BadInput, FileMissing
from bot.core.message import Attachment, Button, Card, FileRef, Wire
from bot.core.ports import ORDINARY, Channel, FileStream, Occasion, Sent

CHUNK = 64 * 1024


class TerminalChannel(Channel):
    """`profile` is the channel that it pretends to be; `buttons` are those drawn since `clear`, in order."""

    def __init__(self, profile: Capabilities, out: TextIO | None = None) -> None:
        self.account = f"terminal-{profile.channel}"
        # A web chat shows its rows by itself; the terminal has to be sent to.
        self.capabilities = replace(profile, stored_delivery=False)
        self.buttons: list[Button] = []
        self._out = out or sys.stdout

    def clear(self) -> None:
        """Forget the buttons of earlier turns."""
        self.buttons.clear()

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:  # noqa: ARG002
        """Draw the wire."""
        print("\n".join(self._lines(wire)) + "\n", file=self._out, flush=True)
        return Sent(key)

    def _lines(self, wire: Wire) -> Iterator[str]:
        yield from wire.text.splitlines()
        yield from (f"[{_file(file)}]" for file in wire.files)
        for card in wire.cards:
            yield from self._card(card)
        if wire.summary:
            yield wire.summary.title
            yield terminal.table(
                [*((line.label, line.amount) for line in wire.summary.lines), ("=", wire.summary.total)]
            )
        for row in wire.rows:
            yield "  ".join(self._button(button) for button in row)

    def _card(self, card: Card) -> Iterator[str]:
        picture = f"[{_file(card.image)}] " if card.image else ""
        yield f"┌ {picture}{terminal.colour(card.title, terminal.BOLD, self._out)}  {card.price}".rstrip()
        yield from (f"│ {line}" for line in card.text.splitlines())
        yield "└ " + "  ".join(self._button(button) for button in card.buttons)

    def _button(self, button: Button) -> str:
        if button.url:
            return terminal.colour(f"[{button.label}: {button.url}]", terminal.DIM, self._out)
        self.buttons.append(button)
        return terminal.colour(f"[:{len(self.buttons)} {button.label}]", terminal.GREEN, self._out)

    async def fetch(self, file: FileRef) -> FileStream:
        """A file of this machine that `:file` named."""
        return await asyncio.to_thread(_open, file)


def file_ref(name: str) -> FileRef:
    """A file of this machine as a customer would send it. Raises `BadInput`."""
    path = Path(name).expanduser()
    if not path.is_file():
        raise BadInput(f"there is no file {path}")
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    kind = media_type.partition("/")[0]
    return FileRef(
        "image" if kind == "image" else "audio" if kind == "audio" else "video" if kind == "video" else "file",
        str(path.absolute()),
        path.name,
        media_type,
        path.stat().st_size,
    )


def _file(file: Attachment) -> str:
    return f"{file.kind}: {file.name}" if file.name else file.kind


def _open(file: FileRef) -> FileStream:
    try:
        opened = Path(file.ref).open("rb")  # noqa: SIM115 - closed by who reads it to its end
    except OSError as error:
        raise FileMissing(file.ref) from error
    return FileStream(_read(opened), file.name, file.media_type, file.size)


async def _read(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk
