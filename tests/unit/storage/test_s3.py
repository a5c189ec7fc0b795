"""What S3 storage does when the store refuses, stumbles, cuts the line or forgets to answer."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from bot.core.errors import FileMissing, StorageUnavailable
from bot.storage.s3 import S3Settings, S3Storage
from bot.storage.s3_transfer import Sleep
from tests.servers import Bucket, ObjectStore, free_port

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


@pytest.fixture(scope="module")
async def bucket(s3_server: ObjectStore) -> Bucket:
    return await s3_server.create_bucket()


@pytest.fixture
def real(bucket: Bucket) -> S3Settings:
    """A place of the test's own in a store that checks signatures."""
    place = uuid.uuid4().hex
    return S3Settings("minio", bucket.name, bucket.region, bucket.endpoint, bucket.key, bucket.secret, place)


# A store that refuses


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"secret_key": "wrong"}, "the S3 store refuses our signature: correct `storage.secret_key`"),
        ({"access_key": "wrong"}, "the S3 store does not know our access key: correct `storage.access_key`"),
        ({"bucket": "nowhere"}, "the S3 store has no bucket nowhere at http://127.0.0.1:"),
    ],
)
async def test_a_wrong_setting_is_named_by_the_check(real: S3Settings, change: dict[str, Any], words: str) -> None:
    async with opened(replace(real, **change)) as storage:
        with pytest.raises(StorageUnavailable) as caught:
            await storage.check()
    assert str(caught.value).startswith(words)
    assert caught.value.__cause__ is not None


async def test_nobody_there(unused: str, real: S3Settings) -> None:
    async with opened(replace(real, endpoint=unused)) as storage:
        with pytest.raises(StorageUnavailable, match=f"cannot be reached at {unused}: check the network"):
            await storage.check()


@pytest.fixture
def unused() -> str:
    return f"http://127.0.0.1:{free_port()}"


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


@pytest.fixture(scope="module")
async def scripted() -> AsyncIterator[tuple[Script, S3Storage]]:
    script = Script()
    app = web.Application(client_max_size=0)
    app.router.add_route("*", "/{path:.*}", script.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    settings = S3Settings("minio", "files", "us-east-1", f"http://{host}:{port}", "akid", "secret")
    async with opened(settings, attempts=2) as storage:
        yield script, storage
    await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "AccessDenied", "denies access to the bucket files: give the owner of `storage.access_key` the rights"),
        (403, "InvalidAccessKeyId", "correct `storage.access_key`"),
        (403, "SignatureDoesNotMatch", "correct `storage.secret_key`"),
        (403, "RequestTimeTooSkewed", "this machine's clock is wrong"),
        (404, "NoSuchBucket", "create it, or correct `storage.bucket`"),
        (400, "AuthorizationHeaderMalformed", "the bucket files is not in us-east-1: correct `storage.region`"),
        (301, "PermanentRedirect", "the bucket files is not in us-east-1: correct `storage.region`"),
        (403, "SecondLevelDomainForbidden", "correct `storage.provider`, which is minio"),
        (507, "XMinioStorageFull", "is full or over its quota"),
        (400, "BadDigest", "received damaged bytes"),
        (418, "Teapot", "the S3 store answered Teapot"),
        (500, "InternalError", "is busy or down"),
        (503, "SlowDown", "is busy or down"),
    ],
)
async def test_every_refusal_is_a_sentence_for_people(
    scripted: tuple[Script, S3Storage], status: int, code: str, words: str
) -> None:
    script, storage = scripted
    script.will(*[refusal(status, code)] * 4)
    async with opened(storage._settings) as impatient:
        with pytest.raises(StorageUnavailable) as caught:
            await impatient.put(KEY, stream(b"tea"), media_type="text/plain", limit=9)
    assert words in str(caught.value)
    assert caught.value.retryable


async def test_a_refusal_without_a_body_is_one_too(scripted: tuple[Script, S3Storage]) -> None:
    script, storage = scripted
    script.will(Answer(403))
    with pytest.raises(StorageUnavailable, match="denies access"):
        await storage.size(KEY)


