"""What an S3 store refused, as a sentence that says which setting to mend."""

from __future__ import annotations

from collections.abc import Mapping

from bot.storage.s3_settings import S3Settings

_RIGHTS = (
    "{title} denies access to the bucket {bucket}: give the owner of `storage.access_key` the rights to get, put, "
    "delete and list there, or correct `storage.bucket`"
)
_KEY = "{title} does not know our access key: correct `storage.access_key`, or `storage.provider` if it is another's"
_SIGNATURE = "{title} refuses our signature: correct `storage.secret_key`"
_BUCKET = "{title} has no bucket {bucket} {place}: create it, or correct `storage.bucket` or `storage.region`"
_CLOCK = "{title} says that this machine's clock is wrong: set it (more than 15 minutes off is refused)"
_REGION = "the bucket {bucket} is not in {region}: correct `storage.region`, and `storage.endpoint` if it is set"
_ELSEWHERE = "{title} {place} sends us elsewhere: correct `storage.endpoint`, such as https:// for http://"
_STYLE = "{title} wants the bucket in the host name: correct `storage.provider`, which is {provider}"
_BUSY = "{title} is busy or down: it will be tried again"
_FULL = "{title} is full or over its quota: make room or raise the quota"
_DAMAGED = "{title} received damaged bytes: it will be tried again"

#: Our own code, for a redirect to another address.
ELSEWHERE = "Elsewhere"
_CODES: Mapping[str, tuple[str, ...]] = {
    _RIGHTS: ("AccessDenied", "AllAccessDisabled", "Forbidden", "403"),
    _KEY: ("InvalidAccessKeyId", "InvalidAccessKey", "InvalidSecurityToken"),
    _SIGNATURE: ("SignatureDoesNotMatch",),
    _BUCKET: ("NoSuchBucket", "InvalidBucketName"),
    _CLOCK: ("RequestTimeTooSkewed", "RequestExpired"),
    _REGION: (
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "PermanentRedirect",
        "TemporaryRedirect",
        "301",
        "307",
    ),
    _ELSEWHERE: (ELSEWHERE,),
    _STYLE: ("SecondLevelDomainForbidden", "PathStyleDomainForbidden"),
    _BUSY: (
        "InternalError",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "429",
        "500",
        "502",
        "503",
        "504",
    ),
    _FULL: ("QuotaExceeded", "XMinioStorageFull"),
    _DAMAGED: ("BadDigest", "XAmzContentSHA256Mismatch"),
}
_SENTENCES = {code: sentence for sentence, codes in _CODES.items() for code in codes}
_OTHER = "{title} answered {code}"


def advise(settings: S3Settings, code: str, region: str = "") -> str:
    """`code` is S3's error code, or the HTTP status where a HEAD had no body; `region` the one S3 named instead."""
    sentence = _SENTENCES.get(code, _OTHER).format(
        title=settings.preset.title,
        bucket=settings.bucket,
        region=settings.region,
        provider=settings.provider,
        place=settings.place,
        code=code,
    )
    return f"{sentence}; it says {region}" if region and region != settings.region else sentence
