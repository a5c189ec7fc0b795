"""The `Channel` port for one mailbox: a thin shell over pulling, reading, writing and sending."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import nullcontext
from weakref import WeakValueDictionary

from bot.channels._account import Around
from bot.channels.email import body, reading
from bot.channels.email.headers import address
from bot.channels.email.mailbox import Fetched, Mailbox, Untrusted
from bot.channels.email.mailbox import LoginRefused as MailboxRefused
from bot.channels.email.marks import Marks
from bot.channels.email.meanings import LoginRefused
from bot.channels.email.parsing import parsed
from bot.channels.email.pulling import Puller, Sleep
from bot.channels.email.reading import Reader
from bot.channels.email.sending import Sender
from bot.channels.email.settings import CAPABILITIES, Settings
from bot.channels.email.shelf import Shelf
from bot.channels.email.writing import File, written
from bot.channels.email.writing import Sender as From
from bot.core.errors import BadInput, ConfigError, FileMissing, ParleyError, TooLarge
from bot.core.message import Attachment, FileRef, Wire
from bot.core.ports import ORDINARY, Accept, Channel, FileStream, Occasion, Sent

log = logging.getLogger(__name__)

#: Seconds that the start of everything else may wait for the mail servers.
FIRST_TRY = 8.0
MIB = 1024 * 1024
#: Mails with one id that are looked at.
MOST_ALIKE = 3
#: Of a mail as one file: its words, or as it came.
_WHOLE = frozenset({"whole", "raw"})
_PLACE = re.compile(r"[0-9]{1,10}\.[0-9]{1,10}")


class EmailChannel(Channel):
    """One mailbox. `sleep` waits between tries. Exactly one node pulls; every node sends, and fetches files."""

    capabilities = CAPABILITIES
    pulls = True
    way = "IMAP"

    def __init__(self, settings: Settings, around: Around, *, sleep: Sleep = asyncio.sleep) -> None:
        self.account = around.account
        self._settings = settings
        self._open_file = around.open_file
        self._marks = Marks(around.secret, settings.address)
        self._shelf = Shelf()
        ours = (settings.address, settings.own)
        reader = Reader(self.account, *ours, self._marks, settings.authserv_id, _lower(settings.groups))
        self._puller = Puller(settings, reader, around.notes, self._shelf, sleep)
        self._sender = Sender(settings)
        self._fetching = asyncio.Semaphore(2)
        self._loading = asyncio.Semaphore(2)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._pulling: asyncio.Task[None] | None = None

    async def whoami(self) -> str:
        """The address, once both servers have let us in. Raises `ParleyError`."""
        mailbox = Mailbox(self._settings)
        try:
            await mailbox.open(readonly=True)
        finally:
            await mailbox.close()
        await self._sender.look()
        return self._settings.address

    async def send(self, recipient: str, wire: Wire, key: str, occasion: Occasion = ORDINARY) -> Sent:
        """Send one wire as one mail, in the thread of what it answers. Raises as `Channel.send`.

        Its Message-ID is made of `key`: where an answer of the server was lost and the mail goes out again, it is the
        same mail to every program that shows it.
        """
        if not (wire.text or wire.files):
            raise BadInput("a mail needs a text or a file")
        if len(wire.text) > self.capabilities.text_limit:
            raise BadInput(f"a mail has at most {self.capabilities.text_limit} characters")
        if not recipient or address(recipient) != recipient.lower():
            raise BadInput("this is no address")
        message_id = self._marks.id(key, recipient)
        ours = From(self._settings.address, self._settings.name)
        mark = self._marks.short(recipient) if self._settings.subject_mark else ""
        # Many conversations want to send at once; in memory are the files of a few.
        async with self._loading if wire.files else nullcontext():
            files = [File(file, await self._content(file)) for file in wire.files]
            data = await asyncio.to_thread(
                lambda: written(wire, ours, recipient, message_id, files, occasion, mark).as_bytes()
            )
            await self._sender.send(data, self._settings.address, recipient)
        return Sent(message_id)

    async def fetch(self, file: FileRef) -> FileStream:
        """Open a file of a mail, or all of it. Raises `ChannelUnavailable`, `FileMissing`, `TooLarge`."""
        what, place, message_id = (*file.ref.split("@", 2), "", "")[:3]
        if not (_PLACE.fullmatch(place) and (what in _WHOLE or (what.isascii() and what.isdecimal()))):
            raise FileMissing("no file of a mail")
        # The files of a mail are asked for together: it is fetched once.
        async with self._locks.setdefault(place, asyncio.Lock()), self._fetching:
            data = self._shelf.get(place)
            if data is None or not reading.is_about(file.ref, data):
                data = await self._fetched(file.ref, place, message_id, what)
        content = await asyncio.to_thread(_content, data, what)
        if content is None:
            raise FileMissing("no such file in this mail")
        return FileStream(_once(content), name=file.name, media_type=file.media_type, size=len(content))

    async def start(self, accept: Accept) -> None:
        """See that both servers let us in, and begin to pull. Raises `ConfigError` where one does not."""
        try:
            async with asyncio.timeout(FIRST_TRY):
                await self._puller.begin()
                await self._sender.look()
        except (MailboxRefused, LoginRefused, Untrusted) as error:
            await self._puller.close()
            raise ConfigError(f"[{self.account}] {error}. To mend it, {Settings.cure}.") from None
        except ConfigError as error:
            await self._puller.close()
            raise ConfigError(f"[{self.account}] {error}") from None
        except (ParleyError, TimeoutError) as error:
            facts = {"action": "email.start", "account": self.account, "error": type(error).__name__}
            log.warning("email.start: %s", error, extra=facts)
        self._pulling = asyncio.create_task(self._puller.run(accept))

    async def stop(self) -> None:
        """Stop pulling and close connections; what was kept and not passed comes again and is a duplicate."""
        if self._pulling is not None:
            self._pulling.cancel()
            await asyncio.gather(self._pulling, return_exceptions=True)
            self._pulling = None
        await self._puller.close()
        await self._sender.close()

    async def _content(self, file: Attachment) -> bytes:
        return b"".join([chunk async for chunk in self._open_file(file)])

    async def _fetched(self, ref: str, place: str, message_id: str, what: str) -> bytes:
        """The mail from its folder, or from where it was moved to; uids may have changed meanwhile, too."""
        validity, _, uid = place.partition(".")
        folders = [self._settings.folder, *([self._settings.move_to] if self._settings.read_mail == "move" else [])]
        for folder in folders:
            found = await self._looked_up(folder, int(validity), int(uid), message_id, ref)
            if found is None:
                continue
            if not found.is_cut:
                self._shelf.put(place, found.data)
            elif what not in _WHOLE:
                raise TooLarge(self._settings.largest_mib * MIB)
            return found.data
        raise FileMissing("this mail is not in its folder any more")

    async def _looked_up(self, folder: str, validity: int, uid: int, message_id: str, ref: str) -> Fetched | None:
        mailbox = Mailbox(self._settings)
        try:
            await mailbox.open(readonly=True, folder=folder)
            is_there = folder == self._settings.folder and mailbox.folder.validity == validity
            found = await mailbox.fetch(uid) if is_there else None
            if found is not None and reading.is_about(ref, found.data):
                return found
            for other in (await mailbox.with_id(message_id))[:MOST_ALIKE] if message_id else ():
                found = await mailbox.fetch(other)
                if found is not None and reading.is_about(ref, found.data):
                    return found
            return None
        finally:
            await mailbox.close()


def _lower(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.strip("<> ").lower() for name in names)


def _content(data: bytes, what: str) -> bytes | None:
    """The bytes of a file; None where there is no such one."""
    if what == "raw":
        return data
    try:
        if what == "whole":
            return reading.whole(data).encode()
        found = next((one for one in body.read(parsed(data)).files if one.number == int(what)), None)
        return found.content() or None if found else None
    except Exception as error:  # as when it was read: the library breaks on odd mails in many ways
        raise FileMissing(f"a file that cannot be read: {type(error).__name__}") from None


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
