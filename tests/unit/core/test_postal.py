"""Addresses as countries write them: read from one text, checked, and written down."""

from __future__ import annotations

from time import perf_counter

import pytest

from bot.core import postal, postal_form, postal_reading
from bot.core.postal import Name, Postal, Wrong

READ = [
    ("DE", "Torstr. 1, 10115 Berlin", "Torstr. 1\n10115 Berlin", {}),
    ("DE", "Torstr. 1\n10115 Berlin\nGermany", "Torstr. 1\n10115 Berlin", {}),
    ("DE", "Torstr. 1 10115 Berlin", "Torstr. 1\n10115 Berlin", {}),
    ("DE", "Torstr. 1", "Torstr. 1", {"postcode": "missing", "city": "missing"}),
    ("US", "1 Amphitheatre Pkwy, Mountain View, CA 94043", "1 Amphitheatre Pkwy\nMountain View, CA 94043", {}),
    ("US", "1 Main St, Springfield, Illinois, 62701-1234", "1 Main St\nSpringfield, IL 62701-1234", {}),
    ("US", "1 Main St, Springfield IL 94043", "1 Main St\nSpringfield, IL 94043", {"postcode": "elsewhere"}),
    ("GB", "10 Downing Street\nLondon\nsw1a2aa", "10 Downing Street\nLondon\nSW1A 2AA", {}),
    ("PL", "ul. Długa 1, 00950 Warszawa", "ul. Długa 1\n00-950 Warszawa", {}),
    ("ES", "Calle Mayor 1, 28039 Madrid", "Calle Mayor 1\n28039 Madrid", {"region": "missing"}),
    ("IT", "Via Roma 1, 00144 Roma RM", "Via Roma 1\n00144 Roma RM", {}),
    ("BR", "Rua A 1, Salvador-BA, 40301110", "Rua A 1\nSalvador-BA\n40301-110", {}),
    ("SG", "1 Orchard Rd, Singapore 546080", "1 Orchard Rd\nSINGAPORE 546080", {}),
    ("AE", "Tower 1, Sheikh Zayed Rd, Dubai", "Tower 1, Sheikh Zayed Rd\nDubai", {}),
    ("CN", "浙江省杭州市西湖区文三路1号", "浙江省杭州市西湖区\n文三路1号", {}),
    ("CN", "上海市静安区南京西路1686号3楼", "上海市静安区\n南京西路1686号3楼", {}),
    ("CN", "广东深圳市南山区科技园 518000", "广东省深圳市南山区\n科技园", {}),
    ("CN", "1 West Lake Road, Hangzhou, Zhejiang", "1 West Lake Road\nHangzhou\nZhejiang Sheng", {}),
    ("CN", "文三路1号", "文三路1号", {"region": "missing", "city": "missing"}),
    ("TW", "104台北市中山區南京東路1號", "104\n台北市中山區\n南京東路1號", {}),
    ("HK", "九龍彌敦道1號", "九龍\n彌敦道1號", {}),
    ("JP", "〒154-0023 東京都世田谷区若林1-2-3", "〒154-0023\n東京都\n世田谷区若林1-2-3", {}),
    ("KR", "서울특별시 강남구 테헤란로 1 03051", "서울특별시 강남구\n테헤란로 1\n03051", {}),
    ("", "anything at all, here", "anything at all, here", {}),
    ("QQ", "of no country", "of no country", {}),
]


@pytest.mark.parametrize(("country", "text", "written", "problems"), READ)
def test_one_text_becomes_an_address(country: str, text: str, written: str, problems: dict[Name, Wrong]) -> None:
    told = postal_reading.address(text, country)
    assert (postal.written(country, told), postal.problems(country, told)) == (written, problems)
    assert postal_reading.address(postal.written(country, told), country) == told  # as it stands on the parcel


@pytest.mark.parametrize(
    ("country", "text", "found"),
    [
        (
            "DE",
            "Ann Lee, +49 30 1234567, Torstr. 1, 10115 Berlin",
            ("Ann Lee", "+49 30 1234567", "Torstr. 1, 10115 Berlin"),
        ),
        ("CN", "张三 13800138000 浙江省杭州市文三路1号", ("张三", "13800138000", "浙江省杭州市文三路1号")),
        ("CN", "张三13800138000浙江省杭州市文三路1号", ("张三", "13800138000", "浙江省杭州市文三路1号")),
        ("CN", "张三，浙江省杭州市文三路1号，13800138000", ("张三", "13800138000", "浙江省杭州市文三路1号")),
        ("US", "1 Main St, Springfield, IL 62701-1234", ("", "", "1 Main St, Springfield, IL 62701-1234")),
    ],
)
def test_name_and_phone_are_found_in_one_text(country: str, text: str, found: tuple[str, str, str]) -> None:
    assert postal_reading.person(text, country) == found


def test_where_any_country_is_meant_the_city_is_asked_for_as_well() -> None:
    assert [postal_form.label(one).id for one in postal.parts("")] == ["address with city and postcode"]
    assert postal_form.label(postal.parts("DE")[0]).id == "street and house number"


def test_labels_say_what_is_what() -> None:
    labels = {"city": "城市", "street": "Street and house number"}
    told = "city: no label here\n城市：杭州\n street and house number :  Gate 3: left "
    assert postal_reading.labelled(told, labels) == ({"city": "杭州", "street": "Gate 3: left"}, "city: no label here")


@pytest.mark.parametrize(
    ("country", "name", "value", "wrong"),
    [
        ("DE", "postcode", "D-10115", ""),
        ("DE", "postcode", "1011", "no_postcode"),
        ("DE", "postcode", " ", "missing"),
        ("DE", "region", "Bavaria", ""),  # nobody asks for it there
        ("US", "region", "california", ""),
        ("US", "region", "Cali", ""),
        ("US", "region", "New", "unknown"),
        ("US", "region", "Kalifornia", "unknown"),
        ("CN", "region", "广东", ""),
        ("IE", "postcode", "", ""),
    ],
)
def test_parts_are_held_to_what_the_country_has(country: str, name: Name, value: str, wrong: Wrong) -> None:
    assert postal.wrong(country, name, value) == wrong


def test_a_line_of_spaces_is_read_at_once() -> None:
    """Whoever sends it would stop everybody else of the process."""
    began = perf_counter()
    assert postal_reading.labelled("x\n" + " " * 1990 + "x", {"city": "City"}) == ({}, "x\n" + " " * 1990 + "x")
    assert perf_counter() - began < 1


def test_a_region_that_is_none_may_be_like_one() -> None:
    assert postal.like("US", "Kalifornia") == ("California",)
    assert postal.like("US", "Xyzzy") == ()


def test_every_country_is_known_and_can_be_written() -> None:
    from babel import Locale

    for country in (code for code in Locale("en").territories if len(code) == 2 and code.isalpha()):
        told = Postal("1 Street", "District", "City", next((key for key, _ in postal.regions(country)), "Region"))
        assert "1 Street" in postal.written(country, told), country


@pytest.mark.parametrize(
    ("phone", "is_good"),
    [("+49 (30) 123-456", True), ("13800138000", True), ("112-34", True), ("------", False), ("+(   ) 1", False)],
)
def test_a_phone_number_has_digits(phone: str, is_good: bool) -> None:
    assert (postal_form.phone_problem(phone) is None) is is_good
