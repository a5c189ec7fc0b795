"""What the demo shop sells, in both languages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One variant of a product; `price` in fen. Its sku is the product's, with `code` where there are several."""

    price: int
    stock: int
    code: str = ""
    en: str = ""
    zh: str = ""


@dataclass(frozen=True, slots=True)
class Good:
    """One product; several kinds of it differ in its `option`. Its picture is `pictures/<sku>.webp`."""

    sku: str
    category: str
    kinds: tuple[Kind, ...]
    en: str
    zh: str
    about_en: str
    about_zh: str
    option: tuple[str, str] = ("", "")  # English, Chinese

    def kind_sku(self, kind: Kind) -> str:
        """What a kind of it is sold as."""
        return f"{self.sku}-{kind.code}" if kind.code else self.sku


#: What categories are called: English, Chinese.
CATEGORIES = {"tea": ("Tea", "茶叶"), "teaware": ("Teaware", "茶具")}
GOODS = (
    Good(
        "longjing", "tea", (Kind(6800, 48),), "Longjing, before the rain", "雨前龙井",
        "Flat spring leaves from the hills above Hangzhou, pan-fired by hand. Chestnut and fresh pea, no bitterness. "
        "50 g. Water at 80 °C, the glass uncovered.",
        "杭州山场的春茶，手工炒青，叶底扁平。入口是板栗和嫩豌豆的香气，不苦不涩。50 克，80 度水，敞口玻璃杯冲泡最好。",
    ),
    Good(
        "jasmine", "tea", (Kind(5600, 60),), "Jasmine pearls", "茉莉龙珠",
        "Young green tea, rolled by hand and scented with fresh jasmine on seven nights. One pearl at a time opens "
        "in the cup. 80 g.",
        "嫩芽手工揉成珠，与鲜茉莉窨制七夜。一颗颗在杯中舒展，花香清而不腻。80 克。",
    ),
    Good(
        "tieguanyin", "tea",
        (Kind(4800, 35, "50g", "50 g", "50 克"), Kind(19800, 12, "250g", "250 g", "250 克")),
        "Anxi Tieguanyin", "安溪铁观音",
        "A rolled oolong with an orchid's scent and a long sweet finish. Lightly roasted, good for eight infusions. "
        "In the tin.",
        "清香里带一点炭火，兰花香，回甘悠长，可冲八泡以上。罐装。", ("Weight", "重量"),
    ),
    Good(
        "lapsang", "tea", (Kind(7200, 40),), "Lapsang, from Tongmu", "桐木正山小种",
        "Black tea dried over pine from the village where it began. Longan and pine smoke, soft rather than sharp. "
        "Takes milk well. 75 g.",
        "产自红茶的故乡桐木关，松烟熏焙。桂圆汤香，烟味柔和，清饮或加奶都好。75 克。",
    ),
    Good(
        "silver-needle", "tea", (Kind(12800, 0),), "Silver Needle white tea", "白毫银针",
        "Only buds, only dried: the quietest of our teas. Melon, hay and honey. 30 g, which is more cups than it "
        "seems.",
        "只取单芽，只晒不炒，是店里最安静的一款。毫香蜜韵，像甜瓜和干草。30 克，比看上去耐泡得多。",
    ),
    Good(
        "puer", "tea", (Kind(16800, 22),), "Pu'er cake 2016", "2016 年普洱熟茶饼",
        "A pressed cake of ripe pu'er from Menghai, stored dry. Dark, smooth, with dates and old wood. 357 g; "
        "break off what you need.",
        "勐海熟茶压制，干仓存放至今。汤色红浓，枣香陈香，口感顺滑。整饼 357 克，随撬随饮。",
    ),
    Good(
        "gaiwan", "teaware", (Kind(9900, 25),), "Gaiwan with a blue branch", "青花缠枝盖碗",
        "Thin Jingdezhen porcelain, painted by hand. 120 ml: the only thing one needs to taste a tea well.",
        "景德镇薄胎白瓷，手绘缠枝。120 毫升，品茶只要这一件就够。",
    ),
    Good(
        "teapot", "teaware", (Kind(26800, 9),), "Yixing pot of purple clay", "宜兴紫砂壶",
        "Unglazed clay that remembers the tea. 200 ml, a straight pour without a drop. Keep it to one kind of tea.",
        "紫砂原矿，不上釉，越养越润。200 毫升，出水利落不流涎。建议一壶只泡一种茶。",
    ),
    Good(
        "kettle", "teaware", (Kind(32800, 6),), "Cast-iron kettle", "铸铁烧水壶",
        "Holds the heat for a long evening. 1.1 l, for gas and embers; dry it after use and it outlives us.",
        "蓄热持久，适合一整晚慢慢喝。1.1 升，明火、炭炉可用，用后擦干，可以传家。",
    ),
    Good(
        "cups", "teaware",
        (Kind(4200, 16, "sky", "Sky blue", "天青"), Kind(4200, 0, "plum", "Plum green", "梅子青"),
         Kind(4600, 9, "moon", "Moon white", "月白")),
        "Celadon cup", "龙泉青瓷杯",
        "Longquan glaze over a thin wall, no two quite alike. 60 ml, made to be held in two fingers.",
        "龙泉青釉，薄壁，每只都有一点不同。60 毫升，两指轻捏正好。", ("Colour", "釉色"),
    ),
)  # fmt: skip
