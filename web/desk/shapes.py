"""The desk's values as JSON, exactly as docs/web-api.md names them."""

from __future__ import annotations

from bot.services.consents import Standing
from bot.services.conversations import Row
from bot.services.histories import History
from bot.services.linked_chats import LinkedChat
from bot.services.people import ContactRow, Person, PersonFile
from bot.services.queues import Failure
from bot.services.reach import Reach
from bot.services.report_desk import SubscriptionRow
from bot.services.report_runs import RunView
from bot.services.search import Found, Said
from web import views
from web.desk.trade_shapes import TradeShapes
from web.desk.values import figures, inbox, persons, team
from web.texts import say
from web.views import money, time, time_or_none


class Shapes(TradeShapes):
    """What else a reader sees: conversations, people, reports, the team."""

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
            "name": row.name or self.nobody(row.external_id),
            "phone": row.phone,
            "email": row.email,
            "locale": row.locale,
            "created_at": time(row.created_at),
            "channels": [self.channel(account) for account in row.accounts],
        }

    def person(self, person: Person) -> persons.Person:
        """A `Person`."""
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