async def test_the_region_that_the_store_names_is_passed_on(scripted: tuple[Script, S3Storage]) -> None:
    script, storage = scripted
    script.will(*[refusal(400, "IllegalLocationConstraintException", **{"x-amz-bucket-region": "eu-west-1"})] * 4)
    with pytest.raises(StorageUnavailable, match="it says eu-west-1"):
        await storage.delete(KEY)


async def test_the_wait_that_the_store_asks_for_is_passed_on(scripted: tuple[Script, S3Storage]) -> None:
    script, storage = scripted
    script.will(*[refusal(503, "SlowDown", **{"Retry-After": "7"})] * 2)
    with pytest.raises(StorageUnavailable) as caught:
        await storage.delete(KEY)
    assert caught.value.after == 7
    assert len(script.asked) == 2


# A store that stumbles


async def test_a_put_is_tried_again_whole(scripted: tuple[Script, S3Storage]) -> None:
    script, storage = scripted
    script.will(refusal(503, "SlowDown"), Answer(headers={"ETag": '"e"'}))
    await storage.put(KEY, stream(b"green ", b"tea"), media_type="text/plain", limit=9)
    assert [asked.body for asked in script.asked] == [b"green tea", b"green tea"]


async def test_a_put_is_a_plain_one_that_every_store_can_verify(scripted: tuple[Script, S3Storage]) -> None:
    script, storage = scripted
    script.will(Answer(headers={"ETag": '"e"'}))
    await storage.put(KEY, stream(b"tea"), media_type="image/jpeg", limit=9)
    [asked] = script.asked
    assert asked.line == f"PUT /files/{KEY}"
    assert asked.headers["Content-MD5"] == base64.b64encode(hashlib.md5(b"tea").digest()).decode()
    assert asked.headers["Content-Length"] == "3"
    assert asked.headers["Content-Type"] == "image/jpeg"
    assert asked.headers["X-Amz-Content-SHA256"] == hashlib.sha256(b"tea").hexdigest()
    assert not [name for name in asked.headers if "checksum" in name.lower() or "trailer" in name.lower()]
    assert "Content-Encoding" not in asked.headers
    assert "Transfer-Encoding" not in asked.headers


async def test_at_a_bound_domain_the_bucket_is_not_named(scripted: tuple[Script, S3Storage]) -> None:
    script, storage = scripted
    script.will(refusal(503, "SlowDown"), Answer(headers={"ETag": '"e"'}), Answer(headers={"Content-Length": "3"}))
    settings = replace(storage._settings, bound_domain=True, prefix="files")
    async with opened(settings, attempts=2) as bound:
        await bound.put(KEY, stream(b"tea"), media_type="image/jpeg", limit=9)
        assert await bound.size(KEY) == 3
    assert script.lines == [f"PUT /files/{KEY}", f"PUT /files/{KEY}", f"HEAD /files/{KEY}"]


