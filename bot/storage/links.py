"""A link to a file works for one file, in one variant, until one moment, and for nobody who cannot sign."""

from __future__ import annotations

import base64
import hashlib
import hmac

_LONGEST = 80
_PURPOSE = b"parley file link 1"
MIN_SECRET = 16


def sign(secret: bytes, file_id: str, expires: int, variant: str = "") -> str:
    """A URL-safe token `<expires>.<signature>`; `expires` is a Unix time in seconds.

    `variant` names what is served (`"original"`, `"display"`, `"thumbnail"`): a token for one opens no other.
    ValueError for a secret under 16 bytes.
    """
    if len(secret) < MIN_SECRET:
        raise ValueError(f"the secret that signs links needs {MIN_SECRET} bytes or more")
    digest = hmac.digest(secret, _statement(file_id, expires, variant), hashlib.sha256)
    return f"{expires}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def check(secret: bytes, file_id: str, token: str, now: float, variant: str = "") -> bool:
    """Whether `sign` made this token for this file and variant and it has not expired at `now`.

    Whatever a stranger puts into `token` or `file_id`, the answer is True or False, never an exception.
    """
    expires = _expiry(token)
    if expires is None or now >= expires:
        return False
    # The whole token is made again and compared, so there is exactly one spelling of each.
    return hmac.compare_digest(sign(secret, file_id, expires, variant).encode(), token.encode())


def _expiry(token: str) -> int | None:
    digits = token.partition(".")[0]
    if not token.isascii() or len(token) > _LONGEST or not digits.isdigit():
        return None
    return int(digits)


def _statement(file_id: str, expires: int, variant: str) -> bytes:
    """Each part with its length in front, so that no two statements read the same."""
    parts = [_PURPOSE, *(part.encode("utf-8", "surrogatepass") for part in (file_id, str(expires), variant))]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
