"""S3 storage puts a file whole or not at all, whatever the store answers."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
from dataclasses import replace

import pytest

from bot.core.errors import StorageUnavailable
from bot.storage.s3 import S3Storage
from tests.unit.storage.s3_script import KEY, MB, PART, Answer, Script, refusal, stream


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
