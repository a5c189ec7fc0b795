"""The configuration: defaults, precedence, secrets that stay hidden, and mistakes told all at once with their cure."""

from __future__ import annotations

import logging
import os
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from bot import config
from bot.config import Config, Mistakes, Secret, template
from bot.config.sections import Provider
from bot.core.errors import ConfigError
from bot.settings import checks
from bot.storage.s3_settings import PROVIDERS

ROOT = Path(__file__).parents[2]


POST = '{name = "post", title_en = "Post", cost = ["CNY 12"], countries = ["%s"]}'
NOT_SET = "the environment variable NO_SUCH_NAME is not set; set it before starting Parley"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable and no file of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("PARLEY_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def write(text: str, name: str = "config.toml") -> Path:
    """A configuration file in the working directory."""
    file = Path(name)
    file.write_text(text, "utf-8")
    return file


def mistakes(text: str = "") -> list[str]:
    """What is wrong with a file, one line each."""
    write(text)
    with pytest.raises(Mistakes) as caught:
        config.load()
    return str(caught.value).splitlines()


def test_without_a_file_everything_has_a_default() -> None:
    loaded = config.load()
    assert loaded == Config()
    assert loaded.server.url == "http://127.0.0.1:8080"
    assert loaded.database.url.reveal() == "sqlite://data/parley.db"
    assert loaded.telegram.webhook_url(loaded.server.hook("telegram")) == ""
    assert config.config_file() is None


def test_the_environment_wins_over_the_file_and_an_option_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    write('[server]\nport = 1000\nhost = "a"\n[shop]\nname = "Ours"\n')
    monkeypatch.setenv("PARLEY_SERVER__PORT", "2000")
    monkeypatch.setenv("PARLEY_SERVER__HOST", "b")
    monkeypatch.setenv("PARLEY_PAYMENTS__LOCAL__ENABLED", "false")
    loaded = config.load(overrides={"server": {"port": 3000}})
    assert (loaded.server.port, loaded.server.host, loaded.shop.name) == (3000, "b", "Ours")
    assert loaded.payments.local.enabled is False


@pytest.mark.parametrize("written", ["zh, en", '["zh", "en"]', "zh,en,zh"])
def test_lists_come_from_the_environment_as_people_write_them(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("PARLEY_SHOP__LANGUAGES", written)
    assert config.load().shop.languages == ("zh", "en")


def test_a_named_file_is_read_and_a_missing_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    file = write('[shop]\nname = "Other"', "other.toml")
    assert config.load(file).shop.name == "Other"
    monkeypatch.setenv("PARLEY_CONFIG", "other.toml")
    assert config.load().shop.name == "Other"
    monkeypatch.setenv("PARLEY_CONFIG", "nowhere.toml")
    with pytest.raises(ConfigError, match=r"nowhere\.toml: there is no such file; `python -m bot init"):
        config.load()


def test_who_moves_the_data_folder_moves_what_has_no_place_of_its_own() -> None:
    write('[server]\ndata = "/srv/parley"\n[storage]\npath = "/mnt/files"')
    loaded = config.load()
    assert loaded.database.url.reveal() == "sqlite:///srv/parley/parley.db"
    assert (loaded.storage.path, loaded.reports.lake) == (Path("/mnt/files"), Path("/srv/parley/lake"))


def test_all_mistakes_are_told_at_once_each_with_its_place_and_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_SHOP__COLOR", "red")
    monkeypatch.setenv("PARLEY_TELEGRAMM__TOKEN", "1:a")
    told = mistakes(
        '[shop]\ncurrncy = "CNY"\ntimezone = "Asia/Shangai"\n[server]\nport = "many"\n[databse]\nurl = ""\n'
        '[telegram]\ntoken = "env:NO_SUCH_NAME"\n[payments.local]\nenabled = "perhaps"\n'
    )
    assert sorted(told) == sorted(
        [
            "config.toml, line 2: shop.currncy: there is no such key. Did you mean currency?",
            "config.toml, line 3: shop.timezone: 'Asia/Shangai' is not a time zone. Did you mean Asia/Shanghai?",
            "environment variable PARLEY_SHOP__COLOR: shop.color: 'red' is not a colour; write it like #2f6f4f",
            "config.toml, line 5: server.port: must be a whole number",
            "config.toml, line 6: databse: there is no such section. Did you mean database?",
            f"config.toml, line 9: telegram.token: {NOT_SET}",
            "config.toml, line 11: payments.local.enabled: must be true or false",
            "environment variable PARLEY_TELEGRAMM__TOKEN: there is no section telegramm. Did you mean telegram?",
        ]
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[shop]\ncurrency = "cny"', "'cny' is not a currency of ISO 4217. Did you mean CNY?"),
        ('[shop]\ncurrency = "RMB"', "'RMB' is not a currency of ISO 4217. Did you mean CNY?"),
        ('[shop]\ncurrency = "ZZZ"', "'ZZZ' is not a currency of ISO 4217. Write its three letters"),
        ('[shop]\nlanguages = ["fr"]', "there is no catalogue for fr; choose from en, zh"),
        ("[shop]\nlanguages = []", "at least one language is needed"),
        ('[shop]\nlanguages = "en"\nname = 3', "shop.name: must be text in quotes"),
        ("[shop]\norder_hold_minutes = 0", "must be at least 1"),
        ("[server]\nport = 70000", "must be at most 65535"),
        ("[server]\nport = 80.5", "must be a whole number"),
        ('[server]\nroles = ["web"]', "SQLite serves one process, which does everything, but this one is to be web"),
        ('[server]\nroles = ["cook"]', "there is no role 'cook'; there are web, worker and scheduler"),
        ("[server]\nroles = []", "must name at least one of web, worker and scheduler"),
        ('[server]\npublic_url = "shop.example"', "'shop.example' is not a web address; write it like https://"),
        ('[server]\npublic_url = "https://shop.example:99999"', "is not a web address"),
        ('[server]\npublic_url = "https://shop.example/?a=1"', "is not a web address"),
        ('[server]\ntrusted_proxies = ["10.0.0"]', "'10.0.0' is no address or network"),
        ('server = "here"', "server: must be a table: write [server] and its keys below"),
        ('[database]\nurl = "oracle://u:hidden@h/d"', "is not a database address; write sqlite://path, postgres://"),
        ('[database]\nurl = "postgre://u:hidden@h/d"', "Did you mean postgres?"),
        ('[database]\nurl = "postgres:///d"', "names no host"),
        ('[redis]\nurl = "http://u:hidden@h"', "is not an address of Redis or Valkey; write redis://"),
        ('[redis]\nurl = "redis://"', "is not an address of Redis or Valkey"),
        ('[server]\nsockets = "polling"', "must be one of 'auto', 'websocket' or 'any'"),
        ('[storage]\nkind = "s4"', "must be one of 'local' or 's3'"),
        ('[storage]\nkind = "s3"\nregion = "x"', "storage.bucket: is needed when storage.kind is"),
        ('[telegram]\ntoken = "hidden"', "is not a bot token; it looks like 123456:ABC-DEF"),
        ("[telegram]\ntoken = 12", "must be text in quotes, env:NAME or file:path"),
        ('[telegram]\ntoken = "file:no/such"', "the file no/such cannot be read (No such file or directory)"),
        ('[telegram]\nwebhook = "maybe"', 'telegram.webhook: must be true, false or "auto"'),
        ('[telegram]\nwebhook_secret = "hidden value!"', "must be 1 to 256 of A-Z a-z 0-9 _ and -"),
        ('[telegram]\ntoken = "1:a"\nwebhook = true', "set server.public_url to the https address"),
        ('[reports]\nmemory = "lots"', "'lots' is not an amount of memory; write it like 1500m or 4g"),
        ('[log]\nlevel = "loud"', "must be one of 'debug', 'info', 'warning' or 'error'"),
        ('[selling]\ncountries = ["UK"]', "'UK' is not a country. Did you mean GB?"),
        ('[selling]\ncountries = ["Germany"]', "'Germany' is not a country. Did you mean DE?"),
        ('[selling]\ncountries = ["123"]', "'123' is not a country. Write its two letters"),
        (
            f'[selling]\ncountries = ["DE"]\nshipping = [{POST % "DE"}, {{name = "air", cost = ["EUR 9"]}}]',
            "selling.shipping: entry 2, title_en: is needed",
        ),
        (f'[selling]\ncountries = ["DE"]\nshipping = [{POST % "DE"}, "air"]', "shipping: entry 2: must be a table in"),
        (
            '[selling]\ndiscounts = [{cod = "tea", code = "tea", percent = 1}]',
            "line 2: selling.discounts: entry 1, cod: there is no such key. Did you mean code?",
        ),
        (
            '[selling]\ndiscounts = [{code = "tea", percent = 150}]',
            "selling.discounts: entry 1, percent: must be at most 99",
        ),
        ("[payments.locl]\nenabled = true", "payments.locl: there is no such key. Did you mean local?"),
        ("[payments]\nlocal = true", "payments.local: must be a table"),
        (
            '[selling]\ntaxes = ["DE 19"]',
            "DE has a tax or a way to ship, and is not sold to; add it to selling.countries",
        ),
        ('[selling]\ncountries = ["DE"]\ntaxes = ["DE 19", "AT 20"]', "AT has a tax or a way to ship"),
        ('[selling]\ncountries = ["DE"]\ntaxes = ["DE 19", "DE 7"]', "there are two taxes for DE"),
        (f"[selling]\nshipping = [{POST % 'DE'}]", "DE has a tax or a way to ship"),
        (
            f'[selling]\ncountries = ["DE"]\nshipping = [{POST % "DE"}, {POST % "DE"}]',
            "two ways to ship are called post",
        ),
        (
            '[selling]\ndiscounts = [{code = "tea", percent = 1}, {code = "Tea ", percent = 2}]',
            "discount codes are TEA",
        ),
        ('[selling]\ndiscounts = [{code = "  ", percent = 1}]', "is no code"),
        (f'[selling]\ndiscounts = [{{code = "{"ΐ" * 14}", percent = 1}}]', "up to 40 characters"),  # 42 in capitals
    ],
)
def test_a_mistake_is_one_sentence_with_a_cure_and_without_the_secret(text: str, told: str) -> None:
    [mistake] = mistakes(text)
    assert told in mistake
    assert mistake.startswith("config.toml")
    assert "hidden" not in mistake


def test_what_is_no_toml_is_told_with_its_line() -> None:
    file = write("[shop\nname = 1")
    with pytest.raises(ConfigError, match=r"config\.toml: it is not TOML: .*line 1"):
        config.load()
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="it is not UTF-8"):
        config.load()


