"""Keys and certificates: in every form that is handed out, told by name where they are wrong."""

from __future__ import annotations

import base64
import subprocess
import sys
from dataclasses import replace

import alipay as sdk
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import PrivateFormat
from pydantic import ValidationError

from bot.config.sections import Payments
from bot.core.errors import ConfigError, ProviderUnavailable, Unauthorised
from bot.payments.alipay import Settings
from bot.payments.alipay import keys as alipay_keys
from bot.payments.alipay.provider import Alipay
from tests.kit.platforms import alipay_keys as made
from tests.kit.platforms.alipay import APP_ID, AlipayServer
from tests.kit.platforms.alipay_shop import BARE, CERTIFIED, NOW, ORDER, Shop, hook


async def test_it_says_which_app_takes_the_money(shop: Shop, provider: Alipay) -> None:
    assert await provider.who() == f"app {APP_ID}"


@pytest.mark.parametrize(
    ("certified", "wrong", "named"),
    [
        (False, {"app_id": "2021000000000009"}, r"payments\.alipay\.app_id"),
        (False, {"private_key": made.one_line(made.other_key())}, r"payments\.alipay\.private_key"),
        (True, {"app_cert": made.written(made.certificate("X", 1, made.APP))}, r"payments\.alipay\.app_cert"),
        (True, {"alipay_root_cert": made.written(made.roots()[0])}, r"payments\.alipay\.alipay_root_cert"),
    ],
)
async def test_a_wrong_key_is_told_with_its_name(certified: bool, wrong: dict[str, str], named: str) -> None:
    async with AlipayServer(NOW.timestamp(), certified) as server:
        provider = Shop(server).provider(**wrong)
        with pytest.raises(Unauthorised, match=named):
            await provider.who()
        await provider.close()


@pytest.mark.parametrize(
    ("certified", "wrong", "named"),
    [
        (False, {"alipay_public_key": made.public(made.ec_key())}, "alipay_public_key"),
        (False, {"alipay_public_key": made.public(made.APP)}, "the app's own public key"),
        (False, {"alipay_public_key": "MIIB"}, "alipay_public_key is no public key"),
        (False, {"alipay_public_key": "not base64"}, "alipay_public_key is no public key"),
        (False, {"private_key": made.public(made.APP)}, "private_key is no private key"),
        (False, {"private_key": "-----BEGIN PRIVATE KEY-----"}, "private_key is no private key"),
        (True, {"private_key": made.one_line(made.ALIPAY)}, "another key than payments.alipay.private_key"),
        (True, {"app_cert": "nothing"}, "app_cert is no certificate"),
        (True, {"alipay_cert": made.public_pem(made.ALIPAY)}, "alipay_cert is no certificate"),
        (True, {"alipay_root_cert": made.written(made.roots()[1])}, "alipay_root_cert holds no certificate"),
    ],
)
def test_what_is_no_key_is_told_at_the_start(certified: bool, wrong: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigError, match=named) as told:
        Alipay(Settings(**({"app_id": APP_ID} | (CERTIFIED if certified else BARE) | wrong)))
    assert not [value for value in wrong.values() if value in str(told.value)]


async def test_another_key_of_theirs_is_told_with_its_name(bare: Shop) -> None:
    stranger = made.other_key()
    provider = bare.provider(alipay_public_key=made.public(stranger))
    with pytest.raises(ProviderUnavailable, match=r"payments\.alipay\.alipay_public_key"):
        await provider.who()
    await provider.close()


async def test_a_new_certificate_of_theirs_is_told_with_its_name() -> None:
    async with AlipayServer(NOW.timestamp(), certified=True) as server:
        shop = Shop(server)
        provider = shop.provider(alipay_cert=made.written(made.certificate("X", 1, made.ALIPAY)))
        with pytest.raises(ProviderUnavailable, match=r"payments\.alipay\.alipay_cert"):
            await provider.who()
        server.opens((await provider.create(replace(ORDER, device="any"))).url)
        with pytest.raises(Unauthorised, match=r"payments\.alipay\.alipay_cert"):
            await provider.verify(hook(server.pays(ORDER.key) or b""))
        await provider.close()


