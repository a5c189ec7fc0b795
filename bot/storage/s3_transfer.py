"""One object on its way to or from an S3 store; every vendor error becomes ours here."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from bot.core.errors import FileMissing, StorageUnavailable
from bot.storage.intake import to_the_end
from bot.storage.s3_advice import advise
from bot.storage.s3_settings import S3Settings

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import CompletedPartTypeDef, GetObjectOutputTypeDef, GetObjectRequestTypeDef

BLOCK = 256 * 1024
CUT = (BotoCoreError, aiohttp.ClientError, OSError)  # what a connection that breaks raises; a timeout is an OSError
_MOST_CUTS = 5  # in a row, without a byte between, before a download gives up
_ABORT_WITHIN = 10.0  # seconds; a process that is told to stop must stop
_ABSENT = {"NoSuchKey", "404"}
_BEHIND_THE_END = {"InvalidRange", "416"}
_REPLACED = {"PreconditionFailed", "412"}

Sleep = Callable[[float], Awaitable[None]]

log = logging.getLogger(__name__)


@contextmanager
def edge(settings: S3Settings, key: str) -> Iterator[None]:
    """Raise `FileMissing` or `StorageUnavailable` for whatever the vendor's client raises inside."""
    try:
        yield
    except ClientError as error:
        if _code(error) in _ABSENT:
            raise FileMissing(key) from error
        raise StorageUnavailable(_advice(settings, error), after=_wait(error)) from error
    except NoCredentialsError as error:
        raise StorageUnavailable(
            "this machine has no role for the bucket: give it one, or set `storage.access_key` and `storage.secret_key`"
        ) from error
    except CUT as error:
        raise _unreachable(settings, error) from error


class Upload:
    """One PUT when everything fits the first part, else a multipart upload."""

    def __init__(self, client: S3Client, settings: S3Settings, key: str, media_type: str) -> None:
        self._client = client
        self._settings = settings
        self._key = key
        self._bucket = settings.bucket
        self._address = settings.address(key)
        self._media_type = media_type
        self._id = ""
        self._parts: list[CompletedPartTypeDef] = []
        self._sent = 0

    async def add(self, part: bytes, *, last: bool) -> None:
        """Send the next part; every one but the last has the same size. After the last the object is there."""
        digest = await asyncio.to_thread(_content_md5, part)
        with edge(self._settings, self._key):
            if last and not self._parts:
                await self._put(part, digest)
            else:
                await self._put_part(part, digest)
                if last:
                    await self._complete()

    async def abort(self) -> None:
        """Take back what was sent of a multipart upload; says so in the log when that fails."""
        if not self._id:
            return
        try:
            async with asyncio.timeout(_ABORT_WITHIN):
                await self._client.abort_multipart_upload(Bucket=self._bucket, Key=self._address, UploadId=self._id)
        except (ClientError, *CUT) as error:
            facts = {"action": "storage.abort", "key": self._key, "reason": type(error).__name__}
            log.warning("a multipart upload could not be aborted", extra=facts)

    async def _put(self, body: bytes, digest: str) -> None:
        with io.BytesIO(body) as stream:
            await self._client.put_object(
                Bucket=self._bucket,
                Key=self._address,
                Body=stream,
                ContentMD5=digest,
                ContentType=self._media_type,
            )

    async def _put_part(self, body: bytes, digest: str) -> None:
        if not self._id:
            await to_the_end(self._begin())
        number = len(self._parts) + 1
        with io.BytesIO(body) as stream:  # closed at once: the client's own cycles keep it until a collection
            answer = await self._client.upload_part(
                Bucket=self._bucket,
                Key=self._address,
                UploadId=self._id,
                PartNumber=number,
                Body=stream,
                ContentMD5=digest,
            )
        self._parts.append({"ETag": answer["ETag"], "PartNumber": number})
        self._sent += len(body)

    async def _begin(self) -> None:
        """To the end even when cancelled: an upload whose id is not known cannot be aborted."""
        answer = await self._client.create_multipart_upload(
            Bucket=self._bucket, Key=self._address, ContentType=self._media_type
        )
        self._id = answer["UploadId"]

    async def _complete(self) -> None:
        try:
            await self._client.complete_multipart_upload(
                Bucket=self._bucket, Key=self._address, UploadId=self._id, MultipartUpload={"Parts": self._parts}
            )
        except ClientError as error:
            if _code(error) != "NoSuchUpload" or not await self._is_there():
                raise

    async def _is_there(self) -> bool:
        """Whether an earlier try completed the upload and only its answer was lost; keys are never used twice."""
        head = await self._client.head_object(Bucket=self._bucket, Key=self._address)
        return head["ContentLength"] == self._sent