def test_mistakes_of_two_sections_do_not_hide_the_webhook_without_tls() -> None:
    told = mistakes('[shop]\nname = ""\n[telegram]\ntoken = "1:a"\nwebhook = true')
    assert [line.split(": ")[1] for line in told] == ["shop.name", "telegram"]


@pytest.mark.parametrize(
    ("webhook", "public_url", "expected"),
    [
        ('"auto"', "", ""),
        ('"auto"', "https://shop.example/", "https://shop.example/hooks/telegram"),
        ("false", "https://shop.example", ""),
        ("true", "https://shop.example", "https://shop.example/hooks/telegram"),
    ],
)
def test_telegram_posts_where_tls_is(webhook: str, public_url: str, expected: str) -> None:
    write(f'[server]\npublic_url = "{public_url}"\n[telegram]\ntoken = "1:a"\nwebhook = {webhook}')
    assert (loaded := config.load()).telegram.webhook_url(loaded.server.hook("telegram")) == expected


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:8080"), ("::1", "http://[::1]:8080"), ("10.1.2.3", "http://10.1.2.3:8080")],
)
def test_the_address_for_people_follows_where_it_listens(host: str, url: str) -> None:
    write(f'[server]\nhost = "{host}"')
    assert config.load().server.url == url


def test_a_secret_comes_from_where_it_is_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_TOKEN", "12:from-environment")
    Path("metrics").write_text("from-file\n")
    write(
        '[telegram]\ntoken = "env:BOT_TOKEN"\n[server]\nmetrics_token = "file:metrics"\n[storage]\nsecret_key = "plain"'
    )
    loaded = config.load()
    assert loaded.telegram.token.reveal() == "12:from-environment"
    assert loaded.server.metrics_token.reveal() == "from-file"
    assert set(loaded.secrets()) >= {"12:from-environment", "from-file", "plain"}


