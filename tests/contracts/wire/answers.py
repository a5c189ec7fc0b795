"""What a platform may do with an answer of ours: none is lost, and none is doubled where the platform can tell."""

from __future__ import annotations

import asyncio
from typing import Any

from models import Effect
from tests.contracts.wire.case import Cases
from tests.contracts.wire.hall import Account
from tests.kit.platforms import traits
from tests.kit.wire_faults import Cut, Fault, Hang, Late, Lost, Reset, Status, TooMany

ANSWERS = Cases(traits.ANSWERS)
ASKED, HOUR = 17, 3600.0  # seconds


async def is_shown(account: Account, person: Any, *texts: str) -> None:
    """Wait until this is shown, and see that it is all."""
    await account.comes(lambda: len(person.shown) >= len(texts))
    await account.comes(account._is_quiet)
    assert [one.text for one in person.shown] == [*texts]


async def met(account: Account, *faults: Fault) -> Any:
    """Somebody whose second message could not be answered yet."""
    ann = account.somebody()
    await account.talks(ann)
    account.fails(*faults)
    await account.says(ann, "one")
    await account.has_met(ann)
    return ann


@ANSWERS.case(traits.TOKEN)
async def ended_token(account: Account) -> None:
    """It is fetched anew once, and the message is shown once."""
    ann, wire = account.somebody(), account.stage.traits
    await account.talks(ann)
    tokens = wire.tokens(account.server)
    wire.expires(account.server)
    await account.talks(ann, "one")
    assert [one.text for one in ann.shown] == ["echo hi", "echo one"]
    assert wire.tokens(account.server) - tokens == 1


@ANSWERS.case("429 with Retry-After")
async def asked_to_wait(account: Account) -> None:
    """The whole account rests for so long, and no other does."""
    ann, bob, rests = account.somebody(), account.somebody(), account.stage.traits.rests
    for person in (ann, bob):
        await account.talks(person)
    await account.passes(5)  # what follows at once may be too much for one person alone
    account.fails(TooMany(after=ASKED))
    await account.says(ann, "one")
    await account.has_met(ann)
    sent = account.sent()
    await account.says(bob, "two")
    await account.until(lambda: Effect.filter(lane=account.lane(bob), state="pending").exists())
    await account.passes(rests - 3)
    await others_go_on(account)
    assert account.sent() == sent
    await account.passes(4)
    await is_shown(account, ann, "echo hi", "echo one")
    await is_shown(account, bob, "echo hi", "echo two")
    assert account.sent() == sent + 2


async def others_go_on(account: Account) -> None:
    """An account of another platform is answered meanwhile."""
    other = account.another()
    await other.talks(other.somebody())


async def is_tried_again(account: Account, fault: Fault) -> None:
    sent = account.sent()
    ann = await met(account, fault)
    await is_shown(account, ann, "echo hi", "echo one")
    assert account.sent() == sent + 3


@ANSWERS.case("5xx")
async def away(account: Account) -> None:
    await is_tried_again(account, Status(502))


@ANSWERS.case("a page of HTML for JSON")
async def page(account: Account) -> None:
    await is_tried_again(account, Status(200))


@ANSWERS.case("a connection that breaks")
async def broken(account: Account) -> None:
    await is_tried_again(account, Reset())


@ANSWERS.case("a platform that hangs")
async def hangs(account: Account) -> None:
    """Our own limit ends the call, and it is made again; meanwhile the others on this account are answered."""
    ann, bob, ends, sent = account.somebody(), account.somebody(), asyncio.Event(), account.sent()
    for person in (ann, bob):
        await account.talks(person)
    account.fails(Hang(ends))
    await account.says(ann, "one")
    await account.until(lambda: account.sent() == sent + 3)
    await account.says(bob, "two")
    await account.until(lambda: len(bob.shown) == 2)
    assert len(ann.shown) == 1
    assert not await account.met(ann), "the call of the other one had ended before"
    ends.set()
    await is_shown(account, ann, "echo hi", "echo one")
    await account.hangs(ann, "three", Hang())
    await account.has_met(ann)
    await is_shown(account, ann, "echo hi", "echo one", "echo three")
    await is_shown(account, bob, "echo hi", "echo two")


@ANSWERS.case(traits.SILENT)
async def hangs_behind_its_work(account: Account) -> None:
    """The platform knows it again by our key."""
    ann, sent = account.somebody(), account.sent()
    await account.talks(ann)
    await account.hangs(ann, "one", Late(HOUR))
    await account.has_met(ann)
    await is_shown(account, ann, "echo hi", "echo one")
    assert account.sent() == sent + 3


@ANSWERS.case("an answer cut off: nothing lost")
async def cut_off(account: Account) -> None:
    """It is shown, if need be a second time, and never a third."""
    ann = await met(account, Cut())
    await account.comes(account._is_quiet)
    assert [one.text for one in ann.shown] in (["echo hi", "echo one"], ["echo hi", "echo one", "echo one"])
    assert await account.delivery(ann) in {"sent", "delivered", "read"}


@ANSWERS.case(traits.ONCE)
async def cut_off_once(account: Account) -> None:
    """The platform knows it again by our key."""
    ann = await met(account, Cut(), Lost())
    await is_shown(account, ann, "echo hi", "echo one")


async def is_held(account: Account, ann: Any) -> None:
    """The answer waits for the customer, untried; what they say next asks for it, and then all is as before."""
    await account.comes(lambda: _is_held(account, ann))
    sent = account.sent()
    await account.passes(60)
    await others_go_on(account)
    assert (account.sent(), len(ann.shown)) == (sent, 1)
    account.stage.traits.mends(account.server)
    await account.says(ann, "And?")
    await is_shown(account, ann, "echo hi", "echo one")
    await account.says(ann, "two")
    await is_shown(account, ann, "echo hi", "echo one", "echo two")


async def _is_held(account: Account, person: Any) -> bool:
    return await account.delivery(person) == "held"


@ANSWERS.case(traits.WINDOW)
async def closed(account: Account) -> None:
    ann = await met(account, TooMany(after=1))
    account.stage.traits.closes(account.server)
    await is_held(account, ann)


@ANSWERS.case(traits.QUOTA)
async def spent(account: Account) -> None:
    ann = await met(account, TooMany(after=1))
    account.stage.traits.spends(account.server, ann)
    await is_held(account, ann)


@ANSWERS.case("somebody who blocked us")
async def blocked(account: Account) -> None:
    """Nothing is shown to them, we know it, and the account goes on."""
    ann = await met(account, TooMany(after=1))
    await ann.blocks()
    await account.comes(lambda: _is_unreachable(account, ann))
    await account.comes(lambda: _is_over(account, ann))
    assert [one.text for one in ann.shown] == ["echo hi"]
    await account.talks(account.somebody())


async def _is_unreachable(account: Account, person: Any) -> bool:
    return not await account.is_reachable(person)


async def _is_over(account: Account, person: Any) -> bool:
    return not await Effect.filter(lane=account.lane(person), state="pending").exists()
