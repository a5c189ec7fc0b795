"""`scripts/run --demo-channels` as a process: customers of many platforms, the wire beside them, staff behind them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar
from playwright.async_api import expect

from tests.browser.parley import demand_built
from tests.chromium import Pages
from tests.kit.demo.__main__ import main
from tests.servers import Server, dies_with_us, free_port

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "bot" / "demo" / "pictures" / "gaiwan.webp"
PATIENCE = 15.0
Json = dict[str, Any]


#: Hides modules from a process, as if they were not installed.
WITHOUT = """import sys
class Hidden:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in {}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hidden)
"""


#: What a user may have set already: of it the shop is shown, and the accounts are left alone.
OWN = """[shop]
name = "Own Tea"
[telegram]
token = "123456:one-of-their-own"
[channels.line]
channel_secret = "one-of-their-own"
access_token = "one-of-their-own"
[server]
public_url = "https://own.example"
"""


def only_tests() -> list[str]:
    """The modules of packages that are not in the lock of `scripts/run`; a package may bring tests of its own."""

    def named(text: str) -> str:
        return re.sub(r"[-_.]+", "-", text).lower()

    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    locked = {named(line.partition("==")[0]) for line in lines if "==" in line} | {"parley"}
    found = packages_distributions().items()
    return sorted(name for name, owners in found if name != "tests" and not locked & set(map(named, owners)))


class Demo(Server):
    """The command as it is typed, in a folder for what it must not leave behind."""

    stop_signal = signal.SIGINT

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.page_port = free_port()
        self.left = folder / "tmp"
        self.left.mkdir()
        (folder / "config.toml").write_text(OWN, "utf-8")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.page_port}"

    def command(self) -> Sequence[str]:
        return [*dies_with_us("TERM"), *self.words()]

    def words(self) -> list[str]:
        ports = ["--port", str(self.port), "--page-port", str(self.page_port)]
        return [sys.executable, "-m", "tests.kit.demo", "--demo-channels", *ports]

    def popen_options(self) -> Json:
        # A fresh clone has what `scripts/setup run` installs, and nothing of the tests.
        (self.folder / "sitecustomize.py").write_text(WITHOUT.format(only_tests()), "utf-8")
        return {
            "cwd": self.folder,
            "env": {**os.environ, "TMPDIR": str(self.left), "PYTHONPATH": f"{self.folder}:{ROOT}"},
        }

    def is_ready(self) -> bool:
        return "Stop it with Ctrl-C" in self.log.read_text("utf-8")

    def ends(self) -> None:
        """Ctrl-C; nothing of it is there afterwards."""
        group, process = self.pid, self._process
        self.stop()
        assert process is not None
        assert process.returncode == 0, self.log.read_text("utf-8")
        with pytest.raises(ProcessLookupError):
            os.killpg(group, 0)
        assert list(self.left.iterdir()) == []
        assert "Traceback" not in self.log.read_text("utf-8")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demand_built()
    server = Demo(tmp_path_factory.mktemp("demo"))
    server.start()
    try:
        yield server
        server.ends()
    finally:
        server.kill()


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


class Customer:
    """Somebody on the page, by the page's own calls."""

    def __init__(self, http: ClientSession, demo: Demo, account: str) -> None:
        self._http = http
        self._url = demo.url
        self.account = account

    async def does(self, act: str, **told: Any) -> None:
        async with self._http.post(f"{self._url}/api/phones/{self.account}/{act}", json=told) as answer:
            assert answer.status in (200, 201), await answer.text()

    async def sends(self, file: Path) -> None:
        address = f"{self._url}/api/phones/{self.account}/files"
        async with self._http.post(address, params={"name": file.name}, data=file.read_bytes()) as answer:
            assert answer.status in (200, 201), await answer.text()

    async def gets(self, fits: Callable[[Json], Any]) -> Json:
        """The newest line of the shop that fits; waits for it."""

        def found(play: Json) -> Json | None:
            lines = self.phone(play)["lines"]
            return next((line for line in reversed(lines) if line["by"] == "shop" and fits(line)), None)

        line: Json = await self.until(found)
        return line

    async def taps(self, label: str) -> None:
        line = await self.gets(lambda line: any(key["label"] == label for key in keys(line)))
        await self.does("taps", line=line["id"], at=next(k["at"] for k in keys(line) if k["label"] == label))

    async def until(self, found: Callable[[Json], Any]) -> Any:
        """What is found on the whole page, at the latest in some seconds."""
        async with asyncio.timeout(PATIENCE):
            while True:
                async with self._http.get(f"{self._url}/api/play") as answer:
                    play = await answer.json()
                if (what := found(play)) is not None and what is not False:
                    return what
                await asyncio.sleep(0.05)

    def phone(self, play: Json) -> Json:
        phone: Json = next(one for one in play["phones"] if one["account"] == self.account)
        return phone

    def wire(self, play: Json, target: str) -> list[Json]:
        return [one for one in play["wire"] if one["account"] == self.account and target in one["target"]]


