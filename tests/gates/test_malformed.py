"""Every channel is given bodies that nobody would send, and the programme of faults gives it all of them."""

from __future__ import annotations

import re

from bot import channels
from tests.faults.cases import ROOT, made_up
from tests.faults.programme import PARTS

_RECORDED = re.compile(r'\b(?:recordings|bodies)\("(\w+)"\)')


def test_every_channel_has_tests_that_make_bodies_up_and_the_programme_finds_them() -> None:
    found = made_up("tests/unit/channels", "tests/contracts")
    tried = {name for path in found for name in _RECORDED.findall((ROOT / path).read_text("utf-8"))}
    assert tried == set(channels.kinds())
    assert [path for path in found if path not in PARTS["malformed"].notes] == []
