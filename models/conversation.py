"""A conversation is the thread with one identity, its messages, and the dialogs that run in it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from models.contact import Contact, Identity
    from models.staff import Staff


class Conversation(Model):
    """The thread with one identity; its `lane` is where order is kept. The last_* columns feed the desk's list."""

    id = fields.BigIntField(primary_key=True)
    lane = fields.CharField(255, unique=True)  # "<account>:<external_id>"
    identity: fields.OneToOneRelation[Identity] = fields.OneToOneField(
        "models.Identity", related_name="conversation", on_delete=fields.CASCADE
    )
    identity_id: int
    contact: fields.ForeignKeyRelation[Contact] = fields.ForeignKeyField(
        "models.Contact", related_name="conversations", on_delete=fields.CASCADE
    )
    contact_id: int
    account = fields.CharField(64)
    owner: fields.ForeignKeyNullableRelation[Staff] = fields.ForeignKeyField(
        "models.Staff", related_name="owned", null=True, on_delete=fields.SET_NULL
    )
    owner_id: int | None  # takeover: while set, the bot may not speak
    elsewhere_until = fields.DatetimeField(null=True)  # a person answers in the platform's own client: neither may it
    epoch = fields.IntField(default=0)  # grows at every takeover and give-back; an effect of an older epoch is void
    last_seq = fields.IntField(default=0)
    last_text = fields.CharField(300, default="")
    last_author = fields.CharField(16, default="")
    last_at = fields.DatetimeField()
    unread = fields.IntField(default=0)  # customer messages that no staff has seen
    waiting_since = fields.DatetimeField(null=True)  # the customer waits for a person since
    reason = fields.CharField(200, default="")  # why a person is wanted
    priority = fields.SmallIntField(default=0)  # 0 normal, 1 high
    attention = fields.CharField(300, default="")  # what went wrong here: turn | send | refund | restored
    closed_at = fields.DatetimeField(null=True)
    choices = fields.TextField(default="[]")  # JSON [{label, data}]: what typed numbers and labels stand for
    first_response_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    continues_in = fields.BigIntField(
        null=True
    )  # the conversation in which the customer went on, until they write here
    moved_wait = fields.TextField(default="")  # JSON of services.carrying.Wait: of whoever went on waiting elsewhere
    version = fields.BigIntField(default=0)  # grows with every change: who read an older one may not write

    def is_with_people(self, now: datetime) -> bool:
        """Whether the bot may not speak: a person has the word, here or in the platform's own client."""
        return self.owner_id is not None or (self.elsewhere_until is not None and self.elsewhere_until > now)

    async def save(self, *args: Any, **kwargs: Any) -> None:
        """As every model, one version further."""
        self.version += 1
        await super().save(*args, **kwargs)

    class Meta:
        table = "conversation"
        indexes = (
            Index(fields=("last_at", "id"), name="ix_conversation_last"),
            Index(fields=("owner_id", "last_at", "id"), name="ix_conversation_owned"),
            Index(fields=("waiting_since", "id"), name="ix_conversation_wait"),
            Index(fields=("contact_id",), name="ix_conversation_person"),
            Index(fields=("updated_at", "id"), name="ix_conversation_updated"),
        )


class Message(Model):
    """One thing said in a conversation. `(conversation, seq)` is its name; `body` is the JSON of a `Reply`."""

    id = fields.BigIntField(primary_key=True)
    conversation: fields.ForeignKeyRelation[Conversation] = fields.ForeignKeyField(
        "models.Conversation", related_name="messages", on_delete=fields.CASCADE
    )
    conversation_id: int
    seq = fields.IntField()
    author = fields.CharField(16)  # customer | bot | staff | note (internal) | event (a thin line in the desk)
    staff_id = fields.BigIntField(null=True)
    text = fields.TextField(
        default=""
    )  # of an event its name: took | gave | closed | edited | elsewhere | joined | parted | unlinked
    body = fields.TextField(default="")  # JSON of core.message.Reply; empty when text says it all
    client_id = fields.CharField(64, null=True)  # the sender's own id: a second send of it is the same message
    delivery = fields.CharField(16, default="")  # bot, staff: queued|held|quiet|sent|delivered|read|failed
    error = fields.CharField(300, default="")  # "takeover", what `leaving` says, or the platform's words
    at = fields.DatetimeField()
    external_id = fields.CharField(191, default="")  # the platform's id, of several wires that of the last
    changed = fields.CharField(8, default="")  # edited | deleted, by who wrote it in the platform's client

    class Meta:
        table = "message"
        unique_together = (("conversation_id", "seq"), ("conversation_id", "client_id"))
        indexes = (Index(fields=("at", "id"), name="ix_message_at"),)


class MessagePiece(Model):
    """One of several messages that a platform made of ours, whose own state is the least of theirs."""

    id = fields.BigIntField(primary_key=True)
    conversation: fields.ForeignKeyRelation[Conversation] = fields.ForeignKeyField(
        "models.Conversation", related_name="pieces", on_delete=fields.CASCADE
    )
    conversation_id: int
    seq = fields.IntField()
    number = fields.IntField()  # the wire's, from 0; below 0: a message of a wire before its last, see `pieces.earlier`
    is_last = fields.BooleanField(default=False)
    external_id = fields.CharField(191, default="")  # the platform's id
    delivery = fields.CharField(16)  # held | sent | delivered | read | failed
    at = fields.DatetimeField()

    class Meta:
        table = "message_piece"
        unique_together = (("conversation_id", "seq", "number"),)
        indexes = (Index(fields=("conversation_id", "external_id"), name="ix_message_piece_id"),)


class Dialog(Model):
    """A durable conversation: the handler's name and its journal bring the coroutine back."""

    id = fields.BigIntField(primary_key=True)
    conversation: fields.ForeignKeyRelation[Conversation] = fields.ForeignKeyField(
        "models.Conversation", related_name="dialogs", on_delete=fields.CASCADE
    )
    conversation_id: int
    token = fields.CharField(16, unique=True)  # names the dialog in button data and effect keys
    handler = fields.CharField(120)
    state = fields.CharField(16)  # asking | calling | paused | done | cancelled | expired | broken
    background = fields.BooleanField(default=False)  # runs beside the foreground dialog (a payment settles)
    trigger = fields.TextField(default="")  # JSON of runtime.state.Trigger: what started it
    journal = fields.TextField(default="[]")  # JSON list of entries
    question = fields.TextField(default="")  # JSON of the open question
    remind_at = fields.DatetimeField(null=True)
    expire_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    # The copy that goes on in another conversation of the same person; it takes this one along when it ends.
    moved_to: fields.ForeignKeyNullableRelation[Dialog] = fields.ForeignKeyField(
        "models.Dialog", related_name="origins", null=True, on_delete=fields.CASCADE
    )
    moved_to_id: int | None

    class Meta:
        table = "dialog"
        indexes = (
            Index(fields=("conversation_id", "state"), name="ix_dialog_conversation"),
            Index(fields=("moved_to_id",), name="ix_dialog_moved"),
        )
