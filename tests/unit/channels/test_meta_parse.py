"""Every kind of event that matters, as Meta posts it, and every body that it would not."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels._meta.events import Own, read_events
from bot.channels._meta.keys import Desk
from bot.channels.whatsapp.updates import read_updates
from bot.core.errors import BadInput
from bot.core.message import Inbound
from tests.contracts.malformed import anything, changed, kept_or_refused
from tests.contracts.payloads import Recording, recordings
from tests.kit.cases import cases

Parse = Callable[[bytes], list[Inbound]]

OWN = Own("1517776481860111", "GET_STARTED")
HOMES = {"messenger": "104", "instagram": "17841400", "whatsapp": "106540352242922"}


def desk(channel: str) -> Desk:
    return Desk(channel, {HOMES[channel]: channel})


READERS: dict[str, Parse] = {
    "messenger": partial(read_events, desk("messenger"), "page", OWN),
    "instagram": partial(read_events, desk("instagram"), "instagram", OWN),
    "whatsapp": partial(read_updates, desk("whatsapp")),
}
RECORDED = [(channel, one) for channel in READERS for one in recordings(channel)]


@pytest.mark.parametrize(("channel", "recording"), RECORDED, ids=str)
def test_what_is_recorded_is_read_as_written_beside_it(channel: str, recording: Recording) -> None:
    recording.check(READERS[channel])


@pytest.mark.parametrize(("channel", "recording"), RECORDED, ids=str)
def test_a_second_delivery_has_the_same_keys(channel: str, recording: Recording) -> None:
    again = json.dumps(json.loads(recording.body), ensure_ascii=False, sort_keys=True).encode()
    keys = [one.key for one in READERS[channel](recording.body)]
    assert [one.key for one in READERS[channel](again)] == keys
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("channel", READERS)
def test_keys_name_nobody(channel: str) -> None:
    people = {"6543210987654321", "1784140000000042", "16505551234", "US.777"}
    for recording in recordings(channel):
        for inbound in READERS[channel](recording.body):
            assert not any(person in inbound.key for person in people)


def test_one_address_serves_several_accounts() -> None:
    own = Desk("messenger", {"104": "messenger", "105": "second-shop"})
    [other] = [one for one in recordings("messenger") if str(one) == "other_page"]
    [inbound] = read_events(own, "page", OWN, other.body)
    assert (inbound.account, inbound.kind, inbound.text) == ("second-shop", "message", "for another Page")


@pytest.mark.parametrize("channel", READERS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"object":7}',
        b'{"object":"%s","entry":7}',
        b'{"object":"%s","entry":[],"odd":"a\\u0000b"}',
        b'{"object":"%s","entry":' + b"[" * 100 + b"]" * 100 + b"}",
        b'{"object":"%s","entry":[{"id":"\\ud800"}]}',
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_no_batch_is_bad_input(channel: str, body: bytes) -> None:
    wanted = {"messenger": b"page", "instagram": b"instagram", "whatsapp": b"whatsapp_business_account"}[channel]
    with pytest.raises(BadInput):
        READERS[channel](body.replace(b"%s", wanted))


@pytest.mark.parametrize("channel", READERS)
@pytest.mark.parametrize("entry", ["7", '{"id":7,"changes":7}', '{"id":"104","changes":[7]}'])
def test_an_entry_that_cannot_be_read_takes_no_other_with_it(channel: str, entry: str) -> None:
    whole = json.loads(recordings(channel)[0].body)
    good = READERS[channel](json.dumps(whole).encode())
    whole["entry"].append(json.loads(entry))
    *others, odd = READERS[channel](json.dumps(whole).encode())
    assert others == good
    assert (odd.kind, odd.sender, odd.data) == ("unknown", "0", "unreadable")


@pytest.mark.parametrize(
    ("channel", "field"),
    [
        ("messenger", "standby"),
        ("messenger", "changes"),
        ("instagram", "standby"),
        ("whatsapp", "statuses"),
        ("whatsapp", "message_echoes"),
    ],
)
def test_what_is_no_list_takes_none_of_the_lists_beside_it(channel: str, field: str) -> None:
    [text] = [one for one in recordings(channel) if str(one) == "text"]
    whole = json.loads(text.body)
    entry = whole["entry"][0]
    (entry["changes"][0]["value"] if channel == "whatsapp" else entry)[field] = {"0": "odd"}
    *others, odd = READERS[channel](json.dumps(whole).encode())
    assert others == READERS[channel](text.body)
    assert (odd.kind, odd.data, odd.native) == ("unknown", "unreadable", {field: {"0": "odd"}})


def test_a_message_is_read_without_its_contact() -> None:
    [text] = [one for one in recordings("whatsapp") if str(one) == "text"]
    whole = json.loads(text.body)
    whole["entry"][0]["changes"][0]["value"]["contacts"] = "odd"
    [found], [expected] = READERS["whatsapp"](json.dumps(whole).encode()), READERS["whatsapp"](text.body)
    assert (found.sender, found.text) == (expected.sender, expected.text)


def bodies(channel: str) -> list[bytes]:
    return [one.body for one in recordings(channel)]


@settings(max_examples=cases(2000), deadline=None)
@given(changed(bodies("messenger")) | changed(bodies("instagram")))
def test_no_changed_conversation_escapes(body: bytes) -> None:
    kept_or_refused(READERS["messenger"], body)
    kept_or_refused(READERS["instagram"], body)


@settings(max_examples=cases(2000), deadline=None)
@given(changed(bodies("whatsapp")))
def test_no_changed_update_escapes(body: bytes) -> None:
    kept_or_refused(READERS["whatsapp"], body)


@settings(max_examples=cases(2000), deadline=None)
@given(st.sampled_from(sorted(READERS)), anything())
def test_no_other_body_escapes(channel: str, body: bytes) -> None:
    kept_or_refused(READERS[channel], body)
