"""Packets: what is written is read again, what only a newer version knows is left out, a missing number is noticed."""

from __future__ import annotations

import msgspec

from bot.core.events import Event, MessageStored, Missed, OwnerChanged, RowChanged, Typing
from bot.runtime.relay_packets import GONE, VERSION, Neighbours, Packet, events, pieces, read, travels, write

TOLD: list[Event] = [
    MessageStored(7, "webchat:茶", 3),
    OwnerChanged(7, "webchat:茶", None),
    Typing(7, "webchat:茶", "staff", "Li"),
    RowChanged(7),
]


def packed(told: list[Event], n: int = 1) -> bytes:
    return write(Packet(VERSION, "a", n, next(pieces(told, 10_000))))


def test_what_is_written_is_read_again_in_order() -> None:
    packet = read(packed(TOLD, 4))
    assert packet is not None
    assert (packet.v, packet.node, packet.n, packet.bye) == (VERSION, "a", 4, False)
    assert list(events(packet)) == TOLD


def test_events_of_a_newer_version_are_left_out_and_their_neighbours_are_not() -> None:
    strange = (
        b'{"v":1,"node":"b","n":2,"colour":"red","events":[["message.sung",{"tune":1}],'
        b'["row",{"conversation_id":"seven"}],["row",{"conversation_id":8,"shade":2}],{},["row"],["row",{}]]}'
    )
    packet = read(strange)
    assert packet is not None
    assert list(events(packet)) == [RowChanged(8)]


def test_what_is_no_packet_is_none() -> None:
    for raw in (b"", b"\xff\xfe", b"[]", b"{}", b'{"v":1,"node":2,"n":1}', b"hello"):
        assert read(raw) is None


def test_missed_events_stay_at_home() -> None:
    assert not travels(Missed(1))
    assert all(travels(event) for event in TOLD)


def test_pieces_keep_within_their_room_and_say_a_thing_once() -> None:
    told: list[Event] = [RowChanged(at // 2) for at in range(20)]
    groups = list(pieces(told, 100))
    assert all(sum(len(bytes(raw)) + 1 for raw in group) <= 101 for group in groups)
    assert [bytes(raw) for group in groups for raw in group] == [
        msgspec.json.encode(("row", RowChanged(at))) for at in range(10)
    ]


def test_what_no_packet_can_hold_is_left_out() -> None:
    told: list[Event] = [RowChanged(1), Typing(1, "x" * 500, "staff", ""), RowChanged(2)]
    assert [len(group) for group in pieces(told, 200)] == [2]


def hear(neighbours: Neighbours, n: int, *, node: str = "b", now: float = 0.0, bye: bool = False) -> int:
    return neighbours.hear(Packet(VERSION, node, n, bye=bye), now)


def test_a_node_that_starts_has_said_nothing_before() -> None:
    neighbours = Neighbours()
    assert [hear(neighbours, n) for n in (1, 2, 3)] == [0, 0, 0]


def test_a_missing_number_is_counted_and_a_late_one_is_not() -> None:
    neighbours = Neighbours()
    assert [hear(neighbours, n) for n in (1, 4, 3, 5)] == [0, 2, 0, 0]


def test_of_a_node_that_was_there_before_us_something_was_missed() -> None:
    neighbours = Neighbours()
    assert [hear(neighbours, n) for n in (9, 10)] == [1, 0]


def test_a_node_is_gone_when_it_says_so_or_says_nothing() -> None:
    neighbours = Neighbours()
    hear(neighbours, 1)
    hear(neighbours, 1, node="c", now=5.0)
    assert hear(neighbours, 3, bye=True) == 1
    assert (len(neighbours), "c" in neighbours) == (1, True)
    neighbours.forget_silent(5.0 + GONE)
    assert len(neighbours) == 1
    neighbours.forget_silent(5.1 + GONE)
    assert len(neighbours) == 0
    assert hear(neighbours, 7, bye=True) == 0
