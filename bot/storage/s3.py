"""Files in any store that speaks S3: streamed in parts, whole or not there, its errors told as advice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from functools import cache, partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from aiobotocore.config import AioConfig
from aiobotocore.httpsession import AIOHTTPSession
from aiobotocore.session import AioSession, get_session
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

from bot.core.errors import StorageUnavailable
from bot.core.ports import StoredFile
from bot.storage.intake import Intake, to_the_end
from bot.storage.keys import check_key
from bot.storage.names import content_disposition
from bot.storage.s3_advice import ELSEWHERE
from bot.storage.s3_settings import PROVIDERS, S3Settings
from bot.storage.s3_transfer import CUT, Download, Sleep, Upload, edge, is_absent

if TYPE_CHECKING:
    from aiobotocore.session import ClientCreatorContext
    from types_aiobotocore_s3 import S3Client

__all__ = ["LONGEST_LINK", "PART", "PROVIDERS", "S3Settings", "S3Storage"]

PART = 8 * 1024 * 1024
LONGEST_LINK = 7 * 24 * 3600  # seconds; version 4 signatures live no longer
_MOST_PARTS = 10_000
_PROBE = "parley-check"
_REDIRECTS = (301, 302, 303, 307, 308)


class S3Storage:
    """Keeps files as objects of one bucket.

    The key's owner needs the rights to get, put, delete, abort uploads and list. Give the bucket a lifecycle
    rule that aborts incomplete multipart uploads after a day: a process that is killed cannot do it.
    `attempts` is how often one request is tried on throttling, 5xx and cut connections; `part_size` is bytes.
    """

    name = "s3"

    def __init__(
        self, settings: S3Settings, *, attempts: int = 5, part_size: int = PART, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._settings = settings
        self._attempts = attempts
        self._part_size = part_size
        self._sleep = sleep
        self._lock = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._client: S3Client | None = None
        self._proved = False

    async def put(self, key: str, chunks: AsyncIterator[bytes], *, media_type: str, limit: int) -> StoredFile:
        """One PUT when the file fits a part, else a multipart upload, aborted on any failure; see `Storage.put`."""
        intake = Intake(check_key(key), media_type, limit)
        upload = Upload(await self._connect(), self._settings, key, media_type)
        part_size = max(self._part_size, limit // _MOST_PARTS + 1)
        try:
            async with aclosing(intake.blocks(chunks, part_size)) as parts:
                async for part, last in parts:
                    await upload.add(part, last=last)
                    del part  # or it would stay in memory while the next one gathers
        except BaseException:
            await to_the_end(upload.abort())
            raise
        return intake.stored()

    async def open(self, key: str, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """See `Storage.open`. A connection that is cut is taken up again at the next byte of the same object."""
        download = Download(await self._connect(), self._settings, check_key(key), start, end, self._sleep)
        if download.done:
            await self.size(key)  # nothing to read is not the same as no file
        while not download.done:
            try:
                async with aclosing(download.read()) as blocks:
                    async for block in blocks:
                        yield block
            except CUT as error:
                await download.recover(error)

    async def size(self, key: str) -> int:
        """See `Storage.size`."""
        client = await self._connect()
        with edge(self._settings, check_key(key)):
            head = await client.head_object(Bucket=self._settings.bucket, Key=self._settings.address(key))
        return head["ContentLength"]

    async def delete(self, key: str) -> None:
        """See `Storage.delete`. Always one by one: stores differ in the checksum that they want of a batch."""
        client = await self._connect()
        with edge(self._settings, check_key(key)):
            try:
                await client.delete_object(Bucket=self._settings.bucket, Key=self._settings.address(key))
            except ClientError as error:
                if not is_absent(error):
                    raise

    async def check(self) -> None:
        """Write and read a few bytes once, afterwards only look at them: cheap enough for a health check.

        They stay, because S3 answers "denied" for an absent object to those without the right to list.
        """
        if not self._proved:
            await self.put(_PROBE, _once(b"parley"), media_type="text/plain", limit=100)
            if b"".join([block async for block in self.open(_PROBE)]) != b"parley":
                raise StorageUnavailable(f"{self._settings.preset.title} gives back other bytes than it was given")
            self._proved = True
        await self.size(_PROBE)

    async def link(self, key: str, *, seconds: int, filename: str) -> str:
        """A pre-signed URL that downloads the file straight from the store, as `filename`, for `seconds`.

        Made without a request: it is a link even when the file is missing. ValueError past `LONGEST_LINK`.
        """
        if not 0 < seconds <= LONGEST_LINK:
            raise ValueError(f"a link lives 1 to {LONGEST_LINK} seconds, not {seconds}")
        client = await self._connect()
        wanted = {
            "Bucket": self._settings.bucket,
            "Key": self._settings.address(check_key(key)),
            "ResponseContentDisposition": content_disposition(filename),
        }
        with edge(self._settings, key):
            return await client.generate_presigned_url("get_object", Params=wanted, ExpiresIn=seconds)

    async def close(self) -> None:
        """Close the connections; a later call would open them again."""
        async with self._lock:
            self._client = None
            await self._stack.aclose()

    async def _connect(self) -> S3Client:
        async with self._lock:
            if self._client is None:
                self._client = await self._stack.enter_async_context(_create_client(self._settings, self._attempts))
                if self._settings.bound_domain:
                    self._client.meta.events.register("before-sign.s3", self._leave_out_bucket)
            return self._client

    def _leave_out_bucket(self, request: AWSRequest, **_: object) -> None:
        """A bound domain is the bucket: its name is neither in the host nor in the path, nor signed."""
        request.url = (request.url or "").replace(f"/{self._settings.bucket}/", "/", 1)


def _create_client(settings: S3Settings, attempts: int) -> ClientCreatorContext[S3Client]:
    return _session().create_client(
        "s3",
        region_name=settings.region,
        endpoint_url=settings.url,
        aws_access_key_id=settings.access_key or None,
        aws_secret_access_key=settings.secret_key or None,
        config=client_config(settings, attempts),
    )


def client_config(settings: S3Settings, attempts: int) -> AioConfig:
    """What every store of the table understands: plain bodies, version 4 signatures, no new checksums.

    Since botocore 1.36 the default wraps a body in aws-chunked with a CRC32 trailer, which other stores
    refuse or, worse, keep inside the file (boto/boto3 issues 4392 and 4435). Content-MD5 guards the bytes.
    Addressing is always said: "auto" is path style at any custom endpoint, and links to Amazon's old global
    host. Bodies are signed only where no TLS protects them.
    """
    style = "path" if settings.bound_domain else settings.preset.addressing
    in_clear = (settings.url or "").startswith("http://")
    return AioConfig(
        signature_version="s3v4",
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": style, "payload_signing_enabled": in_clear},
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=32,
        http_session_cls=Unmoved,
    )


class Unmoved(AIOHTTPSession):
    """Goes where the settings say, and not where an answer does, as aiohttp would.

    Where a redirect names Amazon's region, botocore goes there; at any other it would ask for that again and again.
    """

    async def send(self, request: Any) -> Any:  # the stubs take both for aiohttp's, and they are botocore's
        """One request. Raises `ClientError` at a redirect without a region."""
        answer: Any = await super().send(request)
        if answer.status_code in _REDIRECTS and "x-amz-bucket-region" not in answer.headers:
            answer.raw.close()
            code = ELSEWHERE if "location" in answer.headers else "PermanentRedirect"
            raise ClientError({"Error": {"Code": code}}, request.method)
        return answer

    async def _get_session(self, proxy_url: str | None) -> SimpleNamespace:
        session = await super()._get_session(proxy_url)  # type: ignore[misc]  # private: aiohttp is told nowhere else
        return SimpleNamespace(request=partial(session.request, allow_redirects=False))


@cache
def _session() -> AioSession:
    """One for all: it keeps the service's description, a tenth of a second to parse and 12 MB."""
    return get_session()


async def _once(chunk: bytes) -> AsyncIterator[bytes]:
    yield chunk
