"""What a person says about themselves, and the files that they send."""

from __future__ import annotations

import msgspec
import pytest

from bot.core.errors import Refused
from bot.core.message import Attachment, FileRef
from bot.core.ports import StoredFile
from bot.services import attachments, contacts
from bot.services.attachments import FileView
from bot.services.contacts import Address
from models import Attachment as AttachmentRow
from models import Contact
from tests.unit.services.shop import NOW, Shop


async def test_choosing_a_language(shop: Shop) -> None:
    scope = await shop.customer()
    assert await contacts.choose_locale(scope, "zh-TW") == "zh"
    assert (await Contact.get(id=scope.contact_id)).locale == "zh"
    assert await contacts.choose_locale(scope, "fr") == "en"


async def test_renaming(shop: Shop) -> None:
    scope, other = await shop.customer(), await shop.customer("Bob")
    assert await contacts.rename(scope, "  Ann \n Maria ") == "Ann Maria"
    assert (await Contact.get(id=scope.contact_id)).name == "Ann Maria"
    assert (await Contact.get(id=other.contact_id)).name == "Bob"
    for code, name in (("blank", " \n"), ("too_long", "x" * 201)):
        with pytest.raises(Refused, match=code):
            await contacts.rename(scope, name)


async def test_the_last_address_is_offered_again(shop: Shop) -> None:
    scope = await shop.customer("")
    assert await contacts.last_address(scope) is None
    await contacts.remember(scope, " 王小明 ", "138 0000 0000", "上海市\n安福路 20 号")
    kept = await contacts.last_address(scope)
    assert kept == Address("王小明", "138 0000 0000", "上海市\n安福路 20 号")
    assert msgspec.convert(msgspec.to_builtins(kept), Address) == kept
    await contacts.remember(scope, "A friend", "139", "Beijing")
    assert await contacts.last_address(scope) == Address("A friend", "139", "Beijing")
    row = await Contact.get(id=scope.contact_id)
    assert (row.name, row.phone) == ("王小明", "138 0000 0000")


async def test_a_file_from_reference_to_shown(shop: Shop) -> None:
    scope = await shop.customer()
    file = FileRef("file", "tg-77", "cat.jpg", "image/jpeg", 12)
    made = await attachments.create(
        file, NOW, conversation_id=scope.conversation_id, contact_id=scope.contact_id, message_seq=4
    )
    assert made == Attachment(made.id, "file", "cat.jpg", "image/jpeg", 12)
    assert await attachments.source(made.id) == file
    stored = StoredFile("image/2026/11/k.jpg", 999, "ab" * 32, "image/jpeg")
    shown = await attachments.stored(made.id, stored, "image", "image/jpeg", "d.jpg", "t.jpg", 640, 480)
    assert shown == Attachment(made.id, "image", "cat.jpg", "image/jpeg", 999)
    assert await attachments.source(made.id) is None
    expected = FileView(
        id=made.id, kind="image", name="cat.jpg", media_type="image/jpeg", size=999, state="stored", error="",
        width=640, height=480, storage_key=stored.key, display_key="d.jpg", thumb_key="t.jpg", public=False,
        conversation_id=scope.conversation_id, contact_id=scope.contact_id, message_seq=4,
    )  # fmt: skip
    assert await attachments.details(made.id) == expected
    assert msgspec.convert(msgspec.to_builtins(expected), FileView) == expected


async def test_a_file_that_failed_says_why(shop: Shop) -> None:
    made = await attachments.create(FileRef("video", "x"), NOW)
    assert await attachments.failed(made.id, "larger than 20 MB") == made
    seen = await attachments.details(made.id)
    assert seen is not None
    assert (seen.state, seen.error, await attachments.source(made.id)) == ("failed", "larger than 20 MB", None)
    assert await attachments.details(made.id + 1) is None
    with pytest.raises(Refused, match="no_file"):
        await attachments.view(made.id + 1)


async def test_only_files_of_ones_own_conversation(shop: Shop) -> None:
    ann, bob = await shop.customer(), await shop.customer("Bob")
    made = [
        (await attachments.create(FileRef("image", "", name), NOW, conversation_id=who.conversation_id)).id
        for who, name in ((ann, "a"), (ann, "b"), (bob, "c"))
    ]
    assert [file.name for file in await attachments.mine(ann, (made[1], made[0]))] == ["b", "a"]
    assert await attachments.mine(ann, ()) == ()
    for ids in ((made[2],), (made[0], made[2]), (made[0], 999)):
        with pytest.raises(Refused, match="no_file"):
            await attachments.mine(ann, ids)
    await attachments.attach((made[0], made[2]), ann.conversation_id, 9)
    assert await AttachmentRow.filter(message_seq=9).values_list("id", "conversation_id") == [
        (made[0], ann.conversation_id)
    ]


async def test_a_long_name_keeps_its_extension(shop: Shop) -> None:
    made = await attachments.create(FileRef("file", "", "长" * 300 + ".pdf"), NOW)
    assert (len(made.name), made.name[-5:]) == (255, "长.pdf")
