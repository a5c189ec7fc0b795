"""What differs between stores that speak S3, as data: where they are and how they want to be asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Provider:
    """One kind of store. `endpoint` is a template over the region, None where it must be configured."""

    title: str
    endpoint: str | None
    addressing: Literal["virtual", "path"]
    bucket: str = r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"
    bucket_hint: str = "3 to 63 lower-case letters, digits and hyphens"


# Alibaba refuses path style, Tencent closed it for newer accounts (2024-01): the bucket is in the host name.
# Sources: alibabacloud.com "Access OSS using an AWS SDK"; Tencent COS "S3 SDK"; support.huaweicloud.com obs_faq_0274.
PROVIDERS: Mapping[str, Provider] = {
    "aws": Provider("Amazon S3", "", "virtual"),  # the client knows every address of Amazon's
    "aliyun-oss": Provider("Alibaba Cloud OSS", "https://s3.oss-{region}.aliyuncs.com", "virtual"),
    "tencent-cos": Provider(
        "Tencent Cloud COS",
        "https://cos.{region}.myqcloud.com",
        "virtual",
        bucket=r"[a-z0-9][a-z0-9-]*-[0-9]{6,}",
        bucket_hint="the name and the APPID, like files-1250000000",
    ),
    "huawei-obs": Provider("Huawei Cloud OBS", "https://obs.{region}.myhuaweicloud.com", "virtual"),
    "minio": Provider("the S3 store", None, "path"),
}


@dataclass(frozen=True, slots=True)
class S3Settings:
    """Where the files live. Raises `ConfigError` for what no store could accept.

    `provider` names a preset; `endpoint` replaces its address, such as for an internal network. With
    `bound_domain` the endpoint is a domain bound to this bucket (CNAME): new users of Alibaba Cloud must have
    one for buckets in mainland China since March 2025. Empty keys on `aws` mean the role of the machine.
    `prefix` is put before every key, with a slash between.
    """

    provider: str
    bucket: str
    region: str
    endpoint: str | None = None
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    prefix: str = ""
    bound_domain: bool = False

    def __post_init__(self) -> None:
        if fault := _fault(self):
            raise ConfigError(fault)

    @property
    def preset(self) -> Provider:
        """How this kind of store wants to be asked."""
        return PROVIDERS[self.provider]

    @property
    def url(self) -> str | None:
        """The endpoint without the bucket; None: the client knows it."""
        return self.endpoint or (self.preset.endpoint or "").format(region=self.region) or None

    @property
    def place(self) -> str:
        """Where it is, as part of a sentence."""
        return f"at {self.url}" if self.url else f"in {self.region}"

    def address(self, key: str) -> str:
        """The key inside the bucket."""
        return f"{self.prefix}/{key}" if self.prefix else key


def _fault(settings: S3Settings) -> str | None:
    """The first thing that is wrong, as a sentence that names the setting."""
    preset = PROVIDERS.get(settings.provider)
    if preset is None:
        return f"`storage.provider` is {settings.provider!r}: write one of {', '.join(PROVIDERS)}"
    return _bucket_fault(settings, preset) or _place_fault(settings, preset) or _key_fault(settings)


def _bucket_fault(settings: S3Settings, preset: Provider) -> str | None:
    if not re.fullmatch(preset.bucket, settings.bucket):
        return f"`storage.bucket` is {settings.bucket!r}; {preset.title} wants {preset.bucket_hint}"
    if settings.prefix and not re.fullmatch(r"[a-z0-9_.-]+(/[a-z0-9_.-]+)*", settings.prefix):
        return "`storage.prefix` may hold a-z, 0-9, _ . - and single slashes, none at its ends"
    return None


def _place_fault(settings: S3Settings, preset: Provider) -> str | None:
    if not re.fullmatch(r"[a-z0-9-]+", settings.region):
        return f"`storage.region` is {settings.region!r}: write it as the provider's console shows it, like cn-hangzhou"
    if settings.region.startswith("oss-"):
        return f"`storage.region` is {settings.region!r}: write it without oss-, like {settings.region[4:]}"
    return _endpoint_fault(settings, preset)


def _endpoint_fault(settings: S3Settings, preset: Provider) -> str | None:
    if not settings.endpoint:
        if settings.bound_domain:
            return "`storage.endpoint` is missing: write the domain that is bound to the bucket, like https://host"
        known = preset.endpoint is not None
        return None if known else f"`storage.endpoint` is missing: {settings.provider} has no address of its own"
    if not re.fullmatch(r"https?://[^/?#@]+/?", settings.endpoint):
        return "`storage.endpoint` must be like https://host or http://host:port, with nothing after it"
    if settings.endpoint.split("//")[1].startswith(f"{settings.bucket}.") and not settings.bound_domain:
        return "`storage.endpoint` must not begin with the bucket's name, unless `storage.bound_domain` is true"
    return None


def _key_fault(settings: S3Settings) -> str | None:
    if bool(settings.access_key) != bool(settings.secret_key):
        missing = "secret_key" if settings.access_key else "access_key"
        return f"`storage.{missing}` is missing: both keys or none"
    if not settings.access_key and settings.provider != "aws":
        return "`storage.access_key` and `storage.secret_key` are missing"
    return None
