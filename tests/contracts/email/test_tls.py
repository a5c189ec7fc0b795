"""Both servers over TLS, with a certificate of one's own authority: it is believed where the operator says so."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.channels.email import EmailChannel, Settings
from bot.core.errors import ConfigError
from bot.core.message import Wire
from tests.contracts.channel_contract import PHOTO, Inbox, Shelf
from tests.contracts.email.conftest import table
from tests.kit.platforms.around import around
from tests.kit.platforms.email import EmailServer

SECURE = {"imap_security": "tls", "smtp_security": "tls"}


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A certificate for this machine, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    form = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(pem, form, serialization.NoEncryption())
    file = tmp_path / "authority.pem"
    file.write_bytes(made.public_bytes(pem) + secret)
    return file


@pytest.fixture
async def secured(authority: Path) -> AsyncIterator[EmailServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    async with EmailServer(context) as server:
        yield server


def account(server: EmailServer, shelf: Shelf, **more: str) -> EmailChannel:
    return EmailChannel(Settings.model_validate(table(server, **SECURE, **more)), around("email", shelf.open))


async def test_mails_come_and_go_over_tls(secured: EmailServer, authority: Path, inbox: Inbox, shelf: Shelf) -> None:
    channel, ann = account(secured, shelf, ca_file=str(authority)), secured.person()
    await channel.start(inbox.accept)
    try:
        for number in range(8):  # each is told of while we wait
            await ann.says(f"number {number}")
            assert (await inbox.next(number + 1)).text == f"number {number}"
            await channel.send(ann.id, Wire(f"answer {number}"), f"k{number}")
            assert (await ann.reads()).text == f"answer {number}"
        await ann.sends_photo(PHOTO)
        [ref] = (await inbox.next(9)).files
        other = account(secured, shelf, ca_file=str(authority))
        stream = await other.fetch(ref)
        assert b"".join([chunk async for chunk in stream.chunks]) == PHOTO
    finally:
        await channel.stop()


@pytest.mark.parametrize("kind", ["imap", "smtp"])
async def test_a_certificate_of_nobody_is_told_at_the_start(
    secured: EmailServer, authority: Path, inbox: Inbox, shelf: Shelf, kind: str
) -> None:
    async with EmailServer() as plain:
        other, port = {"imap": ("smtp", plain.port), "smtp": ("imap", plain.mailbox.port)}[kind]
        told = table(secured, **SECURE) | {f"{other}_port": port, f"{other}_security": "none"}
        channel = EmailChannel(Settings.model_validate(told), around("email", shelf.open))
        with pytest.raises(ConfigError, match="is not believed: self-signed certificate"):
            await channel.start(inbox.accept)
        await channel.stop()


async def test_a_file_of_no_certificates_is_told(
    server: EmailServer, inbox: Inbox, shelf: Shelf, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    with pytest.raises(ConfigError, match="is no file of certificates"):
        await account(server, shelf, ca_file=str(wrong)).start(inbox.accept)
