"""What every file store promises: a folder, a server that checks signatures, and one that answers 206."""

from __future__ import annotations

import asyncio
import hashlib
import tracemalloc
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from bot.core.errors import FileMissing, TooLarge
from bot.core.ports import Storage, StoredFile
from bot.storage.local import LocalStorage
from bot.storage.s3 import S3Settings, S3Storage
from tests.servers import Bucket, ObjectStore

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

MB = 1024 * 1024
PART = 5 * MB


@dataclass(frozen=True, slots=True)
class Subject:
    """A store, a key that no other test uses, and a way to look behind the store."""

    storage: Storage
    key: str

    async def traces(self) -> list[str]:
        """All that the store holds under this key or below: files, drafts, uploads under way."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Folder(Subject):
    root: Path

    async def traces(self) -> list[str]:
        return sorted(path.name for path in self.root.rglob("*") if path.is_file())


@dataclass(frozen=True, slots=True)
class Remote(Subject):
    client: S3Client
    bucket: str

    async def traces(self) -> list[str]:
        objects = await self.client.list_objects_v2(Bucket=self.bucket)
        names = [*(found["Key"] for found in objects.get("Contents", [])), *await self._uploads()]
        return sorted(name for name in names if name.startswith(f"files/{self.key}"))

    async def _uploads(self) -> list[str]:
        try:
            answer = await self.client.list_multipart_uploads(Bucket=self.bucket)
        except ClientError as error:  # rclone, of a bucket that never had one
            if error.response["Error"]["Code"] != "NoSuchUpload":
                raise
            return []
        return [found["Key"] for found in answer.get("Uploads", [])]


@pytest.fixture(scope="module")
def moto_bucket() -> Iterator[Bucket]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield Bucket(f"http://{host}:{port}", "any", "any", "us-east-1", "files")
    server.stop()


@asynccontextmanager
async def remote(bucket: Bucket) -> AsyncIterator[Remote]:
    settings = S3Settings("minio", bucket.name, bucket.region, bucket.endpoint, bucket.key, bucket.secret, "files")
    storage = S3Storage(settings, part_size=PART)
    try:
        async with bucket.client() as client:
            yield Remote(storage, "", client, bucket.name)
    finally:
        await storage.close()


@pytest.fixture(scope="module")
async def signed(s3_server: ObjectStore) -> AsyncIterator[Remote]:
    """A server that checks signatures, and answers ranges with 200."""
    async with remote(await s3_server.create_bucket()) as subject:
        yield subject


@pytest.fixture(scope="module")
async def partial(moto_bucket: Bucket) -> AsyncIterator[Remote]:
    """A server that answers ranges with 206, and checks nothing."""
    async with remote(moto_bucket) as subject:
        await subject.client.create_bucket(Bucket=subject.bucket)
        yield subject


@pytest.fixture(params=["local", "signed", "partial"])
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Subject:
    key = f"image/{uuid.uuid4().hex}"
    if request.param == "local":
        return Folder(LocalStorage(tmp_path / "files"), key, tmp_path / "files")
    shared: Remote = request.getfixturevalue(request.param)
    return replace(shared, key=key)


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def read(storage: Storage, key: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in storage.open(key, start=start, end=end)])


async def put(subject: Subject, *chunks: bytes, key: str | None = None) -> StoredFile:
    key = subject.key if key is None else key
    return await subject.storage.put(key, stream(*chunks), media_type="image/jpeg", limit=100 * MB)


# The edges of a part and of a block, and a chunk that spans several of them.
@pytest.mark.parametrize(
    "chunks",
    [
        (),
        (b"",),
        (b"tea",),
        (b"green", b"", b" ", b"tea"),
        (b"a" * (PART - 1),),
        (b"b" * PART,),
        (b"c" * PART, b"d"),
        (b"e" * (2 * PART),),
        (b"f" * (2 * PART + 1), b"g" * 300_000),
    ],
    ids=lambda chunks: f"{len(chunks)}x{sum(map(len, chunks))}",
)
async def test_what_was_put_is_what_is_read(subject: Subject, chunks: tuple[bytes, ...]) -> None:
    whole = b"".join(chunks)
    stored = await put(subject, *chunks)
    assert stored == StoredFile(subject.key, len(whole), hashlib.sha256(whole).hexdigest(), "image/jpeg")
    assert await subject.storage.size(subject.key) == len(whole)
    assert await read(subject.storage, subject.key) == whole
    assert len(await subject.traces()) == 1


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 1), (0, 10), (0, 99), (3, 7), (3, None), (9, None), (9, 10), (10, None), (11, 20), (4, 4), (7, 3)],
)
async def test_a_range_is_like_a_slice(subject: Subject, start: int, end: int | None) -> None:
    await put(subject, b"0123456789")
    assert await read(subject.storage, subject.key, start, end) == b"0123456789"[start:end]


async def test_an_empty_file_has_empty_ranges(subject: Subject) -> None:
    await put(subject)
    assert await read(subject.storage, subject.key, 0, 5) == b""
    assert await read(subject.storage, subject.key, 3) == b""


@pytest.mark.parametrize(("start", "end"), [(0, None), (0, 4), (2, None), (2, 2)])
async def test_a_missing_file_is_said_to_be_missing(subject: Subject, start: int, end: int | None) -> None:
    with pytest.raises(FileMissing) as caught:
        await read(subject.storage, subject.key, start, end)
    assert caught.value.key == subject.key
    with pytest.raises(FileMissing):
        await subject.storage.size(subject.key)


async def test_deleting_twice_is_fine_and_leaves_nothing(subject: Subject) -> None:
    await put(subject, b"tea")
    await subject.storage.delete(subject.key)
    await subject.storage.delete(subject.key)
    assert await subject.traces() == []
    with pytest.raises(FileMissing):
        await read(subject.storage, subject.key)


async def test_a_second_put_replaces_the_first(subject: Subject) -> None:
    await put(subject, b"green tea")
    await put(subject, b"black")
    assert await read(subject.storage, subject.key) == b"black"
    assert len(await subject.traces()) == 1


@pytest.mark.parametrize("subject", ["local", "partial"], indirect=True)  # rclone keeps objects as plain files
async def test_one_key_may_be_the_beginning_of_another(subject: Subject) -> None:
    await put(subject, b"1")
    await put(subject, b"2", key=f"{subject.key}/11")
    assert await read(subject.storage, subject.key) == b"1"
    assert await read(subject.storage, f"{subject.key}/11") == b"2"


@pytest.mark.parametrize("limit", [0, 9, PART + 9], ids=["nothing", "one-part", "two-parts"])
async def test_too_large_leaves_nothing(subject: Subject, limit: int) -> None:
    with pytest.raises(TooLarge) as caught:
        await subject.storage.put(subject.key, stream(b"x" * limit, b"y"), media_type="text/plain", limit=limit)
    assert caught.value.limit == limit
    assert await subject.traces() == []


async def test_exactly_the_limit_is_kept(subject: Subject) -> None:
    stored = await subject.storage.put(subject.key, stream(b"x" * 9, b"y"), media_type="text/plain", limit=10)
    assert stored.size == 10


class SourceBroke(Exception):
    pass


async def breaking(size: int) -> AsyncIterator[bytes]:
    yield b"x" * size
    raise SourceBroke


@pytest.mark.parametrize("size", [10, PART + 10], ids=["one-part", "two-parts"])
async def test_a_broken_source_leaves_nothing_and_keeps_its_own_error(subject: Subject, size: int) -> None:
    with pytest.raises(SourceBroke):
        await subject.storage.put(subject.key, breaking(size), media_type="text/plain", limit=100 * MB)
    assert await subject.traces() == []


class Hanging:
    """Gives `size` bytes and then waits for ever; `reached` tells when it does."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.reached = asyncio.Event()

    async def chunks(self) -> AsyncIterator[bytes]:
        yield b"x" * self.size
        self.reached.set()
        await asyncio.Event().wait()


