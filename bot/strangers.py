"""Fetches a file from an address that somebody else wrote: only from the public internet, however it is written.

Whoever can write to us, or forge a platform's answer, could otherwise have us call the machines beside us. The address
that was looked up and checked is the one that is called, and each redirect is looked at in the same way.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urljoin, urlsplit

from aiohttp import ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from yarl import URL

from bot.core.errors import FileMissing, Retryable
from bot.core.ports import FileStream
from bot.http import BROKEN, CHUNK

MOST_REDIRECTS = 4
#: Seconds for a connection, and between two pieces of a file.
PATIENCE = ClientTimeout(total=None, sock_connect=10.0, sock_read=20.0)

#: IPv4 addresses within IPv6 (RFC 6052).
_NAT64 = IPv6Network("64:ff9b::/96")

IsPublic = Callable[[str], bool]


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet; one that hides another in itself is as good as that."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if found in _NAT64:
            inner = IPv4Address(found.packed[-4:])
        if inner is not None:
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


class NotPublic(OSError):
    """The name leads to no address that may be called."""


def is_number(host: str) -> bool:
    """Whether it is an IP address and no name; odd spellings of numbers are looked up as names are."""
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


class PublicOnly(AbstractResolver):
    """Names lead to the addresses that are allowed and to no others."""

    def __init__(self, allows: IsPublic) -> None:
        self._allows = allows
        self._resolver = DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """As the system resolves it. Raises `NotPublic`."""
        found = await self._resolver.resolve(host, port, family)
        public = [one for one in found if self._allows(one["host"])]
        if not public:
            raise NotPublic("the name leads to no public address")
        return public

    async def close(self) -> None:
        """Close what the system's resolver holds."""
        await self._resolver.close()


class Strangers:
    """`allows` tells which IP addresses may be called; tests let their own servers be. `fails`: for what may pass."""

    def __init__(self, allows: IsPublic = is_public, *, fails: type[Retryable]) -> None:
        self._allows = allows
        self._fails = fails
        self._session: ClientSession | None = None

    async def open(self, address: str, headers: Mapping[str, str] | None = None) -> FileStream:
        """The bytes at `address`; `headers` go to its own host alone, never with a redirect to another.

        Raises `FileMissing` for what may not be called, and for what is not there; what hinders us for now.
        """
        own = self._host(address)
        for _ in range(MOST_REDIRECTS):
            told = headers if self._host(address) == own else None
            response = await self._get(address, dict(told or {}))
            if response.status == 200:
                chunks, size = self._chunks(response), response.content_length
                return FileStream(chunks, media_type=response.content_type, size=size)
            response.close()
            if response.status not in (301, 302, 303, 307, 308):
                if response.status == 429 or response.status >= 500:
                    raise self._fails(f"a file's server answered {response.status}")
                raise FileMissing(f"its server answered {response.status}")
            address = urljoin(address, response.headers.get("Location", ""))
        raise FileMissing("it is redirected too often")

    async def close(self) -> None:
        """Close connections."""
        if self._session is not None:
            await self._session.close()

    async def _get(self, address: str, headers: dict[str, str]) -> ClientResponse:
        try:
            return await self._connected().get(
                URL(address, encoded=True), headers=headers, timeout=PATIENCE, allow_redirects=False
            )
        except BROKEN as error:
            raise self._fails(f"a file's server does not answer: {type(error).__name__}") from None
        except ValueError:
            raise FileMissing("its address cannot be read") from None

    def _host(self, address: str) -> str:
        """Whose address it is. Raises `FileMissing` for one that is not called.

        Names, and odd spellings of numbers, are looked at when they are resolved; an IP address is called as it is.
        """
        try:
            parts = urlsplit(address)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise FileMissing("its address cannot be read") from None
        if parts.scheme not in ("https", "http") or not host or parts.username is not None:
            raise FileMissing("its address is no web address")
        if is_number(host) and not self._allows(host):
            raise FileMissing("its address is not public")
        if port not in (None, 80, 443) and self._allows is is_public:
            raise FileMissing("its address has an unusual port")
        return host

    def _connected(self) -> ClientSession:
        if self._session is None or self._session.closed:
            connector = TCPConnector(resolver=PublicOnly(self._allows), use_dns_cache=False)
            self._session = ClientSession(connector=connector, cookie_jar=DummyCookieJar())
        return self._session

    async def _chunks(self, response: ClientResponse) -> AsyncIterator[bytes]:
        try:
            async for chunk in response.content.iter_chunked(CHUNK):
                yield chunk
        except BROKEN as error:
            raise self._fails(f"a file's server: {type(error).__name__}") from None
        finally:
            response.close()
