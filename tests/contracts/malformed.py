"""Bodies that no platform would send: real ones with something else in places, and anything at all.

@settings(max_examples=cases(2000), deadline=None)
@given(changed(recordings("line")))
def test_no_changed_body_escapes(body: bytes) -> None:
    kept_or_refused(parse, body)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st

from bot.core.errors import BadInput
from bot.core.message import Inbound

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
MOST_KEY = 191  # characters, of `inbound.key`


def changed(bodies: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """JSON bodies in which up to three values became something else, or are gone."""
    return st.integers(0, len(bodies) - 1).flatmap(
        lambda at: _changes(json.loads(bodies[at])).map(lambda changes: _put(bodies[at], changes))
    )


def anything() -> st.SearchStrategy[bytes]:
    """Bytes, and JSON of any shape."""
    return st.binary(max_size=300) | JSON_VALUES.map(lambda value: json.dumps(value).encode())


def kept_or_refused(parse: Callable[[bytes], list[Inbound]], body: bytes) -> None:
    """Raise what is no `BadInput`, or an `AssertionError` for an inbound that could not be kept."""
    try:
        inbounds = parse(body)
    except BadInput:
        return
    msgspec.json.encode(inbounds)
    for inbound in inbounds:
        assert inbound.sender
        assert 0 < len(inbound.key) <= MOST_KEY
        assert len(inbound.lane) < 255
        assert "\0" not in inbound.text + inbound.key + inbound.sender + inbound.data + inbound.name


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path to everything inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for step, item in inside:
        found.append((*path, step))
        if isinstance(item, (dict, list)):
            found += places(item, (*path, step))
    return found


_Change = tuple[tuple[Any, ...], Any]
_GONE = object()


def _changes(value: Any) -> st.SearchStrategy[list[_Change]]:
    one = st.tuples(st.sampled_from(places(value)), st.just(_GONE) | JSON_VALUES)
    return st.lists(one, min_size=1, max_size=3)


def _put(body: bytes, changes: list[_Change]) -> bytes:
    whole = json.loads(body)
    for path, value in changes:
        try:
            parent = whole
            for step in path[:-1]:
                parent = parent[step]
            if value is _GONE:
                del parent[path[-1]]
            else:
                parent[path[-1]] = value
        except (LookupError, TypeError):
            continue  # an earlier change took this place away
    return json.dumps(whole).encode()