def keys(line: Json) -> list[Json]:
    return [key for group in line["keys"] for row in group["rows"] for key in row]


async def test_customers_of_three_platforms_write_and_see_answers_and_the_wire(demo: Demo, http: ClientSession) -> None:
    xiaoyu, anna, tom = (Customer(http, demo, account) for account in ("wechat", "telegram", "x"))
    for one in (xiaoyu, anna, tom):
        await one.does("opens")
    await xiaoyu.gets(lambda line: "很高兴见到您" in line["text"])
    for one in (anna, tom):
        await one.gets(lambda line: "good to see you" in line["text"])

    await xiaoyu.does("says", text="评价")
    await xiaoyu.taps("4 ★")
    await xiaoyu.does("says", text="好茶")
    await xiaoyu.gets(lambda line: "照片" in line["text"])
    await xiaoyu.sends(PICTURE)
    await xiaoyu.gets(lambda line: "1" in line["text"] and "文件" in line["text"])
    play = await xiaoyu.until(
        lambda play: play if [one["status"] for one in xiaoyu.wire(play, "/cgi-bin/media/get")] == [200] else None
    )
    hook = next(one for one in xiaoyu.wire(play, "/hooks/wechat") if "好茶" in one["body"]["plain"])
    assert (hook["towards"], hook["verb"], hook["status"]) == ("parley", "POST", 200)
    assert "<Encrypt>" in hook["body"]["text"]
    assert "<Content>好茶</Content>" in hook["body"]["plain"]
    sent = xiaoyu.wire(play, "/cgi-bin/message/custom/send")[-1]
    assert (sent["towards"], sent["status"], "ACCESS-1" in sent["target"]) == ("platform", 200, False)
    assert '"errcode": 0' in sent["answer"]["text"]

    await anna.taps("Talk to a person")
    await anna.gets(lambda line: "What is it about" in line["text"])
    await tom.does("says", text="search blue branch")
    shown = await tom.gets(lambda line: line["files"])
    async with http.get(f"{demo.url}/api/phones/x/files/{shown['id']}/0") as picture:
        assert picture.content_type == "image/jpeg"
        assert (await picture.read())[:3] == b"\xff\xd8\xff"
    secrets = ("the-secret-of-the-app", "123456:TEST-token", "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3")
    async with http.get(f"{demo.url}/api/play") as answer:
        written = await answer.text()
    assert [secret for secret in secrets if secret in written] == []
    assert '"name": "Own Tea"' in written


async def test_what_a_platform_does_not_take_yet_waits_and_is_told(demo: Demo, http: ClientSession) -> None:
    jie = Customer(http, demo, "qq")
    await jie.does("opens")
    await jie.gets(lambda line: "很高兴见到您" in line["text"])
    for _ in range(2):  # seven messages each, where four answer one message
        await jie.does("says", text="shop")
    await jie.until(lambda play: jie.phone(play)["held"] == 1)
    await jie.does("says", text="cart")
    await jie.until(lambda play: jie.phone(play)["held"] == 0)


