"""What a case of a payment provider is: how one is made that starts with empty books, and how its customer acts."""

from __future__ import annotations

import abc
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Generic, Protocol, Self, TypeVar

import pytest

from bot.core.money import Money
from bot.core.payment import PaymentProvider, PaymentRequest
from bot.core.ports import HookRequest
from tests.kit.platforms.posting import Delivery

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ORDER = PaymentRequest(
    key="4f0c9d", order_number="P7K2-4M9Q", amount=Money(13600, "CNY"), description="2 × Longjing",
    return_url="https://shop.example/paid/4f0c9d", locale="zh", notify_url="https://shop.example/hooks/pay/x",
)  # fmt: skip


class Case(Protocol):
    """A provider under test and its customer."""

    @property
    def provider(self) -> PaymentProvider:
        """The provider, with empty books."""

    async def arrives(self, reference: str) -> None:
        """The customer comes to where it is paid, and does not pay yet."""

    async def pays(self, reference: str, amount: Money | None = None) -> HookRequest:
        """The customer pays; returns the notice that the provider sends."""

    async def agrees(self, reference: str, amount: Money | None = None) -> None:
        """All that the customer does to pay; where the provider waits for us, it waits."""

    async def declines(self, reference: str) -> HookRequest:
        """The customer gives up; returns the notice that the provider sends."""

    async def bounces(self, reference: str, key: str) -> HookRequest:
        """The payer's bank sends a refund back; returns the notice that the provider sends."""

    def forgets(self) -> None:
        """The provider forgets idempotency keys, if it ever does."""

    def later(self, seconds: float) -> None:
        """Let time pass."""

    async def open(self) -> None:
        """Make ready what the case needs."""

    async def close(self) -> None:
        """Free what the case holds."""


class Timed(Protocol):
    """A fake platform with a clock, seconds since 1970."""

    now: float

    def signed(self, body: bytes, attempt: int) -> Delivery: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, kind: None, error: None, trace: None) -> None: ...


Server = TypeVar("Server", bound=Timed)


@dataclass
class ServedCase(abc.ABC, Generic[Server]):
    """A provider against a server as strict as theirs. Its case says how both are made, and how its customer acts."""

    folder: Path
    server: Server = field(init=False)
    provider: PaymentProvider = field(init=False)
    #: Why nobody can be declined there, and no refund comes back.
    undeclined: ClassVar[str] = ""
    unbounced: ClassVar[str] = ""

    @abc.abstractmethod
    def serves(self) -> Server:
        """The server, on which it is NOW."""

    @abc.abstractmethod
    def opens(self) -> PaymentProvider:
        """The provider, whose server is there."""

    @abc.abstractmethod
    async def pays(self, reference: str, amount: Money | None = None) -> HookRequest:
        """See `Case`."""

    async def agrees(self, reference: str, amount: Money | None = None) -> None:
        """See `Case`."""
        await self.pays(reference, amount)

    async def open(self) -> None:
        self.server = await self.serves().__aenter__()
        self.provider = self.opens()

    async def arrives(self, reference: str) -> None:
        pass

    async def declines(self, reference: str) -> HookRequest:
        pytest.skip(self.undeclined)

    async def bounces(self, reference: str, key: str) -> HookRequest:
        pytest.skip(self.unbounced)

    def forgets(self) -> None:
        pass

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.server.now, UTC)

    def later(self, seconds: float) -> None:
        self.server.now += seconds

    def hears(self, notice: bytes | None) -> HookRequest:
        signed = self.server.signed(notice or b"{}", 0)
        return hook(signed.body, dict(signed.headers))

    async def close(self) -> None:
        await self.provider.close()
        await self.server.__aexit__(None, None, None)


def hook(body: bytes, headers: dict[str, str]) -> HookRequest:
    """A notice, as it comes in."""
    return HookRequest("POST", "/hooks/pay/x", {}, headers, body)
