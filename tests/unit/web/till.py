"""An order that waits for its money, and its customer at the page of its payment, on one device or another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from models import Contact, Conversation, Identity, Order, Payment
from tests.unit.web.running import Site

DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
WECHAT = f"{PHONE} MicroMessenger/8.0.60"
KEY = "4f0c9d4f0c9d4f0c9d4f0c9d4f0c9d4f"
PATH = f"/checkout/{KEY}"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a browser was answered."""

    status: int
    location: str
    text: str
    cached: str


@dataclass
class Till:
    """Ann's order P7K2-4M9Q of ¥68.00 and its payment KEY."""

    site: Site
    order: Order
    payment: Payment

    async def looks(self, agent: str = DESKTOP, path: str = PATH, **headers: str) -> Seen:
        """The link is opened, by Ann or by a machine."""
        return await self._asks("GET", path, {"User-Agent": agent} | headers)

    async def opens(self, agent: str = DESKTOP, path: str = PATH, **headers: str) -> Seen:
        """Ann taps the button that is there."""
        shown = await self.looks(agent, path, **headers)
        assert f'<form method="post" action="{path}?lang=' in shown.text
        ours = {"User-Agent": agent, "Origin": self.site.settings.public_url}
        return await self._asks("POST", path, ours | headers)

    async def fate(self) -> str | None:
        """What has become of the link, for a page that waits."""
        _status, told = await self.site.json("GET", f"{PATH}/fate")
        return None if told["fate"] is None else str(told["fate"])

    async def _asks(self, method: str, path: str, headers: dict[str, str]) -> Seen:
        url = self.site.url + path
        async with self.site.client.request(method, url, headers=headers, allow_redirects=False) as answer:
            told = answer.headers
            return Seen(answer.status, told.get("Location", ""), await answer.text(), told.get("Cache-Control", ""))


async def till_of(site: Site, provider: str, **payment: str) -> Till:
    """With a payment of this provider, opened on no device yet."""
    now = site.clock()
    contact = await Contact.create(created_at=now, updated_at=now)
    identity = await Identity.create(contact=contact, account="webchat", external_id="ann", created_at=now)
    thread = await Conversation.create(
        lane="webchat:ann", identity=identity, contact=contact, account="webchat",
        last_at=now, created_at=now, updated_at=now,
    )  # fmt: skip
    order = await Order.create(
        number="P7K2-4M9Q", contact=contact, state="placed", total=6800, currency="CNY", name="Ann", address="",
        hold_until=now + timedelta(minutes=30), created_at=now, updated_at=now,
    )  # fmt: skip
    told = {"state": "open", "url": f"{site.settings.public_url}{PATH}"} | payment
    row = await Payment.create(
        order=order, conversation_id=thread.id, provider=provider, key=KEY, amount=6800, currency="CNY",
        created_at=now, updated_at=now, **told,
    )  # fmt: skip
    return Till(site, order, row)