class Download:
    """A place in an object, from which reading can start again. `sleep` waits that many seconds."""

    def __init__(
        self, client: S3Client, settings: S3Settings, key: str, start: int, end: int | None, sleep: Sleep
    ) -> None:
        self._client = client
        self._settings = settings
        self._key = key
        self._at = start
        self._end = end
        self._sleep = sleep
        self._etag = ""
        self._cuts = 0

    @property
    def done(self) -> bool:
        """Whether nothing is left to read."""
        return self._end is not None and self._at >= self._end

    async def read(self) -> AsyncGenerator[bytes, None]:
        """Blocks from the present place on; raises one of `CUT` when the connection breaks between."""
        with edge(self._settings, self._key):
            answer = await self._ask()
        if answer is None:
            self._end = self._at
            return
        async with answer["Body"] as body:
            self._learn(answer)
            while block := await body.read(BLOCK):
                self._at += len(block)
                self._cuts = 0
                yield block
        if not self.done:
            raise aiohttp.ClientPayloadError("the store sent less than it announced")

    async def recover(self, error: Exception) -> None:
        """Wait a little after a cut, longer each time; raises `StorageUnavailable` when it was one too many."""
        self._cuts += 1
        if self._cuts > _MOST_CUTS:
            raise _unreachable(self._settings, error) from error
        if self._cuts > 1:  # the first time at once: idle connections are cut all the time
            await self._sleep(0.25 * 2 ** (self._cuts - 2))

    async def _ask(self) -> GetObjectOutputTypeDef | None:
        """One GET; None when the place is at or behind the object's end."""
        wanted: GetObjectRequestTypeDef = {
            "Bucket": self._settings.bucket,
            "Key": self._settings.address(self._key),
        }
        if self._range:
            wanted["Range"] = self._range
        if self._etag:
            wanted["IfMatch"] = self._etag
        try:
            return await self._client.get_object(**wanted)
        except ClientError as error:
            if _code(error) in _BEHIND_THE_END:
                return None
            if _code(error) in _REPLACED:
                raise self._replaced() from error
            raise

    def _replaced(self) -> StorageUnavailable:
        return StorageUnavailable(f"{self._key} was replaced while it was read")

    @property
    def _range(self) -> str:
        if not self._at and self._end is None:
            return ""
        return f"bytes={self._at}-" + ("" if self._end is None else str(self._end - 1))

    def _learn(self, answer: GetObjectOutputTypeDef) -> None:
        """Pin the object by its ETag, and the end by its size; some stores ignore If-Match or Range."""
        if self._etag and answer["ETag"] != self._etag:
            raise self._replaced()
        self._etag = answer["ETag"]
        total = answer["ContentLength"]
        if self._range:
            place, _, whole = answer.get("ContentRange", "").removeprefix("bytes ").partition("/")
            if not place.startswith(f"{self._at}-") or not whole.isdigit():
                raise StorageUnavailable(f"{self._settings.preset.title} ignores Range, which Parley cannot do without")
            total = int(whole)
        self._end = total if self._end is None else min(total, self._end)


def is_absent(error: ClientError) -> bool:
    """Whether the store says that there is no such object."""
    return _code(error) in _ABSENT


def _content_md5(body: bytes) -> str:
    """So that the store itself refuses damaged bytes: every one of them knows this oldest of checksums."""
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def _advice(settings: S3Settings, error: ClientError) -> str:
    region = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("x-amz-bucket-region", "")
    return advise(settings, _code(error), region)


def _wait(error: ClientError) -> float | None:
    seconds = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("retry-after", "")
    return float(seconds) if seconds.isdigit() else None


def _unreachable(settings: S3Settings, error: Exception) -> StorageUnavailable:
    return StorageUnavailable(
        f"{settings.preset.title} cannot be reached {settings.place}: check the network, `storage.endpoint` and "
        f"`storage.region` ({type(error).__name__})"
    )
