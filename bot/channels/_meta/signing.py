"""What Meta signs: the bodies of webhooks, and requests that it hands on for a person. Pure, and in constant time.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started and …/docs/apps/delete-data
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from bot.channels._reading import Json, integer, needed, read_object
from bot.core.errors import BadInput, Unauthorised

_FIELD = b"signed_request="


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What Meta asks for somebody: whose id within the app it is, and when it was asked (seconds since 1970)."""

    user: str
    issued: int


def signature(secret: bytes, body: bytes) -> str:
    """The header `X-Hub-Signature-256` of a body."""
    return "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()


def appsecret_proof(secret: str, token: str) -> str:
    """Shows that who calls with `token` knows the app's secret too."""
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def assure_signed(secrets: Sequence[bytes], told: str, body: bytes) -> None:
    """Raise `Unauthorised` unless `told` is the signature of `body` by one of the secrets."""
    # As bytes: comparing texts raises for anything that is not ASCII.
    told_bytes = told.encode("utf-8", "surrogateescape")
    if not any(hmac.compare_digest(told_bytes, signature(secret, body).encode()) for secret in secrets):
        raise Unauthorised("wrong or missing X-Hub-Signature-256")


def is_signed_request(body: bytes) -> bool:
    """Whether a body is the form in which Meta hands on what a person asks for, and no JSON of a webhook."""
    return body.startswith(_FIELD)


def assure_signed_request(secrets: Sequence[bytes], body: bytes) -> None:
    """Raise `Unauthorised` unless one of the secrets signed the form."""
    told, payload = _parts(body)
    try:
        told_bytes = _decoded(told)
    except ValueError:
        told_bytes = b""
    expected = [hmac.new(secret, payload, hashlib.sha256).digest() for secret in secrets]
    if not any(hmac.compare_digest(told_bytes, one) for one in expected):
        raise Unauthorised("a signed_request that the app's secret did not sign")


def read_signed_request(body: bytes) -> SignedRequest:
    """What a form whose signature is right asks for. Raises `BadInput`."""
    try:
        payload: Json = read_object(_decoded(_parts(body)[1]))
    except ValueError:
        raise BadInput("a signed_request that is no base64") from None
    return SignedRequest(needed(payload, "user_id", 64), integer(payload, "issued_at"))


def _parts(body: bytes) -> tuple[bytes, bytes]:
    """The signature and what it is of, each still in base64."""
    fields = dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True))
    told, _, payload = fields.get("signed_request", "").encode("utf-8", "replace").partition(b".")
    return told, payload


def _decoded(text: bytes) -> bytes:
    return urlsafe_b64decode(text + b"=" * (-len(text) % 4))
