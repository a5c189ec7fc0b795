"""The peer of the web chat: python-socketio on aiohttp alone, an echo that keeps nothing.

python -m tests.benchmarks.peers.bare_socketio PORT
"""

from __future__ import annotations

import sys

import socketio  # type: ignore[import-untyped]
import uvloop
from aiohttp import web


class Echo(socketio.AsyncNamespace):  # type: ignore[misc]
    """Says again what was said, then acknowledges, as any small chat does."""

    async def on_message(self, sid: str, body: dict[str, str]) -> dict[str, object]:
        """One message."""
        await self.emit("message", {"text": f"You said: {body['text']}"}, to=sid)
        return {"ok": True, "id": body["id"]}


def main(port: int) -> None:
    """Serve until stopped."""
    server = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins="*")
    server.register_namespace(Echo("/chat"))
    app = web.Application()
    server.attach(app)
    uvloop.install()
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main(int(sys.argv[1]))
