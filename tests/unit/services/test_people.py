"""People at the desk: what is beside a thread is theirs, and says whose it is where it is not."""

from __future__ import annotations

from bot.services import people
from models import Attachment, Message, Staff
from tests.unit.services.shop import Shop


async def test_a_persons_files_say_who_sent_them(any_shop: Shop) -> None:
    ann, now = await any_shop.customer(), any_shop.now
    mei = await Staff.create(login="mei", name="Mei Chen", role="agent", password_hash="x", created_at=now)
    for seq, (author, staff) in enumerate([("customer", None), ("staff", mei.id), ("note", mei.id), ("bot", None)], 1):
        await Message.create(conversation_id=ann.conversation_id, seq=seq, author=author, staff_id=staff, at=now)
        await Attachment.create(
            conversation_id=ann.conversation_id,
            contact_id=ann.contact_id,
            message_seq=seq,
            kind="file",
            name=f"{author}.txt",
            state="stored",
            created_at=now,
        )
    found = (await people.person(ann.contact_id)).files
    assert [(each.file.name, each.author, each.name) for each in found] == [
        ("bot.txt", "bot", ""),
        ("staff.txt", "staff", "Mei Chen"),
        ("customer.txt", "customer", ""),
    ]
