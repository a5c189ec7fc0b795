"""Key pairs and certificates of an app and of Alipay, made anew for each run, in the forms that are handed out."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

APP = rsa.generate_private_key(65537, 2048)
ALIPAY = rsa.generate_private_key(65537, 2048)
_EC = ec.generate_private_key(ec.SECP256R1())
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def one_line(key: rsa.RSAPrivateKey, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    """A private key as Alipay's tool shows it: without BEGIN and END."""
    return base64.b64encode(key.private_bytes(Encoding.DER, form, NoEncryption())).decode()


def pem(key: rsa.RSAPrivateKey) -> str:
    """A private key as OpenSSL writes it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


def public(key: Key) -> str:
    """The public half, on one line."""
    return base64.b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def public_pem(key: Key) -> str:
    """The public half, with BEGIN and END."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def certificate(common: str, number: int, key: Key, signer: Key = ALIPAY) -> x509.Certificate:
    """A certificate as theirs are: the issuer has a country, an organisation, a unit and a name, in this order."""
    parts = ((NameOID.COUNTRY_NAME, "CN"), (NameOID.ORGANIZATION_NAME, "Ant Financial"))
    unit = x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Certification Authority")
    issuer = x509.Name(
        [*(x509.NameAttribute(*part) for part in parts), unit, x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(
        issuer, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "one of them")]), key.public_key(), number
    )
    dated = made.not_valid_before(start).not_valid_after(start + timedelta(days=3650))
    return dated.sign(signer, hashes.SHA256())


def written(*certificates: x509.Certificate) -> str:
    """As a file holds them."""
    return "\n".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in certificates)


@cache
def app_cert() -> x509.Certificate:
    return certificate("Ant Financial Certification Authority Class 2 R1", 2**120 + 7, APP)


@cache
def alipay_cert() -> x509.Certificate:
    return certificate("Ant Financial Certification Authority Class 2 R1", 2**121 + 9, ALIPAY)


@cache
def roots() -> tuple[x509.Certificate, ...]:
    """Two that RSA signed, and one of another kind between them, which does not count."""
    return (
        certificate("Ant Financial Certification Authority R1", 2292228364100439313, ALIPAY),
        certificate("Ant Financial Certification Authority E1", 11, _EC, _EC),
        certificate("iTrusChina Class 2 Root CA - G3", 2**150 + 1, APP),
    )


def serial(one: x509.Certificate) -> str:
    """Their number of a certificate."""
    names = {part.oid: part.value for part in one.issuer}
    order = (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_NAME, NameOID.COUNTRY_NAME)
    issuer = "CN={},OU={},O={},C={}".format(*(names[oid] for oid in order))
    return hashlib.md5(f"{issuer}{one.serial_number}".encode(), usedforsecurity=False).hexdigest()


def app_serial() -> str:
    return serial(app_cert())


def theirs_serial() -> str:
    return serial(alipay_cert())


def root_serial() -> str:
    return f"{serial(roots()[0])}_{serial(roots()[2])}"


def ec_key() -> Key:
    """A key of another kind."""
    return _EC


def other_key() -> rsa.RSAPrivateKey:
    """Neither the app's nor Alipay's."""
    return rsa.generate_private_key(65537, 2048)


def issued(issuer: x509.Name, number: int) -> x509.Certificate:
    """A certificate of this issuer, with this number."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder(issuer, issuer, ALIPAY.public_key(), number)
    return made.not_valid_before(start).not_valid_after(start + timedelta(days=3650)).sign(ALIPAY, hashes.SHA256())
