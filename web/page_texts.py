"""The words of the shop page, the pay page and the others; written in both languages, not translated."""

from __future__ import annotations

PAGE_TEXTS = {
    "tagline": {
        "en": "Loose-leaf tea from small gardens, packed the week you order it.",
        "zh": "小产区原叶茶，下单当周新鲜分装。",
    },
    "intro": {
        "en": "Ask us anything in the chat: which tea to begin with, how hot the water should be, "
        "where your parcel is.",
        "zh": "有任何问题都可以在聊天里问：从哪款茶开始、水温多少、包裹到哪里了。",
    },
    "open_chat": {"en": "Chat with us", "zh": "和我们聊聊"},
    "products": {"en": "Teas and teaware", "zh": "茶与茶具"},
    "all_products": {"en": "All products", "zh": "全部商品"},
    "pages": {"en": "Pages", "zh": "分页"},
    "page": {"en": "Page {page}", "zh": "第 {page} 页"},
    "previous_page": {"en": "Previous page", "zh": "上一页"},
    "next_page": {"en": "Next page", "zh": "下一页"},
    "ask": {"en": "Ask about it", "zh": "咨询这款"},
    "asks": {"en": "I have a question about {name}", "zh": "我想咨询：{name}"},
    "add": {"en": "Add to cart", "zh": "加入购物车"},
    "adds": {"en": "Add to cart: {name}", "zh": "加入购物车：{name}"},
    "tell": {"en": "Tell me when it is back", "zh": "到货通知我"},
    "tells": {"en": "Tell me when it is back: {name}", "zh": "到货通知我：{name}"},
    "choices": {"en": "Options and prices", "zh": "规格与价格"},
    "was_price": {"en": "before", "zh": "原价"},
    "in_stock": {"en": "In stock", "zh": "有货"},
    "way_here": {"en": "You are here", "zh": "当前位置"},
    "rated": {"en": "{stars} out of 5 · {count} reviews", "zh": "{stars} 分（满分 5 分）· {count} 条评价"},
    "rated_once": {"en": "{stars} out of 5 · 1 review", "zh": "{stars} 分（满分 5 分）· 1 条评价"},
    "reviews_of": {"en": "Reviews", "zh": "顾客评价"},
    "without_script": {
        "en": "You order in the chat on this page, which needs JavaScript.",
        "zh": "请在本页的聊天窗口中下单，需要启用 JavaScript。",
    },
    "from_price": {"en": "from {price}", "zh": "{price}起"},
    "sold_out": {"en": "Sold out for now", "zh": "暂时售罄"},
    "few_left": {"en": "Only a few left", "zh": "所剩不多"},
    "no_products": {"en": "The shelves are being filled. Come back soon.", "zh": "货架正在整理，请稍后再来。"},
    "reviews": {"en": "What our customers say", "zh": "顾客评价"},
    "no_reviews": {
        "en": "No reviews yet. Yours could be the first: write to us in the chat.",
        "zh": "还没有评价。欢迎在聊天中留下第一条。",
    },
    "stars": {"en": "stars out of 5", "zh": "星（满分 5 星）"},
    "verified": {"en": "Bought here", "zh": "已购顾客"},
    "photo_of": {"en": "Photo by", "zh": "图片来自"},
    "older": {"en": "Older reviews", "zh": "更早的评价"},
    "privacy": {"en": "Privacy", "zh": "隐私说明"},
    "staff": {"en": "Staff", "zh": "员工入口"},
    "demo": {
        "en": "A demonstration shop: nothing is charged and nothing is sent.",
        "zh": "这是演示店铺：不会真实扣款，也不会发货。",
    },
    "order_placed": {"en": "Waiting for the payment", "zh": "等待付款"},
    "order_paid": {"en": "Paid", "zh": "已付款"},
    "order_confirmed": {"en": "Confirmed, to be paid on delivery", "zh": "已确认，货到付款"},
    "order_preparing": {"en": "Being prepared", "zh": "备货中"},
    "order_packed": {"en": "Packed", "zh": "已打包"},
    "order_shipped": {"en": "On its way", "zh": "已发货"},
    "order_delivered": {"en": "Delivered", "zh": "已送达"},
    "order_completed": {"en": "Completed", "zh": "已完成"},
    "order_cancelled": {"en": "Cancelled", "zh": "已取消"},
    "order_expired": {"en": "Not paid in time", "zh": "超时未付款"},
    "order_returned": {"en": "Sent back", "zh": "已退货"},
    "order_refunded": {"en": "Refunded", "zh": "已退款"},
    "charge_discount": {"en": "Discount", "zh": "优惠"},
    "charge_shipping": {"en": "Shipping", "zh": "运费"},
    "charge_tax": {"en": "Tax", "zh": "税费"},
    "charge_included": {"en": "Tax included", "zh": "含税"},
    "order_track": {"en": "Follow the parcel", "zh": "查看物流"},
    "order_pay": {"en": "Pay", "zh": "去付款"},
    "order_pay_failed": {
        "en": "This cannot be paid so at the moment. Nothing was charged.",
        "zh": "暂时无法使用这种方式付款，没有扣款。",
    },
    "order_chat": {
        "en": "Go on in a chat: news of the order, and people who help",
        "zh": "在聊天中继续：接收订单通知，也可联系客服",
    },
    "order_open": {"en": "Open {name}", "zh": "打开{name}"},
    "order_write": {"en": "Write to us in {name}.", "zh": "请在{name}中联系我们。"},
    "order_type": {"en": "Or write this to us in {name}:", "zh": "或在{name}中发送给我们："},
    "back_to_shop": {"en": "Back to the shop", "zh": "返回店铺"},
    "pay_title": {"en": "Pay for your order", "zh": "支付订单"},
    "pay_order": {"en": "Order", "zh": "订单"},
    "pay_button": {"en": "Pay {amount} (test)", "zh": "支付 {amount}（测试）"},
    "pay_decline": {"en": "Decline", "zh": "放弃支付"},
    "pay_note": {
        "en": "This is the test bank of the demonstration. No money moves.",
        "zh": "这是演示用的测试银行，不会产生真实交易。",
    },
    "pay_paid_title": {"en": "This is paid already", "zh": "这笔款项已支付"},
    "pay_paid_text": {
        "en": "There is nothing more to pay. The confirmation is in the chat.",
        "zh": "无需再次付款，订单确认在聊天窗口中。",
    },
    "pay_failed_title": {"en": "This payment was declined", "zh": "这笔付款未完成"},
    "pay_failed_text": {
        "en": "Nothing was charged. Say /orders in the chat to try again.",
        "zh": "没有扣款。如需重新付款，请在聊天中发送“我的订单”。",
    },
    "pay_over_title": {"en": "This can no longer be paid", "zh": "这笔款项已无法支付"},
    "pay_over_text": {
        "en": "The order has ended, or this link has. If you have just paid, we tell you in the chat. "
        "Say /orders there to see what is left to pay.",
        "zh": "订单已结束，或此链接已失效。如果刚刚付过款，我们会在聊天中告知。"
        "在聊天中发送“我的订单”可查看待付款的订单。",
    },
    "pay_closed_title": {"en": "This way does not work just now", "zh": "这种付款方式暂时无法使用"},
    "pay_closed_text": {
        "en": "It is our fault, not yours. Say /orders in the chat to pay in another way, or ask us there.",
        "zh": "这是我们的问题，给你带来不便。请在聊天中发送“我的订单”换一种方式付款，或直接联系我们。",
    },
    "pay_taken_title": {"en": "Somebody else has opened this payment", "zh": "已有其他人打开了这笔付款"},
    "pay_taken_text": {
        "en": "Inside WeChat only they can pay it. To pay it yourself, open this page in a browser and scan the code.",
        "zh": "在微信内只能由对方支付。如需由你付款，请在浏览器中打开本页，然后扫码。",
    },
    "checkout_code": {"en": "A code to scan", "zh": "付款二维码"},
    "checkout_scan": {"en": "Scan this with your phone to pay.", "zh": "请用手机扫码付款。"},
    "checkout_scan_wechatpay": {"en": "Scan this with WeChat to pay.", "zh": "请用微信扫码付款。"},
    "checkout_scan_alipay": {"en": "Scan this with Alipay to pay.", "zh": "请用支付宝扫码付款。"},
    "checkout_page": {"en": "Pay on this screen instead", "zh": "在网页上付款"},
    "checkout_waits": {
        "en": "This page notices by itself when you have paid.",
        "zh": "付款完成后，本页会自动更新。",
    },
    "checkout_elsewhere": {
        "en": "This cannot be paid inside WeChat. Tap ··· at the top right and open this page in your browser.",
        "zh": "微信内无法使用这种付款方式。请点击右上角“···”，选择“在浏览器中打开”。",
    },
    "checkout_opening": {"en": "Opening the payment …", "zh": "正在打开付款 …"},
    "checkout_pay": {"en": "Pay {amount}", "zh": "支付 {amount}"},
    "paid_title": {"en": "Paid. Thank you", "zh": "付款成功，谢谢"},
    "paid_text": {
        "en": "Your order is on its way into our hands. Go back to the chat: the confirmation is there.",
        "zh": "我们已收到付款。请回到聊天窗口查看订单确认。",
    },
    "waiting_title": {"en": "Nearly there", "zh": "请稍候"},
    "waiting_text": {
        "en": "We are waiting for the bank to confirm. Go back to the chat: we tell you there as soon as it does.",
        "zh": "正在等待银行确认。请回到聊天窗口，确认后会立即通知你。",
    },
    "failed_title": {"en": "Not paid", "zh": "未付款"},
    "failed_text": {
        "en": "Nothing was charged. Go back to the chat to try again or to change the order.",
        "zh": "没有扣款。请回到聊天窗口重新付款或修改订单。",
    },
    "privacy_title": {"en": "What we keep, and for how long", "zh": "我们保存什么、保存多久"},
    "privacy_chat": {
        "en": "What you write to us, the files you send and the orders you place are kept so that we can answer you. "
        "Only our staff reads them. They are not used for advertising and not given to anybody else.",
        "zh": "你发给我们的文字、文件以及订单会被保存，用于为你提供服务。只有我们的员工可以查看，"
        "不会用于广告，也不会提供给他人。",
    },
    "privacy_token": {
        "en": "The chat keeps a random key in this browser, so that your conversation is there when you come back. "
        "There are no other cookies and no trackers on this page.",
        "zh": "聊天窗口会在浏览器中保存一个随机密钥，让你再次访问时能继续之前的会话。"
        "本页没有其他 Cookie，也没有任何跟踪。",
    },
    "privacy_rights": {
        "en": "Ask us in the chat for a copy of everything we have about you, or to erase it. Erased means erased: "
        "only the figures of an order that the law makes us keep stay, without your name and address.",
        "zh": "你可以在聊天中要求获取我们保存的全部资料，或要求删除。删除即彻底删除："
        "仅保留法律要求留存的订单金额，不含姓名和地址。",
    },
    "not_found_title": {"en": "This page is not here", "zh": "找不到这个页面"},
    "error_title": {"en": "That did not work", "zh": "出了点问题"},
    "desk_missing": {
        "en": "The desk is not built yet. Run scripts/run, or scripts/setup, and reload this page.",
        "zh": "客服工作台尚未构建。请运行 scripts/run 或 scripts/setup，然后刷新本页。",
    },
    "language": {"en": "Language", "zh": "语言"},
    "lang_en": {"en": "English", "zh": "English"},
    "lang_zh": {"en": "中文", "zh": "中文"},
}
