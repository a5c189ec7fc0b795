"""What an operator can set, section by section; the descriptions become config.example.toml and the README's table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from bot.payments._settings import PaymentSettings
from bot.payments.alipay.settings import Settings as Alipay
from bot.payments.cod import Settings as Cod
from bot.payments.paypal import Settings as PayPal
from bot.payments.stripe import Settings as Stripe
from bot.payments.telegram.settings import Settings as Telegram
from bot.payments.telegram_stars.settings import Settings as TelegramStars
from bot.payments.transfer import Settings as Transfer
from bot.payments.wechatpay.settings import Settings as WeChatPay
from bot.settings import checks
from bot.settings.secret import Secret
from bot.settings.section import Listed, Section, Url
from bot.stores._settings import StoreSettings
from bot.stores.shopify import Settings as Shopify
from bot.stores.woocommerce import Settings as WooCommerce


class Shop(Section):
    """The shop as customers see it."""

    name: str = Field(default="Parley Tea", min_length=1, max_length=80, description="The name above the chat box.")
    currency: Annotated[str, AfterValidator(checks.currency)] = Field(
        default="CNY", description="What prices are in: an ISO 4217 code."
    )
    currencies: Annotated[Listed, AfterValidator(checks.currencies)] = Field(
        default=(),
        description='Accounts that sell in another currency, like "telegram=USD": there only what has a price in it.',
    )
    languages: Annotated[Listed, AfterValidator(checks.languages)] = Field(
        default=("en", "zh"), description="Languages that the bot speaks; the first is for those whose own is not here."
    )
    timezone: Annotated[str, AfterValidator(checks.timezone)] = Field(
        default="Asia/Shanghai", description="Where the shop's day begins and ends: reports and times use it."
    )
    quiet_hours: Annotated[str, AfterValidator(checks.quiet_hours)] = Field(
        default="",
        description="When nobody gets reminders, news and reports, like 22:00-08:00, on their own clock where it is "
        "known; empty: never.",
    )
    color: Annotated[str, AfterValidator(checks.colour)] = Field(
        default="#2f6f4f", description="The colour of the chat box and the pages, #rrggbb."
    )
    order_hold_minutes: int = Field(
        default=30, ge=1, le=7 * 24 * 60, description="How long goods are kept for an order that is not paid yet."
    )
    complete_days: int = Field(
        default=7, ge=0, le=365, description="When an order that was delivered is completed by itself; 0: never."
    )
    review_days: int = Field(
        default=3, ge=0, le=365, description="When the customer is asked, once, how a delivered order was; 0: never."
    )
    cart_hours: int = Field(
        default=20, ge=0, le=720, description="When somebody is reminded, once, of a cart that they left; 0: never."
    )


class Server(Section):
    """Where Parley listens, and under which address people reach it."""

    host: str = Field(
        default="127.0.0.1", min_length=1, description='Address to listen on; "0.0.0.0" is every interface.'
    )
    port: int = Field(default=8080, ge=1, le=65535, description="Port to listen on.")
    public_url: Url = Field(
        default="", description="Address under which customers reach this server; empty is http://host:port."
    )
    trusted_proxies: Annotated[Listed, AfterValidator(checks.networks)] = Field(
        default=(), description="Reverse proxies (addresses or networks) whose X-Forwarded-For is believed."
    )
    widget_origins: Listed = Field(
        default=("*",), description='Sites that may carry the chat box, like "https://shop.example"; "*" is every site.'
    )
    sockets: Literal["auto", "websocket", "any"] = Field(
        default="auto",
        description="Ways into the chat: websocket; any: long polling too; auto: any while no other node serves.",
    )
    metrics_token: Secret = Field(
        default=Secret(), description="Bearer token for /metrics; empty: only this machine may read it."
    )
    roles: Annotated[Listed, AfterValidator(checks.roles)] = Field(
        default=("web", "worker", "scheduler"),
        description="What this process does. Several may share a database, but not SQLite: there one does everything.",
    )
    edge: bool = Field(
        default=True,
        description="Use a second process for webhooks and calls to platforms, where there is a second core.",
    )
    leave_seconds: float = Field(
        default=0.0,
        ge=0,
        le=300,
        description="Seconds to go on serving after SIGTERM while /readyz says 503, for balancers that ask it.",
    )
    data: Path = Field(
        default=Path("data"), description="Folder for what Parley keeps by default: database, files, lake."
    )

    @property
    def url(self) -> str:
        """The address that people use, without a slash at its end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104 - compared, not bound
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def hook(self, account: str) -> str:
        """Where the platform of a channel account posts."""
        return f"{self.url}/hooks/{account}"


