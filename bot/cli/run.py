"""`run`: serves until SIGINT or SIGTERM, then finishes what is under way; says that it is ready only when it is."""

from __future__ import annotations

import argparse
import asyncio
import errno
import gc
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from bot.cli import first_start, notify, session, terminal
from bot.core.errors import ConfigError

if TYPE_CHECKING:
    from bot.app import App
    from bot.config import Config

NAME = "run"
SUMMARY = "serve the shop, the chat, the desk and every channel"
DEFAULTS = {"host": None, "port": None, "no_demo": False, "open": False, "role": None}
#: Seconds that work under way may take after the signal; what is left is on disk and is done at the next start.
DRAIN = 9.0
#: Seconds to tell other nodes that they may go on with what is left.
LAST_WORDS = 1.0
#: python-socketio imports these wherever they are installed, for clients and brokers that this process has no use for:
#: a quarter of the whole start.
NEVER_USED = ("redis", "valkey", "requests", "websocket")
#: Seconds; what is faster needs no line of progress.
SLOW = 0.5
#: Few, large collections: the objects of the start-up are frozen, those of a message die young.
COLLECT = (20_000, 20, 20)
#: Seconds until a thread that wants the interpreter gets it. The database's thread wants it some ten times a commit,
#: for microseconds; with Python's 5 ms everything that is to be kept would wait for the event loop each time.
SWITCH = 50e-6


def arguments(parser: argparse.ArgumentParser) -> None:
    """What is often changed for one run."""
    parser.add_argument("--host", help="address to listen on (server.host)")
    parser.add_argument("--port", type=int, help="port to listen on (server.port)")
    parser.add_argument("--no-demo", action="store_true", help="do not fill an empty database with the demo shop")
    parser.add_argument(
        "--role",
        action="append",
        choices=("web", "worker", "scheduler"),
        help="do only this; may be given several times (server.roles). Not with SQLite",
    )
    parser.add_argument("--open", action="store_true", help="open the shop in a browser")


def run(args: argparse.Namespace) -> int:
    """Serve. Raises `ConfigError`, `DatabaseBusy`."""
    began = time.monotonic()
    from bot import config, logs

    loaded = config.load(args.config, _overrides(args))
    logs.configure("debug" if args.debug else loaded.log.level, loaded.log.format, tuple(loaded.secrets()))
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_serve(loaded, began, open_browser=args.open))


def _overrides(args: argparse.Namespace) -> dict[str, dict[str, object]]:
    given = (("host", args.host), ("port", args.port), ("roles", args.role))
    server = {key: value for key, value in given if value is not None}
    return {"server": server, **({"demo": {"shop": False}} if args.no_demo else {})}


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:  # not made for Windows
        return None
    return uvloop.new_event_loop


async def _serve(config: Config, began: float, *, open_browser: bool) -> int:
    with _without(*NEVER_USED):
        from bot.app import build, opened

    stop = signals()
    async with opened(config):
        app = await build(config)
        if config.demo.shop:
            await _demo(app)
        async with running(app):
            # Only now: a password that nobody was shown, because the port was taken, would be lost.
            admin = await first_start.first_admin(config)
            _tune_interpreter()
            print(_welcome(app, admin, time.monotonic() - began), flush=True)
            if open_browser:
                await _open(config.server.url)
            notify.tell("READY=1")
            await stop.wait()
            notify.tell("STOPPING=1")
            await _leave(app)
            print("Stopping: finishing what is under way …", flush=True)
    print("Stopped.", flush=True)
    return session.DONE


@contextmanager
def _without(*modules: str) -> Iterator[None]:
    """Optional packages are not found while the block imports; those that are loaded already stay."""
    hidden = [name for name in modules if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: not installed
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def signals() -> asyncio.Event:
    """Set by the first SIGINT or SIGTERM; the second one has its usual effect, for whoever cannot wait."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def asked(number: int) -> None:
        stop.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked, number)
    return stop


async def _demo(app: App) -> None:
    progress = terminal.Progress()
    soon = asyncio.get_running_loop().call_later(SLOW, progress.say, "Preparing the demo shop")
    try:
        await first_start.fill_demo(app.storage)
    finally:
        soon.cancel()
        progress.done()


async def _leave(app: App) -> None:
    """A load balancer that asks now and then must hear that we go before we are gone."""
    if seconds := app.config.server.leave_seconds:
        app.runtime.leave()
        print(f"Stopping in {seconds:g} s: /readyz says so from now on.", flush=True)
        await asyncio.sleep(seconds)


@asynccontextmanager
async def running(app: App) -> AsyncIterator[None]:
    """It serves inside the block, and has let go of everything behind it. Raises `ConfigError` for a port in use."""
    try:
        await _start(app)
        yield
    finally:
        try:
            async with asyncio.timeout(DRAIN):
                await app.stop()
        except TimeoutError:
            terminal.complain("Some work did not end in time; it is on disk and goes on at the next start.")
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS):
                    await app.runtime.abandon()
        await app.storage.close()


async def _start(app: App) -> None:
    try:
        await app.start()
    except OSError as error:
        raise _port_error(app.config, error) from error


def _port_error(config: Config, error: OSError) -> ConfigError:
    where = f"{config.server.host}:{config.server.port}"
    match error.errno:
        case errno.EADDRINUSE:
            cure = "another program listens there; stop it, or choose another port with server.port or --port"
        case errno.EACCES:
            cure = "ports below 1024 are for root; choose a higher one and put a reverse proxy before it"
        case _:
            cure = f"{error.strerror or error}; check server.host"
    return ConfigError(f"server.port: cannot listen on {where}: {cure}")


def _tune_interpreter() -> None:
    sys.setswitchinterval(SWITCH)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)


def _welcome(app: App, admin: first_start.FirstAdmin | None, seconds: float) -> str:
    url = app.config.server.url
    rows = [("Shop", f"{url}/"), ("Desk", f"{url}/desk"), ("Channels", _channels(app))]
    if admin is not None:
        rows += [
            ("Login", admin.login),
            ("Password", f"{terminal.colour(admin.password, terminal.BOLD)}   one-time, shown only now"),
        ]
    lines = [f"  {terminal.pad(name, 10)}{value}" for name, value in rows]
    return "\n".join([f"Parley is ready ({seconds:.1f} s).", "", *lines, "", "Stop it with Ctrl-C."])


def _channels(app: App) -> str:
    return ", ".join(f"{name} ({one.way})" if one.way else name for name, one in app.runtime.channels.items())


async def _open(url: str) -> None:
    import webbrowser

    await asyncio.to_thread(webbrowser.open, url)
