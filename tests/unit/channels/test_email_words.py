"""What is new in a mail, in the languages and forms of mail programs; and words that only look like a history."""

from __future__ import annotations

from time import process_time

import pytest

from bot.channels.email import markup, quoting
from bot.channels.email.charsets import as_text, known
from bot.channels.email.headers import words

INTRODUCTIONS = [
    "On Mon, Nov 3, 2025 at 10:12 AM Tea shop <tea@shop.example> wrote:",
    "On 03/11/2025 10:12, Tea shop wrote:",
    "Am Mo., 3. Nov. 2025 um 10:12 Uhr schrieb Tea shop <tea@shop.example>:",
    "Le lun. 3 nov. 2025 à 10:12, Tea shop <tea@shop.example> a écrit :",
    "El lun, 3 nov 2025 a las 10:12, Tea shop (<tea@shop.example>) escribió:",
    "Em seg., 3 de nov. de 2025 às 10:12, Tea shop <tea@shop.example> escreveu:",
    "Il giorno lun 3 nov 2025 alle ore 10:12 Tea shop <tea@shop.example> ha scritto:",
    "пн, 3 нояб. 2025 г. в 10:12, Tea shop <tea@shop.example>:",
    "Tea shop <tea@shop.example> 于2025年11月3日周一 10:12写道：",
    "在 2025年11月3日，10:12，Tea shop <tea@shop.example> 写道：",
    "Tea shop <tea@shop.example> 於 2025年11月3日 週一 上午10:12寫道：",
    "2025年11月3日(月) 10:12 Tea shop <tea@shop.example>:",
    "2025년 11월 3일 (월) 오전 10:12, Tea shop <tea@shop.example>님이 작성:",
]
RULERS = [
    "-----Original Message-----",
    "-------- Original Message --------",
    "---------- Forwarded message ---------",
    "------------------ 原始邮件 ------------------",
    "-----邮件原件-----",
    "---- 回复的原邮件 ----",
    "-----Ursprüngliche Nachricht-----",
    "-----Message d'origine-----",
    "-----Mensaje original-----",
    "-----元のメッセージ-----",
    "-----Исходное сообщение-----",
]
BLOCKS = [
    "From: Tea shop\nSent: Monday, November 3, 2025 10:12 AM\nTo: Ann\nSubject: tea",
    "Von: Tea shop <tea@shop.example>\nGesendet: Montag\nAn: Ann\nBetreff: Tee",
    "De : Tea shop\nEnvoyé : lundi 3 novembre 2025 10:12\nÀ : Ann\nObjet : thé",
    "________________________________\nDe: Tea shop\nEnviado: 3 nov 2025 10:12\nPara: Ann\nAsunto: té",
    "发件人： Tea shop\n发送时间： 2025-11-03 10:12\n收件人： Ann\n主题： 茶",
    "寄件者: Tea shop\n寄件日期: 2025-11-03\n收件者: Ann\n主旨: 茶",
    "差出人: Tea shop\n送信日時: 2025-11-03\n宛先: Ann\n件名: 茶",
]
SIGNATURES = [
    "-- \nAnn Lee\nLake Road 1",
    "Sent from my iPhone",
    "Get Outlook for iOS<https://aka.ms/o0ukef>",
    "Von meinem iPhone gesendet",
    "Envoyé de mon iPhone",
    "发自我的iPhone",
    "来自我的华为手机",
    "iPhoneから送信",
    "Отправлено с iPhone",
]


@pytest.mark.parametrize("signature", [*SIGNATURES, "-- \nAnn\n\nTea & Co.", "--\nAnn Lee\nLake Road 1"])
@pytest.mark.parametrize("below", ["", "\n\n", f"\n\n{INTRODUCTIONS[0]}\n\n> Which tea?\n", f"\n\n{BLOCKS[0]}\n\nTea?"])
def test_a_signature_is_cut(signature: str, below: str) -> None:
    assert quoting.cut(f"Green, please.\n\n{signature}{below}") == "Green, please."


@pytest.mark.parametrize("old", [*INTRODUCTIONS, *RULERS, *BLOCKS])
@pytest.mark.parametrize("mark", ["", "> "])
def test_what_is_old_is_cut(old: str, mark: str) -> None:
    following = "\n".join(f"{mark}{line}" for line in ("Which tea?", "1. Green"))
    assert quoting.cut(f"Green, please.\n\n{old}\n\n{following}\n").startswith("Green, please.")
    assert "Tea shop" not in quoting.cut(f"Green, please.\n\n{old}\n\n{following}\n")
    assert "Which tea" not in quoting.cut(f"Green, please.\n\n{old}\n\n{following}\n")


