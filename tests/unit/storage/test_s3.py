"""What S3 storage says when the store refuses or nobody is there, in words that name the setting to correct."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.core.errors import FileMissing, StorageUnavailable
from bot.storage.s3 import S3Settings, S3Storage
from tests.servers import free_port
from tests.unit.storage.s3_script import KEY, Answer, Script, opened, refusal, stream


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


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_but_told(scripted: tuple[Script, S3Storage], status: int) -> None:
    script, storage = scripted
    script.will(Answer(status, headers={"Location": "http://127.0.0.1:1/x"}))
    with pytest.raises(StorageUnavailable, match=r"at http://127.0.0.1:\d+ sends us elsewhere: correct `storage.endp"):
        await storage.size(KEY)
    assert script.lines == [f"HEAD /files/{KEY}"]


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


async def test_deleting_what_a_store_says_is_not_there_is_fine(scripted: tuple[Script, S3Storage]) -> None:
    script, storage = scripted
    script.will(refusal(404, "NoSuchKey"))
    await storage.delete(KEY)
    assert script.lines == [f"DELETE /files/{KEY}"]


async def test_a_check_that_reads_other_bytes_fails(scripted: tuple[Script, S3Storage]) -> None:
    script, storage = scripted
    script.will(Answer(headers={"ETag": '"e"'}), Answer(body="coffee", headers={"ETag": '"e"'}))
    with pytest.raises(StorageUnavailable, match="gives back other bytes"):
        await storage.check()


async def test_the_first_calls_share_one_client(real: S3Settings) -> None:
    async with opened(real) as storage:
        sizes = await asyncio.gather(*(storage.size(KEY) for _ in range(5)), return_exceptions=True)
        assert [type(size) for size in sizes] == [FileMissing] * 5
        assert len({id(await storage._connect()) for _ in range(5)}) == 1
