"""Files as they leave."""

from __future__ import annotations

import pytest

from bot.core.message import Attachment, FileKind


@pytest.mark.parametrize(
    ("kind", "name", "media_type", "left"),
    [
        ("image", "tea.jpeg", "image/jpeg", ("tea.jpeg", "image/jpeg")),
        ("image", "tea.webp", "image/webp", ("tea.jpg", "image/jpeg")),
        ("image", "two.words.png", "image/png", ("two.words.jpg", "image/jpeg")),
        ("image", "", "image/avif", ("picture.jpg", "image/jpeg")),
        ("file", "list.pdf", "application/pdf", ("list.pdf", "application/pdf")),
    ],
)
def test_a_picture_leaves_as_a_jpeg(kind: FileKind, name: str, media_type: str, left: tuple[str, str]) -> None:
    sent = Attachment(7, kind, name, media_type, 9).as_sent()
    assert (sent.id, sent.kind, sent.size) == (7, kind, 9)
    assert (sent.name, sent.media_type) == left
