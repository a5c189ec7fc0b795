"""What each channel can show, by the names that tests use."""

from __future__ import annotations

from bot.channels import profiles

PROFILES = profiles()
EMAIL = PROFILES["email"]
LINE = PROFILES["line"]
QQ = PROFILES["qq"]
SMS = PROFILES["sms"]
TELEGRAM = PROFILES["telegram"]
WEBCHAT = PROFILES["webchat"]
WECHAT = PROFILES["wechat"]
WHATSAPP = PROFILES["whatsapp"]
X = PROFILES["x"]