@pytest.mark.parametrize(
    "written", [made.one_line(made.APP), made.one_line(made.APP, PrivateFormat.TraditionalOpenSSL), made.pem(made.APP)]
)
@pytest.mark.parametrize("theirs", [made.public(made.ALIPAY), made.public_pem(made.ALIPAY)])
def test_keys_in_every_form_that_is_handed_out(written: str, theirs: str) -> None:
    keys = alipay_keys.bare(written, theirs)
    assert keys.sign("a") == alipay_keys.bare(**_pair()).sign("a")
    assert "hidden" not in repr(keys)
    assert str(made.APP.private_numbers().d) not in repr(keys)


def _pair() -> dict[str, str]:
    return {"private_key": BARE["private_key"], "alipay_public_key": BARE["alipay_public_key"]}


@pytest.mark.filterwarnings("ignore:X509:DeprecationWarning")
def test_serial_numbers_are_those_of_their_client() -> None:
    assert alipay_keys.serial(made.app_cert()) == sdk.DCAliPay.get_cert_sn(made.written(made.app_cert()))
    told = alipay_keys.root_serial(
        made.written(*made.roots()) + "\n-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----"
    )
    assert told == f"{made.serial(made.roots()[0])}_{made.serial(made.roots()[2])}"
    bundle = "\n\n".join(made.written(one).strip() for one in (made.roots()[0], made.roots()[2]))
    assert sdk.DCAliPay.get_root_cert_sn(bundle) == told


@pytest.mark.parametrize(
    ("issuer", "number", "serial"),
    [
        (
            (
                "Ant Financial Certification Authority Class 2 R1 test",
                "Certification Authority test",
                "Ant Financial test",
            ),
            42717148566940702771351790021258524976,
            "e90dd23a37c5c7b616e003970817ff82",
        ),
        (
            ("Ant Financial Certification Authority R1", "Certification Authority", "Ant Financial"),
            2292228364100439313,
            "687b59193f3f462dd5336e5abf83c5d8",
        ),
        (
            ("iTrusChina Class 2 Root CA - G3", "China Trust Network", "iTrusChina"),
            95790491425698859646659490580052089075020051350,
            "02941eef3187dddf3d3b83462e1dfcf6",
        ),
    ],
)
def test_published_serial_numbers(issuer: tuple[str, str, str], number: int, serial: str) -> None:
    assert alipay_keys.serial(made.issued(x509.Name.from_rfc4514_string(_rfc4514(issuer)), number)) == serial


def _rfc4514(issuer: tuple[str, str, str]) -> str:
    return "CN={},OU={},O={},C=CN".format(*issuer)


@pytest.mark.parametrize(
    ("told", "missing"),
    [
        ({"app_id": "1"}, "private_key, alipay_public_key is needed"),
        ({"alipay_public_key": "x"}, "app_id, private_key is needed"),
        ({"app_id": "1", "private_key": "x", "alipay_cert": "x"}, "app_cert, alipay_root_cert is needed"),
    ],
)
def test_what_is_half_set_up_is_told(told: dict[str, str], missing: str) -> None:
    with pytest.raises(ValidationError, match=f"alipay: {missing}, too; make an app"):
        Payments.model_validate({"alipay": told})


def test_what_is_set_up_is_offered() -> None:
    for told in (BARE, CERTIFIED):
        assert [*Payments.model_validate({"alipay": {"app_id": APP_ID} | told}).providers()] == ["alipay"]
    assert Payments().providers() == {}


def test_a_start_without_it_does_not_load_its_keys() -> None:
    code = "import sys, bot.config, bot.payments.alipay; print([m for m in sys.modules if m.endswith('alipay.keys')])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_a_signature_has_one_spelling() -> None:
    theirs = alipay_keys.bare(made.one_line(made.ALIPAY), made.public(made.APP))
    ours, right = alipay_keys.bare(**_pair()), theirs.sign("a")
    last = chr(ord(right[-3]) + 1)  # its last bits are no part of the bytes
    assert base64.b64decode(right) == base64.b64decode(right[:-3] + last + "==")
    assert ours.verifies(b"a", right)
    assert not ours.verifies(b"a", right[:-3] + last + "==")
