"""What each channel can show, as its platform documents it: for the terminal chat, the scenarios and the channel table.

A channel that ships declares its own record beside its code, and a test holds the copy here equal to it. The others
are kept so that conversations are tried against their limits before, and after, somebody writes the adapter.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.core.capabilities import Capabilities, Media

_MIB = 1024 * 1024

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
    image_bytes=20 * _MIB,
    file_bytes=20 * _MIB,
    typing=True,
    edits=True,
    stored_delivery=True,
)
# https://core.telegram.org/bots/api
TELEGRAM = Capabilities(
    channel="telegram",
    buttons=100,
    button_label=64,
    button_data=64,
    link_buttons=True,
    text_limit=4096,
    text_unit="utf16",
    caption_limit=1024,
    files_per_message=10,
    image_bytes=10 * _MIB,
    file_bytes=50 * _MIB,
    typing=True,
    edits=True,
)
# developers.weixin.qq.com, "customer service messages": five within 48 hours of what the customer said.
# A menu that is tapped has no limits that are told: as many items as in WeCom's. Voice may be AMR or MP3.
WECHAT = Capabilities(
    channel="wechat",
    language="zh",
    buttons=10,
    button_label=42,
    button_data=64,
    text_limit=2048,
    text_unit="bytes",
    files=False,
    media=(Media("audio/amr", 2 * _MIB), Media("audio/mpeg", 2 * _MIB), Media("video/mp4", 10 * _MIB)),
    image_bytes=10 * _MIB,
    typing=True,
    reply_window=timedelta(hours=48),
    reply_quota=5,
    proactive="no",
    gathers=True,
    profiles=True,
)
# developer.work.weixin.qq.com, 微信客服 "send message": a menu has ten items.
WECOM = Capabilities(
    channel="wecom",
    language="zh",
    buttons=10,
    button_label=42,  # 128 bytes of UTF-8
    button_data=64,
    link_buttons=True,
    text_limit=2048,
    text_unit="bytes",
    image_bytes=10 * _MIB,
    file_bytes=20 * _MIB,
    reply_window=timedelta(hours=48),
    reply_quota=5,
    proactive="no",
    gathers=True,
    profiles=True,
    receipts=True,
)
# bot.q.qq.com/wiki/develop/api-v2: five rows of five under Markdown; four answers within an hour in a private chat.
QQ = Capabilities(
    channel="qq",
    language="zh",
    buttons=25,
    button_rows=5,
    button_label=10,
    button_data=100,
    link_buttons=True,
    text_limit=2000,
    image_bytes=20 * _MIB,
    file_bytes=20 * _MIB,  # in one call QQ takes little more
    typing=True,
    reply_window=timedelta(minutes=60),
    reply_quota=4,
    proactive="no",
    tokens=True,
)
# open.weibo.com/wiki "Send_Customer_Service_Message": fewer than 300 Chinese characters.
WEIBO = Capabilities(
    channel="weibo",
    language="zh",
    text_limit=299,
    images=False,
    files=False,
    reply_window=timedelta(hours=48),
    proactive="no",
)
# developers.facebook.com, Messenger Platform: quick replies; staff may answer for seven days.
MESSENGER = Capabilities(
    channel="messenger",
    buttons=13,
    button_label=20,
    button_data=1000,
    link_buttons=True,
    text_limit=2000,
    image_bytes=25 * _MIB,
    file_bytes=25 * _MIB,
    typing=True,
    reply_window=timedelta(hours=24),
    staff_window=timedelta(days=7),
    proactive="no",
    profiles=True,
    receipts=True,
)
# developers.facebook.com, Instagram Messaging: as Messenger, in bytes.
INSTAGRAM = Capabilities(
    channel="instagram",
    buttons=13,
    button_label=20,
    button_data=1000,
    link_buttons=True,
    text_limit=1000,
    text_unit="bytes",
    image_bytes=8 * _MIB,
    file_bytes=25 * _MIB,
    typing=True,
    reply_window=timedelta(hours=24),
    staff_window=timedelta(days=7),
    proactive="no",
    profiles=True,
    receipts=True,
)
# developers.facebook.com, WhatsApp Cloud API: three reply buttons, else a list of ten rows; templates at any time.
WHATSAPP = Capabilities(
    channel="whatsapp",
    buttons=10,
    lists=True,
    button_label=24,
    button_data=200,
    link_buttons=True,
    text_limit=4096,
    caption_limit=1024,
    image_bytes=5 * _MIB,
    file_bytes=100 * _MIB,
    typing=True,
    reply_window=timedelta(hours=24),
    proactive="template",
    receipts=True,
)
# docs.x.com, direct messages: one picture a message, no buttons; "rate limits": 15 messages in 15 minutes, to all
# customers together.
X = Capabilities(
    channel="x",
    text_limit=10_000,
    caption_limit=10_000,
    files=False,
    image_bytes=5 * _MIB,
    gathers=True,
    receipts=True,
)
# developers.line.biz, Messaging API: quick replies, flex cards; files cannot be sent. A button's data goes with its
# label, which LINE does not tell of a tap: 300 characters for both.
LINE = Capabilities(
    channel="line",
    buttons=13,
    button_label=20,
    button_data=270,
    link_buttons=True,
    cards=True,
    text_limit=5000,
    text_unit="utf16",
    files=False,
    files_per_message=5,
    image_bytes=10 * _MIB,
    typing=True,
    tokens=True,
    profiles=True,
)
# RFC 5322: a mail has no buttons and hardly a limit; providers take 25 MB with all that coding adds. What became of a
# mail is reported by mail.
EMAIL = Capabilities(
    channel="email",
    text_limit=100_000,
    caption_limit=100_000,
    files_per_message=10,
    mixes=True,
    forgeable=True,
    image_bytes=15 * _MIB,
    file_bytes=15 * _MIB,
    message_bytes=18 * _MIB,
    tokens=True,
    gathers=True,
    receipts=True,
)
# The least that there is: ten joined segments of a text message, and nothing else.
SMS = Capabilities(channel="sms", text_limit=670, images=False, files=False)

PROFILES: Mapping[str, Capabilities] = {
    profile.channel: profile
    for profile in (WEBCHAT, TELEGRAM, WECHAT, WECOM, QQ, WEIBO, MESSENGER, INSTAGRAM, WHATSAPP, X, LINE, EMAIL, SMS)
}
