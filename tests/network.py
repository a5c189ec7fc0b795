"""Shuts the tests in: this process may talk to loopback and unix sockets only.

An audit hook sees every connection that Python makes, whichever library asks. It cannot be taken
out again, so it is a switch.
"""

from __future__ import annotations

import socket
import sys
from ipaddress import ip_address
from typing import Any

LOCAL_NAMES = {"localhost", "localhost.localdomain", socket.gethostname(), ""}
CONNECTS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
LOOKUPS = {"socket.getaddrinfo", "socket.gethostbyname"}


class OutsideWorld(RuntimeError):
    """A test tried to leave this machine. No OSError: code under test must not swallow it."""


class Fence:
    """The switch of the audit hook."""

    def __init__(self) -> None:
        self.is_up = False
        sys.addaudithook(self._audit)

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.is_up:
            return
        if event in CONNECTS:
            address = args[1]
            if isinstance(address, tuple) and not is_local(address[0]):
                raise _refusal(address[0])
        elif event in LOOKUPS and not is_local(args[0]):
            raise _refusal(args[0])


def is_local(host: str | bytes | None) -> bool:
    """Whether `host` is this machine by name or number; any other name would need the network."""
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else host or ""
    if text in LOCAL_NAMES:
        return True
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _refusal(host: object) -> OutsideWorld:
    return OutsideWorld(
        f"The test reached for {host!r}. Tests stay on this machine: use a server of "
        "tests/servers.py, the kit's fake platform, or a recorded payload of tests/payloads."
    )
