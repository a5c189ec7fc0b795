"""Files as rows: a reference until it is stored, and only shown from then on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

import msgspec
from tortoise.queryset import QuerySet

import models
from bot.core.errors import Refused
from bot.core.message import Attachment, FileKind, FileRef
from bot.core.ports import StoredFile
from bot.core.registry import reads
from bot.services import discards, same_person
from bot.services.filing import Filed
from bot.services.scope import Scope
from models import locks


@dataclass(frozen=True, slots=True)
class FileView:
    """A file with all that showing and fetching it needs; the keys are empty until it is stored."""

    id: int
    kind: FileKind
    name: str
    media_type: str
    size: int
    state: str  # pending | stored | failed
    error: str
    width: int
    height: int
    storage_key: str
    display_key: str
    thumb_key: str
    public: bool
    conversation_id: int | None
    contact_id: int | None
    message_seq: int | None


NAME = 255  # characters of a name that are kept


def as_core(row: models.Attachment) -> Attachment:
    """A row as the outside sees it."""
    kind: FileKind = row.kind  # type: ignore[assignment]  # the column holds nothing else
    return Attachment(row.id, kind, row.name, row.media_type, row.size)


async def create(
    file: FileRef,
    now: datetime,
    *,
    conversation_id: int | None = None,
    contact_id: int | None = None,
    message_seq: int | None = None,
    public: bool = False,
) -> Attachment:
    """A pending row: for a file still at its platform (`file.ref` set), or for an upload whose bytes follow."""
    row = await models.Attachment.create(
        conversation_id=conversation_id,
        contact_id=contact_id,
        message_seq=message_seq,
        kind=file.kind,
        name=_short(file.name),
        media_type=file.media_type[:100],
        size=file.size or 0,
        source=msgspec.json.encode(file).decode() if file.ref else "",
        public=public,
        created_at=now,
    )
    return as_core(row)


async def any_of(conversation_id: int, message_seqs: Sequence[int]) -> bool:
    """Whether files came with these messages."""
    return await _with(conversation_id, message_seqs).exists()


def _with(conversation_id: int, message_seqs: Sequence[int]) -> QuerySet[models.Attachment]:
    return models.Attachment.filter(conversation_id=conversation_id, message_seq__in=list(message_seqs))


async def stored(
    id: int,  # noqa: A002
    stored: StoredFile,
    kind: FileKind,
    media_type: str,
    display_key: str = "",
    thumb_key: str = "",
    width: int = 0,
    height: int = 0,
) -> Attachment | None:
    """The bytes are in the store. None when the row is gone (its person, or its message): delete the bytes.

    Inside the caller's transaction.
    """
    rows = await locks.files(models.Attachment.filter(id=id))
    if not rows:
        return None
    row = rows[0]
    row.state, row.error, row.source = "stored", "", ""
    row.kind, row.media_type = kind, media_type
    row.size, row.sha256, row.storage_key = stored.size, stored.sha256, stored.key
    row.display_key, row.thumb_key, row.width, row.height = display_key, thumb_key, width, height
    await row.save()
    return as_core(row)


async def filed(file: Filed, now: datetime) -> int:
    """The row of a public picture whose bytes are in the store."""
    row = await create(FileRef(file.kind, "", file.name, "", file.stored.size), now, public=True)
    keys = file.display_key, file.thumb_key
    await stored(row.id, file.stored, file.kind, file.stored.media_type, *keys, file.width, file.height)
    return row.id


async def failed(id: int, error: str) -> Attachment | None:  # noqa: A002
    """The file could not be kept; `error` is a sentence for people. None when the row is gone."""
    row = await models.Attachment.filter(id=id).first()
    if row is None:
        return None
    row.state, row.error = "failed", error[:300]
    await row.save(update_fields=["state", "error"])
    return as_core(row)


async def attach(ids: tuple[int, ...], conversation_id: int, message_seq: int) -> None:
    """These files of the conversation were sent with that message."""
    of_conversation = models.Attachment.filter(id__in=list(ids), conversation_id=conversation_id)
    await of_conversation.update(message_seq=message_seq)


@reads
async def view(id: int) -> Attachment:  # noqa: A002
    """One file. Raises `Refused("no_file")`."""
    row = await models.Attachment.filter(id=id).first()
    if row is None:
        raise Refused("no_file", id=id)
    return as_core(row)


@reads
async def details(id: int) -> FileView | None:  # noqa: A002
    """One file with its keys."""
    row = await models.Attachment.filter(id=id).first()
    return _view(row) if row else None


@reads
async def source(id: int) -> FileRef | None:  # noqa: A002
    """Where a pending file is still to be fetched from; None when there is nothing to fetch."""
    row = await models.Attachment.filter(id=id, state="pending").first()
    return msgspec.json.decode(row.source, type=FileRef) if row and row.source else None


@reads
async def mine(scope: Scope, ids: tuple[int, ...]) -> tuple[Attachment, ...]:
    """Files of this person's conversations, in the order asked for. Raises `Refused("no_file")` for one that is not."""
    found = models.Attachment.filter(id__in=list(ids))
    if scope.person_id is None:
        rows = await found.filter(conversation_id=scope.conversation_id)
    else:
        rows = await found.filter(contact_id__in=await same_person.contacts(scope), conversation_id__isnull=False)
    by_id = {row.id: as_core(row) for row in rows}
    missing = set(ids) - by_id.keys()
    if missing:
        raise Refused("no_file", id=min(missing))
    return tuple([by_id[wanted] for wanted in ids])


