"""What the contracts of Messenger, Instagram and WhatsApp are played on."""

from __future__ import annotations

from bot.channels._meta.channel import MetaChannel
from bot.core.ports import HookRequest
from tests.contracts.channel_contract import Customer, Inbox, Shelf, Stage
from tests.contracts.hook import Hook
from tests.kit.platforms.graph import GraphServer

VERIFY = "our-own-words"
HEADER = "x-hub-signature-256"


def posted(body: bytes, header: str | None) -> HookRequest:
    """A webhook call."""
    return HookRequest("POST", "/hook", {}, {} if header is None else {HEADER: header}, body)


def signed(server: GraphServer, body: bytes, secret: str = "") -> HookRequest:
    """A genuine webhook call."""
    return posted(body, server.signature(body, secret)["X-Hub-Signature-256"])


def forged(server: GraphServer, body: bytes) -> list[HookRequest]:
    """Calls of somebody who is not Meta: without the header, with it cut, changed, of another secret or body."""
    right = server.signature(body)["X-Hub-Signature-256"]
    digest = bytes.fromhex(right.removeprefix("sha256="))
    flipped = [digest[:at] + bytes([digest[at] ^ 1 << at % 8]) + digest[at + 1 :] for at in range(len(digest))]
    wrong = [
        "",
        "sha256=",
        right[:-1],
        right + "0",
        right.upper(),
        right.removeprefix("sha256="),
        "密钥",
        "\udcff\udcfe",
    ]
    wrong += [f"sha256={one.hex()}" for one in flipped]
    wrong += [server.signature(body, "another secret")["X-Hub-Signature-256"]]
    replayed = posted(body + b" ", right)
    return [posted(body, None), replayed, *(posted(body, one) for one in wrong)]


def staged(
    channel: MetaChannel,
    hurried: MetaChannel,
    server: GraphServer,
    customer: Customer,
    inbox: Inbox,
    shelf: Shelf,
    hook: Hook,
    *,
    captions: bool,
) -> Stage:
    """The stage: events reach the channel through the web side."""
    hook.channel = channel

    async def start() -> None:
        await channel.start(inbox.accept)
        server.posts_to(hook.url)

    return Stage(
        channel=channel,
        hurried=hurried,
        platform=server,
        customer=customer,
        inbox=inbox,
        shelf=shelf,
        send_method="messages",
        signed=lambda body: signed(server, body),
        forged=lambda body: forged(server, body),
        start=start,
        captions=captions,
        hears_blocked=False,
    )
