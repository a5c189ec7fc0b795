"""Files as rows: a reference until it is stored, and only shown from then on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import models
from bot.core.message import Attachment, FileKind, FileRef
from bot.core.ports import StoredFile
from bot.core.registry import reads
from bot.services.scope import Scope


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
    raise NotImplementedError


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
    """The bytes are in the store. None when the row is gone (its person was erased): delete the bytes."""
    raise NotImplementedError


async def failed(id: int, error: str) -> Attachment | None:  # noqa: A002
    """The file could not be kept; `error` is a sentence for people. None when the row is gone."""
    raise NotImplementedError


async def attach(ids: tuple[int, ...], conversation_id: int, message_seq: int) -> None:
    """These files were sent with that message."""
    raise NotImplementedError


@reads
async def of_message(conversation_id: int, message_seq: int) -> tuple[FileView, ...]:
    """The files of a message, in the order they came."""
    raise NotImplementedError


@reads
async def view(id: int) -> Attachment:  # noqa: A002
    """One file. Raises `Refused("no_file")`."""
    raise NotImplementedError


@reads
async def details(id: int) -> FileView | None:  # noqa: A002
    """One file with its keys."""
    raise NotImplementedError


@reads
async def source(id: int) -> FileRef | None:  # noqa: A002
    """Where a pending file is still to be fetched from; None when there is nothing to fetch."""
    raise NotImplementedError


@reads
async def mine(scope: Scope, ids: tuple[int, ...]) -> tuple[Attachment, ...]:
    """Files of this conversation, in the order asked for. Raises `Refused("no_file")` if one is not of it."""
    raise NotImplementedError
