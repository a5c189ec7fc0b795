"""A place in a real store that checks signatures, and a scripted store with a storage in front."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from bot.storage.s3 import S3Settings, S3Storage
from tests.servers import Bucket, ObjectStore
from tests.unit.storage.s3_script import Script, opened


@pytest.fixture(scope="module")
async def bucket(s3_server: ObjectStore) -> Bucket:
    return await s3_server.create_bucket()


@pytest.fixture
def real(bucket: Bucket) -> S3Settings:
    """A place of the test's own in a store that checks signatures."""
    place = uuid.uuid4().hex
    return S3Settings("minio", bucket.name, bucket.region, bucket.endpoint, bucket.key, bucket.secret, place)


@pytest.fixture(scope="module")
async def scripted() -> AsyncIterator[tuple[Script, S3Storage]]:
    script = Script()
    app = web.Application(client_max_size=0)
    app.router.add_route("*", "/{path:.*}", script.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    settings = S3Settings("minio", "files", "us-east-1", f"http://{host}:{port}", "akid", "secret")
    async with opened(settings, attempts=2) as storage:
        yield script, storage
    await runner.cleanup()