@pytest.mark.parametrize("size", [10, PART + 10], ids=["one-part", "two-parts"])
async def test_a_cancelled_put_leaves_nothing(subject: Subject, size: int) -> None:
    source = Hanging(size)
    putting = asyncio.create_task(
        subject.storage.put(subject.key, source.chunks(), media_type="text/plain", limit=100 * MB),
    )
    await source.reached.wait()
    with pytest.raises(FileMissing):  # a file is there when it is whole, not before
        await subject.storage.size(subject.key)
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert await subject.traces() == []


@pytest.mark.parametrize(
    "key",
    ["", "../secret", "a/../b", "a/./b", "/etc/passwd", "a//b", "a/", "A", "a b", "茶", "a\0b", "a\n", "..", "x" * 201],
)
async def test_no_other_keys_than_generated_ones(subject: Subject, key: str) -> None:
    with pytest.raises(ValueError, match="is not a storage key"):
        await put(subject, b"tea", key=key)
    for asked in (read(subject.storage, key), subject.storage.size(key), subject.storage.delete(key)):
        with pytest.raises(ValueError, match="is not a storage key"):
            await asked


async def test_many_at_once_do_not_mix(subject: Subject) -> None:
    keys = [f"{subject.key}-{number:02}" for number in range(20)]
    await asyncio.gather(*(put(subject, key.encode() * 1000, key=key) for key in keys))
    assert await asyncio.gather(*(read(subject.storage, key) for key in keys)) == [key.encode() * 1000 for key in keys]


async def test_a_store_that_works_passes_its_check_again_and_again(subject: Subject) -> None:
    await subject.storage.check()
    before = await subject.traces()
    await subject.storage.check()
    assert await subject.traces() == before


async def test_it_opens_again_after_it_was_closed(subject: Subject) -> None:
    await put(subject, b"tea")
    await subject.storage.close()
    await subject.storage.close()
    assert await read(subject.storage, subject.key) == b"tea"


@pytest.mark.parametrize("subject", ["local", "signed"], indirect=True)
async def test_a_large_file_passes_in_constant_memory(subject: Subject) -> None:
    size, chunk = 100 * MB, bytes(64 * 1024)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(size // len(chunk)):
            yield chunk

    await subject.storage.check()  # opens the client, whose own tables take some 12 MB once
    tracemalloc.start()
    try:
        assert (await subject.storage.put(subject.key, endless(), media_type="video/mp4", limit=size)).size == size
        seen = 0
        async for block in subject.storage.open(subject.key):
            seen += len(block)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seen == size
    assert peak < 4 * PART  # one is filled, one is on its way, and one may not be let go of yet