async def test_a_mail_is_pulled_marked_and_answered_in_its_thread(demo: Demo, http: ClientSession) -> None:
    emma = Customer(http, demo, "email")
    await emma.does("opens")
    answer = await emma.gets(lambda line: "good to see you" in line["text"])
    assert answer["subject"] == "Re: Hello"
    await emma.does("says", text="shop", subject="Re: Hello")
    shown = await emma.gets(lambda line: "1. Add to cart" in line["text"])
    assert (shown["subject"], shown["keys"]) == ("Re: Hello", [])
    await emma.does("says", text="/help", subject="Something else")
    await emma.gets(lambda line: line["subject"] == "Re: Something else")

    def all_seen(play: Json) -> Json | None:
        own = [line for line in emma.phone(play)["lines"] if line["by"] == "customer"]
        return play if [line["state"] for line in own] == ["seen"] * 3 else None

    play = await emma.until(all_seen)
    assert [line["subject"] for line in emma.phone(play)["lines"] if line["by"] == "customer"] == [
        "Hello", "Re: Hello", "Something else",
    ]  # fmt: skip
    fetched = [one for one in emma.wire(play, "UID FETCH") if "Subject: Hello" in one["answer"]["plain"]]
    sent = emma.wire(play, "RCPT TO:<emma@people.example>")
    assert [(one["verb"], one["status"]) for one in (fetched[0], sent[0])] == [("IMAP", 250), ("SMTP", 250)]
    assert "good to see you" in sent[0]["body"]["plain"]
    await emma.sends(PICTURE)
    await emma.gets(lambda line: "file" in line["text"])


async def test_a_group_talks_to_the_bot_and_takes_it_out(demo: Demo, http: ClientSession) -> None:
    group = Customer(http, demo, "qq-group")
    await group.does("opens")
    await group.gets(lambda line: "很高兴见到您" in line["text"])
    await group.does("says", text="买茶")
    await group.taps("加入购物车")
    await group.gets(lambda line: "已放入购物车" in line["text"])
    play = await group.until(lambda play: play)
    assert group.wire(play, "/v2/groups/")
    await group.does("blocks")
    await group.until(lambda play: group.phone(play)["blocked"])
    await group.does("returns")
    await group.until(lambda play: not group.phone(play)["blocked"])


async def test_the_switch_for_advertising_is_told_to_the_shop(demo: Demo, http: ClientSession) -> None:
    priya = Customer(http, demo, "whatsapp")
    await priya.does("opens")

    def told(play: Json) -> list[str]:
        posted = [one["body"]["text"] for one in priya.wire(play, "/hooks/") if one["status"] == 200]
        return [value for one in posted for value in ("stop", "resume") if f'"value": "{value}"' in one]

    for news, all_told in ((False, ["stop"]), (True, ["stop", "resume"])):
        await priya.does("switches")
        await priya.until(lambda play, want=(news, all_told): (priya.phone(play)["news"], told(play)) == want)


async def test_an_unverified_account_answers_in_the_call(demo: Demo, http: ClientSession) -> None:
    """Also when it is repeated: staff have the time of three calls."""
    zhou = Customer(http, demo, "wechat-without-api")
    await zhou.does("opens")
    await zhou.gets(lambda line: "很高兴见到您" in line["text"])
    async with Staff(demo) as mei:
        await mei.answers("wechat-without-api", "您好，我是小梅")
        await zhou.does("says", text="有红茶吗")
        await zhou.gets(lambda line: "我是小梅" in line["text"])
        await zhou.does("says", text="贵吗")
        await zhou.until(
            lambda play: len([one for one in zhou.wire(play, "/hooks/") if "贵吗" in one["body"]["text"]]) == 2
        )
        await mei.answers("wechat-without-api", "不贵，六十八元")
        await zhou.gets(lambda line: "六十八元" in line["text"])
    play = await zhou.until(lambda play: play)
    assert {one["towards"] for one in zhou.wire(play, "")} == {"parley"}
    answered = [one for one in zhou.wire(play, "/hooks/") if "六十八元" in one["answer"]["text"]]
    assert [("贵吗" in one["body"]["text"], one["status"]) for one in answered] == [(True, 200)]


async def test_staff_answer_until_the_window_closes(demo: Demo, http: ClientSession) -> None:
    marie = Customer(http, demo, "messenger")
    await marie.does("opens")
    await marie.gets(keys)
    async with Staff(demo) as mei:
        assert await mei.answers("messenger", "Good morning from the shop") == 201
        await marie.gets(lambda line: line["text"] == "Good morning from the shop")
        async with http.post(f"{demo.url}/api/time", json={"hours": 24 * 8}) as answer:
            assert answer.status == 200
        assert await mei.answers("messenger", "Are you there?") == 409


