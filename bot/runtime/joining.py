"""What dialogs have done so that two addresses become one person's: codes with links, the question, the joining.

Joining locks two conversations, in the order of all locks, so it is done outside of either one's turn. Both sides hear
of it in their own lanes, by inbounds of the same commit, once, however often it is tried.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

from tortoise.backends.base.client import BaseDBAsyncClient

from bot.core.errors import ParleyError, Refused
from bot.core.events import Event, RowChanged, TalkMoved
from bot.core.message import Inbound
from bot.core.ports import Channel
from bot.runtime.calling import Callee
from bot.runtime.ledger import Waiting
from bot.services import calls, codes, order_links, person_codes, same_person
from bot.services.calls import App, Invitation, Joining, Way
from bot.services.person_codes import CARRIED, Address, Taken, known_by
from models import Conversation, Identity, PersonLink
from models.database import transaction

log = logging.getLogger(__name__)

WEB = "webchat"
MINUTES = round(codes.LIFE.total_seconds() / 60)


class Persons:
    """The callees of `bot.services.calls` about persons, and what the chat box asks for itself."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        keep: Callable[[BaseDBAsyncClient, Sequence[Inbound]], Awaitable[list[Waiting]]],
        arrived: Callable[[Iterable[Waiting]], None],
        published: Callable[[Event], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._channels = channels
        self._keep = keep
        self._arrived = arrived
        self._published = published
        self._clock = clock

    def callees(self) -> dict[str, Callee]:
        """By the name of the call."""
        return {
            calls.INVITE.name: self.invite,
            calls.JOIN.name: self.join,
            calls.CONFIRM.name: self.confirm,
            calls.DECLINE.name: self.decline,
            calls.PART.name: self.take_back,
        }

    # a code, and where to enter it

    async def invite(self, _effect: str, identity_id: int) -> Invitation:
        """A code to be shown, in links as well: whoever reads the thread sees them.

        Made again after a crash, it ends no other one: that may be the one that the customer sees.
        """
        own = await Identity.filter(id=identity_id).first()
        if own is None:
            return Invitation("", 0, ())
        async with transaction():
            code = await person_codes.make(identity_id, self._clock(), shown=True)
        apps = [
            App(one.account, one.capabilities.channel, await self.link(one, code)) for one in self.others(own.account)
        ]
        return Invitation(codes.readable(code), MINUTES, tuple(apps))

    async def way(self, visitor: str, account: str) -> Way:
        """From the web chat to another channel. Raises `Refused("no_channel")`."""
        own = await Identity.filter(account=WEB, external_id=visitor).first()
        if own is None:  # nothing was said yet
            return await self.door(account)
        channel, now = self._other(account), self._clock()
        async with transaction():
            for sort in (False, True):
                await person_codes.end_unused(own.id, shown=sort)
            unseen = await person_codes.make(own.id, now, shown=False)
            shown = await person_codes.make(own.id, now, shown=True)
        link, scanned = await self.link(channel, unseen), await self.link(channel, shown)
        return Way(channel.capabilities.channel, link, scanned, codes.readable(shown), MINUTES)

    async def door(self, account: str, data: str = WEB, words: str = "/link") -> Way:
        """Another channel, with no code to bring along: `data`, or where it brings none `words` that stand ready.

        Raises `Refused("no_channel")`.
        """
        channel = self._other(account)
        link = await self._opens(channel, data, words)
        return Way(channel.capabilities.channel, link, link, "", 0)

    def _other(self, account: str) -> Channel:
        found = next((one for one in self.others(WEB) if one.account == account), None)
        if found is None:
            raise Refused("no_channel")
        return found

    def others(self, account: str) -> list[Channel]:
        """The shop's channels but this one where a code proves something, in the order of the configuration."""
        others = (one for name, one in self._channels.items() if name != account)
        return [one for one in others if not one.capabilities.forgeable]

    async def link(self, channel: Channel, code: str) -> str:
        """What opens the channel with this code; "" where it has to be typed."""
        return await self._opens(channel, f"{CARRIED}{code}", f"/link {codes.readable(code)}")

    async def _opens(self, channel: Channel, data: str, words: str) -> str:
        try:
            return await channel.deep_link(data, words)
        except ParleyError as error:
            facts = {"action": "person.link", "account": channel.account, "error": type(error).__name__}
            log.warning("a channel gives no link", extra=facts)
            return ""

    # joining

    async def join(self, _effect: str, code_id: int) -> Joining:
        """Whoever entered the code has said that they are both.

        Where somebody else can have seen it, whoever was shown it is asked, too; but not where anybody may answer as
        them: there it is a secret of whoever reads the mail, and that it came back is the proof. Neither on the page of
        an order, where nobody is asked anything: it leads one person to it, the first.
        """
        code = await self._valid(code_id)
        if code is None or self._is_forgeable(code.entered.account):
            return Joining("over")
        led = await order_links.leads(code.asked.contact_id)
        asks = code.shown and not led and not self._is_forgeable(code.asked.account)
        if asks and await _are_apart(code):
            async with self._telling() as told:
                await person_codes.claimed(code.id, self._clock())
                told.append(self._told("claimed", code, to=code.asked, of=code.entered))
            return Joining("asked")
        return await self._join(code, first=led)

    async def confirm(self, _effect: str, code_id: int) -> Joining:
        """Whoever was shown the code says that the other one is them; in a mail anybody could say so."""
        code = await self._valid(code_id)
        return await self._join(code) if code and not self._is_forgeable(code.asked.account) else Joining("over")

    async def decline(self, _effect: str, code_id: int) -> Joining:
        """It was somebody else, who hears that it was not confirmed and nothing more; made again, it is so already."""
        code = await person_codes.taken(code_id)
        if code and code.joined_at:
            return Joining("known")
        if code:
            async with self._telling() as told:
                if await person_codes.decline(code, self._clock()):
                    told.append(self._told("declined", code, to=code.entered, of=code.asked))
        return Joining("declined")

    async def overdue(self) -> None:
        """Who entered a code that nobody has confirmed in time hears so, and need not wait."""
        for code in await person_codes.unanswered(self._clock()):
            async with self._telling() as told:
                if await person_codes.end(code.id) and await _are_apart(code):
                    told.append(self._told("declined", code, to=code.entered, of=code.asked))

    def _is_forgeable(self, account: str) -> bool:
        """Whether somebody else may write there under this customer's address."""
        channel = self._channels.get(account)
        return channel is not None and channel.capabilities.forgeable

    async def _valid(self, code_id: int) -> Taken | None:
        """A code that was entered and has not ended: a link that is opened later is old."""
        code = await person_codes.taken(code_id)
        return code if code and code.is_valid(self._clock()) else None

    async def _join(self, code: Taken, *, first: bool = False) -> Joining:
        asked, entered = code.asked.identity_id, code.entered.identity_id
        try:
            async with self._telling() as told:
                joined = await same_person.join(asked, entered, self._clock(), code.id, first=first)
                sides = ((code.asked, code.entered), (code.entered, code.asked))
                told += [self._told("joined", code, to=to, of=of) for to, of in sides]
        except Refused:
            return Joining("over")
        for conversation in (joined.asked, joined.entered):
            self._published(RowChanged(conversation))
        self._published(TalkMoved(joined.asked, f"{code.asked.account}:{code.asked.external_id}"))
        return Joining("joined" if joined.link else "known")

    @asynccontextmanager
    async def _telling(self) -> AsyncIterator[list[Inbound]]:
        """A transaction, and in it what the two sides are to hear of it: nobody is left untold by a crash between.

        Said again it is told once: the keys are the same.
        """
        told: list[Inbound] = []
        async with transaction() as connection:
            yield told
            waiting = await self._keep(connection, told)
        self._arrived(waiting)

    def _told(self, what: str, code: Taken, *, to: Address, of: Address) -> Inbound:
        """What one end of a code hears of the other."""
        return self._tells(what, code.id, "asked" if to is code.asked else "entered", to, of)

    def _tells(self, what: str, number: int, side: str, to: Address, of: Address) -> Inbound:
        channel = self._channels.get(of.account)
        facts = {
            "side": side,
            "channel": channel.capabilities.channel if channel else of.account,
            "name": known_by(of.name),
        }
        key = f"person:{what}:{number}:{side}"
        return Inbound(to.account, key, to.external_id, "person", data=f"{what}:{number}", native=facts)

    # two people, after all

    async def take_back(self, _effect: str, link_id: int, *_ends: int) -> Joining:
        """The customer says so; said again, or by both at once, nothing changes, and it is told once.

        A node of the release before may make the call, and needs the identities.
        """
        with suppress(Refused):
            await self.part(link_id, None)
        return Joining("parted")

    async def part(self, link_id: int, staff_id: int | None) -> None:
        """These are two people, and both hear of it. Raises `Refused("no_link")`."""
        async with self._telling() as told:
            link = await PersonLink.filter(id=link_id).first()
            talks = await same_person.part(link_id, staff_id, self._clock())
            if link is not None:
                told += await self._apart(link)
        for row in await Conversation.filter(id__in=list(talks)):
            self._published(RowChanged(row.id))
            self._published(TalkMoved(row.id, row.lane))

    async def _apart(self, link: PersonLink) -> list[Inbound]:
        asked, entered = await person_codes.address(link.asked_id), await person_codes.address(link.entered_id)
        if asked is None or entered is None:
            return []
        sides = (("asked", asked, entered), ("entered", entered, asked))
        return [self._tells("parted", link.id, side, to, of) for side, to, of in sides]


async def _are_apart(code: Taken) -> bool:
    return code.entered.contact_id not in await same_person.members(code.asked.contact_id)
