"""The tables, one file a concept. Importing this package registers every table with Tortoise."""

from __future__ import annotations

from models.api import ApiKey, ApiOrder
from models.attachment import Attachment
from models.audit import Audit
from models.broadcast import Broadcast, BroadcastCopy
from models.catalogue import (
    CartLine,
    Category,
    Place,
    Price,
    Product,
    ProductPicture,
    Stock,
    StockAlert,
    StockPick,
    StockTold,
    Variant,
)
from models.channel import ChannelNote, OpenCall, Opening
from models.consent import Consent
from models.contact import Contact, Identity, IdentityAlias, Visitor
from models.conversation import Conversation, Dialog, Message, MessagePiece
from models.deletion import Deletion
from models.inbound import Effect, Inbound
from models.listing import ForSale, ProductSearch
from models.node import Duty, Errand, Node, Shard
from models.order import Order, OrderCharge, OrderEvent, OrderLine, OrderNote, Shipment, ShipmentLine, StockHold
from models.payment import Charge, LedgerEntry, Payment, PaymentEvent, Receipt, Refund
from models.person import PersonCode, PersonLink
from models.report import ReportDelivery, ReportRun, ReportSubscription
from models.review import Review, ReviewPhoto
from models.setting import Setting
from models.staff import LinkCode, LoginAttempt, Staff, StaffSession
from models.statement import Difference, Statement, StatementLine
from models.store import StoreConflict, StoreHint, StoreOrder, StoreProblem, StoreReview, StoreSeen, StoreSync
from models.webhook import WebhookDelivery, WebhookEndpoint, WebhookEvent

__all__ = [
    "ApiKey",
    "ApiOrder",
    "Attachment",
    "Audit",
    "Broadcast",
    "BroadcastCopy",
    "CartLine",
    "Category",
    "ChannelNote",
    "Charge",
    "Consent",
    "Contact",
    "Conversation",
    "Deletion",
    "Dialog",
    "Difference",
    "Duty",
    "Effect",
    "Errand",
    "ForSale",
    "Identity",
    "IdentityAlias",
    "Inbound",
    "LedgerEntry",
    "LinkCode",
    "LoginAttempt",
    "Message",
    "MessagePiece",
    "Node",
    "OpenCall",
    "Opening",
    "Order",
    "OrderCharge",
    "OrderEvent",
    "OrderLine",
    "OrderNote",
    "Payment",
    "PaymentEvent",
    "PersonCode",
    "PersonLink",
    "Place",
    "Price",
    "Product",
    "ProductPicture",
    "ProductSearch",
    "Receipt",
    "Refund",
    "ReportDelivery",
    "ReportRun",
    "ReportSubscription",
    "Review",
    "ReviewPhoto",
    "Setting",
    "Shard",
    "Shipment",
    "ShipmentLine",
    "Staff",
    "StaffSession",
    "Statement",
    "StatementLine",
    "Stock",
    "StockAlert",
    "StockHold",
    "StockPick",
    "StockTold",
    "StoreConflict",
    "StoreHint",
    "StoreOrder",
    "StoreProblem",
    "StoreReview",
    "StoreSeen",
    "StoreSync",
    "Variant",
    "Visitor",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
]
