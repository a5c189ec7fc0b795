"""The key that QQ and the bot share: QQ signs its calls with it, and the bot the answer to QQ's challenge.

Whoever has the bot's secret has both halves of the pair. Source: bot.q.qq.com/wiki, "Webhook signature".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from time import time

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot.channels._reading import obj, read_object, text
from bot.core.errors import BadInput, Unauthorised
from bot.core.ports import HookRequest

SEED = 32
#: The op code of the challenge.
CHALLENGE = 13
_SIGNATURE = re.compile(r"[0-9a-fA-F]{128}")
_SECONDS = re.compile(r"[0-9]{1,13}")
#: What may be signed for whoever asks: nothing that could be the beginning of an event.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


def key_of(secret: str) -> Ed25519PrivateKey:
    """The pair whose seed is the secret, doubled until it is long enough."""
    seed = secret.encode()
    while 0 < len(seed) < SEED:
        seed += seed
    return Ed25519PrivateKey.from_private_bytes(seed[:SEED])


class Signing:
    """`stale` is after how many seconds a signed call is refused, 0 for never; `now` is seconds since 1970."""

    def __init__(self, app_id: str, secret: str, stale: float, now: Callable[[], float] = time) -> None:
        self._app_id = app_id
        self._key = key_of(secret)
        self._public = self._key.public_key()
        self._stale = stale
        self._now = now

    def check(self, request: HookRequest) -> None:
        """Raise `Unauthorised` unless QQ signed the call, or it is QQ's challenge, which comes unsigned."""
        signature = request.headers.get("x-signature-ed25519", "")
        if not signature and self.challenge(request) is not None:
            return
        moment = request.headers.get("x-signature-timestamp", "")
        if not _SIGNATURE.fullmatch(signature) or not _SECONDS.fullmatch(moment):
            raise Unauthorised("wrong or missing X-Signature-Ed25519")
        raw = bytes.fromhex(signature)
        try:
            # The upper bits of the last byte are never set; QQ's own code asks for that before it computes anything.
            if raw[63] & 224:
                raise InvalidSignature
            self._public.verify(raw, moment.encode() + request.body)
        except InvalidSignature:
            raise Unauthorised("X-Signature-Ed25519 does not sign this call") from None
        if self._stale and abs(self._now() - int(moment)) > self._stale:
            raise Unauthorised("the call is not of now")

    def challenge(self, request: HookRequest) -> bytes | None:
        """The answer to QQ's challenge; None for any other call."""
        if b"plain_token" not in request.body or request.method != "POST":
            return None
        try:
            call = read_object(request.body)
            event = obj(call, "d")
            token, moment = text(event, "plain_token"), text(event, "event_ts")
        except BadInput:
            return None
        sender = request.headers.get("x-bot-appid", ""), request.headers.get("user-agent", "")
        if sender[0] != self._app_id or not sender[1].startswith("QQBot-Callback") or call.get("op") != CHALLENGE:
            return None
        if not _TOKEN.fullmatch(token) or not _SECONDS.fullmatch(moment):
            return None
        signature = self._key.sign((moment + token).encode()).hex()
        return orjson.dumps({"plain_token": token, "signature": signature})
