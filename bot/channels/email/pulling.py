"""Pulls mails in the order of their arrival; the cursor moves only after they were kept.

What was kept and not passed, because the process ended in between, is pulled again and is a duplicate.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from time import time

from msgspec.structs import replace

from bot.channels.email.cursor import Cursor, box_of, decoded, encoded
from bot.channels.email.mailbox import Fetched, Mailbox, Part
from bot.channels.email.reading import Reader
from bot.channels.email.settings import Settings
from bot.channels.email.shelf import Shelf
from bot.channels.email.stuck import LARGE, Readings, Stuck
from bot.core.errors import BadInput, ChannelUnavailable
from bot.core.message import Inbound
from bot.core.ports import Accept, Notes

log = logging.getLogger(__name__)

Sleep = Callable[[float], Awaitable[None]]

LONGEST_PAUSE = 30.0
HOUR = 3600.0
#: Seconds until the reading of a mail is given up; any mail takes a hundredth of it.
READING = 60.0
#: People whose mails of the last hour are counted.
MOST_COUNTED = 4096


class Pace:
    """How many mails of an address came within the last hour: two programs must not answer each other for ever."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counted: OrderedDict[str, deque[tuple[float, str]]] = OrderedDict()

    def held(self, inbound: Inbound, came: float) -> Inbound:
        """The inbound, for staff alone where there were too many before it; the same one counts once.

        `came` is when it arrived, seconds since 1970: after a stop, the mails of a day are pulled at once.
        """
        if inbound.kind != "message":
            return inbound
        known = self._counted.setdefault(inbound.sender, deque(maxlen=self._most + 1))
        self._counted.move_to_end(inbound.sender)
        if len(self._counted) > MOST_COUNTED:
            self._counted.popitem(last=False)
        if all(key != inbound.key for _, key in known):
            known.append((came, inbound.key))
        if sum(abs(came - at) < HOUR for at, _ in known) <= self._most or inbound.automatic:
            return inbound
        return replace(inbound, automatic=True, held="too_many")


