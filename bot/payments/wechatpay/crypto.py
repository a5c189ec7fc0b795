"""What WeChat Pay signs and seals with: RSA over SHA-256, AES-256-GCM. Nothing here asks anybody anything.

The imports are inside: a start without WeChat Pay does not pay for them.

Source: pay.weixin.qq.com/doc/v3/merchant/4012365342 (signing), 4012365345 (verifying), 4012071382 (opening).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

ALGORITHM = "AEAD_AES_256_GCM"


@dataclass(frozen=True, slots=True)
class Certificate:
    """One of WeChat Pay's. `serial` as `plain_serial` writes it; good from `begins` to `ends`, aware."""

    serial: str
    key: RSAPublicKey
    begins: datetime
    ends: datetime


def private_key(pem: str) -> RSAPrivateKey:
    """Raises ValueError for what is none."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except TypeError as error:  # it has a password
        raise ValueError("the key has a password") from error
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("not an RSA key")
    return key


def public_key(pem: str) -> RSAPublicKey:
    """Raises ValueError for what is none."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not an RSA key")
    return key


def certificate(pem: bytes) -> Certificate:
    """Raises ValueError for what is none."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import load_pem_x509_certificate

    found = load_pem_x509_certificate(pem)
    key = found.public_key()
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not of an RSA key")
    serial = plain_serial(f"{found.serial_number:X}")
    return Certificate(serial, key, found.not_valid_before_utc, found.not_valid_after_utc)


def plain_serial(written: str) -> str:
    """A certificate's serial number in one spelling, however it was written."""
    return written.upper().lstrip("0")


def sign(key: RSAPrivateKey, message: str) -> str:
    """The signature in base64."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    return b64encode(key.sign(message.encode(), PKCS1v15(), SHA256())).decode()


def is_signed(key: RSAPublicKey, message: bytes, signature: bytes) -> bool:
    """Whether the holder of this key signed the message."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        key.verify(signature, message, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def opened(secret: str, sealed: Mapping[str, Any]) -> bytes:
    """What is in `{"algorithm", "nonce", "associated_data", "ciphertext"}`, by the APIv3 key.

    Raises ValueError for what is not of this form, and for what another key has sealed.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if sealed.get("algorithm") != ALGORITHM:
        raise ValueError(f"not sealed with {ALGORITHM}")
    try:
        nonce, content = str(sealed["nonce"]).encode(), b64decode(str(sealed["ciphertext"]), validate=True)
        return AESGCM(secret.encode()).decrypt(nonce, content, str(sealed.get("associated_data") or "").encode())
    except (InvalidTag, KeyError) as error:
        raise ValueError("sealed with another key") from error