def _short(name: str) -> str:
    """A name that fits its column and keeps its extension."""
    if len(name) <= NAME:
        return name
    suffix = PurePath(name).suffix[:20]
    return name[: NAME - len(suffix)] + suffix


def _view(row: models.Attachment) -> FileView:
    core = as_core(row)
    return FileView(
        id=row.id,
        kind=core.kind,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        state=row.state,
        error=row.error,
        width=row.width,
        height=row.height,
        storage_key=row.storage_key,
        display_key=row.display_key,
        thumb_key=row.thumb_key,
        public=row.public,
        conversation_id=row.conversation_id,
        contact_id=row.contact_id,
        message_seq=row.message_seq,
    )


async def taken_back(conversation_id: int, message_seqs: Sequence[int], now: datetime) -> None:
    """The customer took these messages back: their files go, but for photos of a review, which stay with that."""
    rows = await locks.files(_with(conversation_id, message_seqs))
    kept = await models.ReviewPhoto.filter(attachment_id__in=[row.id for row in rows]).values_list("attachment_id")
    gone = [row for row in rows if (row.id,) not in kept]
    await models.Attachment.filter(id__in=[row.id for row in gone]).delete()
    await discards.later(keys(gone), now)


async def is_upload(id: int, use: str) -> bool:  # noqa: A002
    """Whether it is a picture that staff uploaded for that, or one that has its place already."""
    row = await models.Attachment.filter(id=id, kind="image", conversation_id=None, contact_id=None).first()
    return row is not None and (not row.source or msgspec.json.decode(row.source, type=FileRef).ref == use)


async def publish(id: int) -> None:  # noqa: A002
    """An upload that everybody may see from now on. Raises `Refused("no_file")` where it is gone."""
    await used(id)
    await models.Attachment.filter(id=id).update(public=True)


async def used(id: int) -> None:  # noqa: A002
    """An upload has found its place. Raises `Refused("no_file")` where it is gone."""
    # Looked for, and not told by the update: MySQL counts rows that change, and one that was used before does not.
    if not await locks.files(models.Attachment.filter(id=id)):
        raise Refused("no_file")
    await models.Attachment.filter(id=id).update(source="")


async def forsaken(older_than: datetime) -> list[str]:
    """Delete the rows of uploads whose message never came; returns the keys of their bytes."""
    old = models.Attachment.filter(conversation_id=None, public=False, created_at__lt=older_than, source__not="")
    rows = await locks.files(old.limit(500))
    await models.Attachment.filter(id__in=[row.id for row in rows]).delete()
    return keys(rows)


def keys(rows: Iterable[models.Attachment]) -> list[str]:
    """What the store has of these files, each once."""
    return sorted({key for row in rows for key in (row.storage_key, row.display_key, row.thumb_key) if key})
