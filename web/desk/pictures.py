"""Pictures that staff upload for what they write: of a product, or of news."""

from __future__ import annotations

import msgspec
from aiohttp import web

from bot.core.message import FileRef
from bot.services import attachments
from bot.services.visitors import file_row
from models.database import transaction
from web import uploads
from web.files import FILING
from web.http import Problem
from web.keys import CLOCK


async def upload(request: web.Request, use: str) -> web.Response:
    """Keep the body. Until it is used it is an upload like others, which is forgotten where nobody uses it."""
    filed = await uploads.take(request)
    try:
        if filed.kind != "image":
            raise Problem(415, "bad_file")
        async with transaction():
            source = msgspec.json.encode(FileRef("image", use)).decode()
            kept = await file_row(filed, request.app[CLOCK](), conversation_id=None, contact_id=None, source=source)
    except BaseException:
        await request.app[FILING].discard(filed)
        raise
    return await uploads.stored_answer(request, kept.id)


async def is_of(picture: int, use: str) -> bool:
    """Whether it is a picture that staff uploaded for this, or one in use; a file of a customer's never is."""
    return await attachments.is_upload(picture, use)
