"""Calls the endpoints of webhooks: public addresses alone, no redirect, a few seconds, and little of the answer.

The address that was looked up and checked is the one that is called. No proxy of the environment is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from ipaddress import ip_address, ip_network
from time import time
from urllib.parse import urlsplit

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)
from yarl import URL

from bot.core.webhooks import Posted
from bot.strangers import IsPublic, NotPublic, PublicOnly, is_number, is_public

#: Seconds for a call, from the look-up of its name to the last byte of its answer that we read.
PATIENCE = 15.0
#: Of an answer, bytes: staff see its beginning.
_READ = 800
_KEPT = 200  # characters
_CONNECTIONS = 200


class WebhookCalls:
    """`networks` ("10.0.0.0/8") may be called beside the public internet. See `core.webhooks.Post`."""

    def __init__(self, networks: Sequence[str] = (), patience: float = PATIENCE) -> None:
        self._allows = _or_within(networks)
        self._patience = ClientTimeout(total=patience)
        self._session: ClientSession | None = None

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> Posted:
        """See `core.webhooks.Post`."""
        host = urlsplit(url).hostname or ""
        if is_number(host) and not self._allows(host):  # a number is not looked up
            return Posted(None, "private")
        try:
            call = self._connected().post(
                URL(url, encoded=True), data=body, headers=headers, timeout=self._patience, allow_redirects=False
            )
            async with call as response:
                return Posted(response.status, "", await _beginning(response), _after(response))
        except TimeoutError:
            return Posted(None, "timeout")
        except ClientConnectorError as error:
            return Posted(None, "private" if isinstance(error.os_error, NotPublic) else "unreachable")
        except (ClientError, OSError, ValueError):
            return Posted(None, "unreachable")

    async def close(self) -> None:
        """Close connections."""
        if self._session is not None:
            await self._session.close()

    def _connected(self) -> ClientSession:
        if self._session is None or self._session.closed:
            connector = TCPConnector(resolver=PublicOnly(self._allows), use_dns_cache=False, limit=_CONNECTIONS)
            self._session = ClientSession(connector=connector, cookie_jar=DummyCookieJar())
        return self._session


async def _beginning(response: ClientResponse) -> str:
    told = await response.content.read(_READ)
    return told.decode(errors="replace").replace("\0", "")[:_KEPT]


def _after(response: ClientResponse) -> float | None:
    """Seconds of Retry-After, whichever way it is written."""
    told = response.headers.get("Retry-After", "")
    if told.isascii() and told.isdigit():
        return float(told[:9])
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - time())
    except (ValueError, OverflowError):  # a zone or a year that no clock has
        return None


def _or_within(networks: Sequence[str]) -> IsPublic:
    """Public addresses, and those of these networks."""
    known = [ip_network(network) for network in networks]

    def allows(address: str) -> bool:
        return is_public(address) or any(ip_address(address.partition("%")[0]) in network for network in known)

    return allows
