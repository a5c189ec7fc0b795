"""The peer to beat: aiogram's own webhook handler, FSM in memory, nothing kept.

python -m tests.benchmarks.peers.bare_aiogram PORT API_BASE SECRET
"""

from __future__ import annotations

import sys

import uvloop
from aiogram import Bot, Dispatcher, F
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.fsm.context import FSMContext
from aiogram.types import Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web

dispatcher = Dispatcher()


@dispatcher.message(F.text.startswith("echo "))
async def echo(message: Message, state: FSMContext) -> None:
    """Remember what was said and say it again, as any small bot does."""
    await state.update_data(last=message.text)
    await message.answer(f"You said: {message.text}")


def main(port: int, api_base: str, secret: str) -> None:
    """Serve until stopped."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(api_base))
    bot = Bot("42:TEST", session=session)
    app = web.Application()
    handler = SimpleRequestHandler(dispatcher, bot, secret_token=secret, handle_in_background=False)
    handler.register(app, path="/hooks/telegram")
    setup_application(app, dispatcher, bot=bot)
    uvloop.install()
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
