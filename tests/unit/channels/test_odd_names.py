"""What a person calls themselves is no part of what they say: however odd, it costs no message."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from bot.channels._meta.keys import Desk
from bot.channels.qq.events import read_events as of_qq
from bot.channels.telegram.updates import read_updates as of_telegram
from bot.channels.whatsapp.updates import read_updates as of_whatsapp
from bot.channels.x.events import read_events as of_x
from bot.core.message import Allowance, Inbound
from tests.contracts.payloads import recordings
from tests.kit.platforms.x import OWN

Parse = Callable[[bytes], list[Inbound]]

#: Of the channels that tell a name with what was said: how they are read, where their people stand, and by which
#: fields these are called, pictured and spoken to.
TELL: Mapping[str, tuple[Parse, str, tuple[str, ...]]] = {
    "qq": (lambda body: of_qq("qq", body, Allowance(300, 5)), "author", ("username", "avatar")),
    "telegram": (
        lambda body: of_telegram("telegram", body),
        "from",
        ("first_name", "last_name", "username", "language_code"),
    ),
    "whatsapp": (partial(of_whatsapp, Desk("whatsapp", {"106540352242922": "whatsapp"})), "contacts", ("profile",)),
    "x": (lambda body: of_x("x", OWN, body), "users", ("name", "screen_name", "profile_image_url_https")),
}
ODD = {"number": 7, "none": None, "list": ["Ann"], "object": {"name": 7}, "truth": True, "long": "A" * 5000}


def people(value: Any, where: str) -> Iterator[dict[str, Any]]:
    """Everybody below the fields `where`: one, a list of them, or some by their ids."""
    for inside in value.values() if isinstance(value, dict) else value:
        if isinstance(inside, (dict, list)):
            yield from people(inside, where)
    if isinstance(value, dict) and isinstance(found := value.get(where), (dict, list)):
        several = found if isinstance(found, list) else found.values() if where == "users" else [found]
        yield from (one.get("data", one) for one in several)


def told(inbounds: list[Inbound]) -> list[Inbound]:
    """All but who they are, and the event as it came."""
    return [replace(one, name="", locale="", native={}) for one in inbounds]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("channel", TELL)
def test_it_costs_no_message(channel: str, odd: str) -> None:
    parse, where, fields = TELL[channel]
    changed = 0
    for recording in recordings(channel):
        whole = json.loads(recording.body)
        if not any(one.kind == "message" for one in parse(recording.body)):
            continue
        for person in people(whole, where):
            person.update(dict.fromkeys(fields, ODD[odd]))
            changed += 1
        found = parse(json.dumps(whole).encode())
        assert told(found) == told(parse(recording.body)), recording
        assert all(len(one.name) <= 600 for one in found)
    assert changed
