"""What a sender's file is, what may be shown of it, and under which name: all for those who serve files."""

from __future__ import annotations

from bot.storage.images import BadImage, display_image, draw, plain_image, thumbnail
from bot.storage.names import content_disposition, safe_name
from bot.storage.sniff import HEAD, Kind, MediaType, sniff

__all__ = [
    "HEAD",
    "BadImage",
    "Kind",
    "MediaType",
    "content_disposition",
    "display_image",
    "draw",
    "plain_image",
    "safe_name",
    "sniff",
    "thumbnail",
]
