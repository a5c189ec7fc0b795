"""The poster against servers that answer well, badly, late, in pieces, or not at all."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.core import deadline
from bot.core.errors import LeaseLost
from bot.edge import posting
from bot.edge.posting import Poster

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class Server:
    """A raw server that plays `play` on each connection after reading nothing itself."""

    def __init__(self, play: Play, trust: ssl.SSLContext | None = None) -> None:
        self.connections = 0
        self.requests: list[bytes] = []
        self.url = ""
        self._play = play
        self._trust = trust
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Server:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._trust)
        scheme = "https" if self._trust else "http"
        self.url = f"{scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._tasks.add(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                await self._play(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def says(*pieces: bytes, then_closes: bool = False) -> Play:
    """Answer in these pieces, each in a segment of its own."""

    async def play(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        if then_closes:
            writer.close()

    return play


async def never(_: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


@pytest.fixture
async def posters() -> AsyncIterator[list[Poster]]:
    posters: list[Poster] = []
    yield posters
    for poster in posters:
        await poster.close()


@pytest.fixture
def connect(posters: list[Poster]) -> Callable[..., Poster]:
    def connect(server: Server, connections: int = 10, trust: ssl.SSLContext | None = None) -> Poster:
        posters.append(Poster(server.url, connections=connections, trust=trust))
        return posters[-1]

    return connect


async def test_the_request_is_plain_http(connect: Callable[..., Poster]) -> None:
    async with Server(says(OK)) as server:
        assert await connect(server).post(b"/bot1:a/sendMessage", b'{"a":"\xc3\xa9"}', 5) == (200, b"hi")
    host = server.url.removeprefix("http://").encode()
    assert server.requests == [
        b"POST /bot1:a/sendMessage HTTP/1.1\r\nHost: %b\r\nContent-Type: application/json\r\n"
        b'Content-Length: 10\r\n\r\n{"a":"\xc3\xa9"}' % host
    ]


@pytest.mark.parametrize(
    ("pieces", "answer"),
    [
        ([OK], (200, b"hi")),
        ([bytes([byte]) for byte in OK], (200, b"hi")),
        ([b"HTTP/1.1 429 Too Many\r\ncontent-LENGTH:  3 \r\nX: y\r\n\r\nabc"], (429, b"abc")),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"], (200, b"")),
        (
            [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"2\r\nhi\r\n", b"3;x=y\r\n th\r\n0\r\n\r\n"],
            (200, b"hi th"),
        ),
        ([b"HTTP/1.1 502 Bad\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0", b"\r\n\r\n"], (502, b"x")),
    ],
    ids=["whole", "byte by byte", "other case", "empty", "chunked", "chunked in pieces"],
)
async def test_an_answer_is_read_however_it_comes(
    connect: Callable[..., Poster], pieces: list[bytes], answer: tuple[int, bytes]
) -> None:
    async with Server(says(*pieces)) as server:
        poster = connect(server)
        assert await poster.post(b"/", b"{}", 5) == answer
        assert await poster.post(b"/", b"{}", 5) == answer
        assert server.connections == 1


async def test_an_answer_without_a_length_ends_with_its_connection(connect: Callable[..., Poster]) -> None:
    async with Server(says(b"HTTP/1.0 200 OK\r\n\r\nold", then_closes=True)) as server:
        poster = connect(server)
        assert await poster.post(b"/", b"{}", 5) == (200, b"old")
        assert await poster.post(b"/", b"{}", 5) == (200, b"old")
        assert server.connections == 2


async def test_what_is_too_late_is_not_sent_and_the_connection_stays(connect: Callable[..., Poster]) -> None:
    async with Server(says(OK)) as server:
        poster = connect(server)
        assert await poster.post(b"/", b"one", 5) == (200, b"hi")
        with deadline.until(deadline.elapsed() - 0.1), pytest.raises(LeaseLost):
            await poster.post(b"/", b"two", 5)
        with deadline.until(deadline.elapsed() + 60):
            assert await poster.post(b"/", b"three", 5) == (200, b"hi")
    assert [request[-5:].split(b"\n")[-1] for request in server.requests] == [b"one", b"three"]
    assert server.connections == 1


async def test_connections_are_kept_and_counted(connect: Callable[..., Poster]) -> None:
    async with Server(says(OK)) as server:
        poster = connect(server, connections=3)
        answers = await asyncio.gather(*[poster.post(b"/", b"{}", 5) for _ in range(50)])
        assert answers == [(200, b"hi")] * 50
        assert server.connections == 3


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", OK + b"HTTP/1.1 200 OK"],
    ids=["told to close", "more than asked"],
)
async def test_a_doubtful_connection_is_not_used_again(connect: Callable[..., Poster], answer: bytes) -> None:
    async with Server(says(answer)) as server:
        poster = connect(server)
        assert [await poster.post(b"/", b"{}", 5) for _ in range(2)] == [(200, b"hi")] * 2
        assert server.connections == 2


async def test_an_answer_to_nothing_reaches_nobody(connect: Callable[..., Poster]) -> None:
    speak, answers = asyncio.Event(), iter([b"hi", b"me"])

    async def play(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK[:-2] + next(answers))
        await speak.wait()
        writer.write(OK[:-2] + b"no")

    async with Server(play) as server:
        poster = connect(server)
        assert await poster.post(b"/", b"{}", 5) == (200, b"hi")
        speak.set()
        while any(connection.is_usable for connection in poster._idle):
            await asyncio.sleep(0.001)
        assert await poster.post(b"/", b"{}", 5) == (200, b"me")
        assert server.connections == 2


async def test_a_connection_closed_by_the_server_is_not_used_again(connect: Callable[..., Poster]) -> None:
    async with Server(says(OK, then_closes=True)) as server:
        poster = connect(server)
        for _ in range(3):
            assert await poster.post(b"/", b"{}", 5) == (200, b"hi")
            while any(connection.is_usable for connection in poster._idle):
                await asyncio.sleep(0.001)
        assert server.connections == 3


async def test_a_long_idle_connection_is_not_trusted(
    connect: Callable[..., Poster], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "LONGEST_IDLE", 0.0)
    async with Server(says(OK)) as server:
        poster = connect(server)
        assert [await poster.post(b"/", b"{}", 5) for _ in range(2)] == [(200, b"hi")] * 2
        assert server.connections == 2


@pytest.mark.parametrize(
    "play",
    [
        says(then_closes=True),
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", then_closes=True),
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", then_closes=True),
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        says(b"SSH-2.0-OpenSSH\r\n\r\n"),
        says(b"x" * (posting.MOST_HEAD + 1)),
    ],
    ids=["nothing", "cut", "cut in chunks", "bad chunk", "other protocol", "endless head"],
)
async def test_half_an_answer_is_an_error(connect: Callable[..., Poster], play: Play) -> None:
    async with Server(play) as server:
        poster = connect(server)
        for _ in range(2):
            with pytest.raises(OSError, match="answer"):
                await poster.post(b"/", b"{}", 5)


async def test_late_is_an_error_and_the_late_answer_reaches_nobody(connect: Callable[..., Poster]) -> None:
    turn = asyncio.Event()
    answers = iter([b"late", b"mine"])

    async def play(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = next(answers)
        if body == b"late":
            await turn.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + body)

    async with Server(play) as server:
        poster = connect(server)
        with pytest.raises(TimeoutError):
            await poster.post(b"/", b"{}", 0.05)
        turn.set()
        assert await poster.post(b"/", b"{}", 5) == (200, b"mine")
        assert server.connections == 2


async def test_a_cancelled_call_frees_its_place(connect: Callable[..., Poster]) -> None:
    async with Server(never) as server:
        poster = connect(server, connections=1)
        for number in range(3):
            call = asyncio.create_task(poster.post(b"/", b"{}", 5))
            while len(server.requests) == number:
                await asyncio.sleep(0.001)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        assert server.connections == 3


async def test_closing_ends_calls_under_way(connect: Callable[..., Poster]) -> None:
    async with Server(never) as server:
        poster = connect(server)
        call = asyncio.create_task(poster.post(b"/", b"{}", 5))
        while not server.requests:
            await asyncio.sleep(0.001)
        await poster.close()
        with pytest.raises(ConnectionError):
            await call


async def test_nobody_there_is_an_error(connect: Callable[..., Poster]) -> None:
    async with Server(never) as server:
        pass
    with pytest.raises(ConnectionRefusedError):
        await connect(server).post(b"/", b"{}", 5)


def own_certificate(folder: Path) -> Path:
    """A key and a certificate for 127.0.0.1, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    file = folder / "server.pem"
    file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem))
    return file


async def test_tls_is_spoken_and_the_certificate_checked(connect: Callable[..., Poster], tmp_path: Path) -> None:
    file = own_certificate(tmp_path)
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(file)
    async with Server(says(OK), ours) as server:
        known = ssl.create_default_context(cafile=str(file))
        assert await connect(server, trust=known).post(b"/", b"{}", 5) == (200, b"hi")
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(server).post(b"/", b"{}", 5)