class Staff:
    """Mei at the desk, by the desk's own calls."""

    def __init__(self, demo: Demo) -> None:
        self._url = f"http://127.0.0.1:{demo.port}/api/desk"
        self._password = re.findall(r"password (\S+)", demo.log.read_text("utf-8"))[0]
        # The address is a number, for which a careful client keeps no cookies.
        self._http = ClientSession(
            headers={"Origin": f"http://127.0.0.1:{demo.port}"}, cookie_jar=CookieJar(unsafe=True)
        )

    async def __aenter__(self) -> Staff:
        told = await self._call("POST", "/login", {"login": "demo", "password": self._password})
        self._http.headers["X-CSRF-Token"] = told["csrf"]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def answers(self, account: str, text: str) -> int:
        """Take the conversation over, and say something in it; the status of that."""
        listed = await self._call("GET", "/conversations")
        [found] = [one["id"] for one in listed["items"] if one["account"] == account]
        await self._call("POST", f"/conversations/{found}/take", {})
        told = {"id": text, "text": text}
        async with self._http.post(f"{self._url}/conversations/{found}/messages", json=told) as answer:
            return answer.status

    async def _call(self, verb: str, path: str, told: Json | None = None) -> Json:
        async with self._http.request(verb, self._url + path, json=told) as answer:
            assert answer.status in (200, 201), await answer.text()
            found: Json = await answer.json()
            return found


async def test_products_are_cards_with_pictures_at_meta(demo: Demo, new_page: Pages) -> None:
    page = await new_page(locale="en-GB", viewport=(390, 844), base_url=demo.url)
    await page.goto("/#instagram")
    talk = page.locator(".talk")
    await talk.locator("button.primary").click()
    await expect(talk.get_by_text("good to see you")).to_be_visible()
    await page.get_by_label("Write as Sofia").fill("/shop")
    async with page.expect_response(lambda answer: "/public?url=" in answer.url) as fetched:
        await page.keyboard.press("Enter")
    assert (await (await fetched.value).body()).startswith(b"\xff\xd8\xff")
    cards = talk.locator(".cards .flex")
    await expect(cards).to_have_count(10)
    plain = cards.filter(has=page.get_by_role("button", name="Add to cart")).last
    name = await plain.locator(".strong").inner_text()
    await plain.get_by_role("button", name="Add to cart").click()
    await expect(talk.get_by_text(f"In your cart now: {name}.")).to_be_visible()


async def test_the_page_is_a_phone_and_the_wire(demo: Demo, new_page: Pages) -> None:
    page = await new_page(locale="zh-CN", viewport=(1280, 800), base_url=demo.url)
    await page.goto("/#line")
    await page.get_by_role("button", name="加入好友").click()
    talk = page.locator(".talk")
    await expect(talk.get_by_text("很高兴见到您")).to_be_visible()
    await page.get_by_label("以美玲的身份说话").fill("买茶")
    await page.keyboard.press("Enter")
    await talk.get_by_role("button", name="加入购物车").first.click()
    await expect(talk.get_by_text("已放入购物车")).to_be_visible()
    wire = page.locator("#wire")
    await expect(wire.get_by_text("X-Line-Signature").last).to_be_visible()
    await page.get_by_role("button", name="English", exact=True).click()
    await expect(page.get_by_role("heading", name="Wire")).to_be_visible()


async def test_mails_are_read_and_written_as_in_a_mail_program(demo: Demo, new_page: Pages) -> None:
    page = await new_page(locale="en-GB", viewport=(390, 844), base_url=demo.url)
    await page.goto("/#email")
    await page.get_by_role("button", name="Write the first mail").or_(page.get_by_role("button", name="Send")).click()
    await page.get_by_label("Subject").fill("Green tea")
    field = page.get_by_label("Write as Emma")
    await field.fill("hello")
    await page.keyboard.press("Enter")
    await page.keyboard.type("and good morning")
    await page.get_by_role("button", name="Send").click()
    mail = page.locator(".mail.customer").last
    await expect(mail.locator("article")).to_contain_text("hello\nand good morning", use_inner_text=True)
    await expect(mail.get_by_role("heading", name="Green tea")).to_be_visible()
    await expect(page.locator(".mail.shop").last).to_contain_text("tea@shop.example")
    await expect(page.get_by_label("Subject")).to_have_value("Re: Green tea")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_port_in_use_is_told_before_anything_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--demo-channels", "--page-port", str(port)]) == 1
    told = capsys.readouterr().err
    assert re.fullmatch(rf"--page-port: cannot listen on 127\.0\.0\.1:{port}: another program .*\n", told)