def test_a_secret_is_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    write('[telegram]\ntoken = "12:not-for-eyes"\n[database]\nurl = "postgres://u:not-for-eyes@h/d"')
    loaded = config.load()
    logging.getLogger("test").warning("%s %r", loaded, loaded.telegram.token, extra={"config": loaded})
    shown = [str(loaded), repr(loaded), f"{loaded.telegram.token}", caplog.text, str(loaded.model_dump())]
    assert not [text for text in shown if "not-for-eyes" in text]


def test_secrets_are_equal_by_value_and_false_when_empty() -> None:
    assert Secret("ä") == Secret("ä")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert not Secret()
    assert len({Secret("a"), Secret("a")}) == 1


def test_an_empty_secret_file_or_variable_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("empty").touch()
    monkeypatch.setenv("EMPTY", "")
    told = mistakes('[telegram]\ntoken = "file:empty"\n[server]\nmetrics_token = "env:EMPTY"')
    assert "the file empty is empty" in told[1]
    assert "the environment variable EMPTY is not set" in told[0]


def test_an_account_is_read_by_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_CHANNELS__THIRD__KIND", "telegram")
    monkeypatch.setenv("PARLEY_CHANNELS__THIRD__TOKEN", "3:not-for-eyes")
    write('[telegram]\ntoken = "1:a"\n[channels.telegram-2]\ntoken = "2:b"\nwebhook = false')
    accounts = config.load().accounts()
    assert {name: one.model_dump()["token"].reveal() for name, one in accounts.items()} == {
        "telegram": "1:a",
        "telegram-2": "2:b",
        "third": "3:not-for-eyes",
    }
    assert "3:not-for-eyes" in set(config.load().secrets())
    assert "not-for-eyes" not in repr(config.load())


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("[channels]\nsecond = 1", "channels.second: must be a table: write [channels.second] and its keys below"),
        ('[channels.pay]\nkind = "telegram"', "channels.pay: this name is taken; pay-2, or any other of"),
        ('[channels."Ä"]\nkind = "telegram"', "channels.Ä: an account is called by a-z, 0-9 and -, at most 40"),
        (
            "[channels.telegran]\ntoken = ''",
            "channels.telegran: there is no channel 'telegran'. Did you mean telegram?",
        ),
        ('[channels.a]\nkind = "fax"', "channels.a.kind: there is no channel 'fax'. There are: "),
        ('[channels.a]\nkind = "telegram"\ntokn = "1:a"', "channels.a.tokn: there is no such key. Did you mean token?"),
        ('[channels.a]\nkind = "telegram"', "channels.a.token: is needed"),
        ('[channels.a]\nkind = "telegram"\ntoken = "x"', "channels.a.token: "),
        ('[channels.a]\nkind = "telegram"\ntoken = "1:a"\nwebhook = true', "channels.a: webhook is true, but Telegram"),
    ],
)
def test_a_mistake_in_an_account_is_told_like_every_other(table: str, told: str) -> None:
    (line,) = mistakes(table)
    assert told in line


