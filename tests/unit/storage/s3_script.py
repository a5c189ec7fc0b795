"""An S3 storage as these tests open it, and a store that answers as it was told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from multidict import CIMultiDict

from bot.storage.s3 import S3Settings, S3Storage
from bot.storage.s3_transfer import Sleep

MB = 1024 * 1024
PART = 5 * MB
KEY = "image/2026/11/abc.jpg"
TEA = bytes(range(256)) * 4096 * 3


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def read(storage: S3Storage, key: str = KEY) -> bytes:
    return b"".join([block async for block in storage.open(key)])


async def no_sleep(_: float) -> None:
    await asyncio.sleep(0)


@asynccontextmanager
async def opened(settings: S3Settings, attempts: int = 1, sleep: Sleep = no_sleep) -> AsyncIterator[S3Storage]:
    storage = S3Storage(settings, attempts=attempts, part_size=PART, sleep=sleep)
    try:
        yield storage
    finally:
        await storage.close()


@dataclass(slots=True)
class Answer:
    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    line: str
    headers: CIMultiDict[str]
    body: bytes


def refusal(status: int, code: str, **headers: str) -> Answer:
    return Answer(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>", headers)


class Script:
    """A store that gives the answers it was told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[Asked] = []

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.asked.append(Asked(f"{request.method} {request.path_qs}", CIMultiDict(request.headers), body))
        answer = self.answers.pop(0)
        return web.Response(status=answer.status, text=answer.body, headers=answer.headers)

    def will(self, *answers: Answer) -> None:
        self.answers, self.asked = list(answers), []

    @property
    def lines(self) -> list[str]:
        return [asked.line for asked in self.asked]
