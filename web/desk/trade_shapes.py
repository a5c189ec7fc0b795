"""Orders and reviews as the desk's JSON, exactly as docs/web-api.md names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from bot.core.ports import Channel
from bot.core.pricing import Charge
from bot.services import order_states
from bot.services.backoffice import OrderDetail, OrderRow, ReviewRow
from bot.services.order_history import Step
from bot.services.order_news import Told
from bot.services.scope import words
from bot.services.shipments import Shipped
from web import views
from web.desk.addresses import in_parts
from web.desk.values import trade
from web.files import FileLinks
from web.views import money, time, time_or_none


class TradeShapes:
    """Makes JSON for one reader: their language, the links that they may open."""

    def __init__(self, locale: str, links: FileLinks, channels: Mapping[str, Channel]) -> None:
        self.locale = locale
        self.links = links
        self._channels = channels

    def channel(self, account: str) -> str:
        """The channel of an account, which may not be configured any more."""
        known = self._channels.get(account)
        return known.capabilities.channel if known else account.partition(":")[0]

    def order(self, order: OrderRow) -> trade.OrderRow:
        """An `OrderRow`."""
        lines: list[trade.OrderLine] = [
            {
                "name": line.name,
                "sku": line.sku,
                "quantity": line.quantity,
                "price": money(line.price, self.locale),
                "cancelled": line.cancelled,
            }
            for line in order.lines
        ]
        return {
            "id": order.id,
            "number": order.number,
            "state": order.state,
            "total": money(order.total, self.locale),
            "created_at": time(order.created_at),
            "contact_id": order.contact_id,
            "name": order.name,
            "account": order.account,
            "channel": self.channel(order.account),
            "paid_at": time_or_none(order.paid_at),
            "conversation_id": order.conversation_id,
            "refunded": money(order.refunded, self.locale) if order.refunded else None,
            "lines": lines,
            "steps": _steps(order.state),
        }

    def order_detail(self, detail: OrderDetail) -> trade.OrderFacts:
        """An order with its events; its payments are in `web.desk.payments`."""
        row = detail.row
        return {
            **self.order(row),
            "phone": row.phone,
            "address": row.address,
            "country": row.country,
            "parts": in_parts(row.postal),
            "note": row.note,
            "notes": [{"staff_id": one.staff_id, "text": one.text, "at": time(one.at)} for one in detail.notes],
            "hold_until": time_or_none(row.hold_until),
            "version": detail.version,
            "charges": [self.charge(one) for one in detail.charges],
            "events": [self._event(step) for step in detail.steps],
            "parcels": [_parcel(one) for one in detail.shipments],
            "left": [
                {
                    "line": one.line,
                    "sku": one.sku,
                    "name": one.name,
                    "quantity": one.pieces,
                    "price": money(one.price, self.locale),
                }
                for one in detail.left
            ],
            "cost": {
                "goods": detail.cost.goods,
                "off": detail.cost.off,
                "shipping": detail.cost.shipping,
                "rates": list(detail.cost.rates),
                "kept": detail.kept,
            },
        }

    def charge(self, charge: Charge) -> trade.Charge:
        """A `Charge`."""
        return {
            "kind": charge.kind,
            "name": charge.name,
            "title": charge.title,
            "rate": charge.per_cent,
            "amount": money(charge.amount, self.locale),
            "included": charge.included,
        }

    def _event(self, step: Step) -> trade.OrderEvent:
        return {
            "from": step.from_state,
            "to": step.to_state,
            "actor": step.actor,
            "note": step.note,
            "at": time(step.at),
            "told": self._told(step.told) if step.told else None,
            "what": step.what,
        }

    def _told(self, told: Told) -> trade.Told:
        known = self._channels.get(told.account)
        return {
            "conversation_id": told.conversation_id,
            "account": told.account,
            "channel": self.channel(told.account),
            "delivery": told.delivery,
            "error": told.error,
            "template": told.by_template(known.capabilities if known else None),
        }

    def review(self, review: ReviewRow) -> trade.Review:
        """A `ReviewRow`."""
        names: Any = orjson.loads(review.product) if isinstance(review.product, str) else review.product
        return {
            "id": review.id,
            "stars": review.stars,
            "text": review.text,
            "state": review.state,
            "created_at": time(review.created_at),
            "display_name": review.display_name,
            "contact_id": review.contact_id,
            "order": review.order_number,
            "product": words(names, self.locale) if names else None,
            "photos": [views.file(photo, self.links) for photo in review.photos],
            "conversation_id": review.conversation_id,
            "store": review.store,
        }


def _parcel(one: Shipped) -> trade.Parcel:
    """What left at once."""
    return {
        "carrier": one.parcel.carrier,
        "number": one.parcel.number,
        "url": one.parcel.url,
        "lines": [{"sku": item.sku, "name": item.name, "quantity": item.quantity} for item in one.items],
    }


def _steps(state: str) -> list[trade.OrderStep]:
    """What leads on from a state at the desk."""
    return [
        {"name": name, "role": order_states.role(name), "why": order_states.STEPS[name].why}
        for name in order_states.allowed(state)
        if order_states.role(name)
    ]