async def test_a_machine_without_a_role_is_told_what_to_set(
    scripted: tuple[Script, S3Storage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    settings = replace(scripted[1]._settings, provider="aws", access_key="", secret_key="")
    async with opened(settings) as storage:
        with pytest.raises(
            StorageUnavailable, match=r"no role for the bucket: give it one, or set `storage\.access_key`"
        ):
            await storage.check()


UPLOAD = Answer(body="<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>")
PUT_PART = Answer(headers={"ETag": '"e"'})
GONE = refusal(404, "NoSuchUpload")


async def put_two_parts(storage: S3Storage) -> None:
    await storage.put(KEY, stream(bytes(PART), b"tea"), media_type="video/mp4", limit=9 * MB)


async def test_a_completion_whose_answer_was_lost_is_believed_when_the_file_is_whole(
    scripted: tuple[Script, S3Storage],
) -> None:
    script, storage = scripted
    head = Answer(headers={"Content-Length": str(PART + 3)})
    script.will(UPLOAD, PUT_PART, PUT_PART, refusal(500, "InternalError"), GONE, head)
    await put_two_parts(storage)
    assert [line.partition("?")[0] for line in script.lines[-3:]] == [
        f"POST /files/{KEY}",
        f"POST /files/{KEY}",
        f"HEAD /files/{KEY}",
    ]


async def test_a_completion_is_not_believed_when_the_file_is_another(scripted: tuple[Script, S3Storage]) -> None:
    script, storage = scripted
    script.will(UPLOAD, PUT_PART, PUT_PART, GONE, Answer(headers={"Content-Length": "3"}), Answer(204))
    with pytest.raises(StorageUnavailable, match="NoSuchUpload"):
        await put_two_parts(storage)
    assert script.lines[-1] == f"DELETE /files/{KEY}?uploadId=u1"


async def test_a_completion_that_fails_inside_a_200_fails(scripted: tuple[Script, S3Storage]) -> None:
    script, storage = scripted
    late = replace(refusal(200, "InternalError"), status=200)
    script.will(UPLOAD, PUT_PART, PUT_PART, late, late, Answer(204))
    with pytest.raises(StorageUnavailable, match="is busy or down"):
        await put_two_parts(storage)
    assert script.lines[-1] == f"DELETE /files/{KEY}?uploadId=u1"


async def test_an_abort_that_fails_is_logged_and_hides_nothing(
    scripted: tuple[Script, S3Storage], caplog: pytest.LogCaptureFixture
) -> None:
    script, storage = scripted
    script.will(UPLOAD, refusal(403, "AccessDenied"), refusal(403, "AccessDenied"))
    with caplog.at_level(logging.WARNING, "bot.storage"), pytest.raises(StorageUnavailable, match="denies access"):
        await put_two_parts(storage)
    assert [(record.message, record.__dict__["action"]) for record in caplog.records] == [
        ("a multipart upload could not be aborted", "storage.abort")
    ]


async def test_an_upload_cancelled_while_it_begins_is_aborted(scripted: tuple[Script, S3Storage]) -> None:
    script, storage = scripted
    script.will(UPLOAD, Answer(204))
    putting = asyncio.create_task(put_two_parts(storage))
    while not script.asked:
        await asyncio.sleep(0)
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert script.lines == [f"POST /files/{KEY}?uploads", f"DELETE /files/{KEY}?uploadId=u1"]


@pytest.mark.parametrize("content_range", [{}, {"Content-Range": "bytes 0-9/10"}, {"Content-Range": "bytes 3-9/*"}])
async def test_a_store_that_ignores_ranges_is_found_out(
    scripted: tuple[Script, S3Storage], content_range: dict[str, str]
) -> None:
    script, storage = scripted
    script.will(Answer(body="0123456789", headers={"ETag": '"e"'} | content_range))
    with pytest.raises(StorageUnavailable, match="ignores Range"):
        [block async for block in storage.open(KEY, start=3)]


async def test_deleting_what_a_store_says_is_not_there_is_fine(scripted: tuple[Script, S3Storage]) -> None:
    script, storage = scripted
    script.will(refusal(404, "NoSuchKey"))
    await storage.delete(KEY)
    assert script.lines == [f"DELETE /files/{KEY}"]


async def test_a_check_that_reads_other_bytes_fails(scripted: tuple[Script, S3Storage]) -> None:
    script, storage = scripted
    script.will(PUT_PART, Answer(body="coffee", headers={"ETag": '"e"'}))
    with pytest.raises(StorageUnavailable, match="gives back other bytes"):
        await storage.check()


# A line that is cut


class Scissors:
    """A proxy that ends a connection after so many bytes of its first answer's body: one number a connection."""

    def __init__(self, target: str, cuts: list[int]) -> None:
        self.target = URL(target)
        self.cuts = cuts
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        budget = self.cuts.pop(0) if self.cuts else None
        far_reader, far_writer = await asyncio.open_connection(self.target.host, self.target.port)
        there = asyncio.create_task(pipe(reader, far_writer, None))
        if budget is not None:
            writer.write(await far_reader.readuntil(b"\r\n\r\n"))
        back = asyncio.create_task(pipe(far_reader, writer, budget))
        await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
        for end in (writer, far_writer):
            end.close()  # what was written still arrives
        await asyncio.wait([there, back])


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, budget: int | None) -> None:
    with suppress(ConnectionError):
        while budget is None or budget > 0:
            data = await reader.read(64 * 1024 if budget is None else min(budget, 64 * 1024))
            if not data:
                return
            budget = None if budget is None else budget - len(data)
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def cutting(
    settings: S3Settings, *cuts: int, sleep: Sleep = no_sleep
) -> AsyncIterator[tuple[Scissors, S3Storage]]:
    scissors = Scissors(settings.endpoint or "", list(cuts))
    tasks: set[asyncio.Task[None]] = set()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(scissors.serve(reader, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    async with opened(replace(settings, endpoint=f"http://{host}:{port}"), sleep=sleep) as storage:
        yield scissors, storage
    server.close()
    await asyncio.gather(*tasks)


async def test_a_download_goes_on_where_it_was_cut(real: S3Settings) -> None:
    async with opened(real) as storage:
        await storage.put(KEY, stream(TEA), media_type="text/plain", limit=len(TEA))
    cuts = [MB, 0, 1, MB // 2 + 7, 5, 5, 5, 5, 5, 5]
    async with cutting(real, *cuts) as (scissors, storage):
        blocks = [block async for block in storage.open(KEY, start=11, end=len(TEA) - 5)]
    assert b"".join(blocks) == TEA[11:-5]
    assert scissors.connections == len(cuts) + 1


async def test_a_download_that_gets_nowhere_gives_up(real: S3Settings) -> None:
    async with opened(real) as storage:
        await storage.put(KEY, stream(TEA), media_type="text/plain", limit=len(TEA))
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with cutting(real, *[1000, *[0] * 99], sleep=sleep) as (scissors, storage):
        with pytest.raises(StorageUnavailable, match="cannot be reached"):
            await read(storage)
    assert waits == [0.25, 0.5, 1.0, 2.0]
    assert scissors.connections == 6


async def test_a_file_that_is_replaced_while_it_is_read_is_not_mixed(real: S3Settings) -> None:
    async with opened(real) as direct:
        await direct.put(KEY, stream(TEA), media_type="text/plain", limit=len(TEA))
        async with cutting(real, MB) as (_, storage):
            reading = storage.open(KEY)
            await anext(reading)
            await direct.put(KEY, stream(TEA[::-1]), media_type="text/plain", limit=len(TEA))
            with pytest.raises(StorageUnavailable, match="was replaced while it was read"):
                [block async for block in reading]


async def test_a_replaced_file_is_refused_by_the_store_itself(scripted: tuple[Script, S3Storage]) -> None:
    script, storage = scripted
    cut = Answer(body="0123", headers={"ETag": '"e"', "Content-Range": "bytes 0-3/10"})
    script.will(cut, refusal(412, "PreconditionFailed"))
    with pytest.raises(StorageUnavailable, match="was replaced while it was read"):
        [block async for block in storage.open(KEY, end=10)]
    assert script.asked[1].headers["Range"] == "bytes=4-9"
    assert script.asked[1].headers["If-Match"] == '"e"'


# Links, and the rest


async def test_a_link_downloads_one_file_under_its_name_and_no_other(real: S3Settings) -> None:
    async with opened(real) as storage, aiohttp.ClientSession() as browser:
        await storage.put(KEY, stream(b"tea"), media_type="text/plain", limit=9)
        link = await storage.link(KEY, seconds=60, filename="茶.txt")
        async with browser.get(URL(link, encoded=True)) as answer:
            assert await answer.read() == b"tea"
            assert (
                answer.headers["Content-Disposition"]
                == "attachment; filename=\"_.txt\"; filename*=UTF-8''%E8%8C%B6.txt"
            )
        async with browser.get(URL(link.replace("abc", "abd"), encoded=True)) as answer:
            assert answer.status == 403


async def test_the_first_calls_share_one_client(real: S3Settings) -> None:
    async with opened(real) as storage:
        sizes = await asyncio.gather(*(storage.size(KEY) for _ in range(5)), return_exceptions=True)
        assert [type(size) for size in sizes] == [FileMissing] * 5
        assert len({id(await storage._connect()) for _ in range(5)}) == 1
