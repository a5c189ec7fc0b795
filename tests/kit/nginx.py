"""A real nginx with docs/deploy/nginx.conf: only its addresses and its certificate are the test's."""

from __future__ import annotations

import os
import re
import shutil
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.servers import Server, dies_with_us, free_port

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "docs" / "deploy" / "nginx.conf"
NAME = "shop.example"
MAIN = """\
daemon off;
worker_processes 2;
{user}
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 512; }}
http {{
    access_log access.log;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include parley.conf;
}}
"""


def program() -> str | None:
    """Where nginx is: of the system, or unpacked by scripts/test."""
    places = (os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", str(ROOT / ".venv/nginx/usr/sbin"))
    return shutil.which("nginx", path=os.pathsep.join(places))


class Nginx(Server):
    """In front of the nodes that listen on these ports; `one_pool`: calls and pages share their connections."""

    def __init__(self, folder: Path, nodes: Sequence[int], *, one_pool: bool = False, tls: bool = True) -> None:
        super().__init__(folder)
        self.plain_port = free_port()
        self.url = f"https://{NAME}:{self.port}"
        _write_certificate(folder)
        text = self._changed(CONFIGURATION.read_text("utf-8"), nodes)
        if one_pool:
            text = _replaced(text, "proxy_pass http://parley_hooks;", "proxy_pass http://parley;")
        if not tls:
            text = _replaced(text, " ssl http2;", ";")
        (folder / "parley.conf").write_text(text, "utf-8")
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(MAIN.format(user=user), "utf-8")

    def _changed(self, text: str, nodes: Sequence[int]) -> str:
        text = re.sub(r"\n +listen \[::\].*", "", text)
        text = _replaced(text, "listen 80;", f"listen 127.0.0.1:{self.plain_port};")
        text = _replaced(text, "listen 443 ", f"listen 127.0.0.1:{self.port} ")
        text = _replaced(text, "/etc/nginx/tls/", f"{self.folder}/")
        line = re.search(r"server node1:8080( .*;)\n", text)
        assert line is not None
        text = re.sub(r"\n +server node2:8080 .*;", "", text)
        servers = "\n    ".join(f"server 127.0.0.1:{port}{line[1]}" for port in nodes)
        return _replaced(text, line[0].rstrip("\n"), servers)

    def command(self) -> Sequence[str]:
        return [*dies_with_us("TERM"), str(program()), "-e", "stderr", "-p", f"{self.folder}/", "-c", "nginx.conf"]

    def session(self, address: str = "127.0.0.1") -> aiohttp.ClientSession:
        """A client at this address of the machine who trusts the certificate; any name is this nginx."""
        context = ssl.create_default_context(cafile=str(self.folder / f"{NAME}.pem"))
        connector = aiohttp.TCPConnector(
            ssl=context, resolver=_Here(), local_addr=(address, 0), limit=0, use_dns_cache=False
        )
        return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=20))


class _Here(AbstractResolver):
    """Every name is this machine."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=2, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is open."""


def _replaced(text: str, old: str, new: str) -> str:
    assert old in text, f"{CONFIGURATION.name} has no {old!r} any more"
    return text.replace(old, new)


def _write_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)]), datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / f"{NAME}.pem").write_bytes(certificate.public_bytes(pem))
    (folder / f"{NAME}.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
