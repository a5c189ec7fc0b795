"""`scripts/run --demo-channels`: everything on this machine and without an account; Ctrl-C ends all of it."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
import webbrowser
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from bot import logs
from bot.cli import run, session, terminal
from bot.config import Config
from bot.core.errors import ConfigError, ParleyError
from tests.kit.demo import deeds
from tests.kit.demo.cast import CAST, Part
from tests.kit.demo.parley import Login, built, configured, table
from tests.kit.demo.phone import Phone
from tests.kit.demo.play import Clock, Play
from tests.kit.demo.site import listening, serving


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT, SIGTERM or the terminal is closed; returns the exit code."""
    args = _parser().parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="parley-demo-", ignore_cleanup_errors=True) as folder:
            return asyncio.run(_serve(args, Path(folder)))
    except KeyboardInterrupt:
        terminal.complain("\nStopped.")
        return session.FAILED
    except ParleyError as error:
        if args.debug:
            raise
        terminal.complain(str(error))
        return session.FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/run --demo-channels",
        description="Every channel without an account: fake platforms, Parley with its demo shop, and a page on which "
        "you are the customers and see the wire. Nothing of it is kept.",
    )
    parser.add_argument("--demo-channels", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--config", type=session.path, metavar="FILE", help="configuration file (else config.toml)")
    parser.add_argument("--port", type=int, help="port of Parley (server.port)")
    parser.add_argument("--page-port", type=int, metavar="PORT", help="port of the page (the one above Parley's)")
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    parser.add_argument("--debug", action="store_true", help="show tracebacks and more logs")
    return parser


async def _serve(args: argparse.Namespace, folder: Path) -> int:
    stop, clock = run.signals(), Clock()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, stop.set)
    async with AsyncExitStack() as stack:
        phones = [await _phone(stack, part, clock) for part in CAST]
        loaded = configured(args.config, args.port, folder, {phone.part.account: table(phone) for phone in phones})
        listener = stack.enter_context(listening(_page_port(args, loaded)))
        logs.configure("debug" if args.debug else "warning", loaded.log.format, tuple(loaded.secrets()))
        play = Play(clock, phones, loaded.accounts())
        app, login = await stack.enter_async_context(built(loaded, clock))
        await stack.enter_async_context(run.running(app))
        play.begins(app)
        await stack.enter_async_context(serving(play, _facts(loaded, login), listener))
        page = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        print(_welcome(loaded, login, page), flush=True)
        if args.open:
            await asyncio.to_thread(webbrowser.open, page)
        await stop.wait()
        print("Stopping …", flush=True)
    print("Stopped; nothing of it was kept.", flush=True)
    return session.DONE


async def _phone(stack: AsyncExitStack, part: Part, clock: Clock) -> Phone:
    server = await stack.enter_async_context(part.stage.server())
    deeds.lives_at(server, clock.seconds)
    return Phone(part, server, part.person(server), clock.seconds)


def _page_port(args: argparse.Namespace, loaded: Config) -> int:
    port: int = loaded.server.port + 1 if args.page_port is None else args.page_port
    if port == loaded.server.port:
        raise ConfigError(f"--page-port: {port} is the port of Parley itself; choose another one")
    return port


def _facts(loaded: Config, login: Login) -> dict[str, object]:
    url, shop = loaded.server.url, loaded.shop
    return {
        "shop": f"{url}/",
        "desk": f"{url}/desk",
        "login": login.login,
        "password": login.password,
        "name": shop.name,
        "color": shop.color,
    }


def _welcome(loaded: Config, login: Login, page: str) -> str:
    rows = [
        ("Page", f"{terminal.colour(page, terminal.BOLD)}   be a customer on any channel, and see the wire"),
        ("Desk", f"{loaded.server.url}/desk   answer them as {login.login}, password {login.password}"),
        ("Shop", f"{loaded.server.url}/"),
    ]
    lines = [f"  {terminal.pad(name, 10)}{value}" for name, value in rows]
    return "\n".join(["Every channel is ready, each with a platform of its own on this machine.", "", *lines, "",
                      "Nothing leaves this machine, and nothing is kept. Stop it with Ctrl-C."])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