class Puller:
    """One account's folder. `shelf` keeps the mails whose files are asked for next."""

    def __init__(
        self, settings: Settings, reader: Reader, notes: Notes, shelf: Shelf, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._settings = settings
        self._reader = reader
        self._notes = notes
        self._note = f"{reader.account}:cursor"
        self._shelf = shelf
        self._sleep = sleep
        self._box = box_of(settings.imap_host, settings.login("imap")[0], settings.folder)
        self._pace = Pace(settings.answers_per_hour)
        self._stuck = Stuck()
        self._readings = Readings(notes, f"{reader.account}:reading")
        self._is_numbered_anew = False
        self._mailbox: Mailbox | None = None

    async def begin(self) -> None:
        """Open the mailbox, and note where it stands where it was never read. Raises as `Mailbox.open`."""
        self._mailbox = Mailbox(self._settings)
        try:
            await self._mailbox.open()
            cursor, folder = await self._place(), self._mailbox.folder
            # A server that lost its folder may begin again with small uids under the same validity.
            self._is_numbered_anew = cursor.validity != folder.validity or cursor.uid >= folder.next_uid
            if self._is_numbered_anew:
                self._shelf.clear()
            if self._stuck.validity != folder.validity:
                self._stuck = Stuck(folder.validity)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Leave the mailbox."""
        mailbox, self._mailbox = self._mailbox, None
        if mailbox is not None:
            await mailbox.close()

    async def run(self, accept: Accept) -> None:
        """For ever."""
        failures = 0
        while True:
            try:
                if self._mailbox is None:
                    await self.begin()
                found = await self._pull(accept)
                failures = 0
                if not found:
                    await self._wait()
            except Exception as error:
                # Whatever it was: the mails are still in the mailbox, and are asked for again.
                failures += 1
                self._complain("email.pull", error)
                await self.close()
                await self._sleep(pause(failures, getattr(error, "after", None)))

    async def _place(self) -> Cursor:
        """Where to go on; what lay in a folder before it was read for the first time is left alone."""
        known = decoded(await self._notes.get(self._note))
        if known is None or known.box not in ("", self._box):
            folder = self._opened.folder
            known = Cursor(folder.validity, folder.next_uid - 1, time())
            await self._notes.put(self._note, encoded(replace(known, box=self._box)))
        return replace(known, box=self._box)

    async def _pull(self, accept: Accept) -> bool:
        """Whether there was anything: then there may be more by now."""
        cursor = await self._place()
        if self._is_numbered_anew:
            await self._pull_again(cursor, accept)
            return True
        uids = await self._opened.uids(cursor.uid)
        for uid in uids:
            cursor = await self._take(uid, cursor, accept, uids)
            await self._notes.put(self._note, encoded(cursor))
        return bool(uids)

    async def _pull_again(self, cursor: Cursor, accept: Accept) -> None:
        """The server has given new uids to all mails. The cursor moves once all that may be new were looked at."""
        log.info("the folder was numbered anew", extra={"action": "email.renumbered", "account": self._reader.account})
        folder, last = self._opened.folder, self._opened.folder.next_uid - 1
        cursor = replace(cursor, validity=folder.validity, uid=last)
        found = await self._opened.since(cursor.since.date())
        uids = [uid for uid, received in found if received is None or received >= cursor.since]
        for uid in uids:
            cursor = await self._take(uid, cursor, accept, uids)
        await self._notes.put(self._note, encoded(cursor))
        self._is_numbered_anew = False

    async def _take(self, uid: int, cursor: Cursor, accept: Accept, uids: Sequence[int]) -> Cursor:
        """Read one mail of these and keep what it says; the cursor behind it."""
        if (part := await self._part(uid, uids)) is None:
            await self._leave_out(uid, accept)
            return cursor.moved(uid, None, ())
        fetched = await self._fetched(uid, part)
        if fetched is None:
            return cursor.moved(uid, None, ())
        place = self._place_of(uid)
        inbounds = await self._read(fetched, place)
        came = (fetched.received or datetime.now(UTC)).timestamp()
        new = [self._pace.held(one, came) for one in inbounds if one.key not in cursor.recent]
        if not fetched.is_cut and any(one.files or one.original for one in new):
            self._shelf.put(place, fetched.data)
        if await self._keep(new, accept) and any(map(_is_somebodys, inbounds)):
            await self._was_read(uid)
        return cursor.moved(uid, fetched.received, tuple(one.key for one in new))

    async def _part(self, uid: int, uids: Sequence[int]) -> Part | None:
        """How much of this mail to ask for: the less, the oftener it alone of these was not given. None: nothing."""
        if self._stuck.is_doubted(uid):
            others = [one for one in uids if one != uid]
            is_given = bool(others) and await self._opened.fetch(self._stuck.other(others)) is not None
            self._stuck.judge(uid, is_alone=is_given)
        return self._stuck.part(uid)

    async def _fetched(self, uid: int, part: Part) -> Fetched | None:
        try:
            fetched = await self._opened.fetch(uid, part)
        except ChannelUnavailable:
            self._stuck.failed(uid)
            raise
        self._stuck.given(uid)
        return fetched

    async def _leave_out(self, uid: int, accept: Accept) -> None:
        """Tell staff of a mail that is given up."""
        place, received = self._place_of(uid), None
        self._complain("email.unfetched", ChannelUnavailable(f"the mail {place} cannot be fetched and is left out"))
        with suppress(ChannelUnavailable):  # it may give nothing of it at all
            received = await self._opened.arrived(uid)
        await self._keep([self._reader.unfetched(place, received)], accept)

    async def _read(self, fetched: Fetched, place: str) -> list[Inbound]:
        """What cannot be read, or not in time, must not stop the mails behind it. Raises `ChannelUnavailable`."""
        mail = f"{self._box}.{place}"
        is_large = len(fetched.data) > LARGE
        if fetched.is_header or (is_large and not await self._readings.begin(mail)):
            return [self._reader.kept(fetched.data, fetched.received, place)]
        try:
            async with asyncio.timeout(READING):
                inbounds = await self._opened.read(lambda: self._said(fetched, place))
        except TimeoutError:
            raise ChannelUnavailable(f"the mail {place} cannot be read in time") from None
        if is_large:
            await self._readings.end(mail)
        return inbounds

    def _said(self, fetched: Fetched, place: str) -> list[Inbound]:
        try:
            return self._reader.read(fetched.data, fetched.received, place, is_cut=fetched.is_cut)
        except BadInput as error:
            self._complain("email.unreadable", error)
            return [self._reader.kept(fetched.data, fetched.received, place)]

    def _place_of(self, uid: int) -> str:
        return f"{self._opened.folder.validity}.{uid}"

    async def _keep(self, inbounds: Sequence[Inbound], accept: Accept) -> bool:
        """Whether they were taken."""
        try:
            await accept(inbounds)
        except BadInput as error:
            # It would never be kept, however often it is tried; the mail itself stays where it is.
            self._complain("email.refused", error)
            return False
        return True

    async def _was_read(self, uid: int) -> None:
        """A courtesy for people who look into the mailbox: where it fails, nothing is lost."""
        try:
            if self._settings.read_mail == "seen":
                await self._opened.seen([uid])
            elif self._settings.read_mail == "move":
                await self._opened.move([uid], self._settings.move_to)
        except ChannelUnavailable as error:
            self._complain("email.mark", error)

    async def _wait(self) -> None:
        """Until the server says that something came; where it cannot say so, for as long as between two looks."""
        if self._opened.tells:
            await self._opened.wait(self._settings.poll_seconds)
        else:
            await self._sleep(self._settings.poll_seconds)

    @property
    def _opened(self) -> Mailbox:
        if self._mailbox is None:
            raise ChannelUnavailable("the mailbox is not open")
        return self._mailbox

    def _complain(self, action: str, error: Exception) -> None:
        facts = {"action": action, "account": self._reader.account, "error": type(error).__name__}
        log.warning("%s: %s", action, error, extra=facts)


def _is_somebodys(inbound: Inbound) -> bool:
    """Whether it surely stands where staff see it; other mails stay unread, for people who look into the mailbox."""
    return inbound.kind != "unknown" and not inbound.automatic


def pause(failures: int, after: float | None = None) -> float:
    """Seconds until the next try: what was asked for, else 0.5 doubling up to 30."""
    return max(after or 0.0, min(LONGEST_PAUSE, 0.25 * 2.0 ** min(failures, 10)))
