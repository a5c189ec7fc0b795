"""Whether a process is dead is said only where it is certain."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest

from bot.runtime import place

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes of other systems cannot be looked at")


async def test_a_process_is_gone_only_once_it_has_ended() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
    machine, _, _ = place.own().split(" ")
    told = f"{machine} {process.pid} {place._began(process.pid)}"
    assert not place.is_gone(told)
    process.kill()
    await process.wait()
    assert place.is_gone(told)


def test_we_live() -> None:
    assert not place.is_gone(place.own())


def test_another_process_with_our_number_is_not_we() -> None:
    machine, number, began = place.own().split(" ")
    assert number == str(os.getpid())
    assert place.is_gone(f"{machine} {number} {int(began) - 1}")


@pytest.mark.parametrize("told", ["", "elsewhere 1 1", "nonsense"])
def test_of_other_machines_nothing_is_known(told: str) -> None:
    assert not place.is_gone(told)
