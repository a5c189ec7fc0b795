"""Guesses at one moment: each is counted once, on each database, and the right password gets in between them."""

from __future__ import annotations

import asyncio

from bot.core.errors import Unauthorised
from bot.services import sessions, staff
from models import LoginAttempt, StaffSession
from tests.unit.services.shop import Shop

PASSWORD = "a long password"
LIFETIME = sessions.Lifetime()


async def tries(shop: Shop, login: str, password: str, address: str = "1.2.3.4") -> str:
    """What a browser at `address` hears."""
    try:
        await sessions.log_in(login, password, address, "a browser", shop.now, LIFETIME)
    except (Unauthorised, sessions.Locked) as refused:
        return type(refused).__name__
    return "in"


async def counted() -> dict[str, int]:
    return {row.subject: row.failures for row in await LoginAttempt.all()}


async def test_two_browsers_that_were_never_seen_log_in_at_one_moment(any_shop: Shop) -> None:
    await staff.add("mei", "Mei", "agent", PASSWORD, any_shop.now, one_time=False)
    heard = await asyncio.gather(*(tries(any_shop, "mei", PASSWORD) for _ in range(4)))
    assert (list(heard), await StaffSession.all().count()) == (["in"] * 4, 4)
    assert await counted() == {"addr:1.2.3.4": 0, "login:mei": 0}


async def test_parallel_guesses_are_all_counted(any_shop: Shop) -> None:
    await staff.add("mei", "Mei", "agent", PASSWORD, any_shop.now, one_time=False)
    guesses = (tries(any_shop, "mei", "wrong", f"10.0.0.{number}") for number in range(12))
    heard = sorted(await asyncio.gather(*guesses))
    assert heard == ["Locked"] * 7 + ["Unauthorised"] * 5
    assert (await counted())["login:mei"] == 5


async def test_colleagues_of_one_office_do_not_wait_for_each_other_in_a_circle(any_shop: Shop) -> None:
    names = [f"mei{number}" for number in range(6)]
    for name in names:
        await staff.add(name, name, "agent", PASSWORD, any_shop.now, one_time=False)
    for _ in range(3):
        right = [tries(any_shop, name, PASSWORD) for name in names]
        wrong = [tries(any_shop, name, "wrong") for name in names]
        heard = await asyncio.gather(*(one for pair in zip(right, wrong, strict=True) for one in pair))
        assert sorted(heard) == ["Unauthorised"] * 6 + ["in"] * 6
    assert (await counted())["addr:1.2.3.4"] == 18