class Database(Section):
    """Where the rows are."""

    url: Annotated[Secret, AfterValidator(checks.database)] = Field(
        default=Secret("sqlite://data/parley.db"),
        description="sqlite://path, or postgres:// or mysql://user:password@host/name "
        "(a secret: env:NAME and file:path work).",
    )


class Redis(Section):
    """What connects the nodes where several serve one database."""

    url: Annotated[Secret, AfterValidator(checks.redis)] = Field(
        default=Secret(),
        description="Redis or Valkey, redis://:password@host:6379/0 or rediss:// (a secret); empty: the database.",
    )


Provider = Literal["aws", "aliyun-oss", "tencent-cos", "huawei-obs", "minio"]


class Storage(Section):
    """Where the files of customers and staff are."""

    kind: Literal["local", "s3"] = Field(default="local", description="local: a folder; s3: a bucket.")
    path: Path = Field(default=Path("data/files"), description="The folder, for kind local.")
    provider: Provider = Field(
        default="aws", description="For kind s3: aws, aliyun-oss, tencent-cos, huawei-obs, or minio for any S3 server."
    )
    bucket: str = Field(default="", description="The bucket's name.")
    region: str = Field(default="", description="The region as the provider's console shows it, like cn-hangzhou.")
    endpoint: Url = Field(default="", description="Address of the store; needed for minio, empty: the provider's own.")
    bound_domain: bool = Field(
        default=False,
        description="The endpoint is a domain bound to this bucket (CNAME), as OSS in mainland China wants.",
    )
    access_key: Secret = Field(default=Secret(), description="Key id; both empty on aws: the role of the machine.")
    secret_key: Secret = Field(default=Secret(), description="Secret of the key.")
    prefix: str = Field(default="", description="Folder inside the bucket.")

    @field_validator("bucket", "region")
    @classmethod
    def _needed_for_s3(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("kind") == "s3" and not value:
            raise ValueError('is needed when storage.kind is "s3"; the provider\'s console shows it')
        return value


class Limits(Section):
    """How much one person may send."""

    text: int = Field(default=4000, ge=100, le=100_000, description="Longest message, characters.")
    files_per_message: int = Field(default=10, ge=1, le=50, description="Most files with one message.")
    file_mb: int = Field(default=20, ge=1, le=2048, description="Largest file, MiB.")
    image_mb: int = Field(default=20, ge=1, le=100, description="Largest picture, MiB.")
    messages_per_10s: int = Field(
        default=100, ge=5, description="Messages that one visitor of the chat box may send in 10 seconds."
    )
    turn_seconds: float = Field(
        default=10.0, ge=0.1, le=60, description="Seconds after which a handler that does not end is cut off."
    )
    block_seconds: float = Field(
        default=0.5,
        ge=0,
        le=60,
        description="Seconds after which a handler that blocks the process is cut off; 0: never.",
    )
    backlog: int = Field(
        default=10_000, ge=100, description="Messages waiting to be answered before new ones are refused (503)."
    )


class LocalPayments(Section):
    """The test bank: orders are paid on a page of our own, no money moves."""

    enabled: bool = Field(
        default=True, description="Offer the test pay page; switch it off before real customers come."
    )


class Payments(Section):
    """Ways to pay."""

    local: LocalPayments = Field(default=LocalPayments(), description="The test bank.")
    stripe: Stripe = Field(default=Stripe(), description="Cards and wallets, on Stripe's Checkout page.")
    wechatpay: WeChatPay = Field(default=WeChatPay(), description="WeChat Pay of mainland China, in CNY.")
    alipay: Alipay = Field(default=Alipay(), description="Alipay: pages for desktops and phones, and a code to scan.")
    paypal: PayPal = Field(default=PayPal(), description="PayPal's page, by balance, bank or card.")
    telegram: Telegram = Field(
        default=Telegram(), description="Cards and wallets inside Telegram, by a provider connected to the bot."
    )
    telegram_stars: TelegramStars = Field(
        default=TelegramStars(), description="Telegram Stars: what Telegram wants digital goods to be paid in."
    )
    transfer: Transfer = Field(default=Transfer(), description="Bank transfer: staff confirm what arrives.")
    cod: Cod = Field(default=Cod(), description="Cash on delivery: staff confirm what the courier brings.")

    @model_validator(mode="after")
    def _whole(self) -> Payments:
        for name, one in self.providers().items():
            if missing := one.missing():
                raise ValueError(f"{name}: {', '.join(missing)} is needed, too; {one.cure}")
        return self

    def providers(self) -> dict[str, PaymentSettings]:
        """Those that are set up, by name; the test bank is not among them."""
        sections = [(name, getattr(self, name)) for name in type(self).model_fields]
        return {name: one for name, one in sections if isinstance(one, PaymentSettings) and one.is_on}


class Stores(Section):
    """Shops that are connected: what they sell is sold here, too."""

    shopify: Shopify = Field(default=Shopify(), description="A shop on Shopify.")
    woocommerce: WooCommerce = Field(default=WooCommerce(), description="A shop on WordPress with WooCommerce.")

    @model_validator(mode="after")
    def _whole(self) -> Stores:
        for name, one in self.connected().items():
            if missing := one.missing():
                raise ValueError(f"{name}: {', '.join(missing)} is needed, too; {one.cure}")
        return self

    def connected(self) -> dict[str, StoreSettings]:
        """Those that are set up, by name."""
        sections = [(name, getattr(self, name)) for name in type(self).model_fields]
        return {name: one for name, one in sections if one.is_on}


class Webhooks(Section):
    """How other programs are told what happens here; who they are is set at the desk."""

    networks: Annotated[Listed, AfterValidator(checks.networks)] = Field(
        default=(), description="Networks of your own (addresses or networks) that may be called beside the internet."
    )


class Reports(Section):
    """How managers' reports are counted."""

    master: str = Field(
        default="local[*]", min_length=1, description="Spark: local[*], spark://host:7077, yarn or k8s://address."
    )
    lake: Path = Field(default=Path("data/lake"), description="Folder of the Parquet files that Spark reads.")
    memory: str = Field(default="1500m", description="Memory of the Spark driver, like 1500m or 4g.")
    timeout: float = Field(default=900.0, gt=0, description="Seconds after which a run is given up.")
    java_home: str = Field(default="", description="A Java 17 or newer; empty: find one, else the one that came along.")

    @field_validator("memory")
    @classmethod
    def _memory(cls, value: str) -> str:
        if not re.fullmatch(r"[1-9][0-9]*[mg]", value):
            raise ValueError(f"{value!r} is not an amount of memory; write it like 1500m or 4g")
        return value


class Handlers(Section):
    """What answers."""

    modules: Listed = Field(
        default=("handlers",), description="Python modules whose `router` or `routers` answer, in this order."
    )


class Demo(Section):
    """A shop to try."""

    shop: bool = Field(default=True, description="Fill an empty database with a small tea shop at the first start.")


class Log(Section):
    """What the server writes about its work."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least that is written."
    )
    format: Literal["text", "json"] = Field(default="text", description="text: for people; json: one object a line.")
