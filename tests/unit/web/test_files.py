"""Files in and out: whose they are, what they really are, and links that open one variant for a while."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from models import Attachment
from tests.unit.web.running import Browser, Site
from web.files import LINKS


def picture(width: int = 640, height: int = 480) -> bytes:
    out = BytesIO()
    Image.new("RGB", (width, height), "#2f6f4f").save(out, "JPEG", exif=b"Exif\0\0secret place")
    return out.getvalue()


async def visitor(site: Site) -> Browser:
    return await Browser(site.url).opens(lang="en")


async def upload(site: Site, token: str | None, body: bytes, name: str = "a.jpg") -> tuple[int, dict[str, object]]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with site.client.post(
        f"{site.url}/api/chat/files", params={"name": name}, data=BytesIO(body), headers=headers
    ) as response:
        return response.status, await response.json()


async def test_a_picture_is_shown_redrawn_and_sent_with_a_message(site: Site) -> None:
    ann = await visitor(site)
    status, file = await upload(site, ann.token, picture())
    assert (status, file["kind"], file["state"], file["width"], file["height"]) == (201, "image", "stored", 640, 480)
    async with site.client.get(site.url + str(file["url"])) as response:
        body = await response.read()
        assert (response.status, response.content_type) == (200, "image/jpeg")
        assert response.headers["Content-Disposition"] == "inline"
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert b"secret place" not in body
    assert (await ann.says("look", files=[file["id"]]))["ok"] is True
    await ann.hears(lambda: len(ann.texts) == 2)
    sent = next(body for event, body in ann.heard if event == "message")
    assert [each["id"] for each in sent["files"]] == [file["id"]]  # type: ignore[index]
    await ann.leaves()


@pytest.mark.parametrize(
    ("body", "name", "kind"),
    [
        (b"<html><script>alert(1)</script>", "x.html", "file"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "x.svg", "file"),
        (b"\xff\xd8\xff\xe0 not really a picture", "x.jpg", "file"),
        (b"plain words", "../../etc/passwd", "file"),
    ],
)
async def test_everything_else_is_a_download(site: Site, body: bytes, name: str, kind: str) -> None:
    ann = await visitor(site)
    status, file = await upload(site, ann.token, body, name)
    assert (status, file["kind"]) == (201, kind)
    assert "/" not in str(file["name"])
    async with site.client.get(site.url + str(file["url"])) as response:
        assert await response.read() == body
        assert response.headers["Content-Disposition"].startswith("attachment;")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    await ann.leaves()


async def test_another_visitors_file_is_no_file(site: Site) -> None:
    ann, bob = await visitor(site), await visitor(site)
    _, before = await upload(site, ann.token, b"mine")
    await ann.says("hello")
    await ann.hears(lambda: len(ann.texts) == 2)
    _, after = await upload(site, ann.token, b"mine, too")
    await bob.says("hello")
    for file in (before, after):
        answer = await bob.says("stolen", files=[file["id"]])
        assert answer["error"]["code"] == "no_file"  # type: ignore[index]
        assert (await ann.says("own", files=[file["id"]]))["ok"] is True
    await ann.leaves()
    await bob.leaves()


@pytest.mark.parametrize("token", [None, "", "wrong", "0" * 80])
async def test_without_a_visitors_token_nothing_is_stored(site: Site, token: str | None) -> None:
    assert (await upload(site, token, b"hello"))[0] == 401
    assert await Attachment.all().count() == 0


async def test_too_large_says_the_limit_and_leaves_nothing(site: Site) -> None:
    ann = await visitor(site)
    status, answer = await upload(site, ann.token, b"x" * (site.settings.file_bytes + 1), "big.bin")
    assert (status, answer["error"]["text"]) == (413, "This is larger than 20 MB.")  # type: ignore[index]
    assert (await upload(site, ann.token, b""))[0] == 415
    assert await Attachment.all().count() == 0
    await ann.leaves()


async def test_ranges(site: Site) -> None:
    ann = await visitor(site)
    _, file = await upload(site, ann.token, b"0123456789", "digits.txt")
    url = site.url + str(file["url"])
    for asked, status, body, told in (
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=0-99", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=0-1,4-5", 200, b"0123456789", None),
        ("words=1-2", 200, b"0123456789", None),
    ):
        async with site.client.get(url, headers={"Range": asked}) as response:
            got = response.status, await response.read(), response.headers.get("Content-Range")
            assert got == (status, body, told)
    async with site.client.get(url, headers={"Range": "bytes=10-"}) as response:
        assert (response.status, response.headers["Content-Range"]) == (416, "bytes */10")
    async with site.client.head(url) as response:
        assert (response.status, response.headers["Content-Length"]) == (200, "10")
    await ann.leaves()


async def test_a_changed_link_opens_nothing(site: Site) -> None:
    ann = await visitor(site)
    _, file = await upload(site, ann.token, picture())
    token = str(file["url"]).removeprefix("/files/")
    id_, variant, expires, signature = token.split(".")
    for wrong in (
        f"{id_}.o.{expires}.{signature}",
        f"{id_}.{variant}.{int(expires) + 1}.{signature}",
        f"{int(id_) + 1}.{variant}.{expires}.{signature}",
        f"{id_}.{variant}.1.{signature}",
        f"{id_}.{variant}.{expires}.{signature[:-1]}",
        "é",
        "%00",
        "1.o." + "9" * 90,
    ):
        assert await site.status("GET", f"/files/{wrong}") == 404
    await ann.leaves()


async def test_a_platform_that_fetches_a_picture_gets_a_jpeg(site: Site) -> None:
    ann = await visitor(site)
    out = BytesIO()
    Image.new("RGBA", (64, 48), (47, 111, 79, 128)).save(out, "PNG")
    _, file = await upload(site, ann.token, out.getvalue(), "a.png")
    for variant, kind in (("d", "image/webp"), ("t", "image/webp"), ("p", "image/jpeg"), ("s", "image/jpeg")):
        link = site.app[LINKS].url(int(str(file["id"])), variant)
        async with site.client.get(site.url + link) as response:
            assert (response.status, response.content_type) == (200, kind)
            assert Image.open(BytesIO(await response.read())).get_format_mimetype() == kind
    await ann.leaves()
