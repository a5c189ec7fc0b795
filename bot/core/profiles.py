"""What the web chat can show, and the least that there is; the other channels declare theirs beside their code."""

from __future__ import annotations

from bot.core.capabilities import MIB, Capabilities

WEBCHAT = Capabilities(
    channel="webchat",
    buttons=50,
    button_label=200,
    button_data=200,
    link_buttons=True,
    cards=True,
    stars=True,
    forms=True,
    text_limit=100_000,
    caption_limit=100_000,
    files_per_message=10,
    image_bytes=20 * MIB,
    file_bytes=20 * MIB,
    typing=True,
    edits=True,
    stored_delivery=True,
)
# The least that there is: ten joined segments of a text message, and nothing else.
SMS = Capabilities(channel="sms", text_limit=670, images=False, files=False)
