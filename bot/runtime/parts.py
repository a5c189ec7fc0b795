"""What a runtime is made of: the composition root puts it together, and the runtime takes it as it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.core.payment import PaymentProvider
from bot.core.ports import Address, Channel, Storage, no_address
from bot.core.webhooks import Post
from bot.runtime.calling import Callee
from bot.runtime.counter import Open, unopened
from bot.runtime.node import EVERY_ROLE, Membership
from bot.runtime.platforms.open_calls import HeldCalls
from bot.runtime.shop import Shop
from bot.runtime.store_syncing import Connected
from bot.runtime.worker import TURN_TIMEOUT
from bot.services.filing import Filing, Limits


@dataclass(frozen=True)
class Parts:
    """What a runtime is made of; `callees` are what dialogs may call."""

    shop: Shop
    channels: Mapping[str, Channel]
    providers: Mapping[str, PaymentProvider]
    storage: Storage
    filing: Filing
    limits: Limits
    callees: Mapping[str, Callee] = field(default_factory=dict)
    most_waiting: int = 100_000
    keep_days: int = 8  # platforms may post an event again for up to seven
    turn_timeout: float = TURN_TIMEOUT
    block_timeout: float = 0.0  # nobody looks
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    roles: Collection[str] = EVERY_ROLE
    membership: Membership = field(default_factory=Membership)
    calls: HeldCalls = field(default_factory=HeldCalls)
    stores: Sequence[Connected] = ()
    opens: Open = unopened
    address: Address = no_address  # where a customer can load a file of ours
    post: Post | None = None  # makes the calls of webhooks; None: they wait
