"""Tells the service manager how the process stands, as systemd's `Type=notify` wants it; nobody listens: nothing."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def tell(state: str) -> None:
    """`READY=1`, `STOPPING=1`, ...; a manager that does not listen is no reason to fail."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        # An @ stands for the zero byte of a name that is in no folder.
        line.sendto(state.encode(), f"\0{place[1:]}" if place.startswith("@") else place)
