"""What an operator can set for Stripe."""

from __future__ import annotations

from pydantic import Field

from bot.payments._settings import PaymentSettings
from bot.settings.secret import Secret
from bot.settings.section import Url


class Settings(PaymentSettings):
    """Cards and wallets, on Stripe's Checkout page."""

    cure = (
        "copy `secret_key` from the Stripe Dashboard (Developers, API keys) and `webhook_secret` from the endpoint "
        "that you add there for …/hooks/pay/stripe with the events checkout.session.*, charge.refunded, "
        "refund.updated, refund.failed and charge.dispute.*"
    )
    needed = ("secret_key", "webhook_secret")

    secret_key: Secret = Field(default=Secret(), description="Developers, API keys: sk_live_… or sk_test_….")
    webhook_secret: Secret = Field(default=Secret(), description="Signing secret of the endpoint: whsec_….")
    old_webhook_secret: Secret = Field(
        default=Secret(), description="The one before, as long as a rolled secret is still used."
    )
    version: str = Field(default="2026-06-24.dahlia", description="The API's version that calls are pinned to.")
    api_base: Url = Field(default="https://api.stripe.com", description="Stripe's API.")
    timeout: float = Field(default=20, gt=0, description="Seconds for a call.")

    @property
    def is_live(self) -> bool:
        """Whether real money moves."""
        return "_live_" in self.secret_key.reveal()
