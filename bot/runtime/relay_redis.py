"""Packets through Redis or Valkey: one channel that all nodes of a database share, published and subscribed to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError


class RedisLine:
    """See `Line`. A line that was lost stays so: the library's own coming back would hide what was missed."""

    def __init__(self, client: Redis, heard: PubSub, channel: str) -> None:
        self._client = client
        self._heard = heard
        self._channel = channel

    async def send(self, packet: bytes) -> None:
        try:
            await self._client.publish(self._channel, packet)
        except RedisError as error:
            raise _lost(error) from None

    async def receive(self) -> bytes:
        while True:
            try:
                message: dict[str, Any] | None = await self._heard.get_message(timeout=None)
            except RedisError as error:
                raise _lost(error) from None
            if message is not None and message["type"] == "message":
                data: bytes = message["data"]
                return data


class RedisCarrier:
    """See `Carrier`; `url` is redis://, rediss:// (TLS) or unix://, with everything that redis-py reads from it."""

    largest = 256 * 1024

    def __init__(self, url: str, channel: str) -> None:
        self._url = url
        self._channel = channel

    @asynccontextmanager
    async def open(self) -> AsyncIterator[RedisLine]:
        """Two connections: one that listens, one that speaks."""
        client = Redis.from_url(
            self._url,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            socket_connect_timeout=2.0,
            socket_timeout=None,  # the relay watches the time: who listens may wait for ever
            socket_keepalive=True,
        )
        heard: PubSub = client.pubsub(ignore_subscribe_messages=True)
        try:
            try:
                await heard.subscribe(self._channel)
                await client.ping()
            except RedisError as error:
                raise _lost(error) from None
            yield RedisLine(client, heard, self._channel)
        finally:
            async with asyncio.timeout(1.0):
                await heard.aclose()  # type: ignore[no-untyped-call]
                await client.aclose()


def _lost(error: RedisError) -> ConnectionError:
    """In the library's words, which name the server and never the password."""
    return ConnectionError(f"{type(error).__name__}: {error}")
