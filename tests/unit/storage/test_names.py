"""No name from outside climbs, hides, lies about its type or breaks a header."""

from __future__ import annotations

import unicodedata
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.storage.names import MAX_NAME, content_disposition, safe_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("tea.jpg", "tea.jpg"),
        ("绿茶 照片.jpg", "绿茶 照片.jpg"),
        ("../../etc/passwd", "passwd"),
        (r"C:\Users\ann\tea.jpg", "tea.jpg"),
        ("a/", "file"),
        ("", "file"),
        ("..", "file"),
        (" . ", "file"),
        (".htaccess", "htaccess"),
        ("tea.jpg. . ", "tea.jpg"),
        ("in\r\nvoice\t.pdf", "in voice .pdf"),
        ("bad\0\x1b[31mname.txt", "bad[31mname.txt"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("zero\u200bwidth\ufeff.txt", "zerowidth.txt"),
        ('q"uo<t>e:d|?*.txt', "q_uo_t_e_d___.txt"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("console.txt", "console.txt"),
        ("cafe\u0301.txt", "café.txt"),
        ("\ud800.txt", "txt"),
        ("a\r\x1b b", "a b"),
        ("e\u200b\u0301", "é"),
    ],
)
def test_names_become_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@pytest.mark.parametrize(
    ("name", "size", "end"),
    [("茶" * 100 + ".jpg", 148, "茶.jpg"), ("a" * 300 + ".tar", 150, "a.tar"), ("x." + "茶" * 100, 149, "茶")],
)
def test_long_names_are_cut_between_characters(name: str, size: int, end: str) -> None:
    safe = safe_name(name)
    assert len(safe.encode()) == size
    assert safe.endswith(end)


@given(st.text() | st.text("./\\ \"'%;\r\nc茶\u202e", max_size=300))
def test_every_name_is_safe_and_stays_so(name: str) -> None:
    safe = safe_name(name)
    assert 0 < len(safe.encode()) <= MAX_NAME
    assert not set(safe) & set('/\\"\r\n\0<>:|?*')
    assert not {unicodedata.category(char) for char in safe} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert safe == safe.strip(" .")
    assert safe_name(safe) == safe


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tea.jpg", 'attachment; filename="tea.jpg"'),
        ("茶.jpg", "attachment; filename=\"_.jpg\"; filename*=UTF-8''%E8%8C%B6.jpg"),
        ("100%25.txt", "attachment; filename=\"100_25.txt\"; filename*=UTF-8''100%2525.txt"),
        ("it's.txt", 'attachment; filename="it\'s.txt"'),
    ],
)
def test_the_header_says_the_name_twice_where_ascii_is_not_enough(name: str, value: str) -> None:
    assert content_disposition(name) == value
    assert content_disposition(name, inline=True) == value.replace("attachment", "inline")


@given(st.text())
def test_a_reader_of_the_header_gets_the_safe_name(name: str) -> None:
    value = content_disposition(name)
    assert value.isascii()
    assert value.isprintable()
    plain, _, extended = value.removeprefix('attachment; filename="').partition("\"; filename*=UTF-8''")
    assert (unquote(extended) or plain.removesuffix('"')) == safe_name(name)
