"""The desk's values as JSON, exactly as docs/web-api.md names them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from bot.core.ports import Channel
from bot.core.pricing import Charge
from bot.services import order_states
from bot.services.backoffice import OrderDetail, OrderRow, ReviewRow
from bot.services.consents import Standing
from bot.services.conversations import Row
from bot.services.histories import History
from bot.services.linked_chats import LinkedChat
from bot.services.order_history import Step
from bot.services.order_news import Told
from bot.services.people import ContactRow, Person, PersonFile
from bot.services.queues import Failure
from bot.services.reach import Reach
from bot.services.report_desk import SubscriptionRow
from bot.services.report_runs import RunView
from bot.services.scope import words
from bot.services.search import Found, Said
from bot.services.shipments import Shipped
from web import views
from web.desk.addresses import in_parts
from web.desk.values import figures, inbox, persons, team, trade
from web.files import FileLinks
from web.texts import say
from web.views import money, time, time_or_none


class Shapes:
    """Makes JSON for one reader: their language, the links that they may open."""

    def __init__(self, locale: str, links: FileLinks, channels: Mapping[str, Channel]) -> None:
        self.locale = locale
        self.links = links
        self._channels = channels

    def channel(self, account: str) -> str:
        """The channel of an account, which may not be configured any more."""
        known = self._channels.get(account)
        return known.capabilities.channel if known else account.partition(":")[0]

    def nobody(self, external_id: str) -> str:
        """What to call a person who has not told a name."""
        return f"{'访客' if self.locale.startswith('zh') else 'Visitor'} {external_id[:4]}"

    def row(self, row: Row) -> inbox.Row:
        """A `Row`."""
        return {
            "id": row.id,
            "name": row.name or self.nobody(row.external_id),
            "account": row.account,
            "channel": self.channel(row.account),
            "last_text": row.last_text,
            "last_author": row.last_author,
            "last_at": time(row.last_at),
            "unread": row.unread,
            "owner": {"id": row.owner_id, "name": row.owner_name} if row.owner_id else None,
            "waiting_since": time_or_none(row.waiting_since),
            "elsewhere_until": time_or_none(row.elsewhere_until),
            "reason": row.reason,
            "priority": row.priority,
            "attention": row.attention,
            "closed": row.closed,
            "contact_id": row.contact_id,
            "continues_in": row.continues_in,
            "version": row.version,
        }

    def found(self, found: Found) -> inbox.FoundRow:
        """A `Row` that a search found, with the message that has the words; null where they are elsewhere."""
        return {**self.row(found.row), "match": _match(found.said) if found.said else None}

    def contact(self, row: ContactRow) -> persons.Contact:
        """One line of the list of people."""
        return {
            "id": row.id,
            "name": row.name,
            "phone": row.phone,
            "email": row.email,
            "locale": row.locale,
            "created_at": time(row.created_at),
            "channels": [self.channel(account) for account in row.accounts],
        }

    def person(self, person: Person) -> persons.Person:
        """A `Person`."""
        first = person.identities[0].external_id if person.identities else ""
        totals: persons.Totals = {
            "orders": person.order_count,
            "spent": money(person.spent, self.locale) if person.spent else None,
            "reviews": person.review_count,
        }
        identities: list[persons.Identity] = [
            {
                "id": identity.id,
                "account": identity.account,
                "channel": self.channel(identity.account),
                "external_id": identity.external_id,
                "name": identity.name,
                "reachable": identity.reachable,
                "conversation_id": identity.conversation_id,
                "consents": [_consent(one) for one in identity.consents.all()],
            }
            for identity in person.identities
        ]
        return {
            **self.contact(person.row),
            "name": person.row.name or self.nobody(first),
            "timezone": next((one.timezone for one in person.identities if one.timezone), ""),
            "members": person.members,
            "identities": identities,
            "proofs": [
                {"id": one.id, "asked_id": one.asked_id, "entered_id": one.entered_id, "made_at": time(one.made_at)}
                for one in person.proofs
            ],
            "orders": [self.order(order) for order in person.orders],
            "reviews": [self.review(review) for review in person.reviews],
            "files": [self._file(each) for each in person.files],
            "conversations": [self.row(row) for row in person.conversations],
            "totals": totals,
        }

    def can_send(self, reach: Reach) -> inbox.CanSend:
        """A `CanSend`."""
        instead: list[inbox.Instead] = [
            {
                "kind": one.kind,
                "conversation_id": one.conversation_id,
                "account": one.account,
                "channel": self.channel(one.account) if one.account else "",
            }
            for one in reach.instead
        ]
        return {
            "ok": reach.ok,
            "why": say(reach.why, self.locale) if reach.why else "",
            "until": time_or_none(reach.until),
            "left": reach.left,
            "how": reach.how,
            "instead": instead,
        }

    def history(self, page: History) -> persons.History:
        """A page of all that was said with a person: each `Message` with its conversation and channel."""
        items: list[persons.HistoryMessage] = [
            {
                **views.message(one, self.links, staff=True),
                "conversation_id": one.conversation_id,
                "channel": self.channel(page.accounts[one.conversation_id]),
            }
            for one in page.messages
        ]
        return {"items": items, "next": page.next or None}

    def _file(self, each: PersonFile) -> persons.PersonFile:
        return {
            **views.file(each.file, self.links),
            "at": time(each.at),
            "conversation_id": each.file.conversation_id,
            "seq": each.file.message_seq,
            "author": each.author,
            "sender": each.name,
        }

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
                    "each": money(one.each, self.locale),
                }
                for one in detail.left
            ],
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

    def run(self, run: RunView) -> figures.Run:
        """A `Run`."""
        return {
            "id": run.id,
            "report": run.report,
            "slot": run.slot,
            "period_start": time(run.period_start),
            "period_end": time(run.period_end),
            "timezone": run.timezone,
            "state": run.state,
            "progress": run.progress,
            "error": run.error,
            "created_at": time(run.created_at),
            "finished_at": time_or_none(run.finished_at),
        }

    def subscription(self, row: SubscriptionRow) -> figures.Subscription:
        """A `Sub`."""
        where: figures.ChatName = {
            "id": row.conversation_id,
            "name": row.conversation_name or self.nobody(row.external_id),
            "channel": self.channel(row.account),
        }
        return {
            "id": row.id,
            "report": row.report,
            "cron": row.cron,
            "timezone": row.timezone,
            "next_at": time_or_none(row.next_at),
            "staff": row.staff_name,
            "conversation": where,
        }

    def linked_chat(self, chat: LinkedChat) -> team.LinkedChat:
        """A `LinkedChat`."""
        return {
            "id": chat.id,
            "name": chat.name or self.nobody(chat.external_id),
            "account": chat.account,
            "channel": self.channel(chat.account),
            "reachable": chat.reachable,
            "conversation_id": chat.conversation_id,
            "subscriptions": chat.subscriptions,
        }

    def failure(self, failure: Failure) -> team.Failure:
        """One line of what could not be done."""
        return {
            "kind": failure.kind,
            "id": failure.id,
            "what": failure.what,
            "error": failure.error,
            "attempts": failure.attempts,
            "at": time(failure.at),
            "conversation_id": failure.conversation_id,
        }


def _consent(one: Standing) -> persons.Consent:
    return {"kind": one.kind, "given": one.given, "way": one.way, "said": one.said, "at": time_or_none(one.at)}


def _match(said: Said) -> inbox.Match:
    return {
        "seq": said.seq,
        "author": said.author,
        "at": time(said.at),
        "before": said.line.before,
        "found": said.line.found,
        "after": said.line.after,
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
