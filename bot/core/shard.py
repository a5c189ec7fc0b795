"""Which shard a lane belongs to: the same on every node and in every version, since the number is kept in rows."""

from __future__ import annotations

from zlib import crc32

#: More than nodes that will ever share a database, few enough to be looked at one by one.
SHARDS = 64


def shard_of(lane: str) -> int:
    """0 to 63."""
    return crc32(lane.encode("utf-8", "surrogatepass")) % SHARDS
