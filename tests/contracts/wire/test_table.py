"""The table leaves nothing out, and what it says that a platform has not is so."""

from __future__ import annotations

import re
from dataclasses import replace
from time import time

import pytest

from bot.channels import kinds
from tests.contracts.wire.answers import cut_off
from tests.contracts.wire.case import Case, Cell, cells, reason
from tests.contracts.wire.hall import Hall
from tests.contracts.wire.table import CASES
from tests.kit.platforms import traits
from tests.kit.platforms.posting import Delivery
from tests.kit.platforms.stages import STAGES, WIRES, Stage

#: A second or a millisecond of about now.
MOMENT = re.compile(r"\d{10}(\d{3})?")


def lacking(name: str) -> list[Stage]:
    """The stages of which this is said."""
    return [stage for stage in WIRES if name in stage.traits.lacks]


def test_every_cell_is_played_or_has_a_reason() -> None:
    assert {stage.channel for stage in STAGES} == {*kinds()}
    without = [stage for stage in WIRES for case in CASES if reason(case, stage)]
    assert len(cells(CASES)) + len(without) == len(CASES) * len(WIRES)
    known = {case.name for case in CASES} | {case.group for case in CASES}
    assert len({case.name for case in CASES}) == len(CASES)
    for stage in WIRES:
        assert {*stage.traits.lacks} <= known
        assert all(why.strip() for why in stage.traits.lacks.values())


def test_every_case_is_played_somewhere() -> None:
    assert {cell.case.name for cell in cells(CASES)} == {case.name for case in CASES}


async def test_windows_and_quotas_are_those_of_the_record(hall: Hall) -> None:
    for name, account in hall.items():
        if traits.ANSWERS not in account.stage.traits.lacks:
            able, lacks = account.app.runtime.capabilities(name), account.stage.traits.lacks
            assert (traits.WINDOW in lacks) == (able.reply_window is None), name
            assert able.reply_quota is None or traits.QUOTA not in lacks, name


@pytest.mark.parametrize("stage", lacking(traits.STALE), ids=lambda stage: stage.name)
async def test_a_call_that_cannot_be_stale_carries_no_time(hall: Hall, stage: Stage) -> None:
    call: Delivery = hall[stage.name].server.delivery(b"{}")
    for value in (*call.headers.values(), *call.query.values()):
        if found := MOMENT.fullmatch(value):
            assert abs(float(value) / (1000 if found[1] else 1) - time()) > 86_400


@pytest.mark.parametrize(
    "stage", [one for one in lacking(traits.BODY) if one.traits.signature], ids=lambda stage: stage.name
)
async def test_a_body_that_is_not_signed_may_be_another(hall: Hall, stage: Stage) -> None:
    """It is believed, and then found to be malformed."""
    account = hall[stage.name]
    call = account.server.delivery(b"{}")
    assert await account.posts(replace(call, body=b"[7]")) == 400


@pytest.mark.parametrize(
    "stage", [one for one in lacking(traits.ONCE) if not one.answers_only], ids=lambda stage: stage.name
)
async def test_who_takes_no_key_shows_it_again(hall: Hall, stage: Stage) -> None:
    account = hall[stage.name]
    await Cell(Case("", traits.ANSWERS, cut_off), stage).play(hall)
    person = stage.person(account.server, next(account.numbers) - 1)
    assert [one.text for one in person.shown] == ["echo hi", "echo one", "echo one"]
