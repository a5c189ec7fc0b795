"""What a platform, or somebody who says to be one, may post: what is refused leaves nothing, the rest is kept once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from models import Inbound
from tests.contracts.wire.case import Cases
from tests.contracts.wire.hall import Account
from tests.kit.platforms import traits
from tests.kit.platforms.posting import Delivery
from web.hooks import LIMIT

CALLS = Cases(traits.CALLS)
DAY = 86_400.0
SCENE = "flyer-7"
#: Places of a signature in which it is changed.
PLACES = 9
MALFORMED = (b"", b"\xff\xfe", b"[", b"null", b"[]", b"7", b'"x"', b"{}", b"[" * 5000, b"<xml><a>")


def signed_as(delivery: Delivery, field: str, told: str | None) -> Delivery:
    """The same call with another signature; None: with none."""

    def instead(fields: Mapping[str, str]) -> dict[str, str]:
        rest = {name: value for name, value in fields.items() if name != field}
        return rest if told is None or field not in fields else rest | {field: told}

    return replace(delivery, headers=instead(delivery.headers), query=instead(delivery.query))


async def refused(account: Account, forgeries: Callable[[Delivery, str], Iterator[Delivery]]) -> None:
    """Each is 401 and leaves nothing; the genuine call is taken after all of them."""
    ann, field = account.somebody(), account.stage.traits.signature
    [body] = await account.unposted(ann, "once")
    before, genuine = await account.kept(), account.server.signed(body, 0)
    statuses = [await account.posts(forged) for forged in forgeries(genuine, field)]
    assert statuses
    assert set(statuses) == {401}
    assert await account.kept() == before
    assert await account.posted(ann, body) == [200]
    await account.until(lambda: said(account, ann, ["once"]))


async def said(account: Account, person: Any, texts: list[str]) -> bool:
    """Whether this, and nothing else, stands in the thread and was answered, in order."""
    await account.is_quiet()
    return await account.heard(person) == texts and [one.text for one in person.shown] == [f"echo {t}" for t in texts]


def _right(delivery: Delivery, field: str) -> str:
    return delivery.headers.get(field) or delivery.query[field]


@CALLS.case("a signature that is missing")
async def missing(account: Account) -> None:
    await refused(account, lambda call, field: (signed_as(call, field, told) for told in (None, "")))


@CALLS.case("a signature that is cut, or too long")
async def cut(account: Account) -> None:
    def forged(call: Delivery, field: str) -> Iterator[Delivery]:
        right = _right(call, field)
        wrong = (right[:-1], right[1:], right[: len(right) // 2], right + right[-1], right + "=", right[:7])
        return (signed_as(call, field, told) for told in wrong)

    await refused(account, forged)


@CALLS.case("a signature by another secret")
async def of_another(account: Account) -> None:
    def forged(call: Delivery, field: str) -> Iterator[Delivery]:
        server, name = account.server, account.stage.traits.secret
        ours = getattr(server, name)
        setattr(server, name, "another-secret-of-somebody-else")
        theirs = server.delivery(call.body)
        setattr(server, name, ours)
        yield replace(call, headers=theirs.headers, query=theirs.query)
        yield signed_as(call, field, _right(theirs, field))

    await refused(account, forged)


@CALLS.case("a signature with a flipped bit")
async def flipped(account: Account) -> None:
    def forged(call: Delivery, field: str) -> Iterator[Delivery]:
        right = _right(call, field)
        for at in range(0, len(right.rstrip("=")), max(1, len(right) // PLACES)):
            yield signed_as(call, field, right[:at] + chr(ord(right[at]) ^ 1) + right[at + 1 :])

    await refused(account, forged)


@CALLS.case("a signature that is not ASCII")
async def foreign(account: Account) -> None:
    def forged(call: Delivery, field: str) -> Iterator[Delivery]:
        length = len(_right(call, field))
        return (signed_as(call, field, told) for told in ("密钥", "é" * length, "١" * length))

    await refused(account, forged)


@CALLS.case(traits.BODY)
async def of_another_body(account: Account) -> None:
    def forged(call: Delivery, _: str) -> Iterator[Delivery]:
        body, middle = call.body, len(call.body) // 2
        yield replace(call, body=body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :])
        yield replace(call, body=body[: -len(body) // 3])

    await refused(account, forged)


@CALLS.case(traits.STALE)
async def stale(account: Account) -> None:
    def forged(call: Delivery, _: str) -> Iterator[Delivery]:
        clock = getattr(account.server, "shelf", account.server)
        for ahead in (-DAY, DAY):
            before, clock.ahead = clock.ahead, clock.ahead + ahead
            old = account.server.delivery(call.body)
            clock.ahead = before
            yield old

    await refused(account, forged)


@CALLS.case("a call that is replayed")
async def replayed(account: Account) -> None:
    """The same signature again: one message."""
    ann = account.somebody()
    [body] = await account.unposted(ann, "once")
    call = account.server.signed(body, 0)
    assert [await account.posts(call, ann, event=body) for _ in range(3)] == [200] * 3
    await account.until(lambda: said(account, ann, ["once"]))


@CALLS.case("an event that is posted again")
async def again(account: Account) -> None:
    """Signed anew, as platforms do that heard no answer: one message."""
    ann = account.somebody()
    bodies = await account.unposted(ann, "once", "and more")
    assert await account.posted(ann, *bodies) == [200, 200]
    assert await account.posted(ann, *bodies) == [200, 200]
    await account.until(lambda: said(account, ann, ["once", "and more"]))


@CALLS.case(traits.BATCH)
async def batch(account: Account) -> None:
    """All are kept in their order; the odd one is kept as it is, and takes none of the others with it."""
    ann = account.somebody()
    bodies = await account.unposted(ann, "one", "two", "three")
    unknown = await Inbound.filter(account=account.name, kind="unknown").count()
    whole = account.stage.traits.gathers(account.server, bodies)
    assert await account.posted(ann, whole) == [200]
    await account.until(lambda: said(account, ann, ["one", "two", "three"]))
    assert await Inbound.filter(account=account.name, kind="unknown").count() == unknown + 1


@CALLS.case("events out of order")
async def out_of_order(account: Account) -> None:
    """None is lost, and each is answered once."""
    ann = account.somebody()
    bodies = await account.unposted(ann, "one", "two", "three")
    assert await account.posted(ann, *reversed(bodies)) == [200] * 3
    await account.until(lambda: _is_all_heard(account, ann))
    heard = await account.heard(ann)
    assert sorted(heard) == ["one", "three", "two"]
    assert [one.text for one in ann.shown] == [f"echo {text}" for text in heard]


async def _is_all_heard(account: Account, person: Any) -> bool:
    await account.is_quiet()
    return len(person.shown) == 3


@CALLS.case("an event of an unknown kind")
async def unknown(account: Account) -> None:
    """It is kept, not answered, and what comes behind it is."""
    ann = account.somebody()
    await account.talks(ann)
    before = await Inbound.filter(account=account.name, kind="unknown").count()

    async def act() -> None:
        account.stage.traits.tomorrow(account.server, ann)

    assert set(await account.posted(ann, *await account.withheld(act))) == {200}
    await account.talks(ann, "and now?")
    assert await said(account, ann, ["hi", "and now?"])
    assert await Inbound.filter(account=account.name, kind="unknown").count() == before + 1


@CALLS.case("an event that cannot be read")
async def unreadable(account: Account) -> None:
    """One field of it is what it cannot be: taken and kept once, so that the platform goes on posting to us."""
    ann = account.somebody()
    await account.talks(ann)
    unknown = Inbound.filter(account=account.name, kind="unknown")
    [body] = await account.unposted(ann, "odd")
    odd, before = account.stage.traits.breaks(account.server, body), await unknown.count()
    for _ in range(2):
        assert await account.posted(ann, odd) == [200]
    await account.talks(ann, "and now?")
    assert await said(account, ann, ["hi", "and now?"])
    assert await unknown.count() == before + 1


@CALLS.case(traits.LINK)
async def by_link(account: Account) -> None:
    """It begins the conversation, or goes on with it, with this data and once, and what is said next is answered."""
    ann, comes = account.somebody(), account.stage.traits.comes
    assert comes is not None, "it has links, and the kit says how one is followed"
    await account.talks(ann)
    bodies = await account.withheld(lambda: comes(ann, SCENE))
    for _ in range(2):
        assert set(await account.posted(ann, *bodies)) == {200}
    await account.until(lambda: len(ann.shown) == 2)
    await account.talks(ann, "and now?")
    assert [one.text for one in ann.shown] == ["echo hi", f"came by {SCENE}", "echo and now?"]


@CALLS.case("a malformed body")
async def malformed(account: Account) -> None:
    """400 for each, though it is signed, and nothing is kept."""
    await account.is_quiet()
    before = await account.kept()
    statuses = [await account.posts(account.server.delivery(body)) for body in MALFORMED]
    assert statuses == [400] * len(MALFORMED)
    assert await account.kept() == before


@CALLS.case("a body that is too large")
async def too_large(account: Account) -> None:
    """413 before it is read to the end."""
    before = await account.kept()
    assert await account.posts(account.server.delivery(b'{"a":"' + b"x" * LIMIT + b'"}')) == 413
    assert await account.kept() == before
