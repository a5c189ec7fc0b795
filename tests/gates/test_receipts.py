"""Whoever tells what became of a message has `receipts` in its record: without, the ids of messages are not kept."""

from __future__ import annotations

import ast
import re

import pytest

from bot.channels import kind, kinds
from tests.gates.finding import ROOT, Source, python_sources

CHANNELS = {source.module: source for source in python_sources(ROOT, ("bot/channels",))}
#: What makes an inbound; elsewhere "status" is a field of the platform's.
MAKERS = {"Inbound", "inbound", "replace"}


def tells(source: Source) -> bool:
    """Whether it makes inbounds of kind "status"."""
    calls = (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))
    made = (call for call in calls if re.split(r"\W", ast.unparse(call.func))[-1] in MAKERS)
    said = (value for call in made for value in (*call.args, *(word.value for word in call.keywords)))
    return any(isinstance(value, ast.Constant) and value.value == "status" for value in said)


def of(channel: str) -> list[Source]:
    """The modules of a channel, and those that they share with others, as far as they import them."""
    found: dict[str, Source] = {}
    ahead = [name for name in CHANNELS if re.match(rf"bot\.channels\.{channel}(\.|$)", name)]
    while ahead:
        name = ahead.pop()
        if name not in found and name in CHANNELS:
            found[name] = CHANNELS[name]
            nodes = (node for node in ast.walk(CHANNELS[name].tree) if isinstance(node, ast.ImportFrom))
            ahead += [node.module for node in nodes if node.module]
    return [*found.values()]


@pytest.mark.parametrize("channel", kinds())
def test_who_tells_what_became_of_a_message_says_so(channel: str) -> None:
    assert any(map(tells, of(channel))) == kind(channel).CAPABILITIES.receipts
