"""The names under which the application keeps its parts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from web.ports import Relay, Reports, Runtime
from web.settings import WebSettings

SETTINGS = web.AppKey("settings", WebSettings)
RUNTIME = web.AppKey("runtime", Runtime)
RELAY = web.AppKey("relay", Relay)
REPORTS = web.AppKey("reports", Reports)
Clock = Callable[[], datetime]
CLOCK: web.AppKey[Clock] = web.AppKey("clock")
#: The number of the request in the log, and the language of whoever is logged in.
REQUEST_ID = web.RequestKey("id", str)
LOCALE = web.RequestKey("locale", str)
