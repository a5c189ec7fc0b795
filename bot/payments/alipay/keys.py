"""Keys of an Alipay app: ours signs, theirs verifies; by bare keys, or by certificates that have serial numbers.

Imported when the provider is set up and not before: cryptography costs a start without it too much.
Source: opendocs.alipay.com, signing by oneself; certificates. The numbers are checked against published ones.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from bot.core.errors import ConfigError

#: The arc of signature algorithms that are RSA: of the root bundle, these alone count.
RSA_SIGNATURES = "1.2.840.113549.1.1."
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Keys:
    """`serials` is what certificate mode adds to each call, `theirs_serial` the number of Alipay's certificate."""

    ours: RSAPrivateKey = field(repr=False)
    theirs: RSAPublicKey = field(repr=False)
    serials: dict[str, str] = field(default_factory=dict)
    theirs_serial: str = ""

    def sign(self, content: str) -> str:
        """RSA2 of the content, base64."""
        return base64.b64encode(self.ours.sign(content.encode(), PKCS1v15(), hashes.SHA256())).decode()

    def verifies(self, content: bytes, signature: str) -> bool:
        """Whether Alipay signed it; of a signature only its one right spelling is taken."""
        try:
            given = base64.b64decode(signature.encode("ascii"), validate=True)
            if base64.b64encode(given).decode() != signature:
                return False
            self.theirs.verify(given, content, PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, UnicodeEncodeError, binascii.Error):
            return False
        return True


def bare(private_key: str, alipay_public_key: str) -> Keys:
    """By keys alone. Raises `ConfigError` with the name of the key that is wrong."""
    ours = _private(private_key)
    theirs = _public(alipay_public_key)
    if theirs.public_numbers() == ours.public_key().public_numbers():
        raise ConfigError(
            "payments.alipay.alipay_public_key is the app's own public key; Alipay shows its own one beside it, "
            "after the app's was uploaded: copy that"
        )
    return Keys(ours, theirs)


def certified(private_key: str, app_cert: str, alipay_cert: str, alipay_root_cert: str) -> Keys:
    """By certificates. Raises `ConfigError` with the name of the one that is wrong."""
    ours, app, theirs = _private(private_key), _certificate("app_cert", app_cert), _theirs(alipay_cert)
    if _rsa("app_cert", app.public_key()).public_numbers() != ours.public_key().public_numbers():
        raise ConfigError("payments.alipay.app_cert belongs to another key than payments.alipay.private_key")
    root = root_serial(alipay_root_cert)
    if not root:
        raise ConfigError(
            "payments.alipay.alipay_root_cert holds no certificate of Alipay: set file:… to alipayRootCert.crt"
        )
    serials = {"app_cert_sn": serial(app), "alipay_root_cert_sn": root}
    return Keys(ours, _rsa("alipay_cert", theirs.public_key()), serials, serial(theirs))


def serial(certificate: x509.Certificate) -> str:
    """Alipay's own number of a certificate: the MD5 of its issuer, most special part first, and its serial number."""
    parts = [f"{one.rfc4514_attribute_name}={one.value!s}" for one in reversed(list(certificate.issuer))]
    return hashlib.md5(f"{','.join(parts)}{certificate.serial_number}".encode(), usedforsecurity=False).hexdigest()


def root_serial(bundle: str) -> str:
    """Those of a bundle that RSA signed, joined; "" for none. What cannot be read is skipped, as by Alipay."""
    found = [_readable(block) for block in CERTIFICATE.findall(bundle)]
    return "_".join(
        serial(one) for one in found if one and one.signature_algorithm_oid.dotted_string.startswith(RSA_SIGNATURES)
    )


def _readable(block: str) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(block.encode())
    except ValueError:
        return None


def _private(written: str) -> RSAPrivateKey:
    cure = "paste the app's private key (RSA2) as Alipay's key tool shows it, or set file:… to it"
    try:
        raw = _der(written)
        key = (
            serialization.load_pem_private_key(written.encode(), None)
            if raw is None
            else serialization.load_der_private_key(raw, None)
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigError(f"payments.alipay.private_key is no private key; {cure}") from None
    if not isinstance(key, RSAPrivateKey):
        raise ConfigError(f"payments.alipay.private_key is no RSA key; {cure}")
    return key


def _public(written: str) -> RSAPublicKey:
    try:
        raw = _der(written)
        key = (
            serialization.load_pem_public_key(written.encode())
            if raw is None
            else serialization.load_der_public_key(raw)
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigError(
            "payments.alipay.alipay_public_key is no public key; copy Alipay's, shown after the app's was uploaded"
        ) from None
    return _rsa("alipay_public_key", key)


def _der(written: str) -> bytes | None:
    """The bytes of a key that stands on one line, without BEGIN and END, as Alipay shows it; None for PEM."""
    if "-----BEGIN" in written:
        return None
    return base64.b64decode("".join(written.split()), validate=True)


def _theirs(written: str) -> x509.Certificate:
    found = CERTIFICATE.findall(written)  # the file may hold its chain, too
    return _certificate("alipay_cert", found[0] if found else written)


def _certificate(name: str, written: str) -> x509.Certificate:
    found = _readable(written)
    if found is None:
        raise ConfigError(f"payments.alipay.{name} is no certificate; set file:… to the .crt that Alipay gave you")
    return found


def _rsa(name: str, key: object) -> RSAPublicKey:
    if not isinstance(key, RSAPublicKey):
        raise ConfigError(f"payments.alipay.{name} is not of an RSA key; choose RSA2 for the app at Alipay")
    return key
