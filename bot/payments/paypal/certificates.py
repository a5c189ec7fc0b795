"""Whether PayPal signed a notice: by the certificate that the notice names, whose chain ends at a root of this machine.

PayPal also offers a call that answers whether a notice is its own. That would be a call with a token for every notice,
forged ones too; and it takes the event as JSON, not as the bytes that were signed. A certificate is fetched once.
Where it cannot be fetched the notice is not taken, and PayPal brings it again for three days.

Source: developer.paypal.com/api/rest/webhooks/rest, verify by oneself
"""

from __future__ import annotations

import asyncio
import binascii
import re
import ssl
import warnings
import zlib
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from bot.core.errors import ProviderUnavailable, Unauthorised
from bot.http import Answer

HOSTS = ("api.", "api-m.")
PATH = re.compile(r"/v1/notifications/certs/CERT-[0-9A-Za-z-]{1,64}")
#: Whom PayPal's certificate for notices is given to, before the domain.
NAME = "messageverificationcerts."
#: A certificate is looked at anew so often, and what was none is not asked for again so soon.
GOOD_FOR, BAD_FOR = timedelta(days=1), timedelta(minutes=1)
#: Certificates, bad ones too.
MOST_KEPT = 32

Roots = Callable[[], Sequence[x509.Certificate]]


@dataclass(frozen=True, slots=True)
class _Kept:
    key: RSAPublicKey | None
    until: datetime


class Certificates:
    """PayPal's, fetched by `download` of a path of its API. `domain` is that of its hosts; `now` gives aware UTC."""

    def __init__(
        self, download: Callable[[str], Awaitable[Answer]], domain: str, now: Callable[[], datetime], roots: Roots
    ) -> None:
        self._download = download
        self._domain = domain
        self._now = now
        self._roots = roots
        self._turn = asyncio.Lock()
        self._kept: dict[str, _Kept] = {}

    async def check(self, headers: Mapping[str, str], body: bytes, webhook_id: str) -> None:
        """Raise `Unauthorised` unless PayPal signed it for this webhook, `ProviderUnavailable` without a certificate.

        It may be old: they repeat a notice for days.
        """
        id_, at, given, address, algorithm = (
            headers.get(f"paypal-{name}", "")
            for name in ("transmission-id", "transmission-time", "transmission-sig", "cert-url", "auth-algo")
        )
        if algorithm != "SHA256withRSA":
            raise Unauthorised("the notice is not signed by PayPal")
        try:
            signature = b64decode(given.encode("ascii"), validate=True)
            message = f"{id_}|{at}|{webhook_id}|{zlib.crc32(body)}".encode()
            key = await self._key(self._path(address))
            key.verify(signature, message, PKCS1v15(), SHA256())
        except (InvalidSignature, UnicodeError, binascii.Error):
            raise Unauthorised("the notice is not signed by PayPal for payments.paypal.webhook_id") from None

    def _path(self, address: str) -> str:
        """Below our own API, which has them all: nobody sends us to another host."""
        try:
            parts = urlsplit(address)
        except ValueError:
            parts = urlsplit("")
        hosts = {f"{name}{self._domain}" for name in HOSTS}
        if parts.scheme != "https" or parts.netloc not in hosts or not PATH.fullmatch(parts.path):
            raise Unauthorised("the notice names a certificate that is not PayPal's")
        if parts.query or parts.fragment:
            raise Unauthorised("the notice names a certificate that is not PayPal's")
        return parts.path

    async def _key(self, path: str) -> RSAPublicKey:
        if (kept := self._fresh(path)) is None:
            async with self._turn:  # one at a time: names that strangers make up are not asked for by the hundred
                if (kept := self._fresh(path)) is None:
                    kept = await self._fetched(path)
                    self._keep(path, kept)
        if kept.key is None:
            raise Unauthorised("the notice names a certificate that is not PayPal's")
        return kept.key

    def _keep(self, path: str, kept: _Kept) -> None:
        """The latest first, and names that strangers made up behind all others: they crowd out nothing good."""
        others = [(name, one) for name, one in self._kept.items() if name != path]
        ordered = sorted([(path, kept), *others], key=lambda item: item[1].key is None)
        self._kept = dict(ordered[:MOST_KEPT])

    def _fresh(self, path: str) -> _Kept | None:
        kept = self._kept.get(path)
        return kept if kept is not None and self._now() < kept.until else None

    async def _fetched(self, path: str) -> _Kept:
        answer = await self._download(path)
        if answer.status not in (200, 404):
            raise ProviderUnavailable(f"PayPal answered {answer.status} when asked for its certificate")
        now = self._now()
        try:
            leaf, *others = x509.load_pem_x509_certificates(answer.body)
            self._assure_theirs(leaf, others, now)
            key = leaf.public_key()
        except (ValueError, VerificationError):
            return _Kept(None, now + BAD_FOR)
        if not isinstance(key, RSAPublicKey):
            return _Kept(None, now + BAD_FOR)
        return _Kept(key, min(now + GOOD_FOR, leaf.not_valid_after_utc))

    def _assure_theirs(self, leaf: x509.Certificate, others: list[x509.Certificate], now: datetime) -> None:
        roots = self._roots()
        if not roots:
            raise ProviderUnavailable("this machine has no root certificates: install them (ca-certificates)")
        rules = PolicyBuilder().store(Store(list(roots))).time(now)
        rules.build_server_verifier(x509.DNSName(f"{NAME}{self._domain}")).verify(leaf, others)


def system_roots() -> list[x509.Certificate]:
    """What this machine trusts; without those that cannot be read."""
    found: list[x509.Certificate] = []
    with warnings.catch_warnings(action="ignore"):  # some are older than what is asked of certificates today
        for one in ssl.create_default_context().get_ca_certs(binary_form=True):
            with suppress(ValueError):
                found.append(x509.load_der_x509_certificate(one))
        return found or _of_folder(ssl.get_default_verify_paths().capath)


def _of_folder(path: str | None) -> list[x509.Certificate]:
    """Where there is a folder alone: what is in it is loaded by name, and so never listed."""
    found = []
    for file in sorted(Path(path).iterdir()) if path and Path(path).is_dir() else []:
        with suppress(ValueError, OSError):
            found += x509.load_pem_x509_certificates(file.read_bytes())
    return found
