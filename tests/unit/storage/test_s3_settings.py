"""Every preset finds its store, asks as that store wants, and says at start-up what cannot work."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import pytest

from bot.core.errors import ConfigError
from bot.storage.s3 import PROVIDERS, S3Settings, S3Storage, client_config

OSS = S3Settings("aliyun-oss", "files", "cn-hangzhou", None, "akid", "secret", "parley")
AWS = replace(OSS, provider="aws", region="eu-west-1")
COS = replace(OSS, provider="tencent-cos", bucket="files-1250000000", region="ap-guangzhou")
OBS = replace(OSS, provider="huawei-obs", region="cn-north-4")
BOUND = replace(OSS, endpoint="https://files.example.cn", bound_domain=True)
MINIO = replace(OSS, provider="minio", region="us-east-1", endpoint="http://127.0.0.1:9000")


def signature(link: SplitResult, settings: S3Settings) -> str:
    """What a store computes for a pre-signed GET: AWS Signature Version 4, written from its description."""
    parts = [part for part in link.query.split("&") if not part.startswith("X-Amz-Signature=")]
    canonical = f"GET\n{link.path}\n{'&'.join(sorted(parts))}\nhost:{link.netloc}\n\nhost\nUNSIGNED-PAYLOAD"
    moment = parse_qs(link.query)["X-Amz-Date"][0]
    scope = f"{moment[:8]}/{settings.region}/s3/aws4_request"
    key = b"AWS4" + settings.secret_key.encode()
    for step in scope.split("/"):
        key = hmac.digest(key, step.encode(), "sha256")
    statement = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.digest(key, statement.encode(), "sha256").hex()


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        (AWS, "https://files.s3.eu-west-1.amazonaws.com/parley/a.jpg"),
        (replace(AWS, region="cn-north-1"), "https://files.s3.cn-north-1.amazonaws.com.cn/parley/a.jpg"),
        (OSS, "https://files.s3.oss-cn-hangzhou.aliyuncs.com/parley/a.jpg"),
        (
            replace(OSS, endpoint="https://s3.oss-cn-hangzhou-internal.aliyuncs.com", prefix=""),
            "https://files.s3.oss-cn-hangzhou-internal.aliyuncs.com/a.jpg",
        ),
        (COS, "https://files-1250000000.cos.ap-guangzhou.myqcloud.com/parley/a.jpg"),
        (OBS, "https://files.obs.cn-north-4.myhuaweicloud.com/parley/a.jpg"),
        (MINIO, "http://127.0.0.1:9000/files/parley/a.jpg"),
        (BOUND, "https://files.example.cn/parley/a.jpg"),
        (replace(BOUND, prefix="files"), "https://files.example.cn/files/a.jpg"),
    ],
)
async def test_every_preset_finds_its_store(settings: S3Settings, address: str) -> None:
    storage = S3Storage(settings)
    link = urlsplit(await storage.link("a.jpg", seconds=60, filename="茶.jpg"))
    await storage.close()
    asked = parse_qs(link.query)
    assert f"{link.scheme}://{link.netloc}{link.path}" == address
    assert asked["X-Amz-Signature"] == [signature(link, settings)]
    assert asked["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert asked["X-Amz-Credential"][0].split("/")[2:] == [settings.region, "s3", "aws4_request"]
    assert asked["X-Amz-Expires"] == ["60"]
    assert unquote(asked["response-content-disposition"][0]).endswith("filename*=UTF-8''茶.jpg")


@pytest.mark.parametrize("settings", [AWS, OSS, COS, OBS, MINIO], ids=list(PROVIDERS))
def test_no_preset_uses_what_only_amazon_understands(settings: S3Settings) -> None:
    config = vars(client_config(settings, 3))
    assert config["signature_version"] == "s3v4"
    assert config["request_checksum_calculation"] == "when_required"
    assert config["response_checksum_validation"] == "when_required"
    assert config["s3"]["addressing_style"] == ("path" if settings is MINIO else "virtual")
    assert config["s3"]["payload_signing_enabled"] is (settings is MINIO)  # the only one without TLS here


@pytest.mark.parametrize("seconds", [0, -1, 7 * 24 * 3600 + 1])
async def test_a_link_lives_a_week_at_most(seconds: int) -> None:
    with pytest.raises(ValueError, match="604800 seconds"):
        await S3Storage(MINIO).link("a.jpg", seconds=seconds, filename="a.jpg")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"provider": "s3"},
            "`storage.provider` is 's3': write one of aws, aliyun-oss, tencent-cos, huawei-obs, minio",
        ),
        ({"bucket": "My_Files"}, "`storage.bucket` is 'My_Files'"),
        ({"bucket": "my.files"}, "`storage.bucket` is 'my.files'; Alibaba Cloud OSS wants 3 to 63 lower-case letters"),
        ({"provider": "tencent-cos"}, "Tencent Cloud COS wants the name and the APPID, like files-1250000000"),
        ({"region": ""}, "`storage.region` is ''"),
        ({"region": "oss-cn-hangzhou"}, "write it without oss-, like cn-hangzhou"),
        ({"provider": "minio"}, "`storage.endpoint` is missing: minio has no address of its own"),
        ({"endpoint": "s3.example.com"}, "`storage.endpoint` must be like https://host"),
        ({"endpoint": "https://host/files"}, "`storage.endpoint` must be like https://host"),
        ({"endpoint": "https://files.host"}, "`storage.endpoint` must not begin with the bucket's name"),
        ({"prefix": "/parley"}, "`storage.prefix` may hold"),
        ({"prefix": "../parley "}, "`storage.prefix` may hold"),
        ({"access_key": ""}, "`storage.access_key` is missing: both keys or none"),
        ({"secret_key": ""}, "`storage.secret_key` is missing: both keys or none"),
        ({"access_key": "", "secret_key": ""}, "`storage.access_key` and `storage.secret_key` are missing"),
    ],
)
def test_a_wrong_setting_is_named_at_start_up(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        replace(OSS, **change)
    assert words in str(caught.value)


def test_amazon_needs_no_keys_on_a_machine_with_a_role() -> None:
    assert replace(AWS, access_key="", secret_key="").url is None


def test_secrets_are_not_printed() -> None:
    assert "akid" not in repr(OSS)
    assert "'secret'" not in repr(OSS)