@pytest.mark.parametrize(
    "said",
    [
        "My wife wrote:\nplease send two boxes",
        "Delivery:\nLake Road 1",
        "From: Hangzhou\nthe package did not arrive",
        "I ordered on 3 November at 10:12: where is it?",
        "Two things - one: the tea.\n--- and the other: the pot ---",
        "发件人是谁？\n请告诉我",
        "To: whom it may concern",
        "你好\n从手机上付款失败\n请帮我看看订单 1234，谢谢",
        "你好\n来自我的邮箱 a 的订单没有收到\n请帮忙",
        "你好\n来自杭州的平板没有收到",
        "Hi\nSent by mobile payment\nPlease look at order 12",
        "hello\n\nFrom: Hamburg\nTo: Lyon\nDate: 3 May\nWeight: 5 kg\nHow much is it?",
        "hello\n\nFrom: Hamburg\nTo: Lyon, bo@people.example\nDate: 3 May\nHow much is it?",
        "We need:\n>500 boxes of Longjing\n>200 boxes of Oolong\nthanks",
        "Two kinds:\n--\ngreen and black\n\nAnd one pot, please.",
        "Sent it from my office on Monday, and the iPhone is broken",
    ],
)
def test_what_people_say_is_not_cut(said: str) -> None:
    assert quoting.cut(said) == said


def test_answers_between_the_lines_are_kept_in_order() -> None:
    mail = f"{INTRODUCTIONS[0]}\n> Which tea?\n\nGreen.\n\n> How many?\n\nTwo.\n\n-- \nAnn"
    assert quoting.cut(mail) == "Green.\n\nTwo."


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "> ",
        "x" * 299 + "\n",
        "<",
        "wrote:",
        "From: a\n",
        "<!--",
        "<a ",
        '<a href="',
        "- ",
        "<b>",
        "<br>",
        "&#",
        "</b>",
    ],
)
def test_no_mail_takes_long(piece: str) -> None:
    mail = piece * (200_000 // len(piece))
    began = process_time()
    quoting.cut(mail[:60_000])
    markup.read(mail[:60_000])
    assert process_time() - began < 4


def test_an_html_mail_is_words_and_nothing_else() -> None:
    read = markup.read(
        "<style>p{}</style><script>alert('<p>')</script><p>Hello&nbsp;<b>Ann</b></p><!-- no --><p>a &lt; b</p>"
        "<ul><li>one<li>two</ul><a href='https://shop.example/x'>see</a><img src='https://t.example/p.gif'>"
    )
    assert read.words == "Hello Ann\n\na < b\n\n• one\n• two\n\nsee"
    assert "https://shop.example/x" in read.whole
    assert "t.example" not in read.whole


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<html><head><title>x</title><body><p>Where is order 12?</p></body></html>", "Where is order 12?"),
        ("<html><head><meta charset=utf-8><p>Where is order 12?</p>", "Where is order 12?"),
        ("<head><style>p{}</style>Where is order 12?", "Where is order 12?"),
        ("<div>Hi</div><div class=gmail_signature>" + "<p>a" * 9 + "</div><div>Order 12?</div>", "Hi\nOrder 12?"),
        ("<div class=gmail_quote>" + "<ul><li>a" * 9 + "</div><div>Order 12?</div>", "Order 12?"),
        ("<p>one<p>two<br>three", "one\n\ntwo\nthree"),
        ("<table><tr><td>one</div></td><td>two</td></tr></table>three", "one\ntwo\n\nthree"),
    ],
)
def test_what_is_not_closed_hides_nothing(html: str, words: str) -> None:
    assert markup.read(html).words == words


def test_one_character_of_a_vendor_costs_no_other() -> None:
    circled = "お世話に".encode("iso2022_jp")[:-3] + b"\x2d\x21" + "なります".encode("iso2022_jp")[3:]
    said = as_text(circled, "iso-2022-jp")
    assert said.startswith("お世話に")
    assert said.endswith("なります")


@pytest.mark.parametrize(
    ("text", "codec", "declared"),
    [
        ("请问有龙井茶吗？", "gbk", "gb2312"),
        ("请问有龙井茶吗？", "utf-8", "gbk"),
        ("请问有龙井茶吗？我要两盒。", "gb18030", ""),
        ("請問有龍井茶嗎？謝謝您。", "big5", "gb2312"),
        ("お茶を二箱ください。", "cp932", "unknown-8bit"),
        ("お茶を二箱ください。", "iso-2022-jp", "ISO-2022-JP"),
        ("녹차 두 상자 주세요.", "euc_kr", "ks_c_5601-1987"),
        ("Grüße aus Köln", "latin-1", "us-ascii"),
        ("Тёплый чай", "koi8-r", "koi8-r"),
        ("“smart” – quotes", "cp1252", "iso-8859-1"),
    ],
)
def test_a_text_is_read_whatever_its_charset_is_called(text: str, codec: str, declared: str) -> None:
    assert as_text(text.encode(codec), declared) == text


@pytest.mark.parametrize("name", ["hex", "base64", "zip", "rot13", "unicode_escape", "idna", "nobody", "", "\0"])
def test_a_codec_that_is_no_charset_is_unknown(name: str) -> None:
    assert known(name) == ""


@pytest.mark.parametrize(
    ("header", "meant"),
    [
        ("=?utf-8?B?5L2g5aW9?=", "你好"),
        ("=?utf-8?B?5L2g5Q==?= =?utf-8?B?pb0=?=", "你好"),
        ("=?gb2312?Q?=C4=E3=BA=C3?= and more", "你好 and more"),
        ("=?utf-8?q?a_b?=", "a b"),
        ("=?nobody?B?5L2g5aW9?=", "你好"),
        ("=?utf-8?B?%%%?=", ""),
        ("a\u202eb\r\n c", "a b c"),
    ],
)
def test_a_header_is_read_as_it_is_meant(header: str, meant: str) -> None:
    assert words(header) == meant
