"""The codes by which a customer proves that two addresses are theirs: for one use, for ten minutes, kept as hashes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.services import audit, codes, same_person
from bot.services.reviews import NOBODY, public_name
from bot.services.scope import Scope
from models import Identity, PersonCode

#: What a link brings as the data of "started", before its code; a platform's other scenes begin with something else.
CARRIED = "link-"
#: "own": asked for at this very address. "wrong" says no more than that, of whatever kind. "slow": nobody looked at it.
State = Literal["taken", "own", "wrong", "slow"]
#: An answer that was given in time may come so much later.
LATE = timedelta(seconds=30)
#: So long a code is known that has joined somebody: the call may be made again, and the link opened.
KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of a code.

    When it was taken: its id, the channel and the name of whoever asked for it, whether they are this customer
    already, and whether by this very code.
    """

    state: State
    code: int = 0
    channel: str = ""
    name: str = ""
    known: bool = False
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Address:
    """One end of a code: an identity, and the account and the platform's id that name its lane."""

    identity_id: int
    contact_id: int
    account: str
    external_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A code that was entered: where it was asked for, and where it came in. `shown`: others may have seen it."""

    id: int
    asked: Address
    entered: Address
    shown: bool
    used_at: datetime
    claimed_at: datetime | None
    joined_at: datetime | None

    def is_valid(self, now: datetime) -> bool:
        """Whether it may join still: each question about it has ten minutes. What it has joined stays joined."""
        since = self.claimed_at or self.used_at
        return self.joined_at is not None or now < since + codes.LIFE + LATE


async def begin(scope: Scope) -> int:
    """Here a code is asked for: an older one that was shown and not used ends now. Returns the identity that asks."""
    await end_unused(scope.identity_id, shown=True)
    return scope.identity_id


async def end_unused(identity_id: int, *, shown: bool) -> None:
    """This address's codes of that sort which nobody has entered are void."""
    await PersonCode.filter(identity_id=identity_id, shown=shown, used_at=None).delete()


async def make(identity_id: int, now: datetime, *, shown: bool) -> str:
    """A code for this address, beside those that it has. Inside the caller's transaction.

    One that is shown is short, and whoever asked for it is asked to confirm; another only a link carries, unseen.
    """
    code = codes.make(codes.SHORT if shown else codes.LONG)
    await PersonCode.create(code_hash=_hashed(code), identity_id=identity_id, shown=shown, expires_at=now + codes.LIFE)
    return code


async def enter(scope: Scope, typed: str) -> Entered:
    """Take a code that the customer enters here. It is used up; the same address may say it again, to the same end.

    Where anybody may write as them, no code is taken, and none is used up.
    """
    if not scope.proved:
        return Entered("wrong")
    code = codes.plain(typed)
    guesses = len(code) < codes.LONG  # nobody guesses what a link carries
    if guesses and not await codes.may_guess("customers", scope.identity_id, scope.now):
        return Entered("slow")
    found = await PersonCode.filter(code_hash=_hashed(code)).first()
    if guesses and not await codes.known(typed):
        await codes.guessed("customers", scope.identity_id, scope.now)
    if found is not None and found.identity_id == scope.identity_id:
        return Entered("own")
    if found is not None and found.entered_id == scope.identity_id:
        return await _entered(scope, found)
    # The update decides: of two addresses that say the code at once, one wins.
    fresh = PersonCode.filter(id=found.id if found else 0, used_at=None, expires_at__gt=scope.now)
    if found is None or not await fresh.update(used_at=scope.now, entered_id=scope.identity_id):
        return Entered("wrong")
    return await _entered(scope, found)


async def drop(scope: Scope, code_id: int) -> None:
    """Whoever entered it here is somebody else: the code is void, and its sender hears nothing."""
    code = await taken(code_id)
    if code is not None and code.entered.identity_id == scope.identity_id:
        await decline(code, scope.now)


async def decline(code: Taken, now: datetime) -> bool:
    """The two ends of a code are two people; inside the caller's transaction. False: it has ended, or joined them."""
    if not await end(code.id):
        return False
    ends = f"identity:{code.asked.identity_id} identity:{code.entered.identity_id}"
    await audit.record(None, "person.decline", ends, now)
    return True


async def taken(code_id: int) -> Taken | None:
    """The code of that id, when it was entered and both ends are still there."""
    row = await PersonCode.filter(id=code_id).select_related("identity", "entered").first()
    if row is None or row.used_at is None or row.entered is None:
        return None
    ends = _address(row.identity), _address(row.entered)
    return Taken(row.id, *ends, row.shown, row.used_at, row.claimed_at, row.joined_at)


async def prune(now: datetime) -> None:
    """Forget codes that nobody can use or confirm any more; inside the caller's transaction."""
    unused = PersonCode.filter(claimed_at=None, expires_at__lt=now - 2 * codes.LIFE)
    await unused.filter(joined_at=None).delete()  # those that somebody is asked about end by `unanswered`
    await PersonCode.filter(joined_at__lt=now - KEPT).delete()
    await codes.prune(now)


async def address(identity_id: int) -> Address | None:
    """Where an identity is reached; None once it was forgotten."""
    row = await Identity.filter(id=identity_id).first()
    return _address(row) if row else None


async def claimed(code_id: int, now: datetime) -> None:
    """Whoever was shown it is asked from here on; inside the caller's transaction."""
    await PersonCode.filter(id=code_id, claimed_at=None).update(claimed_at=now)


async def unanswered(now: datetime) -> tuple[Taken, ...]:
    """Codes of which nobody has said whose they are, and it is too late now; a hundred at most."""
    over = PersonCode.filter(joined_at=None, claimed_at__lte=now - codes.LIFE - 2 * LATE)
    found = [await taken(row.id) for row in await over.order_by("id").limit(100)]
    return tuple(code for code in found if code)


async def end(code_id: int) -> bool:
    """It counts no more, unless it has joined already (False); inside the caller's transaction.

    Of a join, a refusal and the clock at the same moment one gets the row, and the others see what it did.
    """
    return bool(await PersonCode.filter(id=code_id, joined_at=None).delete())


def known_by(name: str) -> str:
    """As much of a name as tells its owner that it is them: whoever is asked may not be the same person."""
    shown = public_name(name, "en")
    return "" if shown in NOBODY.values() else shown


async def _entered(scope: Scope, code: PersonCode) -> Entered:
    """A code that was entered here, as whoever entered it is asked about it."""
    asked = await Identity.get(id=code.identity_id).select_related("contact")
    return Entered(
        "taken",
        code.id,
        scope.channel_of(asked.account),
        known_by(asked.contact.name or asked.name),
        asked.contact_id in await same_person.members(scope.contact_id),
        code.joined_at is not None,
    )


def _address(row: Identity) -> Address:
    return Address(row.id, row.contact_id, row.account, row.external_id, row.name)


def _hashed(code: str) -> str:
    return codes.hashed("customers", code)
