"""Files as they leave."""

from __future__ import annotations

import pytest

from bot.core.message import GIF, LARGEST_DRAWN, Attachment, FileKind


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


def test_of_a_picture_that_we_draw_the_size_is_not_that_of_its_original() -> None:
    large = 20 * 1024 * 1024
    left = [Attachment(7, "image", "", kind, large).as_sent(large).size for kind in ("image/png", "image/jpeg", GIF)]
    assert left == [LARGEST_DRAWN, LARGEST_DRAWN, large]
    assert Attachment(7, "image", "", GIF, large + 1).as_sent(large).size == LARGEST_DRAWN
    assert Attachment(7, "file", "", "application/pdf", large).as_sent().size == large
