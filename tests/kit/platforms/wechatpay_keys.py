"""The keys of a fake WeChat Pay and of its merchant, and what is signed and sealed with them; made once a process."""

from __future__ import annotations

import datetime as dt
import secrets
from base64 import b64decode, b64encode
from functools import cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

SCHEME = "WECHATPAY2-SHA256-RSA2048"
API_KEY = "TeaTeaTeaTeaTeaTeaTeaTeaTeaTea32"


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    """The key of this name: "merchant", "platform", "next platform", "public", "stranger"."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def private_pem(name: str) -> str:
    """As the merchant platform gives it out: PKCS#8, without a password."""
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key(name).private_bytes(serialization.Encoding.PEM, *form).decode()


@cache
def public_pem(name: str) -> str:
    """As the merchant platform gives it out."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key(name).public_key().public_bytes(serialization.Encoding.PEM, form).decode()


@cache
def certificate(name: str) -> x509.Certificate:
    """A certificate of this key, good from 2020 to 2040."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com sign")])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key(name).public_key())
        .serial_number(secrets.randbits(150) | 1 << 150)
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2040, 1, 1, tzinfo=dt.UTC))
        .sign(key(name), hashes.SHA256())
    )


def serial(name: str) -> str:
    """The serial number of the key's certificate, as headers have it."""
    return f"{certificate(name).serial_number:040X}"


def certificate_pem(name: str) -> bytes:
    """The certificate as a file."""
    return certificate(name).public_bytes(serialization.Encoding.PEM)


def signature(name: str, message: bytes) -> str:
    """In base64."""
    return b64encode(key(name).sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def is_signed(name: str, message: bytes, given: str) -> bool:
    """Whether the holder of this key signed the message."""
    try:
        key(name).public_key().verify(b64decode(given), message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def sealed(content: bytes, about: str, secret: str = API_KEY) -> dict[str, str]:
    """As notices and certificates carry what is secret."""
    nonce = secrets.token_hex(6)
    box = AESGCM(secret.encode()).encrypt(nonce.encode(), content, about.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "nonce": nonce,
        "associated_data": about,
        "ciphertext": b64encode(box).decode(),
    }
