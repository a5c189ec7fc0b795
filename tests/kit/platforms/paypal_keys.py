"""Who signs a fake PayPal's notices: certificates as a public authority gives them out; made once a process."""

from __future__ import annotations

import datetime as dt
import zlib
from base64 import b64encode
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

#: The certificate's own name, and until when it is good; the others are what a forger may come with.
LEAVES = {
    "signer": ("messageverificationcerts.sandbox.paypal.com", 2040),
    "live": ("messageverificationcerts.paypal.com", 2040),
    "another name": ("messageverificationcerts.sandbox.paypal.com.evil.example", 2040),
    "over": ("messageverificationcerts.sandbox.paypal.com", 2026),
    "stranger": ("messageverificationcerts.sandbox.paypal.com", 2040),
}


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    """The key of this leaf."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def authority(name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """ "root" signs itself and "between"; "stranger" signs itself, and nobody trusts it."""
    own = ec.generate_private_key(ec.SECP256R1())
    issuer, signs = authority("root") if name == "between" else (None, own)
    return _certificate(f"Tea Trust {name}", own.public_key(), issuer, signs, 2045, is_authority=True), own


@cache
def chain(name: str) -> bytes:
    """What PayPal's API answers for this leaf, PEM: the leaf, and who stands between it and the root."""
    called, until = LEAVES[name]
    issuer, signs = authority("stranger" if name == "stranger" else "between")
    leaf = _certificate(called, key(name).public_key(), issuer, signs, until, is_authority=False)
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (leaf, issuer))


def roots() -> list[x509.Certificate]:
    """What a machine trusts."""
    return [authority("root")[0]]


def sign(name: str, id_: str, at: str, webhook: str, body: bytes) -> str:
    """The signature of a notice, base64."""
    message = f"{id_}|{at}|{webhook}|{zlib.crc32(body) & 0xFFFFFFFF}".encode()
    return b64encode(key(name).sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def _certificate(
    name: str,
    public: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    issuer: x509.Certificate | None,
    signs: ec.EllipticCurvePrivateKey,
    until: int,
    *,
    is_authority: bool,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(until, 1, 1, tzinfo=dt.UTC))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signs.public_key()), critical=False)
        .add_extension(_usage(is_authority=is_authority), critical=True)
    )
    if not is_authority:
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        made = made.add_extension(names, critical=False).add_extension(usage, critical=False)
    return made.sign(signs, hashes.SHA256())


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority, key_cert_sign=is_authority, crl_sign=is_authority, content_commitment=False,
        key_encipherment=not is_authority, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip
