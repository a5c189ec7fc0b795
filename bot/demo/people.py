"""Who writes to the demo shop, and what they thought of what they bought."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """A customer; `asked` and `answered` are what stands in their thread."""

    name: str
    locale: str
    account: str
    phone: str
    address: str
    asked: str
    answered: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """A review by the person of that name, of a variant, so many days ago."""

    name: str
    sku: str
    stars: int
    text: str
    days: int
    state: str = "accepted"


SEE_EN = "Here is what we have. Tell me a name, or tap a tea to see more."
SEE_ZH = "这是店里的茶和茶具，点开可以看详情。"

PEOPLE = (
    Person("Ann Lindqvist", "en", "webchat", "+46 70 555 01 12", "Storgatan 4, 111 23 Stockholm",
           "Hello, which green tea would you give to a beginner?", SEE_EN),
    Person("王明远", "zh", "webchat", "138 0000 0112", "杭州市西湖区龙井路 1 号", "今年的龙井到了吗", SEE_ZH),
    Person("李思雨", "zh", "telegram", "139 0000 0231", "上海市徐汇区安福路 20 号", "想买一套送人的茶具", SEE_ZH),
    Person("James Okoro", "en", "telegram", "+44 20 7946 0113", "12 Fern Street, London E3 3PS",
           "Do you ship the pu'er cake to London?", SEE_EN),
    Person("陈嘉", "zh", "webchat", "137 0000 0388", "成都市锦江区春熙路 88 号", "铁观音是清香型还是浓香型", SEE_ZH),
    Person("Sofia Rossi", "en", "webchat", "+39 02 5550 0114", "Via Brera 9, 20121 Milano",
           "I broke the lid of my gaiwan. Can I get another?", SEE_EN),
    Person("赵一帆", "zh", "telegram", "136 0000 0456", "北京市东城区五道营胡同 12 号", "有没有适合晚上喝的茶", SEE_ZH),
    Person("Tom Becker", "en", "webchat", "+49 30 5550 0115", "Kastanienallee 30, 10435 Berlin",
           "Is the kettle all right on induction?", SEE_EN),
    Person("周雅文", "zh", "webchat", "135 0000 0579", "广州市越秀区北京路 66 号", "茉莉龙珠一次放几颗", SEE_ZH),
    Person("Maya Patel", "en", "telegram", "+1 415 555 0116", "88 Hayes Street, San Francisco, CA 94102",
           "A present for my mother, about 100 yuan?", SEE_EN),
    Person("孙浩然", "zh", "telegram", "133 0000 0613", "南京市秦淮区夫子庙 7 号", "紫砂壶怎么开壶", SEE_ZH),
    Person("Lena Novak", "en", "webchat", "+420 555 011 700", "Vinohradská 21, 120 00 Praha",
           "Hi, do you have a smoky tea?", SEE_EN),
)  # fmt: skip

#: Somebody who still waits for a person, so that the desk has something to do on its first day.
WAITING = Person("Nora Hale", "en", "webchat", "", "", "Could you wrap the celadon cups as a gift, with a card?",
                 "I will ask a colleague. They will answer here.")  # fmt: skip

OPINIONS = (
    Opinion("王明远", "longjing", 5, "豆香很正，泡到第四泡还有甜味。包装简单干净，喜欢。", 3),
    Opinion("Ann Lindqvist", "jasmine", 5,
            "The pearls open slowly and the scent stays soft. My whole office asks for it now.", 6),
    Opinion("李思雨", "gaiwan", 5, "瓷很薄，花纹比照片还细致，送朋友很有面子。", 9),
    Opinion("James Okoro", "puer", 4, "Deep and smooth. It took eleven days to London, otherwise five stars.", 12),
    Opinion("陈嘉", "tieguanyin-50g", 4, "兰花香明显，回甘不错，火候再轻一点就更合我口味了。", 17),
    Opinion("Lena Novak", "lapsang", 5, "Smoky without being a campfire. Lovely with milk on a grey morning.", 21),
    Opinion("孙浩然", "teapot", 5, "出水利落，壶嘴不滴。客服很耐心，把开壶步骤一步步发给我。", 26),
    Opinion("Maya Patel", "cups-sky", 4,
            "Each one is a little different, which I like. One arrived with a hairline and was replaced.", 33),
    Opinion("赵一帆", "silver-needle", 5, "晚上喝也不影响睡眠，毫香很干净。", 1, "pending"),
    Opinion("Tom Becker", "kettle", 2,
            "A beautiful kettle, but it does not work on induction and the page should say so.", 2, "pending"),
)  # fmt: skip
