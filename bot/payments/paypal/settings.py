"""What an operator can set for PayPal."""

from __future__ import annotations

from pydantic import Field

from bot.payments._settings import PaymentSettings
from bot.settings.secret import Secret
from bot.settings.section import Url


class Settings(PaymentSettings):
    """PayPal: its page, by balance, bank or card."""

    cure = (
        "make an app at developer.paypal.com (Apps & Credentials, Live; or Sandbox and `sandbox = true`), copy its "
        "`client_id` and `client_secret`, add a webhook for …/hooks/pay/paypal to it with all events (or Checkout "
        "order approved, all of Payment capture and refund, and Customer dispute created), copy its id to "
        "`webhook_id`, and switch on Transaction search and Customer disputes for the app"
    )
    needed = ("client_id", "client_secret", "webhook_id")

    client_id: str = Field(default="", description="Client ID of the app.")
    client_secret: Secret = Field(default=Secret(), description="Secret of the app.")
    webhook_id: str = Field(default="", description="ID of the app's webhook, which its signatures are about.")
    sandbox: bool = Field(default=False, description="The app is of the sandbox: no money moves.")
    api_base: Url = Field(default="", description="PayPal's API; empty: its own, live or of the sandbox.")
    timeout: float = Field(default=20, gt=0, description="Seconds for a call.")

    @property
    def domain(self) -> str:
        """What PayPal's hosts end with there."""
        return "sandbox.paypal.com" if self.sandbox else "paypal.com"

    @property
    def api(self) -> str:
        """The address of the API."""
        return self.api_base or f"https://api-m.{self.domain}"
