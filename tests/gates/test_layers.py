"""Layers and vendor edges hold; and the gate sees each way to break them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gates.finding import ROOT, assert_clean
from tests.gates.layers import violations


def test_the_layers_hold() -> None:
    assert_clean(violations(ROOT))


def write(root: Path, path: str, text: str) -> None:
    """A file below `root`, and the folders it needs."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


BROKEN = [
    ("bot/core/chat.py", "from bot.services import orders", "bot.core may import nothing"),
    ("bot/core/chat.py", "import models.order", "bot.core may import nothing"),
    ("bot/core/chat.py", "from ..services.orders import pay", "bot.core may import nothing"),
    ("bot/core/chat.py", "from .. import services", "bot.core may import nothing"),
    ("models/order.py", "from bot.services import orders", "models may import bot.core"),
    ("bot/services/orders.py", "from bot.runtime.inbox import accept", "bot.services may import"),
    ("bot/services/orders.py", "import web", "bot.services may import"),
    ("handlers/order.py", "from models.order import Order", "handlers may import"),
    ("handlers/order.py", "def f():\n    import bot.runtime.inbox", "handlers may import"),
    ("handlers/order.py", "if TYPE_CHECKING:\n    from web.app import App", "handlers may import"),
    ("handlers/order.py", "import_module('bot.runtime.inbox')", "handlers may import"),
    ("bot/runtime/inbox.py", "from bot.channels import telegram", "bot.runtime may import"),
    ("bot/runtime/inbox.py", "import bot.config", "bot.runtime may import"),
    ("analytics/runner.py", "from bot.services import reports", "analytics may import"),
    ("web/app.py", "from bot.app import build", "web may import"),
    ("web/app.py", "import bot.cli.check", "web may import"),
    ("bot/channels/qq.py", "from bot.channels.wechat import sign", "never see their siblings"),
    ("bot/channels/qq.py", "from . import wechat", "never see their siblings"),
    ("bot/channels/_http.py", "from bot.channels.wechat import sign", "never see their siblings"),
    ("bot/storage/s3.py", "from bot.storage.local import Local", "never see their siblings"),
    ("bot/storage/keys.py", "from bot.storage.local import Local", "never see their siblings"),
    ("bot/payments/alipay.py", "from bot.channels.qq import x", "bot.payments may import"),
    ("bot/odds.py", "import bot.core.money", "belongs to no layer"),
    ("bot/core/chat.py", "from tests.kit import Simulator", "never imports its tests"),
    ("bot/core/chat.py", "import aiogram", "imports aiogram"),
    ("bot/channels/qq.py", "from aiogram.types import Update", "imports aiogram"),
    ("bot/storage/local.py", "import botocore.exceptions", "imports botocore"),
    ("bot/storage/links.py", "from botocore.exceptions import X", "imports botocore"),
    ("bot/channels/telegram_updates.py", "import aiogram.types", "imports aiogram"),
    ("bot/runtime/worker.py", "from pyspark.sql import functions", "imports pyspark"),
    ("bot/channels/webchat.py", "import socketio", "imports socketio"),
    ("bot/channels/qq.py", "from aiohttp import web", "imports aiohttp.web"),
    ("bot/channels/qq.py", "from aiohttp.web import Request", "imports aiohttp.web"),
    ("bot/channels/qq.py", "from aiohttp.web_request import Request", "imports aiohttp.web"),
    ("bot/channels/qq.py", "import aiohttp\naiohttp.web.Request", "imports aiohttp.web"),
    ("web/api.py", "from tortoise.expressions import Q", "imports tortoise"),
    ("analytics/report.py", "import tortoise", "imports tortoise"),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The modules that the samples speak of."""
    for name in ("services/orders", "services/reports", "runtime/inbox", "channels/telegram"):
        write(tmp_path, f"bot/{name}.py", "")
    for name in ("channels/wechat", "channels/qq", "storage/local", "core/money", "app", "config"):
        write(tmp_path, f"bot/{name}.py", "")
    for name in (
        "bot/__init__",
        "bot/cli/__init__",
        "bot/services/__init__",
        "models/order",
        "web/app",
        "web/__init__",
    ):
        write(tmp_path, f"{name}.py", "")
    write(tmp_path, "bot/cli/check.py", "")
    return tmp_path


@pytest.mark.parametrize(("path", "code", "why"), BROKEN)
def test_a_broken_import_is_seen(tree: Path, path: str, code: str, why: str) -> None:
    write(tree, path, code)
    [finding] = violations(tree)
    assert why in f"{finding.rule} {finding.why}"
    assert finding.where.startswith(path)
    assert finding.do


SOUND = [
    ("bot/core/chat.py", "import asyncio\nfrom bot.core.money import Money"),
    ("bot/services/orders.py", "from models.order import Order\nfrom tortoise import fields"),
    ("handlers/order.py", "from bot.services import orders\nfrom bot.core.money import Money"),
    ("bot/runtime/inbox.py", "from bot.services.orders import pay\nimport models.order"),
    ("web/app.py", "from aiohttp import web\nfrom bot.runtime.inbox import accept"),
    ("bot/channels/telegram/client.py", "import aiogram\nfrom bot.channels.telegram.updates import x"),
    ("bot/storage/s3.py", "import aiobotocore, botocore\nfrom bot.storage.s3_transfer import x"),
    ("bot/channels/qq.py", "from aiohttp import ClientSession\nfrom bot.channels._http import x"),
    ("bot/payments/_api.py", "from bot.http import Api"),
    ("bot/payments/telegram_stars.py", "from aiogram.types import LabeledPrice"),
    ("bot/storage/s3_transfer.py", "from botocore.exceptions import X\nfrom bot.storage.keys import x"),
    ("models/order.py", "from bot.core.money import Money"),
    ("bot/demo/shop.py", "import models.order\nfrom bot.services import orders"),
    ("analytics/runner.py", "from pyspark.sql import SparkSession\nimport analytics.report"),
    ("bot/app.py", "import web.app, analytics, bot.config, tortoise\nfrom aiohttp import web"),
    ("bot/cli/check.py", "import bot.app, bot.channels.telegram, bot.config"),
]


@pytest.mark.parametrize(("path", "code"), SOUND)
def test_a_sound_import_is_left_alone(tree: Path, path: str, code: str) -> None:
    write(tree, path, code)
    assert violations(tree) == []