def test_the_configuration_cannot_be_changed_later() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Config().shop.name = "Other"


def test_the_example_holds_every_key_with_its_default() -> None:
    text = template.example()
    assert tomllib.loads(text).keys() == set(Config.model_fields) - {"channels"}
    keys = {f"{key.name} = {key.default}" for key in template.all_keys()}
    lines = [(line.removeprefix("# "), line) for line in text.splitlines()]
    live = [bare if bare in keys or bare.startswith("[channels.") else line for bare, line in lines]
    written = tomllib.loads("\n".join(live[: live.index("[channels.telegram-2]")]))
    channels = written.pop("channels")
    assert Config.model_validate(written) == Config()
    nested = [written["payments"], written["stores"]]
    sections = [*written.values(), *(one for each in nested for one in each.values()), *channels.values()]
    assert sum(len(section) for section in sections) == len([*template.all_keys()]) + sum(map(len, nested))


def test_the_example_in_the_repository_is_current() -> None:
    assert (ROOT / "config.example.toml").read_text("utf-8") == template.example()


def test_every_key_is_described() -> None:
    assert [key for key in template.all_keys() if len(key.description) < 8] == []


def test_what_is_offered_is_what_there_is() -> None:
    assert set(get_args(Provider)) == set(PROVIDERS)
    translated = {folder.name for folder in (ROOT / "handlers/locale").iterdir() if (folder / "LC_MESSAGES").is_dir()}
    assert set(checks.LANGUAGES) == translated | {"en"}


def test_roles_come_in_their_order_and_once(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[server]\nroles = ["worker", "web", "worker"]\n[database]\nurl = "postgres://h/d"')
    assert config.load(file).server.roles == ("web", "worker")
